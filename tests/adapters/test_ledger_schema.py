"""The schema: made by migrations, brought up to date, refused where it is newer."""

import asyncio
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, inspect, text
from sqlalchemy.engine import Connection

from agent.adapters.ledger import schema
from agent.adapters.ledger.columns import metadata
from agent.adapters.ledger.files import prepare
from agent.adapters.ledger.migrating import config_of
from agent.adapters.ledger.opening import open_ledger
from agent.adapters.ledger.tables import VERSION_TABLE
from agent.model.errors import LedgerError
from tests.adapters.records import KEY, NOW, TENANT, a_decided_record, an_effect, saved
from tests.ledgers import begin

NEXT = '''
"""A revision that this version does not have."""

import sqlalchemy as sa
from alembic import op

revision = "9999"
down_revision = "0008"


def upgrade() -> None:
    op.add_column("records", sa.Column("note", sa.Text()))
    op.create_table("notes", sa.Column("id", sa.Text(), primary_key=True))
'''


@pytest.fixture
def next_version(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The migrations of a version with one revision more; as long as the test lasts they are ours."""
    place = tmp_path / "migrations"
    shutil.copytree(schema.MIGRATIONS, place)
    revision = place / "versions" / "r9999_next.py"
    revision.write_text(NEXT + getattr(request, "param", ""))
    monkeypatch.setattr(schema, "MIGRATIONS", place)
    return revision


def tables(url: str) -> set[str]:
    engine = create_engine(url)
    try:
        return set(inspect(engine).get_table_names())
    finally:
        engine.dispose()


def test_the_revisions_that_the_files_are_named_after_are_those_that_alembic_finds() -> None:
    found = ScriptDirectory.from_config(config_of(schema.MIGRATIONS)).walk_revisions()

    assert schema._revisions(schema.MIGRATIONS) == tuple(reversed([one.revision for one in found]))


def test_an_agent_whose_schema_is_the_newest_starts_without_alembic(tmp_path: Path) -> None:
    """It takes a third of the start to import."""
    url = f"sqlite:///{tmp_path}/ledger/ledger.db"
    begin(url)
    opening = f"""
import asyncio, sys
from agent.adapters.ledger.opening import open_ledger

async def start():
    async with open_ledger({url!r}, {TENANT!r}):
        pass

asyncio.run(start())
sys.exit("alembic" in sys.modules)
"""

    ran = subprocess.run([sys.executable, "-c", opening], capture_output=True, text=True, check=False)

    assert ran.returncode == 0, ran.stderr


async def test_the_migrated_schema_is_what_the_tables_say(untouched_url: str) -> None:
    async with open_ledger(untouched_url, TENANT, key=KEY):
        pass

    engine = create_engine(untouched_url)
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"version_table": VERSION_TABLE, "compare_type": True}
        )
        differences = compare_metadata(context, metadata)
        found = inspect(connection)
        indexes = {
            index["name"]: " ".join(str(option) for option in index["dialect_options"].values()).lower()
            for table in metadata.tables
            for index in found.get_indexes(table)
        }
        keys = {key["name"] for table in metadata.tables for key in found.get_foreign_keys(table)}
    engine.dispose()

    assert differences == []
    assert set(indexes) == {index.name for table in metadata.sorted_tables for index in table.indexes}
    assert "due is not null" in indexes["ix_records_due"]
    assert "is_to_visit = 1" in indexes["ix_records_to_visit"]
    assert "intended" in indexes["ix_effects_intended"]
    assert keys == {
        "fk_decisions_records",
        "fk_effects_records",
        "fk_people_answers_records",
        "fk_targets_effects",
    }


async def test_two_agents_may_start_at_once_on_nothing(untouched_url: str) -> None:
    async def start() -> None:
        async with open_ledger(untouched_url, TENANT, key=KEY) as ledger:
            assert await ledger.cursor() is None

    await asyncio.gather(*(start() for _ in range(4)))

    assert set(metadata.tables) < tables(untouched_url)


async def test_an_older_schema_is_migrated_and_keeps_its_records(
    url: str, request: pytest.FixtureRequest
) -> None:
    record = a_decided_record()
    async with open_ledger(url, TENANT, key=KEY) as ledger:
        await ledger.save([record], effects=[an_effect(record)], now=NOW)
    request.getfixturevalue("next_version")

    async with open_ledger(url, TENANT, key=KEY) as ledger:
        assert await ledger.listed() == (saved(record),)

    assert "notes" in tables(url)


TOO_NEW = "    op.execute(\"UPDATE ledger_oldest SET revision = '9998'\")\n"
"""What a revision does besides that leaves the agents before it behind."""


@pytest.mark.parametrize("next_version", [TOO_NEW], indirect=True)
async def test_a_schema_that_is_too_new_is_refused(
    url: str, next_version: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_ledger(url, TENANT, key=KEY):
        pass
    monkeypatch.undo()

    for read_only in (False, True):
        with pytest.raises(LedgerError, match=r"newer air-agent \(schema `9999`\): run that version"):
            async with open_ledger(url, TENANT, key=KEY, read_only=read_only):
                pass


@pytest.mark.usefixtures("next_version")
async def test_a_newer_schema_that_says_so_is_worked_with(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_ledger(url, TENANT, key=KEY):
        pass
    monkeypatch.undo()
    record = a_decided_record()

    async with open_ledger(url, TENANT, key=KEY) as ledger:
        await ledger.save([record], now=NOW)

    async with open_ledger(url, TENANT, key=KEY, read_only=True) as ledger:
        assert await ledger.listed() == (saved(record),)


async def test_an_agent_goes_on_while_a_newer_one_changes_the_schema_under_it_and_each_reads_the_other(
    url: str, request: pytest.FixtureRequest
) -> None:
    first, second, third = (a_decided_record(f"cluster-{number}") for number in range(3))
    async with open_ledger(url, TENANT, key=KEY, replica="older") as older:
        await older.save([first], effects=[an_effect(first)], now=NOW)
        request.getfixturevalue("next_version")
        async with open_ledger(url, TENANT, key=KEY, replica="newer") as newer:
            await newer.save([second], now=NOW)
            await older.save([third, saved(first)], now=NOW)

            assert {one.action.id for one in await newer.listed()} == {
                one.action.id for one in (first, second, third)
            }
        assert await older.load([second.action.id]) == {second.action.id: saved(second)}
        assert len(await older.decisions()) == 3
    assert "notes" in tables(url)


@pytest.mark.parametrize("next_version", ['    op.execute("DROP TABLE ledger_oldest")\n'], indirect=True)
@pytest.mark.usefixtures("next_version")
async def test_a_newer_schema_that_says_nothing_is_refused(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_ledger(url, TENANT, key=KEY):
        pass
    monkeypatch.undo()

    with pytest.raises(LedgerError, match="newer air-agent"):
        async with open_ledger(url, TENANT, key=KEY):
            pass


async def test_who_only_reads_does_not_migrate(url: str, request: pytest.FixtureRequest) -> None:
    async with open_ledger(url, TENANT, key=KEY):
        pass
    request.getfixturevalue("next_version")

    with pytest.raises(LedgerError, match="start the agent once"):
        async with open_ledger(url, TENANT, key=KEY, read_only=True):
            pass

    assert "notes" not in tables(url)


@pytest.mark.parametrize("next_version", ['    raise RuntimeError("the power went")\n'], indirect=True)
@pytest.mark.usefixtures("next_version")
async def test_a_migration_that_fails_leaves_the_older_schema(url: str) -> None:
    with pytest.raises(RuntimeError, match="the power went"):
        async with open_ledger(url, TENANT, key=KEY):
            pass

    assert "notes" not in tables(url)


async def test_another_programs_alembic_table_is_left_alone(untouched_url: str, tmp_path: Path) -> None:
    if untouched_url.startswith("sqlite"):
        prepare(tmp_path / "ledger" / "ledger.db")
    engine = create_engine(untouched_url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)"))
        connection.execute(text("INSERT INTO alembic_version VALUES ('theirs')"))

    async with open_ledger(untouched_url, TENANT, key=KEY) as ledger:
        await ledger.move_cursor(NOW)

    with engine.connect() as connection:
        assert connection.scalar(text("SELECT version_num FROM alembic_version")) == "theirs"
    engine.dispose()


def pragma(connection: Connection, _: str, name: str) -> object:
    return connection.scalar(text(f"PRAGMA {name}"))


async def test_sqlite_checks_foreign_keys_and_syncs_every_commit(sqlite_url: str, tmp_path: Path) -> None:
    async with open_ledger(sqlite_url, TENANT) as ledger:
        pragmas = {
            name: await ledger._read(pragma, name)
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }

    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 10_000}
    raw = sqlite3.connect(tmp_path / "ledger" / "ledger.db")
    assert raw.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    raw.close()


def test_of_an_older_ledger_what_was_only_observed_counts_against_no_limit_any_more(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'ledger.db'}")
    config = config_of(schema.MIGRATIONS)
    effect = (
        "INSERT INTO effects (tenant_id, id, action_id, ordinal, incident_id, went, attempts, intended_at, detail, targets, "
        "kind, senders_copy, amount) VALUES ('t', :id, :id, 1, '1', :went, 0, 7, '', '[]', 'softDelete', 0, 0)"
    )
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0005")
        for one, went in (("seen", "observed"), ("sent", "done")):
            connection.execute(text(effect), {"id": one, "went": went})
            connection.execute(text("INSERT INTO approvals VALUES ('t', 'p', 7, :id, 1)"), {"id": one})
        connection.execute(text("INSERT INTO approvals VALUES ('t', 'p', 8, 'seen', 1)"))

        command.upgrade(config, "0006")

        rows = connection.execute(
            text("SELECT action_id, at, observed FROM approvals ORDER BY action_id, at")
        )
        found = [tuple(row) for row in rows]
    engine.dispose()
    assert found == [("seen", 7, 1), ("seen", 8, None), ("sent", 7, None)]

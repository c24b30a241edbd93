"""Opening a ledger: where it may lie, who may read it, and what is said where it cannot be used."""

import os
import sqlite3
import stat
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import event, make_url
from sqlalchemy.engine import Engine

from agent.adapters.ledger import engines
from agent.adapters.ledger.opening import open_ledger
from agent.model.errors import LedgerError
from tests.adapters.records import KEY, NOW, TENANT, a_decided_record, a_record, an_effect, saved
from tests.postgresql import Postgres


@pytest.fixture
def lax_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


async def refusal(url: str, *, read_only: bool = False) -> str:
    """Return what is said where the ledger does not open."""
    with pytest.raises(LedgerError) as refused:
        async with open_ledger(url, TENANT, key=KEY, read_only=read_only):
            pass
    return str(refused.value)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


# Files


@pytest.mark.usefixtures("lax_umask")
async def test_nobody_else_can_read_a_new_ledger_whatever_the_umask(tmp_path: Path) -> None:
    place = tmp_path / "deep" / "er" / "ledger.db"

    async with open_ledger(f"sqlite:///{place}", TENANT) as ledger:
        await ledger.move_cursor(NOW)
        files = {path.name: mode(path) for path in place.parent.iterdir()}

    assert files == dict.fromkeys(["audit.key", "ledger.db", "ledger.db-wal", "ledger.db-shm"], 0o600)
    assert mode(place.parent) == 0o700


@pytest.mark.parametrize("read_only", [False, True])
@pytest.mark.parametrize("looser", [0o740, 0o701, 0o755])
async def test_a_directory_open_to_others_is_refused(tmp_path: Path, looser: int, read_only: bool) -> None:
    place = tmp_path / "open"
    place.mkdir()
    place.chmod(looser)

    said = await refusal(f"sqlite:///{place}/ledger.db", read_only=read_only)

    assert f"`chmod 0700 {place}`" in said


@pytest.mark.parametrize("name", ["ledger.db", "ledger.db-wal", "ledger.db-shm"])
async def test_a_file_open_to_others_is_refused(sqlite_url: str, tmp_path: Path, name: str) -> None:
    async with open_ledger(sqlite_url, TENANT):
        pass
    loose = tmp_path / "ledger" / name
    loose.touch()
    loose.chmod(0o640)

    assert f"`chmod 0600 {loose}`" in await refusal(sqlite_url)


@pytest.mark.parametrize("read_only", [False, True])
async def test_a_folder_in_the_ledgers_place_is_told_as_one(tmp_path: Path, read_only: bool) -> None:
    place = tmp_path / "ledger.db"
    place.mkdir()

    with pytest.raises(LedgerError, match=r"`\S+ledger.db` is a folder: name a file in it"):
        async with open_ledger(f"sqlite:///{place}", "t", read_only=read_only):
            pass


async def test_a_place_that_cannot_be_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch(mode=0o600)

    assert "cannot be created: not a directory" in await refusal(f"sqlite:///{tmp_path}/file/ledger.db")


async def test_odd_characters_in_a_path_are_part_of_its_name(tmp_path: Path) -> None:
    place = tmp_path / "a#b%c d&mode=memory" / "ledger.db"
    url = make_url("sqlite://").set(database=str(place)).render_as_string()

    async with open_ledger(url, TENANT, key=KEY) as ledger:
        await ledger.move_cursor(NOW)

    assert [path.name for path in place.parent.iterdir()] == ["ledger.db"]


# Reading only


async def test_reading_does_not_create_a_ledger(tmp_path: Path) -> None:
    said = await refusal(f"sqlite:///{tmp_path}/ledger/ledger.db", read_only=True)

    assert "no such file or directory: start the agent once" in said
    assert not os.listdir(tmp_path)  # noqa: PTH208


async def test_reading_does_not_prepare_an_empty_database(postgres: Postgres) -> None:
    url = postgres.new()

    assert "start the agent once" in await refusal(url, read_only=True)


async def test_a_reader_sees_what_a_running_agent_writes_and_cannot_write(url: str) -> None:
    record = a_record()
    async with (
        open_ledger(url, TENANT, key=KEY) as ledger,
        open_ledger(url, TENANT, read_only=True) as reader,
    ):
        before = await reader.listed()
        await ledger.save([record], now=NOW)

        assert (before, await reader.listed()) == ((), (saved(record),))
        with pytest.raises(LedgerError, match="is read-only"):
            await reader.save([a_record("another")], now=NOW)

        await ledger.save([saved(record)], now=NOW)
        assert await reader.listed() == (saved(record, 2),)


async def test_a_ledger_can_be_read_after_its_agent_has_stopped(url: str) -> None:
    async with open_ledger(url, TENANT, key=KEY) as ledger:
        await ledger.save([a_record()], now=NOW)

    async with open_ledger(url, TENANT, key=KEY, read_only=True) as reader:
        assert await reader.listed() == (saved(a_record()),)


# URLs


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("ledger.db", "cannot be understood: write `sqlite:////directory/ledger.db`"),
        ("postgresql://host:secret-port/name", "cannot be understood"),
        ("sqlite://", "in memory would forget"),
        ("sqlite:///:memory:", "in memory would forget"),
        ("mysql://root@host/name", "`mysql` is not supported"),
        ("postgresql+asyncpg://host/name", "`postgresql+asyncpg` is not supported"),
    ],
)
async def test_a_url_that_names_no_ledger_is_refused(url: str, said: str) -> None:
    message = await refusal(url)

    assert said in message
    assert "secret" not in message


async def test_a_missing_driver_is_named_with_its_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)

    assert "`pip install 'air-agent[postgres]'`" in await refusal("postgresql://host/name")


# Trouble


async def test_a_file_that_is_no_database_is_said_to_be_none(tmp_path: Path) -> None:
    place = tmp_path / "notes.txt"
    place.write_text("not a database at all, but long enough to be looked at" * 100)
    place.chmod(0o600)

    assert "is not a ledger: name another file" in await refusal(f"sqlite:///{place}")


async def test_a_ledger_locked_by_another_process_is_said_to_be_so(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines, "PATIENCE", 0.05)
    async with open_ledger(sqlite_url, TENANT) as ledger:
        with closing(sqlite3.connect(tmp_path / "ledger" / "ledger.db")) as other:
            other.execute("BEGIN IMMEDIATE")

            with pytest.raises(LedgerError, match="is locked by another process: stop the other agent"):
                await ledger.move_cursor(NOW)
            assert await ledger.cursor() is None

        await ledger.move_cursor(NOW)
        assert await ledger.cursor() == NOW


async def test_a_full_disk_is_said_and_nothing_is_written(sqlite_url: str) -> None:
    record = a_decided_record()
    effects = [an_effect(record, targets=tuple((f"m{n}", "anna@contoso.example") for n in range(5000)))]

    def fill(connection: sqlite3.Connection, _: object) -> None:
        connection.execute("PRAGMA max_page_count = 130")

    event.listen(Engine, "connect", fill)
    try:
        async with open_ledger(sqlite_url, TENANT) as ledger:
            with pytest.raises(LedgerError, match="the disk is full: free some space"):
                await ledger.save([record], effects=effects, now=NOW)

            assert await ledger.listed() == ()
            await ledger.save([record], now=NOW)
            assert await ledger.listed() == (saved(record),)
    finally:
        event.remove(Engine, "connect", fill)


async def test_a_damaged_ledger_is_said_to_be_damaged(sqlite_url: str, tmp_path: Path) -> None:
    async with open_ledger(sqlite_url, TENANT) as ledger:
        await ledger.save([a_record(f"{n}") for n in range(200)], now=NOW)
    place = tmp_path / "ledger" / "ledger.db"
    whole = place.read_bytes()
    place.write_bytes(whole[:8192] + b"\xff" * (len(whole) - 8192))

    with pytest.raises(LedgerError, match="is damaged: restore a backup"):
        async with open_ledger(sqlite_url, TENANT) as ledger:
            await ledger.listed()


async def test_a_server_that_is_away_is_named_without_its_password() -> None:
    said = await refusal("postgresql://agent:secret@127.0.0.1:1/ledger")

    assert "cannot be reached: check that the server runs" in said
    assert "postgresql+psycopg://agent:***@127.0.0.1:1/ledger" in said
    assert "secret" not in said


async def test_a_password_in_the_query_is_not_shown_either() -> None:
    assert "secret" not in await refusal("postgresql://agent@127.0.0.1:1/ledger?password=secret")


async def test_a_database_that_is_not_there_is_named(postgres: Postgres) -> None:
    assert 'database "nowhere" does not exist' in await refusal(postgres.url("nowhere"))


async def test_a_role_that_may_not_create_tables_is_told_what_to_grant(postgres: Postgres) -> None:
    url = postgres.new()
    postgres.run("CREATE ROLE onlooker LOGIN")

    said = await refusal(url.replace("postgres@", "onlooker@"))

    assert "permission is missing: grant the agent's user its own schema" in said


async def test_a_connection_that_was_cut_is_made_anew(postgres: Postgres) -> None:
    url = postgres.new(template="empty_ledger")
    async with open_ledger(url, TENANT, key=KEY) as ledger:
        await ledger.save([a_record()], now=NOW)
        postgres.run(
            f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{make_url(url).database}'"
        )

        assert await ledger.listed() == (saved(a_record()),)


async def test_a_lock_that_is_not_let_go_is_given_up(
    postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines, "PATIENCE", 0.05)
    url = postgres.new(template="empty_ledger")
    async with open_ledger(url, TENANT, key=KEY) as ledger:
        await ledger.save([a_record()], now=NOW)
        with psycopg.connect(host=postgres.host, user="postgres", dbname=make_url(url).database) as other:
            other.execute("SELECT 1 FROM records FOR UPDATE")

            with pytest.raises(LedgerError, match="is locked by another session"):
                await ledger.save([saved(a_record())], now=NOW)


async def test_postgresql_syncs_every_commit_even_where_the_server_would_not(postgres: Postgres) -> None:
    url = postgres.new(template="empty_ledger")
    postgres.run(f"ALTER DATABASE {make_url(url).database} SET synchronous_commit = off")

    async with open_ledger(url, TENANT, key=KEY) as ledger:
        found = await ledger._read(
            lambda connection, _: connection.exec_driver_sql("SHOW synchronous_commit").scalar()
        )

    assert found == "on"


# Closing


async def test_closing_leaves_no_thread_and_no_connection(url: str) -> None:
    before = set(threading.enumerate())
    async with open_ledger(url, TENANT, key=KEY) as ledger:
        await ledger.move_cursor(NOW)

    assert set(threading.enumerate()) == before


async def test_a_failure_inside_still_closes(sqlite_url: str, tmp_path: Path) -> None:
    before = set(threading.enumerate())

    async def fail() -> None:
        async with open_ledger(sqlite_url, TENANT) as ledger:
            await ledger.move_cursor(NOW)
            raise RuntimeError("elsewhere")

    with pytest.raises(RuntimeError, match="elsewhere"):
        await fail()

    assert set(threading.enumerate()) == before
    assert sorted(path.name for path in (tmp_path / "ledger").iterdir()) == ["audit.key", "ledger.db"]

"""Backups: what they hold, that damage is found, and that they are restored into either database, or not at all."""

import asyncio
import os
import stat
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from zipfile import ZipFile

import msgspec
import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from sqlalchemy import create_engine, inspect, make_url, text

from agent.adapters.ledger import schema
from agent.adapters.ledger.backing import archive, restoring, rows, taking
from agent.adapters.ledger.backing.restoring import Order, Source, check, restore
from agent.adapters.ledger.columns import metadata
from agent.adapters.ledger.place import opened_raw
from agent.audit.lines import line
from agent.model.backup import Kept, Manifest
from agent.model.enactment import Outcome, Went
from agent.model.errors import LedgerError
from agent.model.hold import KILL_SWITCH, Hold, Replica
from agent.model.rails import Leave
from tests.adapters.audited import OTHER_KEY, act, fill
from tests.adapters.records import KEY, MINUTE, NOW, TENANT, a_decided_record, an_effect
from tests.ledgers import begin, open_ledger
from tests.postgresql import Postgres

OTHER = "99999999-2222-3333-4444-555555555555"


def quiet(*_: object) -> None:
    """Tell nobody."""


@pytest.fixture
def empty_urls(tmp_path: Path, postgres: Postgres) -> Iterator[dict[str, str]]:
    """Where nothing of the tenant is yet, in each database."""
    made = postgres.new(template="empty_ledger")
    begin(f"sqlite:///{tmp_path}/new/ledger.db")
    yield {"sqlite": f"sqlite:///{tmp_path}/new/ledger.db", "postgresql": made}
    postgres.drop(made)


@pytest.fixture(scope="module")
def made(
    tmp_path_factory: pytest.TempPathFactory, postgres: Postgres
) -> Iterator[dict[str, tuple[str, Path]]]:
    """A ledger in each database with something in it, and a backup of each."""
    folder = tmp_path_factory.mktemp("made")
    there = postgres.new(template="empty_ledger")
    urls = {"sqlite": f"sqlite:///{folder}/data/ledger.db", "postgresql": there}

    async def make() -> None:
        for name, url in urls.items():
            await filled(url)
            await backed_up(url, folder / f"{name}.zip")

    asyncio.run(make())
    yield {name: (url, folder / f"{name}.zip") for name, url in urls.items()}
    postgres.drop(there)


Made = dict[str, tuple[str, Path]]


async def backed_up(url: str, path: Path, tenant: str = TENANT) -> Manifest:
    order = taking.Order(path=path, key=KEY, at=NOW + MINUTE, version="0.7.0")
    async with open_ledger(url, tenant, read_only=True) as ledger:
        return await ledger.as_of_now(lambda connection, whose: taking.take(connection, whose, order, quiet))


def source(path: Path, *files: Path, **more: object) -> Source:
    given_ = {"key": KEY, "tenant_id": TENANT, "files": files, **more}
    return Source(path=path, **given_)  # type: ignore[arg-type]


def order_of(url: str, *, despite: bool = False) -> Order:
    return Order(url=url, replica="a", by="olga", at=NOW + timedelta(hours=1), is_despite=despite)


async def filled(url: str) -> None:
    """Fill a ledger with something in as many tables as come easily, hostile text and all."""
    await fill(url)
    async with open_ledger(url, TENANT, key=KEY, replica="a") as ledger:
        for key in ("ä\0 \\0", "Z", "_", "a", "👩‍💻 …"):
            await act(ledger, key, "a", 4)
        await ledger.beat(Replica(name="a", alive=NOW + MINUTE))
        await ledger.lease("1", "a", NOW, NOW + MINUTE)
        await ledger.move_cursor(NOW)


def members(path: Path) -> dict[str, bytes]:
    with ZipFile(path) as found:
        return {name: found.read(name) for name in found.namelist() if name != "manifest.json"}


def names_in(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def loaded(path: Path, url: str) -> None:
    """Bring a backup into a ledger as it is, without anything that a restore adds."""
    with (
        archive.reading(path, KEY, TENANT) as found,
        opened_raw(url) as (engine, _),
        engine.connect().execution_options(writes=True) as connection,
        connection.begin(),
    ):
        for table in found.manifest.tables:
            kinds = rows.kinds_of(connection, table.name, table.columns)
            rows.write(connection, TENANT, table.name, table.columns, found.rows(table, kinds, quiet))


@pytest.mark.parametrize(("of", "into"), [("sqlite", "postgresql"), ("postgresql", "sqlite")])
async def test_a_backup_of_what_was_loaded_has_the_same_bytes(
    of: str, into: str, made: Made, empty_urls: dict[str, str], tmp_path: Path
) -> None:
    _, path = made[of]

    loaded(path, empty_urls[into])
    await backed_up(empty_urls[into], tmp_path / "again.zip")

    assert members(tmp_path / "again.zip") == members(path)


@pytest.mark.parametrize(("of", "into"), [("sqlite", "postgresql"), ("postgresql", "sqlite")])
async def test_a_backup_is_restored_into_either_database_held_and_with_an_audit_that_holds(
    of: str, into: str, made: Made, empty_urls: dict[str, str], tmp_path: Path
) -> None:
    _, path = made[of]

    found = restore(source(path), order_of(empty_urls[into]), quiet)

    again = tmp_path / "again.zip"
    await backed_up(empty_urls[into], again)
    async with open_ledger(empty_urls[into], TENANT, key=KEY, replica="a") as ledger:
        holds = await ledger.holds()
    ours = {"holds.jsonl", "restores.jsonl", "audit_entries.jsonl", "audit_heads.jsonl", "audit_values.jsonl"}
    assert found.holds
    assert [(one.name, one.by) for one in holds] == [(KILL_SWITCH, "olga")]
    assert "restored from the backup of 2026-11-02 09:01Z" in holds[0].reason
    before, after = members(path), members(again)
    assert {name for name in before if before[name] != after[name]} <= ours


def test_every_table_of_a_tenant_is_backed_up_or_of_the_moment() -> None:
    """A table that somebody adds is in backups unless it says why not; what is of no tenant is the process's."""
    of_tenants = {table.name for table in metadata.sorted_tables if "tenant_id" in table.c}

    names = {table.name for table in rows.kept()}

    assert names == of_tenants - rows.OF_THE_MOMENT
    assert {"sessions", "leases", "replicas"} <= rows.OF_THE_MOMENT
    order = [table.name for table in rows.kept()]
    assert order.index("records") < order.index("effects") < order.index("targets")


async def test_a_backup_is_whole_private_and_written_over_nothing(made: Made, tmp_path: Path) -> None:
    url, _ = made["sqlite"]
    path = tmp_path / "one.zip"
    before = os.umask(0o000)
    try:
        manifest = await backed_up(url, path)
    finally:
        os.umask(before)
    content = path.read_bytes()

    with pytest.raises(
        LedgerError, match="is there already: name another file: backups are never written over"
    ):
        await backed_up(url, path)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_bytes() == content
    assert names_in(tmp_path) == ["one.zip"]
    assert manifest.rows == sum(len(body.splitlines()) for body in members(path).values())
    assert KEY._bytes not in content
    assert manifest.key == KEY.fingerprint


async def test_a_backup_that_fails_halfway_leaves_nothing(
    made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, _ = made["sqlite"]
    real = archive.Writing.table

    def dying(self: archive.Writing, name: str, *args: object) -> Kept:
        if name == "effects":
            raise OSError(28, "No space left on device")
        return real(self, name, *args)  # type: ignore[arg-type]

    monkeypatch.setattr(archive.Writing, "table", dying)

    with pytest.raises(LedgerError, match="cannot be written: no space left on device"):
        await backed_up(url, tmp_path / "one.zip")

    assert names_in(tmp_path) == []


async def test_a_ledger_without_anything_of_the_tenant_is_not_backed_up(made: Made, tmp_path: Path) -> None:
    url, _ = made["postgresql"]

    with pytest.raises(LedgerError, match="there is nothing to back up"):
        await backed_up(url, tmp_path / "one.zip", tenant="of-nobody")

    assert not (tmp_path / "one.zip").exists()


async def test_each_backup_holds_one_tenant(made: Made, tmp_path: Path) -> None:
    url, _ = made["postgresql"]
    async with open_ledger(url, OTHER, key=KEY, replica="a") as ledger:
        await ledger.hold(Hold(name="hold", since=NOW, by="nobody-of-theirs", reason="not of this tenant"))

    await backed_up(url, tmp_path / "one.zip")

    assert b"nobody-of-theirs" not in b"".join(members(tmp_path / "one.zip").values())
    with pytest.raises(LedgerError, match=f"is of tenant `{TENANT}`, and the settings are of `{OTHER}`"):
        check(source(tmp_path / "one.zip", tenant_id=OTHER), NOW, quiet)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A backup of a ledger in which hardly anything is."""
    import asyncio

    folder = tmp_path_factory.mktemp("small")

    async def make() -> None:
        async with open_ledger(f"sqlite:///{folder}/data/ledger.db", TENANT, key=KEY) as ledger:
            await ledger.hold(Hold(name="hold", since=NOW, by="olga", reason="a small ledger"))
        await backed_up(f"sqlite:///{folder}/data/ledger.db", folder / "one.zip")

    asyncio.run(make())
    return folder / "one.zip"


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damage_at_any_byte_is_found(small: Path, tmp_path: Path, data: st.DataObject) -> None:
    content = bytearray(small.read_bytes())
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] ^= data.draw(st.integers(1, 255))
    damaged = tmp_path / "damaged.zip"
    damaged.write_bytes(content)

    words = r"is damaged|is no backup|its seal does not fit"
    with pytest.raises(LedgerError, match=words), archive.reading(damaged, KEY, TENANT):
        pass


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_one_that_is_cut_off_or_longer_is_found(small: Path, tmp_path: Path, data: st.DataObject) -> None:
    content = small.read_bytes()
    end = data.draw(st.integers(0, len(content) - 1))
    damaged = tmp_path / "damaged.zip"
    damaged.write_bytes(
        data.draw(st.sampled_from([content[:end], content + content[:1], content[end:] or b"x"]))
    )

    if damaged.read_bytes() != content:
        with (
            pytest.raises(LedgerError, match=r"is damaged|is no backup"),
            archive.reading(damaged, KEY, TENANT),
        ):
            pass


def test_one_that_somebody_made_anew_without_the_key_is_found(small: Path, tmp_path: Path) -> None:
    made = tmp_path / "made.zip"
    with ZipFile(small) as found:
        manifest = archive._manifest(small, found)
    archive.write(made, OTHER_KEY, TENANT, lambda _: manifest)

    with pytest.raises(
        LedgerError, match="its seal does not fit: it was changed by somebody without the key"
    ):
        check(source(made), NOW, quiet)


def test_one_that_is_changed_while_it_is_read_is_read_as_it_was_sealed(small: Path, tmp_path: Path) -> None:
    path, other = tmp_path / "one.zip", tmp_path / "other.zip"
    path.write_bytes(small.read_bytes())
    with ZipFile(small) as whole, ZipFile(other, "w") as forged:
        for name in whole.namelist():
            forged.writestr(name, whole.read(name).replace(b"202 for anna", b"202 for evil"))

    with archive.reading(path, KEY, TENANT) as found:
        path.write_bytes(other.read_bytes())
        (table,) = (one for one in found.manifest.tables if one.name == "effects")
        read = list(found.rows(table, kinds_in(tmp_path, table), quiet))

    assert len(read) == table.rows


def kinds_in(folder: Path, table: Kept) -> tuple[type, ...]:
    """Return what the columns of a table of a backup hold."""
    with opened_raw(f"sqlite:///{folder}/kinds/ledger.db") as (engine, _), engine.begin() as connection:
        return rows.kinds_of(connection, table.name, table.columns)


def test_another_key_is_told_by_its_fingerprint(small: Path) -> None:
    words = f"belongs to the audit key {KEY.fingerprint}, and the one that is set is {OTHER_KEY.fingerprint}: set that one"

    with pytest.raises(LedgerError, match=words):
        check(source(small, key=OTHER_KEY), NOW, quiet)


def remade(small: Path, made: Path, change: Callable[[Manifest], Manifest]) -> Path:
    """Write a backup with another manifest, sealed with the right key."""
    with archive.reading(small, KEY, TENANT) as found:
        tables = found.manifest.tables
        content = members(small)

        def fill(writing: archive.Writing) -> Manifest:
            for table in tables:
                writing._archive.writestr(
                    archive._member(f"{table.name}.jsonl"), content[f"{table.name}.jsonl"]
                )
            return change(msgspec.structs.replace(found.manifest))

        archive.write(made, KEY, TENANT, fill)
    return made


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {"format": 2, "version": "9.9"},
            "was made by air-agent 9.9, which is newer: restore it with that version",
        ),
        ({"schema": "9999"}, "was written by a newer air-agent"),
    ],
)
def test_a_newer_one_is_refused(small: Path, tmp_path: Path, changes: dict[str, object], words: str) -> None:
    made = remade(small, tmp_path / "made.zip", lambda one: msgspec.structs.replace(one, **changes))

    with pytest.raises(LedgerError, match=words):
        check(source(made), NOW, quiet)


def test_a_table_that_is_not_what_the_manifest_says_is_found(small: Path, tmp_path: Path) -> None:
    def fewer(one: Manifest) -> Manifest:
        tables = [msgspec.structs.replace(t, rows=t.rows + (t.name == "holds")) for t in one.tables]
        return msgspec.structs.replace(one, tables=tuple(tables))

    made = remade(small, tmp_path / "made.zip", fewer)

    with pytest.raises(LedgerError, match="table `holds` is not what the manifest says"):
        check(source(made), NOW, quiet)


async def test_an_older_one_is_migrated(made: Made, tmp_path: Path) -> None:
    """What an agent of schema 0006 would have written: without the tables and columns that came later."""
    engine = create_engine(f"sqlite:///{tmp_path}/old.db")
    with engine.begin() as connection:
        schema.upgrade(connection, "0006")
        there = inspect(connection)
        known = {name: {c["name"] for c in there.get_columns(name)} for name in there.get_table_names()}
    engine.dispose()
    _, newest = made["sqlite"]
    old = tmp_path / "old.zip"
    with archive.reading(newest, KEY, TENANT) as found:

        def fill(writing: archive.Writing) -> Manifest:
            written = []
            for table in found.manifest.tables:
                if table.name not in known:
                    continue
                kinds = tuple(rows.kind_of(metadata.tables[table.name].c[name]) for name in table.columns)
                kept = [place for place, name in enumerate(table.columns) if name in known[table.name]]
                some = ([row[place] for place in kept] for row in found.rows(table, kinds, quiet))
                written.append(
                    writing.table(table.name, [table.columns[place] for place in kept], some, quiet)
                )
            return msgspec.structs.replace(found.manifest, schema="0006", tables=tuple(written))

        archive.write(old, KEY, TENANT, fill)

    result = restore(source(old), order_of(f"sqlite:///{tmp_path}/new/ledger.db"), quiet)

    async with open_ledger(f"sqlite:///{tmp_path}/new/ledger.db", TENANT, read_only=True) as ledger:
        assert len(await ledger.listed()) == 9
    assert result.holds


@pytest.mark.parametrize(
    ("of", "mend"),
    [
        ("sqlite", "move it with its `-wal` and `-shm` to another folder"),
        ("postgresql", "name an empty database"),
    ],
)
def test_nothing_is_restored_over_a_ledger(of: str, mend: str, made: Made) -> None:
    url, path = made[of]

    with pytest.raises(LedgerError, match=f"a backup is never restored over a ledger: .*{mend}"):
        restore(source(path), order_of(url), quiet)


DELETE = """
DO $$ DECLARE name text; BEGIN
  FOR name IN SELECT table_name FROM information_schema.columns
    WHERE table_schema = current_schema() AND column_name = 'tenant_id'
    ORDER BY array_position(ARRAY['targets', 'effects', 'decisions', 'people_answers'], table_name::text)
  LOOP EXECUTE format('DELETE FROM %I WHERE tenant_id = %L', name, '{tenant}'); END LOOP;
END $$
"""
"""How the rows of one tenant are deleted from a database of many, as the documentation says."""


async def test_one_tenant_of_many_is_restored_once_its_rows_are_deleted(
    made: Made, empty_urls: dict[str, str], postgres: Postgres
) -> None:
    _, path = made["postgresql"]
    url = empty_urls["postgresql"]
    await filled(url)
    async with open_ledger(url, OTHER, key=KEY, replica="a") as ledger:
        await ledger.hold(Hold(name="hold", since=NOW, by="olga", reason="another tenant"))
    with psycopg.connect(host=postgres.host, user="postgres", dbname=make_url(url).database) as session:
        session.execute(DELETE.replace("{tenant}", TENANT).encode())

    found = restore(source(path), order_of(url), quiet)

    async with open_ledger(url, OTHER, read_only=True) as ledger:
        assert [one.reason for one in await ledger.holds()] == ["another tenant"]
    assert found.holds


@pytest.mark.parametrize("into", ["sqlite", "postgresql"])
async def test_one_that_dies_halfway_leaves_an_empty_ledger(
    into: str, made: Made, empty_urls: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (_, path), target = made["sqlite"], empty_urls[into]
    with monkeypatch.context() as dying:
        dying.setattr(restoring, "_copies", lambda _: (_ for _ in ()).throw(RuntimeError("killed")))
        with pytest.raises(RuntimeError, match="killed"):
            restore(source(path), order_of(target), quiet)

    found = restore(source(path), order_of(target), quiet)

    assert found.holds


def test_checking_writes_nothing_anywhere(made: Made) -> None:
    _, path = made["sqlite"]
    before = {one: one.stat().st_mtime_ns for one in path.parent.rglob("*") if one.is_file()}

    found = check(source(path), NOW, quiet)

    assert found.holds
    assert {one: one.stat().st_mtime_ns for one in path.parent.rglob("*") if one.is_file()} == before


async def test_a_ledger_that_was_changed_before_its_backup_is_told_and_restored_only_when_asked_for(
    sqlite_url: str, tmp_path: Path
) -> None:
    await filled(sqlite_url)
    engine = create_engine(sqlite_url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE decisions SET verb = 'reject' WHERE number = 1"))
    engine.dispose()
    path, target = tmp_path / "one.zip", f"sqlite:///{tmp_path}/new/ledger.db"
    await backed_up(sqlite_url, path)

    refused = restore(source(path), order_of(target), quiet)
    is_left = not (tmp_path / "new" / "ledger.db").exists()
    done = restore(source(path), order_of(target, despite=True), quiet)

    assert not refused.holds
    assert is_left
    assert not done.holds
    async with open_ledger(target, TENANT, read_only=True) as ledger:
        assert len(await ledger.listed()) == 9


async def test_a_row_that_refers_to_nothing_is_told(sqlite_url: str, tmp_path: Path) -> None:
    await filled(sqlite_url)
    engine = create_engine(sqlite_url)
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM targets"))
        connection.execute(text("DELETE FROM effects"))
        connection.execute(text("DELETE FROM decisions"))
        connection.execute(
            text("INSERT INTO targets VALUES (:tenant, 'softDelete', 'm', 'r', 'gone')"), {"tenant": TENANT}
        )
    engine.dispose()
    await backed_up(sqlite_url, tmp_path / "one.zip")

    found = check(source(tmp_path / "one.zip"), NOW, quiet)

    assert found.faults == ("row None of `targets` refers to one of `effects` that is not there",)


async def test_what_is_no_value_of_its_column_is_not_backed_up_silently(
    sqlite_url: str, tmp_path: Path
) -> None:
    await filled(sqlite_url)
    engine = create_engine(sqlite_url)
    with engine.begin() as connection:
        connection.execute(
            text("UPDATE records SET version = 'many' WHERE id IN (SELECT id FROM records LIMIT 1)")
        )
    engine.dispose()

    with pytest.raises(LedgerError, match="table `records` holds what is none of its own"):
        await backed_up(sqlite_url, tmp_path / "one.zip")


@pytest.mark.parametrize("into", ["sqlite", "postgresql"])
async def test_who_had_the_ledger_open_while_it_was_restored_writes_nothing_more(
    into: str, made: Made, empty_urls: dict[str, str]
) -> None:
    """It knows nothing of the restore, and would go on with chains that are closed."""
    _, path = made["sqlite"]
    async with open_ledger(empty_urls[into], TENANT, key=KEY, replica="a") as open_before:
        restore(source(path), order_of(empty_urls[into]), quiet)

        with pytest.raises(
            LedgerError, match="was restored from a backup while `a` had it open: start that one"
        ):
            await open_before.release(KILL_SWITCH, "anna", "looks fine", NOW)

    async with open_ledger(empty_urls[into], TENANT, key=KEY, replica="a") as anew:
        assert [one.name for one in await anew.holds()] == [KILL_SWITCH]
        assert await anew.release(KILL_SWITCH, "anna", "looks fine", NOW)
        head = await anew.trail.head("a")
        links = await anew.trail.unshipped("a", 100)
        waiting = await anew.trail.waiting()
        await anew.trail.mark_shipped("a", head.number, NOW)
        left = await anew.trail.waiting()
        closed = await anew.trail.unshipped("a~", 1)
        await anew.trail.mark_shipped("a~", (await anew.trail.head("a~")).number, NOW)
        assert {link.replica for link in links} == {"a~20261102T100000Z"}
        assert head.number == len(links)
        assert waiting.keys() == {"a", "a~", "b"}
        assert left.keys() == {"a~", "b"}
        assert [link.replica for link in closed] == ["a"]
        assert (await anew.trail.waiting()).keys() == {"b"}


async def test_a_backup_of_a_restored_ledger_keeps_what_was_closed_and_what_is_known(
    made: Made, empty_urls: dict[str, str], tmp_path: Path
) -> None:
    _, path = made["postgresql"]
    restore(source(path), order_of(empty_urls["sqlite"]), quiet)
    await backed_up(empty_urls["sqlite"], tmp_path / "again.zip")

    later = Order(url=empty_urls["postgresql"], replica="a", by="olga", at=NOW + timedelta(hours=2))
    found = restore(source(tmp_path / "again.zip"), later, quiet)

    assert found.audit.holds
    assert [chain.replica for chain in found.audit.chains] == [
        "a",
        "a~20261102T100000Z",
        "a~20261102T110000Z",
        "b",
    ]
    assert len(found.audit.restored) == 2


@pytest.mark.parametrize("is_sent", [True, False])
@pytest.mark.parametrize("before", [Went.DROPPED, Went.OBSERVED])
async def test_what_the_backup_has_as_never_sent_is_claimed_and_a_person_s_where_it_was_sent_since(
    before: Went, is_sent: bool, sqlite_url: str, tmp_path: Path
) -> None:
    """The same plan made again has the same effects: they are in the backup, and claim nothing there."""
    record = a_decided_record("anna")
    effect = an_effect(record, targets=(("message-anna", "anna@contoso.example"),))
    new, shipped = f"sqlite:///{tmp_path}/new/ledger.db", tmp_path / "audit.jsonl"
    async with open_ledger(sqlite_url, TENANT, key=KEY, replica="a") as ledger:
        await ledger.save([record], effects=[replace(effect, went=Went.OBSERVED)], now=NOW)
        if before is Went.DROPPED:
            await ledger.save([], effects=[effect], now=NOW)
            await ledger.save([], dropped=[effect.id], now=NOW)
        await backed_up(sqlite_url, tmp_path / "one.zip")
        await ledger.save([], effects=[effect], now=NOW)
        token = await ledger.lease("1", "a", NOW, NOW + MINUTE) or 0
        if is_sent:
            leave = Leave(replica="a", incident_id="1", token=token, until=NOW + MINUTE)
            await ledger.depart(effect.id, NOW, leave)
            await ledger.settle(effect.id, Outcome(went=Went.DONE, detail="202"), NOW)
        links = await ledger.trail.unshipped("a", 100)
    shipped.write_bytes(b"".join(line(TENANT, link) + b"\n" for link in links))

    checked = restore(source(tmp_path / "one.zip", shipped), order_of(new), quiet)

    assert (checked.faults, checked.audit.faults) == ((), ())
    async with open_ledger(new, TENANT, key=KEY, replica="a") as ledger:
        found = await ledger.restored()
        covered = await ledger.covered(effect.targets)
        assert found is not None
        assert (set(found.actions), set(covered)) == (
            ({record.action.id}, set(effect.targets)) if is_sent else (set(), set())
        )
        if is_sent:
            assert covered[effect.targets[0]].is_departed
        else:
            await ledger.save([], effects=[effect], now=NOW)


async def test_a_restore_by_a_clock_that_is_behind_is_not_taken_to_be_before_what_was_done(
    made: Made, empty_urls: dict[str, str]
) -> None:
    """What has come since that moment counts as new, and is carried out."""
    _, path = made["sqlite"]
    early = Order(url=empty_urls["sqlite"], replica="a", by="olga", at=NOW - timedelta(hours=2))

    restore(source(path), early, quiet)

    async with open_ledger(empty_urls["sqlite"], TENANT, key=KEY, replica="a") as ledger:
        found = await ledger.restored()
    assert found is not None
    assert [gap.at for gap in found.gaps] == [NOW + MINUTE]

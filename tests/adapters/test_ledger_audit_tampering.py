"""Whatever is done to the audit in the database is found, and the first bad entry is named."""

from collections.abc import Iterator
from random import Random

import pytest
from sqlalchemy import create_engine
from sqlalchemy.engine import Engine

from agent.adapters.ledger.told import SqlTold
from agent.audit.chain import anchored
from agent.audit.verify import verify
from agent.audit.witness import anchors
from tests.adapters.audited import AROUND, Tamperer, copy_of, cut_tail_and_head, fill
from tests.adapters.records import KEY, NOW, TENANT
from tests.ledgers import open_ledger

TIMES = {"sqlite": 1000, "postgresql": 300}
"""How many tamperings; those of PostgreSQL are the same code over a slower connection."""


@pytest.fixture
async def engine(url: str) -> Iterator[Engine]:  # type: ignore[misc]
    await fill(url)
    made = create_engine(url)
    yield made
    made.dispose()


async def test_every_tampering_is_found_and_the_first_bad_entry_is_named(engine: Engine) -> None:
    lots = Random(20261102)
    with engine.connect() as connection:
        copy = copy_of(connection)
        connection.rollback()
        kinds = set()
        for turn in range(TIMES[engine.dialect.name]):
            with connection.begin() as transaction:
                done = Tamperer(connection, lots).tamper()
                found = verify(SqlTold(connection, TENANT), KEY, TENANT, copies=[copy])
                transaction.rollback()
            kinds.add(done.words)
            named = {(fault.replica, fault.number) for fault in found.faults}
            assert (done.replica, done.number) in named, (turn, done, found.faults)
        assert len(kinds) > 25


async def test_whatever_is_done_to_decisions_and_effects_is_found(engine: Engine) -> None:
    lots = Random(7)
    with engine.connect() as connection:
        for _ in range(TIMES[engine.dialect.name] // 5):
            with connection.begin() as transaction:
                words = lots.choice(AROUND)(Tamperer(connection, lots))
                found = verify(SqlTold(connection, TENANT), KEY, TENANT)
                transaction.rollback()
            assert [fault.words for fault in found.faults] == [words]


async def test_a_tail_that_was_cut_off_with_its_head_is_found_by_an_anchor_and_only_by_one(
    engine: Engine,
) -> None:
    lots = Random(3)
    with engine.connect() as connection:
        heads = SqlTold(connection, TENANT).heads()
        connection.rollback()
        seal = KEY.of_anchors(TENANT)
        copy = anchors("the anchors", KEY, TENANT, [anchored(seal, TENANT, head, NOW) for head in heads])
        for _ in range(50):
            with connection.begin() as transaction:
                done = cut_tail_and_head(Tamperer(connection, lots))
                found = verify(SqlTold(connection, TENANT), KEY, TENANT, copies=[copy])
                transaction.rollback()
            assert (done.replica, done.number) in {(one.replica, one.number) for one in found.faults}


NO_UTF_8 = {
    "audit_entries": "event action_id body mac replica",
    "audit_heads": "replica number mac",
    "audit_values": "replica name salt value",
    "decisions": "verb grounds body",
    "effects": "id went attempts targets",
}


@pytest.mark.parametrize(
    ("table", "column"), [(table, one) for table, columns in NO_UTF_8.items() for one in columns.split()]
)
async def test_text_that_is_no_utf_8_is_a_fault_and_no_obstacle(
    sqlite_url: str, table: str, column: str
) -> None:
    """SQLite keeps any bytes as text, and its driver refuses to read them."""
    await fill(sqlite_url)
    made = create_engine(sqlite_url)
    with made.begin() as connection:
        last = f"(SELECT max(rowid) FROM {table})"
        changed = f"UPDATE {table} SET {column} = CAST(x'ff41' AS TEXT) WHERE rowid = {last}"
        connection.exec_driver_sql(changed)
    made.dispose()

    async with open_ledger(sqlite_url, TENANT, read_only=True) as ledger:
        found = await ledger.trail.look(lambda told: verify(told, KEY, TENANT))

    assert not found.holds


async def test_what_nobody_touched_holds(engine: Engine) -> None:
    with engine.connect() as connection:
        found = verify(SqlTold(connection, TENANT), KEY, TENANT, copies=[copy_of(connection)], are_all=True)

    assert found.holds, found.faults
    assert (found.decisions, found.calls, found.unaudited) == (4, 4, 0)
    assert [chain.entries for chain in found.chains] == [15, 11]

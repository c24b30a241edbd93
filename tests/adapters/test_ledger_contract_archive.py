"""What the pages ask of the ledger, in both databases."""

from collections.abc import AsyncIterator
from datetime import timedelta

import msgspec
import pytest

from agent.adapters.ledger.ledger import SqlLedger
from agent.model.enactment import CLOSED, OPEN, Record, State
from agent.model.hold import Hold
from tests.adapters.records import KEY, NOW, a_decided_record, a_record, saved
from tests.ledgers import open_ledger

OTHER_TENANT = "99999999-2222-3333-4444-555555555555"


@pytest.fixture
async def others(url: str, ledger: SqlLedger) -> AsyncIterator[SqlLedger]:
    """The same ledger as another tenant's agent has it."""
    async with open_ledger(url, OTHER_TENANT, key=KEY) as opened:
        yield opened


def again(record: Record, **changes: object) -> Record:
    return msgspec.structs.replace(saved(record), **changes)


async def test_an_empty_ledger_has_nothing_open_and_a_stamp(ledger: SqlLedger) -> None:
    assert await ledger.archive.standing(OPEN) == {}
    assert await ledger.archive.stamp() == await ledger.archive.stamp()


async def test_what_is_open_is_told_with_its_version(ledger: SqlLedger) -> None:
    one, other = a_record("one"), a_record("other")
    await ledger.save([one, other], now=NOW)
    await ledger.save([again(one, why="looked at")], now=NOW)

    assert await ledger.archive.standing(OPEN) == {one.action.id: 2, other.action.id: 1}


@pytest.mark.parametrize("state", State)
async def test_what_is_closed_is_not_open_and_everything_else_is(ledger: SqlLedger, state: State) -> None:
    record = a_record(state=state)
    await ledger.save([record], now=NOW)

    assert (record.action.id in await ledger.archive.standing(OPEN)) == (state not in CLOSED)


async def test_what_closes_leaves_and_what_opens_again_comes_back(ledger: SqlLedger) -> None:
    record = a_record()
    await ledger.save([record], now=NOW)
    closed = again(record, state=State.SUPERSEDED)
    await ledger.save([closed], now=NOW)
    is_gone = await ledger.archive.standing(OPEN) == {}
    await ledger.save([again(closed, state=State.ESCALATED)], now=NOW)

    assert (is_gone, await ledger.archive.standing(OPEN)) == (True, {record.action.id: 3})


@pytest.mark.parametrize(
    "later", [timedelta(0), timedelta(minutes=-14), timedelta(seconds=1), timedelta(days=3)]
)
async def test_every_change_makes_another_stamp_whatever_the_clock_of_whoever_made_it(
    ledger: SqlLedger, later: timedelta
) -> None:
    one, other = a_record("one"), a_record("other")
    await ledger.save([one, other], now=NOW)
    stamps = [await ledger.archive.stamp()]

    await ledger.save([again(one, why="looked at")], now=NOW + later)
    stamps.append(await ledger.archive.stamp())
    await ledger.save([again(other, due=None)], now=NOW + later)
    stamps.append(await ledger.archive.stamp())
    await ledger.save([a_record("new")], now=NOW + later)
    stamps.append(await ledger.archive.stamp())

    assert len(set(stamps)) == len(stamps)
    assert stamps[-1] == await ledger.archive.stamp()


async def test_what_the_audit_is_told_makes_another_stamp(ledger: SqlLedger) -> None:
    before = await ledger.archive.stamp()

    await ledger.hold(Hold(name="hold", since=NOW, by="Ann", reason="looking into it"))

    assert await ledger.archive.stamp() != before


async def test_another_tenants_records_are_never_seen(ledger: SqlLedger, others: SqlLedger) -> None:
    record = a_record()
    await ledger.save([record], now=NOW)
    before = await others.archive.stamp()

    await ledger.save([again(record, why="looked at")], now=NOW + timedelta(minutes=1))

    assert await others.archive.standing(OPEN) == {}
    assert await others.archive.stamp() == before


async def test_decisions_of_an_action_are_told_without_their_facts_the_newest_first(
    ledger: SqlLedger, others: SqlLedger
) -> None:
    record = a_decided_record("one")
    await ledger.save([record, a_decided_record("other")], now=NOW)
    assert record.decision is not None
    second = msgspec.structs.replace(
        record.decision, at=NOW + timedelta(hours=1), reason="people decide", guard="radius", grounds="g2"
    )
    await ledger.save([again(record, decision=second)], now=NOW)

    newest, first = await ledger.archive.ruled(record.action.id)

    assert (newest.number, newest.at, newest.verb, newest.reason, newest.guard) == (
        2,
        second.at,
        second.verb,
        "people decide",
        "radius",
    )
    assert (first.number, first.policies, first.reason) == (
        1,
        record.decision.policies,
        record.decision.reason,
    )
    assert await ledger.archive.ruled(record.action.id, limit=1) == (newest,)
    assert await ledger.archive.ruled("0123456789abcdef") == ()
    assert await others.archive.ruled(record.action.id) == ()

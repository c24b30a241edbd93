"""What the pages ask of records by their states, in both databases."""

from datetime import timedelta

import msgspec
import pytest

from agent.adapters.ledger.ledger import SqlLedger
from agent.model.enactment import State
from tests.adapters.records import KEY, NOW, a_record, saved
from tests.ledgers import open_ledger

OTHER_TENANT = "99999999-2222-3333-4444-555555555555"
DAY = timedelta(days=1)


@pytest.mark.parametrize("state", State)
async def test_what_is_in_the_states_is_told_with_its_version_however_old(
    ledger: SqlLedger, state: State
) -> None:
    record = a_record(state=state)
    await ledger.save([record], now=NOW - 400 * DAY)

    found = await ledger.archive.standing((State.HELD, State.UNDONE), ended=(State.SUPERSEDED,), since=NOW)

    assert found == ({record.action.id: 1} if state in (State.HELD, State.UNDONE) else {})


@pytest.mark.parametrize(("ago", "is_told"), [(timedelta(0), True), (timedelta(microseconds=1), False)])
async def test_what_ended_is_told_where_it_changed_since(
    ledger: SqlLedger, ago: timedelta, is_told: bool
) -> None:
    record = a_record(state=State.SUPERSEDED)
    await ledger.save([record], now=NOW - ago)

    found = await ledger.archive.standing((State.HELD,), ended=(State.SUPERSEDED,), since=NOW)

    assert bool(found) is is_told


async def test_a_change_gives_another_version_and_a_record_that_moves_on_is_gone(ledger: SqlLedger) -> None:
    record = a_record(state=State.HELD)
    await ledger.save([record], now=NOW)
    again = msgspec.structs.replace(saved(record), why="looked at")
    await ledger.save([again], now=NOW)
    changed = await ledger.archive.standing((State.HELD,), ended=(), since=NOW)
    await ledger.save([msgspec.structs.replace(saved(again), state=State.SENT)], now=NOW)

    gone = await ledger.archive.standing((State.HELD,), ended=(), since=NOW)

    assert (changed, gone) == ({record.action.id: 2}, {})


async def test_another_tenants_records_are_not_told(ledger: SqlLedger, url: str) -> None:
    await ledger.save([a_record(state=State.HELD)], now=NOW)

    async with open_ledger(url, OTHER_TENANT, key=KEY) as others:
        assert await others.archive.standing((State.HELD,), ended=(), since=NOW) == {}

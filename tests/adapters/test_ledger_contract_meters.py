"""What every ledger tells of itself to whoever measures it, held against SQLite and PostgreSQL."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from agent.adapters.ledger.ledger import SqlLedger
from agent.model.alarm import Alarm
from agent.model.enactment import CLOSED, OPEN, UNCARRIED, State
from agent.model.escalation import Delivery
from agent.model.hold import Hold
from agent.model.telemetry import Sums, Waiting
from tests.adapters.records import KEY, NOW, a_decided_record, a_record, depart
from tests.escalations import a_page, a_posted
from tests.ledgers import open_ledger

OTHER_TENANT = "99999999-2222-3333-4444-555555555555"
SECOND = timedelta(seconds=1)
MICROSECOND = timedelta(microseconds=1)
DAY = timedelta(days=1)


async def sums(ledger: SqlLedger) -> Sums:
    return await ledger.meters.sums(NOW, NOW + DAY, UNCARRIED)


async def test_an_empty_ledger_has_nothing_to_tell(ledger: SqlLedger) -> None:
    found = await sums(ledger)

    assert found == Sums(
        at=NOW,
        open={},
        waiting={state: Waiting() for state in UNCARRIED},
        under_way=0,
        pages=0,
        notices=0,
        notices_since=None,
        watermark=None,
        unshipped=None,
        holds={},
        alarms={},
    )
    assert await ledger.meters.ended() == {}


async def test_what_is_open_is_counted_with_every_look_and_what_has_ended_apart(ledger: SqlLedger) -> None:
    await ledger.save([a_record(f"{state} {n}", state) for state in State for n in range(2)], now=NOW)

    found = await sums(ledger)

    assert found.open == dict.fromkeys(OPEN, 2)
    assert await ledger.meters.ended() == dict.fromkeys(CLOSED, 2)
    assert {one for one, waiting in found.waiting.items() if waiting.deadline} == UNCARRIED


@pytest.mark.parametrize(
    ("ends", "at_risk", "waits"),
    [
        (timedelta(0), 0, False),
        (MICROSECOND, 1, True),
        (DAY, 1, True),
        (DAY + MICROSECOND, 0, True),
    ],
)
async def test_at_risk_is_what_ends_within_the_window_and_not_what_is_over(
    ledger: SqlLedger, ends: timedelta, at_risk: int, waits: bool
) -> None:
    await ledger.save([a_record(state=State.ESCALATED, deadline=NOW + ends)], now=NOW)

    found = (await sums(ledger)).waiting[State.ESCALATED]

    assert found == Waiting(at_risk=at_risk, deadline=NOW + ends if waits else None)


async def test_the_first_of_a_state_ends_first(ledger: SqlLedger) -> None:
    later, first = a_record("a", State.HELD), a_record("b", State.HELD, deadline=NOW + 2 * DAY)
    await ledger.save([later, first], now=NOW)

    assert (await sums(ledger)).waiting[State.HELD].deadline == NOW + 2 * DAY


async def test_a_call_is_under_way_from_when_it_leaves_until_it_is_settled(ledger: SqlLedger) -> None:
    record = a_decided_record()
    assert record.plan is not None
    await ledger.save([record], effects=record.plan.effects, now=NOW)
    before = (await sums(ledger)).under_way
    await depart(ledger, record.plan.effects[0].id, NOW)

    assert (before, (await sums(ledger)).under_way) == (0, 1)


@pytest.mark.parametrize(("ago", "is_overdue"), [(timedelta(0), True), (-MICROSECOND, False)])
async def test_a_notice_waits_and_is_overdue_once_its_moment_has_come(
    ledger: SqlLedger, ago: timedelta, is_overdue: bool
) -> None:
    posted = replace(a_posted(), due=NOW - ago)
    await ledger.pages.save([a_page()], [posted])

    found = await sums(ledger)

    assert (found.pages, found.notices) == (1, 1)
    assert found.notices_since == (NOW if is_overdue else None)


async def test_a_page_that_is_closed_and_a_notice_that_was_sent_are_not_counted(ledger: SqlLedger) -> None:
    page = replace(a_page(), closed=NOW, due=None)
    await ledger.pages.save([page], [a_posted()])
    (waiting,) = await ledger.pages.due(NOW + DAY, 10)
    await ledger.pages.settle(replace(waiting, delivery=Delivery.SENT, due=None, sent_at=NOW), NOW)

    found = await sums(ledger)

    assert (found.pages, found.notices, found.notices_since) == (0, 0, None)


async def test_holds_are_told_by_their_guard_and_alarms_by_their_family(ledger: SqlLedger) -> None:
    for name in ("hold", "file:agent", "brake"):
        await ledger.hold(Hold(name=name, since=NOW, by="anna", reason="odd"))
    for name in ("channel teams", "channel pager", "brake"):
        await ledger.raise_alarm(Alarm(name=name, since=NOW, words="odd"))

    found = await sums(ledger)

    assert found.holds == {"hold": 2, "brake": 1}
    assert found.alarms == {"channel": 2, "brake": 1}


async def test_the_oldest_entry_that_was_not_shipped_is_told_until_it_was(ledger: SqlLedger) -> None:
    await ledger.move_cursor(NOW)
    for number in range(2):
        await ledger.hold(Hold(name=f"h{number}", since=NOW + number * SECOND, by="anna", reason="odd"))
    before = await sums(ledger)
    head = await ledger.trail.head("agent")
    await ledger.trail.mark_shipped("agent", head.number, NOW)

    after = await sums(ledger)

    assert before.unshipped == NOW
    assert (after.unshipped, after.watermark) == (None, NOW)


async def test_nothing_of_another_tenant_is_told(ledger: SqlLedger, url: str) -> None:
    await ledger.save([a_record("a", State.HELD), a_record("b", State.EXPIRED)], now=NOW)
    await ledger.raise_alarm(Alarm(name="brake", since=NOW, words="odd"))

    async with open_ledger(url, OTHER_TENANT, key=KEY) as others:
        found = await sums(others)
        ended = await others.meters.ended()

    assert (found.open, found.alarms, found.unshipped, ended) == ({}, {}, None, {})

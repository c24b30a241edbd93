"""Very much to be judged at once: what cannot wait goes first, and everything else has its turn in between."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import msgspec
import pytest

from agent.loop import follow
from agent.loop.cycle import judge_due
from agent.loop.passing import JUDGING, Memory, one_pass
from agent.loop.report import PassReport
from agent.loop.run import load, run
from agent.loop.turning import turn_back
from agent.model.defender import Mail
from agent.model.enactment import State, Went
from tests.adapters.records import a_decision, a_record, an_action, an_effect
from tests.fakes import FakeDefender
from tests.loop.conftest import Bench

SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)


class Slow(FakeDefender):
    """Takes a while over each look-up of mail, and notes when it was asked for which."""

    takes = SECOND

    async def mail(self, network_message_ids: Sequence[str]) -> Mail:
        await self.clock.sleep_until(self.clock.now() + self.takes)
        return await super().mail(network_message_ids)


@pytest.fixture
def slow(bench: Bench) -> Slow:
    """Judge one action at a time, each of which takes a second."""
    slow = Slow(bench.clock)
    pace = msgspec.structs.replace(bench.world.pace, judge_at_once=1)
    bench.world = replace(bench.world, defender=slow, pace=pace, enactor=None)
    return slow


async def waits(
    bench: Bench,
    key: str,
    *,
    state: State = State.SEEN,
    due: timedelta = timedelta(0),
    ends: timedelta = 100 * HOUR,
) -> None:
    now = bench.clock.now()
    action = an_action(key, deadline=now + ends, tenant=bench.world.tenant_id)
    decision = a_decision(action) if state is State.HELD else None
    record = a_record(action=action, state=state, due=now + due, decision=decision)
    await bench.world.ledger.save([record], now=now)


async def order(bench: Bench, **more: timedelta) -> list[str]:
    """Judge what is due in a pass that begins now; return the actions that were decided, in this order."""
    report = PassReport(began=bench.clock.now())
    await judge_due(bench.world, await load(bench.world), report, asyncio.Event(), **more)
    decided: list[tuple[datetime, str]] = [
        (record.decision.at, record.action.key)
        for record in await bench.records()
        if record.decision is not None
    ]
    return [key for _, key in sorted(decided)]


async def test_what_has_just_come_goes_before_what_has_waited_with_an_earlier_deadline(
    bench: Bench, slow: Slow
) -> None:
    await waits(bench, "waited", ends=100 * HOUR)
    await waits(bench, "came", ends=168 * HOUR, due=timedelta(microseconds=1))
    report = PassReport(began=bench.clock.now())
    bench.clock.advance(timedelta(microseconds=1))

    await judge_due(bench.world, await load(bench.world), report, asyncio.Event(), at_most=SECOND)

    assert [one.action.key for one in await bench.records() if one.decision is not None] == ["came"]


@pytest.mark.parametrize(("ends", "first"), [(24 * HOUR, "soon"), (24 * HOUR + SECOND, "sooner")])
async def test_what_ends_within_a_day_is_not_passed_by_what_has_just_come(
    bench: Bench, slow: Slow, ends: timedelta, first: str
) -> None:
    await waits(bench, "soon", ends=ends)
    report = PassReport(began=bench.clock.now())
    await waits(bench, "sooner", ends=ends + HOUR, due=timedelta(microseconds=1))
    bench.clock.advance(timedelta(microseconds=1))

    await judge_due(bench.world, await load(bench.world), report, asyncio.Event(), at_most=SECOND)

    assert [one.action.key for one in await bench.records() if one.decision is not None] == [first]


async def test_what_is_only_to_be_decided_once_more_does_not_count_as_just_come(
    bench: Bench, slow: Slow
) -> None:
    """A brake that is released turns back very much at once, in the very pass in which something has come."""
    for number in range(3):
        await waits(bench, f"held {number}", state=State.HELD)
    report = PassReport(began=bench.clock.now())
    bench.clock.advance(timedelta(microseconds=1))
    assert await turn_back(bench.world, [State.HELD], lambda _: True) == 3
    await waits(bench, "came", ends=168 * HOUR)

    await judge_due(bench.world, await load(bench.world), report, asyncio.Event(), at_most=SECOND)

    seen = [record.action.key for record in await bench.records() if record.state is State.SEEN]
    assert sorted(seen) == ["held 0", "held 1", "held 2"]


async def test_what_people_answered_goes_before_what_waits(bench: Bench, slow: Slow) -> None:
    await waits(bench, "waited")
    await waits(bench, "answered", state=State.ANSWERED, ends=168 * HOUR)

    assert await order(bench) == ["answered", "waited"]


async def test_of_what_waits_the_earliest_deadline_goes_first(bench: Bench, slow: Slow) -> None:
    for days in (5, 3, 4):
        await waits(bench, f"{days}", ends=days * 24 * HOUR)

    assert await order(bench) == ["3", "4", "5"]


@pytest.mark.parametrize(
    ("at_most", "decided", "leaves"),
    [(3 * SECOND, 3, True), (4 * SECOND, 4, True), (5 * SECOND, 4, False), (None, 4, False)],
)
async def test_what_is_too_much_is_left_and_it_is_said_so(
    bench: Bench, slow: Slow, at_most: timedelta | None, decided: int, leaves: bool
) -> None:
    for number in range(4):
        await waits(bench, f"{number}")
    report = PassReport(began=bench.clock.now())

    await judge_due(bench.world, await load(bench.world), report, asyncio.Event(), at_most=at_most)

    assert (report.decided, report.leaves_undecided) == (decided, leaves)


@pytest.mark.parametrize(
    ("came", "together"), [(0, [3, 2]), (1, [1, 3, 2]), (2, [2, 3, 2]), (3, [2, 1, 3, 2])]
)
async def test_what_has_just_come_is_looked_up_by_itself_and_in_smaller_parts(
    bench: Bench, slow: Slow, came: int, together: list[int]
) -> None:
    pace = msgspec.structs.replace(bench.world.pace, judge_at_once=3, ahead_at_once=2)
    bench.world = replace(bench.world, pace=pace)
    for number in range(5):
        await waits(bench, f"waited {number}")
    for number in range(came):
        await waits(bench, f"came {number}", due=timedelta(microseconds=1))
    report = PassReport(began=bench.clock.now())
    bench.clock.advance(timedelta(microseconds=1))

    await judge_due(bench.world, await load(bench.world), report, asyncio.Event())

    at = Counter(record.decision.at for record in await bench.records() if record.decision is not None)
    assert [at[moment] for moment in sorted(at)] == together


async def test_that_some_of_what_was_read_is_left_is_said_too(bench: Bench, slow: Slow) -> None:
    pace = msgspec.structs.replace(bench.world.pace, judge_at_once=9, ahead_at_once=2)
    bench.world = replace(bench.world, pace=pace)
    for number in range(3):
        await waits(bench, f"{number}", due=timedelta(microseconds=1))
    report = PassReport(began=bench.clock.now())
    bench.clock.advance(timedelta(microseconds=1))

    await judge_due(bench.world, await load(bench.world), report, asyncio.Event(), at_most=SECOND)

    assert (report.decided, report.leaves_undecided) == (2, True)


@pytest.mark.parametrize(("memory", "decided"), [(Memory(), 2), (None, 5)])
async def test_a_pass_leaves_what_is_too_much_to_the_next_where_there_is_one(
    bench: Bench, slow: Slow, memory: Memory | None, decided: int
) -> None:
    slow.takes = JUDGING
    for number in range(5):
        await waits(bench, f"{number}")
    report = PassReport(began=bench.clock.now())

    await one_pass(bench.world, await load(bench.world), asyncio.Event(), report, memory)

    assert report.decided == decided


async def test_passes_follow_each_other_at_once_until_all_is_decided(bench: Bench, slow: Slow) -> None:
    slow.takes = JUDGING
    for number in range(6):
        await waits(bench, f"{number}")
    reports: list[PassReport] = []
    stop = asyncio.Event()

    def note(report: PassReport) -> None:
        reports.append(report)
        if report.decided == 0:
            stop.set()

    await run(bench.world, stop=stop, on_pass=note)

    assert [report.decided for report in reports] == [2, 2, 2, 0]
    assert slow.asked["incidents"] == 4
    began = [report.began - reports[0].began for report in reports]
    assert began[:3] == [timedelta(0), 2 * JUDGING, 4 * JUDGING]


# What has waited long enough


async def test_all_that_has_waited_long_enough_is_judged_anew_and_what_is_watched_stays(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follow, "ENDED_AT_ONCE", 2)
    now = bench.clock.now()
    for number in range(5):
        await waits(bench, f"waited {number}", state=State.HELD, ends=(number + 9) * HOUR)
        await waits(bench, f"sent {number}", state=State.HELD, ends=(number + 9) * HOUR)
        await waits(bench, f"over {number}", state=State.HELD, ends=-SECOND)
    sent = [record for record in await bench.records() if record.action.key.startswith("sent")]
    effects = [an_effect(record, number, went=Went.SENT) for number, record in enumerate(sent)]
    await bench.world.ledger.save([], effects=effects, now=now)

    await follow.follow(bench.world, PassReport(began=now), asyncio.Event())

    states = {record.action.key: record.state for record in await bench.records()}
    assert {states[f"waited {number}"] for number in range(5)} == {State.SEEN}
    assert {states[f"over {number}"] for number in range(5)} == {State.EXPIRED}
    assert {states[f"sent {number}"] for number in range(5)} == {State.HELD}

"""No audit, no action: entries leave in time, or nothing else does; reading and deciding go on."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog

from agent.loop import run as loop
from agent.loop.noting import noting
from agent.loop.report import PassReport
from agent.loop.shipping import LAG, Shipping, complain, is_lagging, require, ship, ship_left_behind
from agent.model.audit import ALARM, Entry, Event
from agent.model.enactment import Outcome, State, Went
from agent.model.errors import Held, LedgerError, Unavailable
from agent.ports.defender import Departing
from agent.ports.world import World
from tests.fakes import FakeSink
from tests.ledgers import open_ledger
from tests.loop.conftest import Bench
from tests.makers import NOW, TENANT, a_cluster, a_copy, an_alert, an_incident

SECOND = timedelta(seconds=1)


@pytest.fixture
def sink() -> FakeSink:
    return FakeSink()


@pytest.fixture
async def shipped(bench: Bench, sink: FakeSink) -> Bench:
    """A bench whose audit is shipped."""
    bench.world = replace(bench.world, trail=bench.world.ledger.trail, sink=sink)  # type: ignore[attr-defined]
    return bench


def show(bench: Bench) -> None:
    bench.defender.show(an_incident(an_alert(a_cluster())))
    bench.defender.deliver(*(a_copy(number) for number in range(1, 4)))


async def tell(world: World, count: int = 1) -> None:
    entry = Entry(event=Event.NOTE, at=world.clock.now(), actor="agent agent")
    await world.ledger.audit([entry] * count)


async def alarms(bench: Bench) -> list[str]:
    return [alarm.name for alarm in await bench.world.ledger.alarms()]


async def test_everything_is_shipped_once_and_in_order(shipped: Bench, sink: FakeSink) -> None:
    await tell(shipped.world, 2_500)
    await ship(shipped.world)
    await tell(shipped.world, 2)

    await ship(shipped.world)

    assert [link.number for link in sink.shipped] == list(range(1, 2_504))


async def test_what_was_shipped_and_not_remembered_comes_again_under_its_number(
    shipped: Bench, sink: FakeSink
) -> None:
    await tell(shipped.world)
    links = await shipped.world.trail.unshipped("agent", 10)  # type: ignore[union-attr]
    await sink.ship(links)

    await ship(shipped.world)

    assert sink.shipped == [*links, *links]


@pytest.mark.parametrize(("waited", "is_late"), [(LAG, False), (LAG + SECOND, True), (-LAG - SECOND, True)])
async def test_shipping_lags_after_sixty_seconds(
    shipped: Bench, sink: FakeSink, waited: timedelta, is_late: bool
) -> None:
    await tell(shipped.world)
    sink.down = True

    shipped.clock.advance(waited)

    assert await is_lagging(shipped.world) is is_late
    if is_late:
        with pytest.raises(Held, match="no space left on device"):
            await require(shipped.world)
        assert await alarms(shipped) == [ALARM]
    else:
        await require(shipped.world)


async def test_what_lags_is_shipped_on_the_spot_where_that_is_possible(
    shipped: Bench, sink: FakeSink
) -> None:
    await tell(shipped.world)
    shipped.clock.advance(LAG + SECOND)

    await require(shipped.world)

    assert len(sink.shipped) == 2
    assert not await is_lagging(shipped.world)


async def test_while_shipping_lags_nothing_leaves_and_people_are_asked(
    shipped: Bench, sink: FakeSink
) -> None:
    show(shipped)
    sink.down = True
    await tell(shipped.world)
    shipped.clock.advance(LAG + SECOND)

    report = await shipped.run_pass()

    assert shipped.enactor.removed.total() == 0
    assert shipped.enactor.comments == []
    record = await shipped.only()
    assert (record.state, record.decision and record.decision.guard) == (State.HELD, ALARM)
    assert report.decided == 1
    assert ALARM in await alarms(shipped)


async def test_a_call_is_in_the_shipped_audit_before_it_leaves(shipped: Bench, sink: FakeSink) -> None:
    """What was sent must be known even if the ledger is lost a moment later."""
    show(shipped)
    known: list[list[str]] = []
    enact = shipped.enactor.enact

    async def watched(*args: Any, departing: Departing, **more: Any) -> Outcome:
        async def departs() -> None:
            await departing()
            known.append([link.event for link in sink.shipped])

        return await enact(*args, departing=departs, **more)

    shipped.enactor.enact = watched  # type: ignore[method-assign]

    await shipped.run_pass()

    assert [events[-1] for events in known] == [Event.CALL]
    assert shipped.enactor.removed.total() == 3


async def test_a_call_whose_entry_cannot_be_shipped_does_not_leave_and_is_tried_again(
    shipped: Bench, sink: FakeSink
) -> None:
    show(shipped)
    sink.down = True

    report = await shipped.run_pass()
    held = shipped.enactor.removed.total()
    (effect,) = await shipped.world.ledger.effects((await shipped.only()).action.id)
    sink.down = False
    shipped.clock.advance(SECOND)
    await shipped.run_pass()

    assert (held, effect.went, effect.attempts) == (0, Went.INTENDED, 1)
    assert any("cannot be written" in problem for problem in report.problems)
    assert shipped.enactor.removed.total() == 3


async def test_once_it_has_caught_up_the_alarm_ends_and_things_leave_again(
    shipped: Bench, sink: FakeSink
) -> None:
    sink.down = True
    await tell(shipped.world)
    shipped.clock.advance(LAG + SECOND)
    shipping = Shipping()
    await shipping.go(shipped.world)
    assert await alarms(shipped) == [ALARM]
    sink.down = False

    await shipping.go(shipped.world)
    show(shipped)
    await shipped.run_pass()

    assert await alarms(shipped) == []
    assert shipped.enactor.removed.total() == 3


async def test_a_short_outage_raises_no_alarm(shipped: Bench, sink: FakeSink) -> None:
    sink.down = True
    await tell(shipped.world)

    await Shipping().go(shipped.world)

    assert await alarms(shipped) == []


async def test_an_entry_that_cannot_be_written_lets_nothing_leave(
    shipped: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    show(shipped)

    def broken(*_: object) -> None:
        raise LedgerError("ledger: the audit of `agent` cannot be continued after 7")

    policies = await loop.load(shipped.world)
    await loop.start(shipped.world, policies)
    monkeypatch.setattr("agent.adapters.ledger.auditing.append", broken)
    stop = asyncio.Event()
    passed: list[PassReport] = []

    def stop_then(report: PassReport) -> None:
        passed.append(report)
        stop.set()

    with pytest.raises(LedgerError):
        await loop.run(shipped.world, stop=stop, on_pass=stop_then)

    assert shipped.enactor.removed.total() == 0
    assert [record.state for record in await shipped.records()] == []


async def test_a_ledger_that_breaks_during_a_pass_raises_the_alarm_without_an_entry(
    shipped: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    show(shipped)
    stop = asyncio.Event()

    def break_then(_: PassReport) -> None:
        if stop.is_set():
            return
        stop.set()

    def broken(*_: object) -> None:
        raise LedgerError("ledger: the audit of `agent` cannot be continued after 7")

    original = loop.start

    async def start_then_break(*given: object) -> None:
        await original(*given)  # type: ignore[arg-type]
        monkeypatch.setattr("agent.adapters.ledger.auditing.append", broken)

    monkeypatch.setattr(loop, "start", start_then_break)

    await loop.run(shipped.world, stop=stop, on_pass=break_then)

    (alarm,) = await shipped.world.ledger.alarms()
    assert alarm.name == ALARM
    assert alarm.words == "nothing is enacted: ledger: the audit of `agent` cannot be continued after 7"
    assert shipped.enactor.removed.total() == 0


async def test_other_alarms_need_their_entry(shipped: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    from agent.model.alarm import Alarm

    def broken(*_: object) -> None:
        raise LedgerError("no")

    monkeypatch.setattr("agent.adapters.ledger.auditing.append", broken)

    with pytest.raises(LedgerError):
        await shipped.world.ledger.raise_alarm(Alarm(name="policies", since=NOW, words="x"))

    assert await alarms(shipped) == []


async def test_the_head_is_anchored_now_and_then_and_at_the_end(shipped: Bench, sink: FakeSink) -> None:
    shipping = Shipping()
    await tell(shipped.world)
    await shipping.go(shipped.world)
    await tell(shipped.world)
    await shipping.go(shipped.world)
    shipped.clock.advance(shipped.world.pace.anchor_every)
    await shipping.go(shipped.world)
    shipped.clock.advance(shipped.world.pace.anchor_every)
    await shipping.go(shipped.world)
    await tell(shipped.world)

    async with Shipping().going(shipped.world):
        await tell(shipped.world)

    assert [head.number for head in sink.anchored] == [2, 3, 4, 5]


async def test_a_second_place_that_is_away_raises_an_alarm_of_its_own(shipped: Bench, sink: FakeSink) -> None:
    shipping = Shipping()
    await tell(shipped.world)
    sink.anchors_down = True
    await shipping.go(shipped.world)
    assert await alarms(shipped) == ["anchor"]
    await require(shipped.world)
    sink.anchors_down = False
    shipped.clock.advance(shipped.world.pace.anchor_every)

    await shipping.go(shipped.world)

    assert await alarms(shipped) == []


async def test_personal_values_expire_after_their_time(shipped: Bench) -> None:
    named = Entry(event=Event.NOTE, at=NOW, actor="agent agent", personal={"text": "anna"})
    await shipped.world.ledger.audit([named])
    trail = shipped.world.trail
    assert trail is not None
    shipping = Shipping()
    shipped.clock.advance(shipped.world.pace.retain)
    await shipping.go(shipped.world)
    assert await trail.containing("anna") == {"text": 1}

    shipped.clock.advance(timedelta(days=1))
    await shipping.go(shipped.world)

    assert await trail.containing("anna") == {}


async def test_what_another_replica_left_behind_is_shipped_and_anchored_after_a_minute(
    shipped: Bench, sink: FakeSink, tmp_path: Path
) -> None:
    url = f"sqlite:///{tmp_path / 'data' / 'ledger.db'}"
    async with open_ledger(url, TENANT, replica="gone") as other:
        await other.audit([Entry(event=Event.NOTE, at=NOW, actor="agent gone")])
    await ship_left_behind(shipped.world)
    assert sink.shipped == []

    shipped.clock.advance(LAG + SECOND)
    await ship_left_behind(shipped.world)

    assert [(link.replica, link.number) for link in sink.shipped] == [("gone", 1), ("gone", 2)]
    assert [head.replica for head in sink.anchored] == ["gone"]


async def test_a_note_is_told_before_it_leaves_and_after(shipped: Bench) -> None:
    async def write(*, departing: Departing) -> Outcome:
        await departing()
        return Outcome(went=Went.DONE, request_id="r")

    await noting(shipped.world, await shipped.turn("7"), "comment", "7", "hello", write)

    links = await shipped.world.trail.unshipped("agent", 10)  # type: ignore[union-attr]
    assert [link.event for link in links] == ["beginning", "note", "note"]
    assert b'"went":"sent"' in links[1].body
    assert b'"went":"done"' in links[2].body


async def test_a_note_waits_while_shipping_lags(shipped: Bench, sink: FakeSink) -> None:
    async def write(*, departing: Departing) -> Outcome:
        await departing()
        raise AssertionError("it left")

    await tell(shipped.world)
    sink.down = True
    shipped.clock.advance(LAG + SECOND)

    with pytest.raises(Unavailable, match="held by `audit`"):
        await noting(shipped.world, await shipped.turn("7"), "comment", "7", "hello", write)


async def test_a_world_that_ships_nothing_waits_for_nothing(bench: Bench) -> None:
    await tell(bench.world)
    bench.clock.advance(LAG + SECOND)

    await ship(bench.world)
    await ship_left_behind(bench.world)
    await require(bench.world)
    async with Shipping().going(bench.world):
        pass

    assert not await is_lagging(bench.world)


async def test_what_goes_wrong_again_and_again_is_logged_once(shipped: Bench, sink: FakeSink) -> None:
    await tell(shipped.world)
    sink.down = True
    shipping = Shipping()

    with structlog.testing.capture_logs() as lines:
        await shipping.go(shipped.world)
        await shipping.go(shipped.world)

    assert [line["event"] for line in lines] == ["the audit could not be shipped"]


async def test_a_bug_in_shipping_ends_nothing(shipped: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    await tell(shipped.world)

    async def broken(*_: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(shipped.world.sink, "ship", broken)

    with structlog.testing.capture_logs() as lines:
        await Shipping().go(shipped.world)

    assert [(line["event"], line["log_level"]) for line in lines] == [
        ("the audit could not be shipped", "error")
    ]


async def test_an_alarm_that_cannot_be_written_either_is_in_the_log(
    shipped: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object) -> None:
        raise LedgerError("ledger: no space left on device")

    monkeypatch.setattr(shipped.world.ledger, "raise_alarm", broken)

    with structlog.testing.capture_logs() as lines:
        await complain(shipped.world, "the audit lags")

    assert [line["why"] for line in lines] == ["the audit lags", "ledger: no space left on device"]


@pytest.fixture
async def lost(shipped: Bench, sink: FakeSink) -> AsyncIterator[Bench]:
    """A bench that ships in the background."""
    async with Shipping().going(shipped.world):
        yield shipped


async def test_entries_are_shipped_in_the_background(lost: Bench, sink: FakeSink) -> None:
    await tell(lost.world)

    async with asyncio.timeout(10):
        while not sink.shipped:
            await lost.world.ledger.alarms()

    assert [link.number for link in sink.shipped] == [1, 2]

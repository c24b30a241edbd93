"""While something holds nothing at all is written to Graph, all else goes on, and nothing is lost by it."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from agent.loop import lookout as looking
from agent.loop.braking import Holds
from agent.loop.lookout import Lookout
from agent.loop.passing import Memory, one_pass
from agent.loop.report import PassReport
from agent.loop.run import load, once, run
from agent.model.enactment import State, Went
from agent.model.hold import BRAKE, KILL_SWITCH, Hold
from agent.model.pace import Pace
from tests.fakes import FakeSwitch
from tests.loop.conftest import Bench
from tests.makers import NOW, a_cluster, a_copy, an_alert, an_incident

A_HOLD = Hold(name=KILL_SWITCH, since=NOW, by="anna", reason="odd verdicts")
LAID_ASIDE = {State.HELD}


def seen(bench: Bench, *, incidents: int = 1) -> None:
    """Show incidents of one cluster of two messages each."""
    for n in range(1, incidents + 1):
        cluster = a_cluster(query=f"Urls:{n}", messages=2, first=10 * n)
        bench.defender.show(an_incident(an_alert(cluster, id=f"a{n}", incident_id=str(n)), id=str(n)))
        bench.defender.deliver(a_copy(10 * n), a_copy(10 * n + 1))


def nothing_was_written(bench: Bench) -> bool:
    enactor = bench.enactor
    return not (enactor.applied or enactor.comments or enactor.tags or enactor.alert_comments)


@pytest.mark.parametrize("name", [KILL_SWITCH, BRAKE, "file:b"])
async def test_while_anything_holds_nothing_is_written_and_everything_is_decided(
    bench: Bench, name: str
) -> None:
    seen(bench, incidents=3)
    await bench.world.ledger.hold(Hold(name=name, since=NOW, by="anna", reason="odd verdicts"))

    report = await bench.run_pass()

    assert nothing_was_written(bench)
    assert (report.incidents, report.decided, report.sent, report.noted) == (3, 3, 0, 0)
    assert set(await bench.states()) == LAID_ASIDE
    assert {(r.decision.guard if r.decision else "") for r in await bench.records()} == {
        BRAKE if name == BRAKE else KILL_SWITCH
    }
    assert report.held == ("odd verdicts (by anna)",)
    assert not report.problems


async def test_what_was_held_is_judged_anew_and_carried_out_once_it_is_released(bench: Bench) -> None:
    seen(bench, incidents=2)
    await bench.world.ledger.hold(A_HOLD)
    await bench.run_pass()
    bench.clock.advance(timedelta(hours=1))

    await bench.world.ledger.release(KILL_SWITCH, "anna", "over", bench.clock.now())
    report = await bench.run_pass()

    assert report.held == ()
    assert set(await bench.states()) == {State.SENT}
    assert set(bench.enactor.removed.values()) == {1}
    assert len(bench.enactor.removed) == 4
    assert sorted(incident for incident, _ in bench.enactor.comments) == ["1", "2"]


async def test_a_hold_outlasts_a_restart(bench: Bench) -> None:
    seen(bench)
    await bench.world.ledger.hold(A_HOLD)

    for _ in range(3):
        await bench.run_pass()
        bench.clock.advance(timedelta(days=1))

    assert nothing_was_written(bench)


async def test_a_brake_that_still_stands_keeps_what_it_held_when_the_switch_is_released(bench: Bench) -> None:
    seen(bench)
    await bench.world.ledger.hold(Hold(name=BRAKE, since=NOW, by="the agent", reason="too many"))
    await bench.world.ledger.hold(A_HOLD)
    await bench.run_pass()

    await bench.world.ledger.release(KILL_SWITCH, "anna", "", NOW)
    await bench.run_pass()

    assert nothing_was_written(bench)
    assert await bench.states() == [State.HELD]


def before_it_leaves(bench: Bench, lay: Callable[[], object]) -> None:
    """Have something happen at the last moment: when the first call is made, before its body leaves."""
    real = bench.enactor.enact

    async def late(effect: object, *, name: str, departing: object) -> object:
        done = lay()
        if asyncio.iscoroutine(done):
            await done
        return await real(effect, name=name, departing=departing)  # type: ignore[arg-type]

    bench.enactor.enact = late  # type: ignore[method-assign,assignment]


@pytest.mark.parametrize("way", ["file", "ledger"])
async def test_a_hold_that_is_laid_at_the_last_moment_lets_nothing_leave(bench: Bench, way: str) -> None:
    seen(bench, incidents=3)
    switch = FakeSwitch()
    bench.world = replace(bench.world, switch=switch)

    def lay() -> object:
        if way == "ledger":
            return bench.world.ledger.hold(A_HOLD)
        switch.reason = "drill"
        return None

    before_it_leaves(bench, lay)

    await bench.run_pass()

    assert nothing_was_written(bench)
    held = [record for record in await bench.records() if record.state is State.HELD]
    assert held
    effects = [one for record in held for one in await bench.world.ledger.effects(record.action.id)]
    assert {one.went for one in effects} == {Went.DROPPED}


async def test_a_comment_does_not_leave_after_a_hold_was_laid_and_is_written_once_it_is_released(
    bench: Bench,
) -> None:
    seen(bench)
    real = bench.enactor.comment

    async def late(incident_id: str, text: str, *, departing: object) -> object:
        if not bench.enactor.comments and not await bench.world.ledger.holds():
            await bench.world.ledger.hold(A_HOLD)
        return await real(incident_id, text, departing=departing)  # type: ignore[arg-type]

    bench.enactor.comment = late  # type: ignore[method-assign,assignment]

    report = await bench.run_pass()
    left = list(bench.enactor.comments), dict(bench.enactor.tags), len(bench.enactor.removed)
    bench.enactor.comment = real  # type: ignore[method-assign]
    await bench.world.ledger.release(KILL_SWITCH, "anna", "", NOW)
    await bench.run_pass()

    assert left == ([], {}, 2)
    assert not report.problems
    assert len(bench.enactor.comments) == 1
    assert len(bench.enactor.removed) == 2


class Dead(Lookout):
    """A lookout that looked once, as a process began, and never again."""

    def __init__(self, bench: Bench) -> None:
        self.seconds = 0.0
        super().__init__(bench.world, elapsed=lambda: self.seconds)


async def test_an_agent_whose_lookout_has_died_does_not_act_and_acts_again_when_it_looks(
    bench: Bench,
) -> None:
    seen(bench, incidents=2)
    lookout, policies = Dead(bench), await load(bench.world)
    await lookout.try_to_look()
    lookout.seconds = 7.0

    blind = PassReport(began=NOW)
    await one_pass(bench.world, policies, asyncio.Event(), blind, lookout=lookout)
    written, states = nothing_was_written(bench), set(await bench.states())
    alarms = await bench.world.ledger.alarms()
    await lookout.try_to_look()
    await one_pass(bench.world, policies, asyncio.Event(), PassReport(began=NOW), lookout=lookout)

    assert (written, states) == (True, LAID_ASIDE)
    assert blind.held == ("the kill switch could not be read for 7 s (by agent)",)
    assert [one.name for one in alarms] == ["switch agent"]
    assert set(await bench.states()) == {State.SENT}
    assert await bench.world.ledger.alarms() == ()


async def test_a_lookout_that_dies_in_a_round_lets_the_next_call_not_leave(bench: Bench) -> None:
    seen(bench)
    lookout = Dead(bench)
    await lookout.try_to_look()

    def die() -> None:
        lookout.seconds = 60.0

    before_it_leaves(bench, die)

    await one_pass(
        bench.world, await load(bench.world), asyncio.Event(), PassReport(began=NOW), lookout=lookout
    )

    assert nothing_was_written(bench)
    (record,) = await bench.records()
    assert record.decision is not None
    assert record.decision.guard == KILL_SWITCH
    assert "could not be read for 60 s" in record.decision.reason


async def test_a_call_that_was_on_the_wire_is_finished_and_followed(bench: Bench) -> None:
    """Nothing can call it back; the rest of its plan is held, and it is looked at as ever."""
    bench.defender.show(an_incident(an_alert(a_cluster(messages=150))))
    bench.defender.deliver(*(a_copy(n) for n in range(1, 151)))
    real = bench.enactor.enact

    async def on_the_wire(effect: object, *, name: str, departing: object) -> object:
        outcome = await real(effect, name=name, departing=departing)  # type: ignore[arg-type]
        await bench.world.ledger.hold(A_HOLD)
        return outcome

    bench.enactor.enact = on_the_wire  # type: ignore[method-assign,assignment]

    await bench.run_pass()
    record = await bench.only()
    went = sorted(one.went for one in await bench.world.ledger.effects(record.action.id))

    assert record.state is State.HELD
    assert "sent for deletion before" in record.why
    assert went == [Went.DONE, Went.DROPPED]
    assert len(bench.enactor.removed) == 100


async def test_a_signal_is_felt_while_the_loop_waits_and_its_release_begins_a_pass_at_once(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(looking, "LOOK", 0.01)
    bench.world = replace(bench.world, pace=Pace(poll_every=timedelta(hours=1)))
    stop, hold = asyncio.Event(), asyncio.Event()
    reports: list[PassReport] = []

    class Patient:
        """A clock whose long waits end only when something else comes first."""

        def now(self) -> object:
            return bench.clock.now()

        async def sleep_until(self, moment: object) -> None:
            await asyncio.Event().wait()

    async def at_every_pass(number: int) -> None:
        match number:
            case 1:
                seen(bench, incidents=2)
                hold.set()
            case 2:
                await bench.world.ledger.release(KILL_SWITCH, "anna", "over", bench.clock.now())
            case _:
                stop.set()

    tasks: list[asyncio.Task[None]] = []

    def count(report: PassReport) -> None:
        reports.append(report)
        tasks.append(asyncio.ensure_future(at_every_pass(len(reports))))

    bench.world = replace(bench.world, clock=Patient())  # type: ignore[arg-type]
    async with asyncio.timeout(60):
        await run(bench.world, stop=stop, hold=hold, on_pass=count)
    await asyncio.gather(*tasks)

    assert [bool(report.held) for report in reports] == [False, True, False]
    assert [report.sent for report in reports] == [0, 0, 2]


async def test_one_pass_alone_says_that_it_was_held(bench: Bench) -> None:
    seen(bench)
    await bench.world.ledger.hold(A_HOLD)

    report = await once(bench.world)

    assert report.held == ("odd verdicts (by anna)",)
    assert nothing_was_written(bench)


async def test_while_observing_what_holds_is_said_too(bench: Bench) -> None:
    seen(bench)
    bench.observing()
    await bench.world.ledger.hold(A_HOLD)

    report = await bench.run_pass()

    assert report.held
    (replica,) = await bench.world.ledger.replicas()
    assert (replica.mode, replica.cannot) == ("observe", {})


async def test_a_file_that_came_and_went_between_two_looks_leaves_nothing_held(bench: Bench) -> None:
    seen(bench)
    switch, policies = FakeSwitch(), await load(bench.world)
    bench.world = replace(bench.world, switch=switch)
    lookout = Lookout(bench.world)
    await lookout.try_to_look()

    def make() -> None:
        switch.reason = "drill"

    holds = Holds()
    before_it_leaves(bench, make)
    await one_pass(
        bench.world, policies, asyncio.Event(), PassReport(began=NOW), Memory(holds=holds), lookout=lookout
    )
    held = await bench.states()
    switch.reason = ""
    await lookout.try_to_look()
    bench.enactor.enact = type(bench.enactor).enact.__get__(bench.enactor)  # type: ignore[method-assign]
    await one_pass(
        bench.world, policies, asyncio.Event(), PassReport(began=NOW), Memory(holds=holds), lookout=lookout
    )

    assert held == [State.HELD]
    assert await bench.states() == [State.SENT]

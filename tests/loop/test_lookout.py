"""The lookout: a hold is felt wherever it was laid, and signs of life are left, no more of them than are needed."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from agent.loop.lookout import BEAT, BLIND, Lookout, keeping_lookout
from agent.loop.standing import is_silent
from agent.model.alarm import Alarm
from agent.model.enactment import EffectKind
from agent.model.errors import Held, LedgerError
from agent.model.hold import BRAKE, KILL_SWITCH, Hold, Replica
from agent.ports.ledger import Ledger
from agent.ports.world import World
from tests.fakes import FakeSwitch
from tests.loop.conftest import Bench
from tests.makers import NOW

SECOND = timedelta(seconds=1)
A_HOLD = Hold(name=KILL_SWITCH, since=NOW, by="anna", reason="odd verdicts")


class Away:
    """A ledger that is away while `is_away`, and counts the signs of life that are left in it."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self.is_away = False
        self.signs: list[Replica] = []

    def __getattr__(self, name: str) -> object:
        if self.is_away:
            raise LedgerError("ledger: the disk is full")
        return getattr(self._ledger, name)

    async def beat(self, replica: Replica) -> None:
        self.signs.append(replica)
        await self._ledger.beat(replica)


class Watched:
    """A lookout over a bench, on seconds that are counted by hand."""

    def __init__(self, bench: Bench) -> None:
        self.seconds = 100.0
        self.switch = FakeSwitch()
        self.ledger = Away(bench.world.ledger)
        self.bench = bench
        self.asked = asyncio.Event()
        self.lookout = self.another(replace(bench.world, switch=self.switch))

    def another(self, world: World) -> Lookout:
        world = replace(world, ledger=self.ledger)  # type: ignore[arg-type]
        return Lookout(world, asked=self.asked, elapsed=lambda: self.seconds)

    async def after(self, seconds: float) -> None:
        """Let time go by, the loop give a sign, and the lookout look."""
        self.seconds += seconds
        self.bench.clock.advance(timedelta(seconds=seconds))
        await self.lookout.sign()
        await self.lookout.try_to_look()


@pytest.fixture
def watched(bench: Bench) -> Watched:
    return Watched(bench)


async def why_held(lookout: Lookout) -> str:
    """Return why nothing may leave; empty where something may."""
    try:
        await lookout.unless_held()
    except Held as no:
        return no.words if no.guard == KILL_SWITCH else f"held by {no.guard}"
    return ""


async def test_before_the_first_look_nothing_leaves(watched: Watched) -> None:
    assert "the kill switch could not be read for 0 s" in await why_held(watched.lookout)

    await watched.lookout.try_to_look()

    assert await why_held(watched.lookout) == ""


async def test_a_file_holds_at_once_and_every_replica_within_one_look(watched: Watched) -> None:
    other = watched.another(replace(watched.bench.world, replica="b"))
    await watched.lookout.try_to_look()
    watched.switch.reason = "drill"

    at_once = await why_held(watched.lookout)
    await watched.lookout.try_to_look()
    await other.try_to_look()

    assert at_once == (
        '"the file HOLD of agent" holds everything since 2026-11-02 09:00Z: drill; '
        "removing the file HOLD of agent ends it"
    )
    assert [one.reason for one in other.standing()] == ["drill"]
    assert await watched.ledger._ledger.holds() == watched.lookout.standing()


async def test_a_files_hold_ends_with_the_file_and_nobody_elses_does(watched: Watched) -> None:
    await watched.ledger._ledger.hold(Hold(name="file:b", since=NOW, by="the file HOLD of b", reason="b's"))
    watched.switch.reason = "drill"
    await watched.lookout.try_to_look()

    watched.switch.reason = ""
    await watched.lookout.try_to_look()

    assert [one.name for one in await watched.ledger._ledger.holds()] == ["file:b"]


async def test_a_reason_that_is_written_after_the_file_was_made_is_taken_over(watched: Watched) -> None:
    watched.switch.reason = "no reason given"
    await watched.lookout.try_to_look()
    watched.bench.clock.advance(SECOND)

    watched.switch.reason = "a bad signature"
    await watched.lookout.try_to_look()

    (hold,) = await watched.ledger._ledger.holds()
    assert (hold.reason, hold.since) == ("a bad signature", NOW)


async def test_where_no_file_is_set_any_more_its_hold_ends(watched: Watched) -> None:
    watched.switch.reason = "drill"
    await watched.lookout.try_to_look()

    await watched.another(watched.bench.world).try_to_look()

    assert await watched.ledger._ledger.holds() == ()


async def test_a_file_holds_though_the_ledger_is_away(watched: Watched) -> None:
    await watched.lookout.try_to_look()
    watched.ledger.is_away = True
    watched.switch.reason = "drill"

    await watched.lookout.try_to_look()

    assert ": drill; " in await why_held(watched.lookout)


async def test_a_signal_lays_a_hold_that_outlasts_the_process(watched: Watched) -> None:
    await watched.lookout.try_to_look()
    watched.asked.set()
    at_once = await why_held(watched.lookout)

    await watched.lookout.try_to_look()
    again = watched.another(watched.bench.world)
    await again.try_to_look()

    assert at_once.startswith('"a signal to agent" holds everything since ')
    assert not watched.asked.is_set()
    assert [(one.name, one.by, one.reason) for one in again.standing()] == [
        (KILL_SWITCH, "a signal to agent", "SIGUSR1, which cannot say why")
    ]


async def test_a_signal_that_cannot_be_written_down_holds_until_it_can_be(watched: Watched) -> None:
    await watched.lookout.try_to_look()
    watched.ledger.is_away = True
    watched.asked.set()

    await watched.lookout.try_to_look()
    meanwhile = await why_held(watched.lookout)
    watched.ledger.is_away = False
    await watched.lookout.try_to_look()

    assert meanwhile.startswith('"a signal to agent" holds everything since ')
    assert len(await watched.ledger._ledger.holds()) == 1


@pytest.mark.parametrize(("seconds", "words"), [(BLIND, ""), (BLIND + 1, "could not be read for 7 s")])
async def test_a_lookout_that_has_died_lets_nothing_leave(
    watched: Watched, seconds: float, words: str
) -> None:
    await watched.lookout.try_to_look()

    watched.seconds += seconds

    assert words in await why_held(watched.lookout)
    assert watched.lookout.is_held is bool(words)


async def test_a_ledger_that_is_away_makes_it_blind_and_one_that_is_back_does_not(watched: Watched) -> None:
    await watched.lookout.try_to_look()
    watched.ledger.is_away = True
    for _ in range(4):
        watched.seconds += 2
        await watched.lookout.try_to_look()
    blind = watched.lookout.is_held

    watched.ledger.is_away = False
    await watched.lookout.try_to_look()

    assert blind
    assert not watched.lookout.is_held
    assert watched.lookout.has_held


async def test_a_loop_whose_lookout_has_died_raises_an_alarm_that_ends_when_it_looks_again(
    watched: Watched,
) -> None:
    await watched.lookout.try_to_look()
    watched.bench.clock.advance(8 * SECOND)
    watched.seconds += 8

    await watched.lookout.sign()
    (alarm,) = await watched.ledger._ledger.alarms()
    (replica,) = await watched.ledger._ledger.replicas()
    await watched.lookout.try_to_look()

    assert alarm.name == "switch agent"
    assert alarm.words.startswith("`agent` carries nothing out: the kill switch could not be read for 8 s: ")
    assert replica.has_lost_its_switch
    assert (replica.alive, replica.switch_read) == (NOW + 8 * SECOND, NOW)
    assert await watched.ledger._ledger.alarms() == ()


async def test_an_alarm_of_an_earlier_process_ends_with_the_first_look(watched: Watched) -> None:
    await watched.ledger._ledger.raise_alarm(Alarm(name="switch agent", since=NOW, words="blind"))
    await watched.ledger._ledger.raise_alarm(Alarm(name="switch b", since=NOW, words="blind"))

    await watched.lookout.try_to_look()

    assert [one.name for one in await watched.ledger._ledger.alarms()] == ["switch b"]


@pytest.mark.parametrize("name", [KILL_SWITCH, BRAKE])
async def test_the_loop_is_woken_when_a_hold_comes_and_when_it_goes(watched: Watched, name: str) -> None:
    await watched.lookout.try_to_look()
    watched.lookout.woken.clear()
    woken = []
    for step in (None, "hold", None, "release", None):
        if step == "hold":
            await watched.ledger._ledger.hold(Hold(name=name, since=NOW, by="anna", reason="x"))
        if step == "release":
            await watched.ledger._ledger.release(name, "anna", "", NOW)
        await watched.lookout.try_to_look()
        woken.append(watched.lookout.woken.is_set())
        watched.lookout.woken.clear()

    assert woken == [False, True, False, True, False]


async def test_a_sign_of_life_is_left_every_half_minute(watched: Watched) -> None:
    await watched.lookout.try_to_look()
    for _ in range(30):
        await watched.after(2)

    signs = watched.ledger.signs
    assert [one.alive - NOW for one in signs] == [0 * SECOND, 30 * SECOND, 60 * SECOND]
    assert all(one.switch_read == one.alive and not one.has_lost_its_switch for one in signs)
    assert {(one.name, one.mode) for one in signs} == {("agent", "enforce")}


async def test_a_sign_of_life_is_left_at_once_where_something_cannot_be_done_any_more(
    watched: Watched,
) -> None:
    await watched.lookout.try_to_look()

    watched.bench.enactor.lacks[EffectKind.SOFT_DELETE] = "grant it"
    await watched.after(1)

    assert [one.cannot for one in watched.ledger.signs] == [{}, {"softDelete": "grant it"}]


async def test_a_clock_that_was_set_back_or_runs_fast_is_no_reason_to_wait(watched: Watched) -> None:
    await watched.lookout.try_to_look()
    for step in (timedelta(hours=-1), timedelta(minutes=1)):
        watched.bench.clock.advance(step)
        await watched.after(0)

    assert len(watched.ledger.signs) == 3


async def test_a_loop_that_hangs_gives_no_sign_though_its_lookout_lives(watched: Watched) -> None:
    await watched.after(0)

    for _ in range(3):
        watched.seconds += BEAT
        watched.bench.clock.advance(timedelta(seconds=BEAT))
        await watched.lookout.try_to_look()

    assert {one.alive for one in watched.ledger.signs} == {NOW}
    assert watched.ledger.signs[-1].switch_read == NOW + 90 * SECOND


async def test_a_bug_in_one_look_does_not_end_the_looking(watched: Watched) -> None:
    async def broken(now: object) -> None:
        raise RuntimeError("a bug")

    good = watched.switch.read
    watched.switch.read = broken  # type: ignore[method-assign]
    await watched.lookout.try_to_look()
    blind = watched.lookout.is_held
    watched.switch.read = good  # type: ignore[method-assign]
    await watched.lookout.try_to_look()

    assert blind
    assert not watched.lookout.is_held


async def test_it_looks_again_and_again_and_at_once_when_asked(bench: Bench) -> None:
    pauses: list[float] = []

    async def set_within(event: asyncio.Event, seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 3:
            asked.set()
            await event.wait()
        await asyncio.sleep(0 if len(pauses) <= 3 else 3600)

    asked, switch = asyncio.Event(), FakeSwitch()
    world = replace(bench.world, switch=switch)
    lookout = Lookout(world, asked=asked, elapsed=lambda: 9.5, set_within=set_within)
    await lookout.try_to_look()
    looking = asyncio.create_task(lookout.keep())
    async with asyncio.timeout(20):
        await lookout.woken.wait()
    looking.cancel()

    assert set(pauses) == {0.5}  # to the next even second: all of a process look together
    assert [one.reason for one in await bench.world.ledger.holds()] == ["SIGUSR1, which cannot say why"]


async def test_who_keeps_a_lookout_has_looked_once_and_stops_looking_in_the_end(bench: Bench) -> None:
    before = asyncio.all_tasks()

    async with keeping_lookout(bench.world) as lookout:
        held = await why_held(lookout)

    assert held == ""
    assert asyncio.all_tasks() == before


def test_silence_is_told_by_how_often_the_agent_polls() -> None:
    often, seldom = timedelta(minutes=1), timedelta(hours=1)

    assert is_silent(None, NOW, seldom)
    assert not is_silent(NOW - timedelta(minutes=13), NOW, often)
    assert is_silent(NOW - timedelta(minutes=13, seconds=1), NOW, often)
    assert not is_silent(NOW - timedelta(hours=3, minutes=10), NOW, seldom)
    assert is_silent(NOW - timedelta(hours=3, minutes=11), NOW, seldom)

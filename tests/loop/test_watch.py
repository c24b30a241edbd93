"""The watch of a process: what stands still is told once, and never what waits, works or is not open."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest

from agent.judge.attest import TICK_LATE
from agent.loop import watch as watch_module
from agent.loop.report import PassReport
from agent.loop.run import once, run
from agent.loop.vitals import Vitals
from agent.loop.waits import beside
from agent.loop.watch import BEGUN, LOOK, Watch
from agent.model.health import Check, Mark
from agent.model.page import Page
from tests.fakes import FakeDefender, FakeSink
from tests.fleets import settled, until
from tests.loop.conftest import Bench

STUCK = timedelta(minutes=5)


@dataclass
class Hand:
    """A watch over seconds that are counted by hand, with everything that it told."""

    seconds: float = 0.0
    told: list[tuple[str, str]] = field(default_factory=list)
    tenants: dict[str, Vitals] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.watch = Watch(STUCK, lambda name, why: self.told.append((name, why)), lambda: self.seconds)
        self.watch.tenants = lambda: self.tenants

    def after(self, seconds: float, *, every: float = 10.0) -> None:
        """Let the watch go round until so much time has gone by."""
        until = self.seconds + seconds
        while self.seconds < until:
            self.seconds = min(self.seconds + every, until)
            self.watch.round()

    def well(self, name: str) -> None:
        """Give signs of a lookout that works."""
        self.tenants[name].mark(Mark.TRIED_SWITCH)


@pytest.fixture
def hand() -> Hand:
    return Hand()


async def test_a_tenant_that_stands_still_is_told_once_and_given_as_long_again(
    bench: Bench, hand: Hand
) -> None:
    hand.tenants = {"contoso": Vitals(), "fabrikam": Vitals()}
    contoso, fabrikam = hand.tenants.values()
    async with contoso.during(bench.world), fabrikam.during(bench.world):
        contoso.begin(PassReport(began=bench.clock.now()))
        fabrikam.begin(PassReport(began=bench.clock.now()))
        hand.watch.round()
        for _ in range(40):
            fabrikam.signs_given += 1
            hand.well("contoso")
            hand.well("fabrikam")
            hand.after(10)

    (told,) = hand.told
    assert told == ("contoso", "nothing has moved for 5 m, and the first pass is under way")


async def test_a_lookout_that_does_not_look_is_stuck_too(bench: Bench, hand: Hand) -> None:
    hand.tenants = {"": Vitals()}
    async with hand.tenants[""].during(bench.world):
        hand.well("")
        for _ in range(31):
            hand.tenants[""].signs_given += 1
            hand.after(10)

    assert [why for _, why in hand.told] == ["the lookout has not tried to read the kill switch for 5 m"]


async def test_what_is_being_opened_is_never_stuck(hand: Hand) -> None:
    hand.tenants = {"": Vitals()}

    hand.after(3600)

    assert hand.told == []
    assert hand.watch.alive().ok
    assert not hand.watch.ready().ok


async def test_a_loop_that_does_not_go_round_is_told_by_whoever_asks(bench: Bench, hand: Hand) -> None:
    hand.tenants = {"": Vitals()}
    hand.watch.round()
    hand.seconds += TICK_LATE.total_seconds()
    at_the_edge = hand.watch.alive()
    hand.seconds += 1

    late = hand.watch.alive()

    assert at_the_edge.ok
    assert not late.ok
    assert late.checks[0].words == "it went round 31 s ago"


async def test_a_tenant_that_has_left_is_not_told_of_any_more(hand: Hand) -> None:
    hand.tenants = {"contoso": Vitals()}
    hand.after(LOOK)
    before = hand.watch.alive().tenants
    hand.tenants = {}

    hand.after(LOOK)

    assert (before, hand.watch.alive().tenants) == (1, 0)


async def test_what_else_is_checked_is_told_with_the_work_and_done_in_each_round(hand: Hand) -> None:
    rounds: list[int] = []
    hand.watch.beside.append(lambda: Check(name="heartbeat", ok=False, words="not taken 3 times in a row"))
    hand.watch.on_round.append(lambda: rounds.append(1))

    hand.after(30)

    assert [one.name for one in hand.watch.alive().checks] == ["loop", "heartbeat"]
    assert hand.watch.alive().ok
    assert len(rounds) == 3


@pytest.mark.parametrize(("seconds", "has_begun"), [(BEGUN - 1, False), (BEGUN, True)])
def test_a_process_without_tenants_has_begun_after_a_minute(
    hand: Hand, seconds: float, has_begun: bool
) -> None:
    hand.after(seconds, every=seconds)

    assert hand.watch.has_begun is has_begun
    assert hand.watch.ready().ok is has_begun
    assert (hand.watch.trouble() == "") is has_begun


async def test_a_process_has_begun_when_a_tenant_is_open(bench: Bench, hand: Hand) -> None:
    hand.tenants = {"": Vitals()}
    hand.watch.round()
    closed = hand.watch.has_begun
    async with hand.tenants[""].during(bench.world):
        assert (closed, hand.watch.has_begun) == (False, True)


async def test_an_agent_that_runs_is_seen_to_be_alive_and_ready(bench: Bench, hand: Hand) -> None:
    """The marks are made by the real loop: the lookout, the shipping and the passes."""
    hand.tenants = {"": Vitals()}
    stop, seen = asyncio.Event(), []
    ledger = bench.world.ledger
    world = replace(bench.world, trail=ledger.trail, sink=FakeSink())  # type: ignore[attr-defined]

    def on_pass(_report: PassReport) -> None:
        hand.watch.look()
        seen.append((hand.watch.alive(), hand.watch.ready(), hand.watch.trouble()))
        stop.set()

    await run(world, stop=stop, on_pass=on_pass, vitals=hand.tenants[""])

    alive, ready, trouble = seen[0]
    assert (alive.ok, [one.name for one in alive.checks if not one.ok]) == (True, [])
    assert {one.name for one in alive.checks} >= {"passes", "kill switch", "ledger", "audit", "defender"}
    assert (ready.ok, trouble) == (True, "")
    hand.watch.look()
    assert not hand.watch.ready().ok


async def test_a_bug_of_whoever_is_told_keeps_the_watch_going(
    hand: Hand, monkeypatch: pytest.MonkeyPatch
) -> None:
    rounds = 0

    def broken() -> None:
        nonlocal rounds
        rounds += 1
        raise RuntimeError("a bug")

    monkeypatch.setattr(watch_module, "EVERY", 0.0)
    hand.watch.on_round.append(broken)

    async with beside(hand.watch.keep()):
        async with asyncio.timeout(20):
            while rounds < 3:  # noqa: ASYNC110  nobody tells
                await asyncio.sleep(0)

    assert rounds >= 3


@pytest.mark.parametrize(
    ("opens_in_time", "minutes", "is_stuck"), [(True, 4.9, False), (True, 5.1, True), (False, 60, False)]
)
def test_what_is_to_open_in_time_is_stuck_where_it_does_not(
    hand: Hand, opens_in_time: bool, minutes: float, is_stuck: bool
) -> None:
    hand.watch.opens_in_time = opens_in_time
    hand.tenants = {"contoso": Vitals()}
    hand.watch.round()
    hand.tenants["contoso"].mark(Mark.TURN)

    hand.after(minutes * 60, every=minutes * 60)

    assert [why.startswith("it has been opening for") for _, why in hand.told] == [True] * is_stuck


def test_who_waits_for_a_turn_to_be_opened_is_not_stuck(hand: Hand) -> None:
    hand.watch.opens_in_time = True
    hand.tenants = {"contoso": Vitals()}

    hand.after(3600)

    assert hand.told == []


class Standing(FakeDefender):
    """Answers a poll only once it is let."""

    def __init__(self, bench: Bench) -> None:
        super().__init__(bench.clock)
        self.lets = asyncio.Event()

    async def incidents_since(self, since: datetime, until: datetime | None = None) -> AsyncIterator[Page]:
        await self.lets.wait()
        async for page in super().incidents_since(since, until):
            yield page


async def test_one_pass_alone_is_watched_as_those_of_an_agent_are(bench: Bench, hand: Hand) -> None:
    defender, vitals = Standing(bench), Vitals()
    hand.tenants = {"": vitals}
    making = asyncio.create_task(once(replace(bench.world, defender=defender), vitals=vitals))
    await until(lambda: vitals.under_way is not None)
    await settled()
    hand.watch.round()

    hand.well("")
    hand.after(299, every=299)
    before = list(hand.told)
    hand.well("")
    hand.after(10, every=10)
    defender.lets.set()
    await making

    assert before == []
    assert hand.told == [("", "nothing has moved for 5 m, and the first pass is under way")]
    assert vitals.world is None

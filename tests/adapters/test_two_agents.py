"""Two agents over one ledger, their steps interleaved by a seed: each effect is applied exactly once."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random

import msgspec
import pytest

from agent.loop.despite import TRIES, despite_others
from agent.loop.lookout import Lookout
from agent.loop.passing import Memory, one_pass
from agent.loop.perform import recover
from agent.loop.report import PassReport
from agent.loop.run import load, start
from agent.model.enactment import State, Went
from agent.model.errors import Conflict
from agent.model.hold import Hold
from agent.model.page import Page
from agent.ports.ledger import Ledger
from tests.adapters.records import KEY, TENANT
from tests.clock import ManualClock
from tests.fakes import FakeDefender, FakeEnactor, FakeSwitch
from tests.ledgers import open_ledger
from tests.loop.conftest import Bench
from tests.makers import NOW, a_cluster, a_copy, an_alert, an_incident

M = timedelta(minutes=1)
INCIDENTS = 3
NAMES = ("a", "b")

Step = Callable[[], Awaitable[None]]


class Interleaving:
    """Lets one agent at a time take its next step at a port, by a seed; the others wait for their turn."""

    def __init__(self, seed: int) -> None:
        self._lots = Random(seed)
        self._running = set(NAMES)
        self._waiting: dict[str, asyncio.Event] = {}
        self.steps: Counter[str] = Counter()

    def of(self, name: str) -> Step:
        async def step() -> None:
            gate = self._waiting[name] = asyncio.Event()
            self.steps[name] += 1
            self._next()
            await gate.wait()

        return step

    def end(self, name: str) -> None:
        self._running.discard(name)
        self._next()

    def _next(self) -> None:
        if self._running and self._running <= self._waiting.keys():
            self._waiting.pop(self._lots.choice(sorted(self._running))).set()


class Stepping:
    """A port each of whose calls is a step."""

    def __init__(self, port: object, step: Step) -> None:
        self._port = port
        self._step = step

    def __getattr__(self, name: str) -> object:
        found = getattr(self._port, name)
        if not asyncio.iscoroutinefunction(found):
            return found

        async def call(*args: object, **kwargs: object) -> object:
            await self._step()
            return await found(*args, **kwargs)

        return call

    async def incidents_since(self, since: datetime) -> AsyncIterator[Page]:
        assert isinstance(self._port, FakeDefender)
        await self._step()
        async for page in self._port.incidents_since(since):
            yield page


class Agent:
    """One agent as it runs for long: its own connection, and what its process remembers."""

    def __init__(self, name: str, ledger: Ledger, defender: FakeDefender) -> None:
        self.bench = Bench(ledger)
        self.name = name
        self.enactor = FakeEnactor(defender)
        self.switch = FakeSwitch(name)
        self.reports: list[PassReport] = []
        pace = msgspec.structs.replace(self.bench.world.pace, visits_at_once=1)
        self.world = replace(
            self.bench.world,
            clock=defender.clock,
            defender=defender,
            enactor=self.enactor,
            targets=self.enactor.targets,
            replica=name,
            switch=self.switch,
            pace=pace,
        )
        self.memory = Memory()

    def step_by(self, step: Step) -> None:
        world = self.world
        stepping = [Stepping(port, step) for port in (world.ledger, world.defender, world.enactor)]
        ledger, defender, enactor = stepping
        self.world = replace(world, ledger=ledger, defender=defender, enactor=enactor)  # type: ignore[arg-type]

    async def make_pass(self) -> PassReport:
        world, report = self.world, PassReport(began=self.world.clock.now())
        lookout = Lookout(world, elapsed=lambda: 0.0)
        await lookout.try_to_look()
        policies, stop = await load(world), asyncio.Event()
        await start(world, policies)
        self.reports.append(report)
        await one_pass(world, policies, stop, report, self.memory, lookout)
        return report


class Two:
    """Two agents and the one Defender that both look after."""

    def __init__(self, ledgers: list[Ledger]) -> None:
        self.clock = ManualClock(NOW)
        self.defender = FakeDefender(self.clock)
        self.agents = [
            Agent(name, ledger, self.defender) for name, ledger in zip(NAMES, ledgers, strict=True)
        ]
        self.ledger = ledgers[0]

    def show(self, incidents: int = INCIDENTS) -> None:
        """Show incidents of two clusters each, one of which takes two calls."""
        for n in range(1, incidents + 1):
            name, first = str(n), 1000 * n
            self.defender.show(
                an_incident(
                    an_alert(
                        a_cluster(query=f"Urls:{n}a", messages=120, first=first),
                        id=f"{n}a",
                        incident_id=name,
                    ),
                    an_alert(
                        a_cluster(query=f"Urls:{n}b", messages=2, first=first + 500),
                        id=f"{n}b",
                        incident_id=name,
                    ),
                    id=name,
                )
            )
            self.defender.deliver(
                *(a_copy(m) for m in [*range(first, first + 120), first + 500, first + 501])
            )

    @property
    def applied(self) -> Counter[object]:
        together: Counter[object] = Counter()
        for one in self.agents:
            together.update(one.enactor.applied)
        return together

    @property
    def commented(self) -> Counter[str]:
        return Counter(incident for one in self.agents for incident, _ in one.enactor.comments)

    async def states(self) -> set[State]:
        return {record.state for record in await self.ledger.listed()}


@pytest.fixture
async def two(url: str) -> AsyncIterator[Two]:
    async with AsyncExitStack() as opened:
        ledgers: list[Ledger] = [
            await opened.enter_async_context(open_ledger(url, TENANT, key=KEY, replica=name))
            for name in NAMES
        ]
        yield Two(ledgers)


async def live(two: Two, seed: int, passes: int = 4) -> Interleaving:
    """Let both make passes at the same time, in an order of steps that the seed gives."""
    interleaving = Interleaving(seed)

    async def one(agent: Agent) -> None:
        whole = agent.world
        agent.step_by(interleaving.of(agent.name))
        try:
            for _ in range(passes):
                await agent.make_pass()
        finally:
            agent.world = whole
            interleaving.end(agent.name)

    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        for agent in two.agents:
            group.create_task(one(agent))
    return interleaving


@pytest.mark.parametrize("seed", range(8))
async def test_in_any_order_of_their_steps_each_message_is_deleted_once_and_each_incident_noted_once(
    two: Two, seed: int
) -> None:
    two.show()

    interleaving = await live(two, seed)

    assert min(interleaving.steps.values()) > 50
    assert set(two.applied.values()) == {1}
    assert len(two.applied) == INCIDENTS * 122
    assert two.commented == {str(n): 1 for n in range(1, INCIDENTS + 1)}
    assert await two.states() == {State.SENT}
    assert [report.problems for agent in two.agents for report in agent.reports] == [[]] * 8


@pytest.mark.parametrize("seed", range(3))
async def test_a_hold_that_one_of_them_lays_holds_both_and_its_release_frees_both(
    two: Two, seed: int
) -> None:
    two.show()
    two.agents[0].switch.reason = "drill"
    await two.agents[0].make_pass()

    await live(two, seed, passes=2)
    held, written = await two.states(), (two.applied, two.commented)
    two.agents[0].switch.reason = ""
    await two.agents[0].make_pass()
    await live(two, seed, passes=2)

    assert held == {State.HELD}
    assert written == (Counter(), Counter())
    assert set(two.applied.values()) == {1}
    assert len(two.applied) == INCIDENTS * 122
    assert await two.states() == {State.SENT}


class Pausing(FakeSwitch):
    """A switch at whose n-th reading the whole process is paused for as long as something else takes."""

    def __init__(self, at: int, meanwhile: Step) -> None:
        super().__init__("a")
        self._at = at
        self._meanwhile = meanwhile

    async def read(self, now: datetime) -> Hold | None:
        found = await super().read(now)
        if self.asked == self._at:
            await self._meanwhile()
        return found


@pytest.mark.parametrize("other_acts", [True, False])
@pytest.mark.parametrize("at", [2, 4])
async def test_an_agent_that_was_paused_as_a_call_was_leaving_finds_its_token_stale_and_writes_nothing(
    two: Two, at: int, other_acts: bool
) -> None:
    """Reading 1 is the lookout's; 2 and 3 are of two calls of one plan, 4 is of the plan after it."""
    two.show(1)
    paused, other = two.agents
    before: list[int] = []

    async def take_over() -> None:
        two.clock.advance(11 * M)
        before.append(sum(paused.enactor.applied.values()))
        if other_acts:
            await other.make_pass()
        else:
            now = two.clock.now()
            assert await other.world.ledger.lease("1", "b", now, now + 10 * M) is not None

    paused.world = replace(paused.world, switch=Pausing(at, take_over))

    report = await paused.make_pass()

    assert before == [0 if at == 2 else 120]
    assert sum(paused.enactor.applied.values()) == before[0]
    assert (paused.enactor.comments, paused.enactor.tags, report.problems) == ([], {}, [])
    assert set(two.applied.values()) <= {1}
    if other_acts:
        assert len(two.applied) == 122
        assert two.commented == {"1": 1}


async def test_an_agent_that_was_paused_as_its_comment_was_leaving_writes_no_comment_and_no_tag(
    two: Two,
) -> None:
    two.show(1)
    paused, other = two.agents

    async def take_over() -> None:
        two.clock.advance(11 * M)
        await other.make_pass()

    paused.world = replace(paused.world, switch=Pausing(5, take_over))

    report = await paused.make_pass()

    assert len(paused.enactor.applied) == 122
    assert (paused.enactor.comments, paused.enactor.tags, report.noted) == ([], {}, 0)
    assert set(two.applied.values()) == {1}
    assert two.commented == {"1": 1}


class Killed(BaseException):
    """The process is gone."""


class NeverLettingGo:
    """A ledger whose process dies before it can end a lease."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def __getattr__(self, name: str) -> object:
        return getattr(self._ledger, name)

    async def let_go(self, incident_id: str, token: int) -> None:
        """Leave the lease as it is."""


async def test_a_call_of_an_agent_that_died_is_settled_in_a_pass_once_its_lease_has_run_out(two: Two) -> None:
    two.show(1)
    dying, other = two.agents
    real = dying.enactor.enact

    async def on_the_wire(effect: object, *, name: str, departing: object) -> object:
        await real(effect, name=name, departing=departing)  # type: ignore[arg-type]
        raise Killed

    dying.enactor.enact = on_the_wire  # type: ignore[method-assign,assignment]
    dying.world = replace(dying.world, ledger=NeverLettingGo(dying.world.ledger))  # type: ignore[arg-type]
    with pytest.raises(BaseExceptionGroup):
        await dying.make_pass()
    two.clock.advance(9 * M)

    await other.make_pass()
    while_leased = await went(two)
    two.clock.advance(2 * M)
    await other.make_pass()

    assert while_leased.count(Went.SENT) == 1
    after = await went(two)
    assert (after.count(Went.SENT), after.count(Went.UNKNOWN)) == (0, 1)
    assert set(two.applied.values()) == {1}


async def went(two: Two) -> list[Went]:
    records = await two.ledger.listed()
    return [one.went for record in records for one in await two.ledger.effects(record.action.id)]


async def test_an_outcome_that_comes_back_after_all_is_written_over_what_nobody_knew(two: Two) -> None:
    two.show(1)
    slow, other = two.agents
    real = slow.enactor.enact
    settled: list[int] = []

    async def long(effect: object, *, name: str, departing: object) -> object:
        outcome = await real(effect, name=name, departing=departing)  # type: ignore[arg-type]
        if not settled:
            two.clock.advance(11 * M)
            settled.append(await recover(other.world))
        return outcome

    slow.enactor.enact = long  # type: ignore[method-assign,assignment]

    report = await slow.make_pass()

    assert settled == [1]
    assert Went.UNKNOWN not in await went(two)
    assert report.problems == []


async def test_an_incident_that_another_agent_has_is_passed_over_and_no_failure(two: Two) -> None:
    two.show(2)
    one, _ = two.agents
    await two.ledger.lease("1", "b", NOW, NOW + 10 * M)

    report = await one.make_pass()

    assert report.problems == []
    assert one.memory.rounds.resting == {}
    assert two.commented == {"2": 1}
    assert two.defender.asked["incident"] == 1


async def test_an_incident_that_went_on_where_another_agent_has_it_is_passed_over(two: Two) -> None:
    two.show(2)
    one, _ = two.agents
    two.defender.show(
        msgspec.structs.replace(two.defender.incidents["1"], status="redirected", redirect_incident_id="2")
    )
    await two.ledger.lease("2", "b", NOW, NOW + 10 * M)

    report = await one.make_pass()
    free = await two.ledger.lease("1", "b", NOW, NOW + 10 * M)

    assert report.problems == []
    assert not two.applied
    assert free is not None


async def test_a_step_is_taken_again_where_another_was_quicker_and_left_after_some_tries() -> None:
    tries = 0

    async def quicker(times: int) -> str:
        nonlocal tries
        tries += 1
        if tries <= times:
            raise Conflict("somebody was quicker")
        return "done"

    told = await despite_others(lambda: quicker(TRIES - 1))
    first, tries = tries, 0
    left = await despite_others(lambda: quicker(TRIES))

    assert (told, first) == ("done", TRIES)
    assert (left, tries) == (None, TRIES)

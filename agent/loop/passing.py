"""One pass: ask, poll, decide, look after, write, each as far as it goes."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from agent.loop.aside import lay_aside
from agent.loop.braking import Holds
from agent.loop.cycle import judge_due
from agent.loop.expiring import Expiring
from agent.loop.falling import Falling
from agent.loop.feeding import Feeding
from agent.loop.follow import follow
from agent.loop.hindsight import OlderEndings
from agent.loop.listening import Listening
from agent.loop.lookout import Lookout, keeping_lookout
from agent.loop.overturning import Overturning
from agent.loop.perform import recover
from agent.loop.policies import InForce
from agent.loop.poll import Overlap, poll, sweep
from agent.loop.reloading import Reloading
from agent.loop.report import PassReport
from agent.loop.rounds import Rounds
from agent.loop.rows import Rows
from agent.loop.searching import AuditSearches
from agent.loop.waits import beside
from agent.model.errors import AgentError, Conflict, Lost, Malformed, Refused, Unavailable
from agent.ports.world import World

log = structlog.get_logger()

MEANWHILE = timedelta(seconds=10)
"""How long what was read waits for the rest to be read before it is judged: people are to know within half a minute."""

JUDGING = timedelta(seconds=30)
"""How long is judged before everything else has its turn again: where other policies came into force, all that waits is
judged anew, and meanwhile incidents are asked for, decisions carried out, and what has just come goes first."""

SIGN_EVERY = 30.0
"""Real seconds from one sign of life to the next while policies are read and shown to be safe."""

SIGNS = 120
"""How many of these are given at most. The solver takes a while, and works for one tenant at a time; not for ever."""


@dataclass(slots=True)
class Memory:
    """What is remembered from one pass to the next; nothing is lost with it but time."""

    rounds: Rounds = field(default_factory=Rounds)
    feeding: Feeding = field(default_factory=Feeding)
    rows: Rows = field(default_factory=Rows)
    overlap: Overlap = field(default_factory=Overlap)
    holds: Holds = field(default_factory=Holds)
    expiring: Expiring = field(default_factory=Expiring)
    searches: AuditSearches = field(default_factory=AuditSearches)
    older_endings: OlderEndings = field(default_factory=OlderEndings)
    falling: Falling = field(default_factory=Falling)
    overturning: Overturning = field(default_factory=Overturning)
    listening: Listening = field(default_factory=Listening)
    reloading: Reloading | None = None
    """None where policies are not looked at again."""


async def one_pass(
    world: World,
    policies: InForce,
    stop: asyncio.Event,
    report: PassReport,
    memory: Memory | None = None,
    lookout: Lookout | None = None,
) -> None:
    """Ask who is in the groups and what AIR wrote down, poll, decide, look after, write: each as far as it goes, whatever became of the others.

    With a `memory` another pass follows, to which too much to be judged is left. While anything holds, nothing is written. What another agent on the same ledger does meanwhile is no failure.

    Raises:
        Unavailable, Refused, Malformed: the first that came up, once everything was tried.
        Lost: the tenant is another replica's; nothing more was tried.
    """
    async with AsyncExitStack() as own:
        if lookout is None:
            lookout = await own.enter_async_context(keeping_lookout(world))
        at_most = None if memory is None else JUDGING
        await _Pass(world, policies, stop, report, memory or Memory(), lookout, at_most).go()


@dataclass(slots=True)
class _Pass:
    """One pass under way."""

    world: World
    policies: InForce
    stop: asyncio.Event
    report: PassReport
    memory: Memory
    lookout: Lookout
    at_most: timedelta | None
    """How long is judged at a time; None where no other pass follows."""
    judged: datetime | None = None
    """When what was read so far was judged; None before that."""

    async def go(self) -> None:
        """Take every step, whatever became of the others."""
        self.lookout.woken.clear()
        away: Unavailable | Refused | Malformed | None = None
        for step in self._steps():
            if self.stop.is_set():
                break
            try:
                await self._look_around()
                await step()
            except Lost:
                raise
            except Conflict as error:
                log.warning("left for the next pass: another agent was quicker", why=str(error))
            except (Unavailable, Refused, Malformed) as error:
                away = away or error
                if isinstance(error, Unavailable) and error.until is not None:
                    break
        self.report.held = tuple(f"{hold.reason} (by {hold.by})" for hold in self.lookout.standing())
        await self.memory.listening.go(self.world, self.report, "" if away is None else str(away))
        if away is not None:
            raise away

    def _steps(self) -> Iterator[Callable[[], Awaitable[object]]]:
        world, policies, stop, report, memory = (
            self.world,
            self.policies,
            self.stop,
            self.report,
            self.memory,
        )
        yield self._look_at_holds
        yield lambda: memory.feeding.go(world, policies, report)
        yield lambda: memory.rows.go(world, report)
        yield lambda: poll(world, report, stop, memory.overlap, self._meanwhile)
        yield self._judge
        yield lambda: follow(world, report, stop)
        yield lambda: memory.overturning.go(world, report)
        yield self._judge
        yield lambda: recover(world)
        yield self._visit
        yield self._sweep_if_due
        yield lambda: memory.older_endings.go(world)
        yield lambda: memory.searches.go(world, report)
        yield lambda: memory.expiring.go(world, self.lookout.vitals)

    async def _meanwhile(self) -> None:
        """Decide what was read until now, where there is more to read than a moment takes.

        What fails here fails again once all is read, and is told then. A Graph that asks for patience turns away the next page
        too; what else asks for it, such as Defender for Endpoint, has its own budget, and ends no reading of incidents.
        """
        now = self.world.clock.now()
        if now - (self.judged or self.report.began) < MEANWHILE and not self._is_scarce():
            return
        await self._look_around()
        try:
            await self._judge(MEANWHILE)
        except Lost:
            raise
        except (Conflict, Unavailable, Refused, Malformed):
            log.debug("what was read is judged once all is read")
        self.judged = self.world.clock.now()

    def _is_scarce(self) -> bool:
        """Whether the next page may have to wait for the request budget: what was read is not to wait with it."""
        login = self.world.login
        usage = () if login is None else login.usage()
        return any(2 * one.used >= one.allowed for one in usage if one.system == "graph")

    async def _judge(self, at_most: timedelta | None = None) -> None:
        """Judge what is due, by the policies that count now: which those are is asked once more before each call."""
        if await self.memory.falling.go(self.world, self.policies):
            self.report.has_reloaded = True
        await judge_due(self.world, self.policies, self.report, self.stop, at_most=at_most or self.at_most)

    async def _visit(self) -> None:
        if self.world.enactor is None:
            return
        # The brake may have been laid by what was just judged: the lookout knows of it within seconds.
        for hold in self.lookout.standing() or await self.world.ledger.holds():
            laid = await lay_aside(self.world, hold)
            log.info("nothing is carried out", laid_aside=laid, why=hold.reason)
            return
        await self.memory.rounds.go(
            self.world, self.policies, self.stop, self.report, self.lookout, self._is_over
        )

    async def _is_over(self) -> bool:
        """Whether it is over with what was decided: something holds, or other policies are there or count."""
        await self.lookout.sign()
        if self.lookout.is_held or await self.memory.falling.has_news(self.world, self.policies):
            return True
        reloading = self.memory.reloading
        return reloading is not None and await reloading.has_news(self.world, self.policies)

    async def _look_around(self) -> None:
        await self.lookout.sign()
        reloading = self.memory.reloading
        if reloading is None or reloading.next_look(self.world) > self.world.clock.now():
            return
        async with beside(self._keep_signing()):
            if await reloading.go(self.world, self.policies):
                self.report.has_reloaded = True

    async def _keep_signing(self) -> None:
        """Tell that the loop waits, and does not stand still; for an hour at most."""
        for _ in range(SIGNS):
            await asyncio.sleep(SIGN_EVERY)
            with suppress(AgentError):  # it is told where it matters
                await self.lookout.sign()

    async def _look_at_holds(self) -> None:
        """Have judged anew what was held by what has ended, though it may never have come into the ledger."""
        if self.lookout.has_held and not self.lookout.is_held:
            self.lookout.has_held, self.memory.holds.names = False, None
        released = await self.memory.holds.look(self.world)
        if released:
            log.info("judged anew", actions=released, why="what held them was released")

    async def _sweep_if_due(self) -> None:
        swept = await self.world.ledger.swept()
        if swept is None:
            # The first poll reads as far back as a sweep would.
            await self.world.ledger.mark_swept(self.world.clock.now())
        elif self.world.clock.now() - swept >= self.world.pace.sweep_every:
            await sweep(self.world, self.report, self.stop)
            await self._judge()  # what it has found does not wait for the next pass

"""How the agent stands, told to whoever watches: every few seconds, beside the passes and whatever becomes of them.

It goes by real time, whatever the agent's clock says: what is watched by a machine has to be as new as that machine takes
it to be. What costs more the older a ledger is, it does the more seldom: it rests a hundred times as long as that took, so
that a hundredth of the ledger's time is all it ever takes.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta

import structlog

from agent.loop.comparing import compared
from agent.loop.lookout import Lookout
from agent.loop.policies import InForce
from agent.loop.report import PassReport
from agent.loop.vitals import Vitals
from agent.loop.waits import beside
from agent.model.enactment import CLOSED, UNCARRIED, State
from agent.model.errors import AgentError
from agent.model.policy import Mode
from agent.model.report import Asked, Standing
from agent.model.telemetry import Counted, Reading, Sums, Timed
from agent.ports.telemetry import Meters
from agent.ports.world import World

EVERY = 15.0
"""Real seconds from one look to the next: what reads metrics does so about as often."""

REST = 100.0
"""How many times as long as it took a costly look rests."""

COMPARED_EVERY = 900.0
"""Real seconds between two looks at the agreement, at least: it changes as people decide."""

WINDOW = timedelta(days=7)
"""Of which decisions the agreement is told: the week that an action lives."""

log = structlog.get_logger()


@dataclass(slots=True)
class Costly:
    """When something costly may be looked at again, in real seconds of the process."""

    again: float = 0.0

    def rest(self, began: float, now: float, least: float) -> None:
        """Let time pass in proportion to what it took."""
        self.again = now + max(least, REST * (now - began))


@dataclass(slots=True)
class Metering:
    """Looks, again and again, and tells."""

    world: World
    meters: Meters
    policies: InForce
    lookout: Lookout
    elapsed: Callable[[], float]
    ended: Mapping[State, int] = field(default_factory=dict)
    agreement: Mapping[Standing, int] = field(default_factory=dict)
    ending: Costly = field(default_factory=Costly)
    comparing: Costly = field(default_factory=Costly)
    complained: str = ""
    """What was last wrong, so that it is logged once."""

    @classmethod
    @asynccontextmanager
    async def going(cls, world: World, policies: InForce, lookout: Lookout) -> AsyncIterator[None]:
        """Tell inside the `with` how the agent stands, where anybody wants to know; at its end, that it is no more ours."""
        if world.meters is None:
            yield
            return
        metering = cls(world, world.meters, policies, lookout, asyncio.get_running_loop().time)
        try:
            async with beside(metering.keep()):
                yield
        finally:
            world.telemetry.stand(None)

    async def keep(self) -> None:
        """Look, again and again, until cancelled."""
        while True:
            await self.try_to_look()
            await asyncio.sleep(EVERY)

    async def try_to_look(self) -> None:
        """Look, and come back whatever happens. What cannot be read is told as not known, and what can be all the same."""
        failure = ""
        try:
            await self.look()
        except AgentError as error:
            failure = str(error)
            self._tell(None)
        except Exception as error:  # what only watches must not end what works
            failure = f"internal error: {error}"
            log.exception("metrics cannot be read")
        if failure and failure != self.complained:
            log.warning("metrics cannot be read", why=failure)
        self.complained = failure

    async def look(self) -> None:
        """Read what is due, and tell it.

        Raises:
            LedgerError: the ledger cannot be read.
        """
        now = self.world.clock.now()
        sums = await self.meters.sums(now, now + self.world.at_risk, UNCARRIED)
        if self.elapsed() >= self.ending.again:
            began = self.elapsed()
            found = await self.meters.ended()
            self.ended = {state: found.get(state, 0) for state in CLOSED}
            self.ending.rest(began, self.elapsed(), 0.0)
        self._tell(sums)
        if self.elapsed() >= self.comparing.again:
            await self._compare()
            self._tell(sums)

    async def _compare(self) -> None:
        archive = self.world.archive
        if archive is None:
            return
        began, now = self.elapsed(), self.world.clock.now()
        # Whatever comes of it, it is not begun anew at once.
        self.comparing.rest(began, began, COMPARED_EVERY)
        asked = Asked(tenant_id=self.world.tenant_id, since=now - WINDOW, until=now)
        found = Counter([one.standing async for one in compared(archive, asked)])
        self.agreement = {standing: found[standing] for standing in Standing}
        self.comparing.rest(began, self.elapsed(), COMPARED_EVERY)

    def _tell(self, sums: Sums | None) -> None:
        world, vitals = self.world, self.lookout.vitals
        self.world.telemetry.stand(
            Reading(
                at=world.clock.now(),
                mode=(Mode.OBSERVE if world.enactor is None else Mode.ENFORCE).value,
                version=world.version,
                sums=sums,
                ended=self.ended,
                agreement=self.agreement,
                policies=self._policies(),
                passing=vitals.passing,
                polled=vitals.polled,
                switch_read=self.lookout.switch_read,
                is_held=self.lookout.is_held,
                usage=() if world.login is None else world.login.usage(),
                expiries=vitals.expiries,
            )
        )

    def _policies(self) -> Mapping[str, int]:
        known = self.policies.judge.policy_set.policies
        treats = self.world.enforces_observers
        enforcing = sum(one.enforces_somewhere(enforces_observers=treats) for one in known)
        return {Mode.ENFORCE.value: enforcing, Mode.OBSERVE.value: len(known) - enforcing}


def measure(world: World, vitals: Vitals, report: PassReport) -> None:
    """Note how a pass went."""
    if report.polled is not None:
        vitals.polled = report.polled
    outcome = "unavailable" if report.is_unavailable else "problems" if report.problems else "clean"
    world.telemetry.count(Counted.PASS, outcome=outcome)
    if vitals.passing is not None:
        world.telemetry.time(Timed.PASS, vitals.passing.took.total_seconds())

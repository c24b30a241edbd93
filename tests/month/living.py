"""The real loop with the real adapters, observing over weeks of a simulated tenant in which people work."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

from agent.adapters.ledger.ledger import SqlLedger
from agent.faces.promotion import Found, found_of
from agent.judge.parse import parse_set
from agent.loop.comparing import make_report
from agent.loop.leaping import live
from agent.loop.report import PassReport
from agent.model.pace import Pace
from agent.model.policy import Part, Policy
from agent.model.report import Asked, Compared, Lens, Report
from agent.simulator.kinds import is_write
from agent.simulator.month import Span, lived
from agent.simulator.nouns import Request
from agent.simulator.people import Habits
from agent.simulator.state import State
from agent.simulator.switches import Switches
from tests.month.expecting import Expected, Place, expected
from tests.simulated import Simulated, a_simulated

MONDAY = datetime(2026, 8, 31, tzinfo=UTC)


@dataclass(frozen=True)
class Time:
    """What is lived: what arrives, how often the agent looks, and for how long it goes on after the last arrival."""

    span: Span
    every: timedelta
    after: timedelta = timedelta()

    @property
    def until(self) -> datetime:
        """When it is over."""
        return self.span.until + self.after


WEEK = Time(
    Span(seed=5, start=MONDAY, days=3, actions=80),
    every=timedelta(hours=1),
    after=timedelta(days=7, hours=1),
)
"""So long that what nobody looked at has expired."""
MONTH = Time(Span(seed=7, start=MONDAY), every=timedelta(minutes=30))


@dataclass
class Lived:
    """A span of time that is over: the agent, the tenant, and every pass that was made."""

    time: Time
    simulated: Simulated = field(repr=False)
    """Holds a whole tenant, which nobody wants to read in a failure."""
    passes: list[PassReport] = field(default_factory=list, repr=False)

    @property
    def state(self) -> State:
        """The tenant as it came to be."""
        return self.simulated.app.state

    @property
    def writes(self) -> list[Request]:
        """Everything that the agent asked to change in the tenant."""
        return [one for one in self.state.requests if is_write(one.method, one.kind)]

    async def report(self, lens: Lens = Lens.WOULD) -> tuple[Report, list[Compared]]:
        """Return the report over all of it, and every action that is in it."""
        found: list[Compared] = []
        asked = Asked(
            tenant_id=self.state.tenant_id,
            since=self.time.span.start,
            until=self.time.until + timedelta(seconds=1),
            lens=lens,
        )
        ledger = cast("SqlLedger", self.simulated.world.ledger)
        report = await make_report(ledger.archive, asked, each=found.append)
        return report, found


@dataclass(frozen=True)
class Remains:
    """What is left of a span of time that is over, and needs no loop to be looked at."""

    life: Lived
    would: Report
    would_be: list[Compared]
    in_force: Report
    in_force_are: list[Compared]
    expects: Mapping[Place, Expected]
    found: Mapping[str, tuple[Policy, Found]]
    """What speaks for each shipped policy, by its name."""


async def remains(time: Time, folder: Path, habits: Habits | None = None) -> Remains:
    """Live it, and return what is left."""
    async with a_life(time, folder, habits) as life:
        would, would_be = await life.report()
        in_force, in_force_are = await life.report(Lens.IN_FORCE)
        records = list((await life.simulated.records()).values())
        passes = [one.began for one in life.passes]
        return Remains(
            life=life,
            would=would,
            would_be=would_be,
            in_force=in_force,
            in_force_are=in_force_are,
            expects=expected(life.state, records, passes),
            found=await _found(life),
        )


async def _found(life: Lived) -> Mapping[str, tuple[Policy, Found]]:
    world = life.simulated.world
    ledger = cast("SqlLedger", world.ledger)
    policies = parse_set(world.shelf.files())
    return {
        policy.name: (
            policy,
            await found_of(
                ledger,
                ledger.archive,
                policies,
                policy,
                Part(),
                tenant_id=world.tenant_id,
                now=world.clock.now(),
            ),
        )
        for policy in policies.policies
    }


@asynccontextmanager
async def a_life(time: Time, folder: Path, habits: Habits | None = None) -> AsyncIterator[Lived]:
    """Give an agent that has observed all of it with the shipped policies."""
    pace = Pace(poll_every=time.every, sweep_every=timedelta(hours=12))
    async with a_simulated(
        lived(time.span, habits),
        folder,
        switches=Switches(throttle_per_minute=None),
        observes=True,
        enforces_observers=False,
        pace=pace,
        requests_per_minute=1_000_000,
        checked=False,
    ) as simulated:
        life = Lived(time, simulated)
        happens = simulated.app.state.next_happening
        await live(
            simulated.world, simulated.policies, time.until, happens=happens, on_pass=life.passes.append
        )
        yield life

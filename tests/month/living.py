"""The real loop with the real adapters, observing over weeks of a simulated tenant in which people work."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

from agent.adapters.ledger.ledger import SqlLedger
from agent.loop.comparing import make_report
from agent.loop.leaping import live
from agent.loop.report import PassReport
from agent.model.pace import Pace
from agent.model.report import Asked, Compared, Lens, Report
from agent.simulator.month import Span, lived
from agent.simulator.people import Habits
from agent.simulator.state import State
from agent.simulator.switches import Switches
from tests.simulated import Simulated, a_simulated

MONDAY = datetime(2026, 8, 31, tzinfo=UTC)
PACE = Pace(poll_every=timedelta(minutes=30), sweep_every=timedelta(hours=12), requests_per_minute=1_000_000)
WEEK = Span(seed=11, start=MONDAY, days=5, actions=150)
MONTH = Span(seed=7, start=MONDAY)


@dataclass
class Lived:
    """A span of time that is over: the agent, the tenant, and every pass that was made."""

    span: Span
    simulated: Simulated
    passes: list[PassReport] = field(default_factory=list)

    @property
    def state(self) -> State:
        """The tenant as it came to be."""
        return self.simulated.app.state

    async def report(self, lens: Lens = Lens.WOULD) -> tuple[Report, list[Compared]]:
        """Return the report over all of it, and every action that is in it."""
        found: list[Compared] = []
        asked = Asked(
            tenant_id=self.state.tenant_id,
            since=self.span.start,
            until=self.span.until + timedelta(seconds=1),
            lens=lens,
        )
        ledger = cast("SqlLedger", self.simulated.world.ledger)
        report = await make_report(ledger.archive, asked, each=found.append)
        return report, found


@asynccontextmanager
async def a_life(span: Span, folder: Path, habits: Habits | None = None) -> AsyncIterator[Lived]:
    """Give an agent that has observed all of it with the shipped policies."""
    switches = Switches(throttle_per_minute=None)
    async with a_simulated(
        lived(span, habits),
        folder,
        switches=switches,
        observes=True,
        enforces_observers=False,
        pace=PACE,
        requests_per_minute=PACE.requests_per_minute,
        checked=False,
    ) as simulated:
        life = Lived(span, simulated)
        happens = simulated.app.state.next_happening
        await live(
            simulated.world, simulated.policies, span.until, happens=happens, on_pass=life.passes.append
        )
        yield life

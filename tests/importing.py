"""A past to import: proposals that people, and time, have dealt with before the agent came."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

from agent.loop.importing import Brought, Told, bring_in_the_past
from agent.ports.importing import Imports
from agent.simulator import state as simulated
from agent.simulator import tenant
from agent.simulator.happenings import person_approves, person_rejects
from agent.simulator.switches import Switches
from tests.simulated import Simulated, a_simulated, noon

MONTH = timedelta(days=30)


def a_past(*, actions: int = 6, messages_each: int = 3) -> simulated.State:
    """Return a tenant in which people approve the first half of the clusters within hours, and reject the other."""
    state = tenant.burst(3, noon(), actions=actions, messages_each=messages_each)
    for number, alert_id in enumerate(list(state.alerts)):
        act = person_approves if number < actions // 2 else person_rejects
        state.plan(noon() + timedelta(hours=3 + number), act(alert_id, 0))
    return state


@asynccontextmanager
async def after_a_while(
    state: simulated.State,
    folder: Path,
    *,
    days: float = 12,
    switches: Switches | None = None,
    requests_per_minute: int = 60,
    **more: object,
) -> AsyncIterator[Simulated]:
    """Give an agent that was just installed, that long after everything began."""
    async with a_simulated(
        state,
        folder,
        switches=switches,
        observes=True,
        requests_per_minute=requests_per_minute,
        enforces_observers=False,
        **more,  # type: ignore[arg-type]
    ) as here:
        here.clock.advance(timedelta(days=days))
        yield here


async def bring_in(
    here: Simulated, imports: Imports, *, back: timedelta = MONTH, told: list[Told] | None = None
) -> Brought:
    """Import what was updated so far back."""
    return await bring_in_the_past(
        here.world,
        imports,
        here.clock.now() - back,
        allow=lambda _: None,
        tell=(lambda _: None) if told is None else told.append,
    )

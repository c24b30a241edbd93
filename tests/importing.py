"""A past to import: proposals that people, and time, have dealt with before the agent came."""

from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path

from agent.judge.past.renewed import overlap
from agent.loop.importing import Brought, Told, bring_in_the_past
from agent.model.imported import Imported, Importing, Lives, Outcome, outcome_of
from agent.ports.importing import Imports
from agent.simulator import state as simulated
from agent.simulator import tenant
from agent.simulator.happenings import person_approves, person_rejects
from agent.simulator.switches import Switches
from tests.simulated import Simulated, a_simulated, noon

WEEK = timedelta(days=6)
"""Further back than anything here happens, unless a test says otherwise; each day costs requests."""

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
    days: float = 4,
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
    here: Simulated, imports: Imports, *, back: timedelta = WEEK, told: list[Told] | None = None
) -> Brought:
    """Import what was updated so far back."""
    return await bring_in_the_past(
        here.world,
        imports,
        here.clock.now() - back,
        allow=lambda _: None,
        tell=(lambda _: None) if told is None else told.append,
    )


class FakeImports:
    """Imports in memory, with what the ledger promises of them."""

    def __init__(self) -> None:
        self.found: dict[tuple[str, datetime], Imported] = {}
        self.of: dict[tuple[str, datetime], datetime] = {}
        """By which import each was found last."""
        self.importing: Importing | None = None

    async def last(self) -> Importing | None:
        return self.importing

    async def lives(self, action_ids: Sequence[str]) -> Mapping[str, Lives]:
        return {name: Lives(imported=some) for name, some in (await self.imported(action_ids)).items()}

    async def bring_in(
        self,
        found: Sequence[Imported],
        again: Sequence[Imported],
        importing: Importing,
        *,
        moves: bool = True,
    ) -> None:
        for one in found:
            for life in [life for life, other in self.found.items() if _is_same(one, other)]:
                del self.found[life]
            self.found[one.life] = one
        self.of.update({one.life: importing.until for one in (*found, *again)})
        self.importing = importing if moves else self.importing

    async def outcome(self, importing: Importing) -> Outcome:
        mine = [one.truth for life, one in self.found.items() if self.of[life] == importing.until]
        return outcome_of(Counter((one.verb, one.unknown) for one in mine))

    async def imported(self, action_ids: Sequence[str]) -> Mapping[str, tuple[Imported, ...]]:
        found: dict[str, tuple[Imported, ...]] = {}
        for (name, _), one in sorted(self.found.items()):
            if name in action_ids:
                found[name] = (*found.get(name, ()), one)
        return found


def _is_same(one: Imported, other: Imported) -> bool:
    return one.action.id == other.action.id and overlap(one.action, other.action)

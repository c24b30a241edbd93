"""Rounds of visits to incidents: earliest deadline first, and none that fails keeps the others waiting."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from agent.loop.cycle import judge_records
from agent.loop.despite import despite_others
from agent.loop.lookout import Lookout
from agent.loop.perform import Halt, is_fresh, never
from agent.loop.policies import InForce
from agent.loop.poll import IN_A_ROW
from agent.loop.report import PassReport
from agent.loop.visit import visit
from agent.model.enactment import Record, State
from agent.model.errors import Conflict, Held, LedgerError, Lost, Malformed, Refused, Unavailable
from agent.ports.world import World

REQUESTS_PER_VISIT = 4
"""Read again, remediate, comment, tag: what one incident costs at least, to plan by."""

FIRST_REST = timedelta(minutes=1)
LONGEST_REST = timedelta(hours=1)
"""How long an incident whose visit failed is left alone: twice as long each time, up to this."""

FORGOTTEN = timedelta(days=1)
"""How long after its rest an incident is remembered to have failed."""

log = structlog.get_logger()


@dataclass(slots=True)
class Rounds:
    """What is remembered from one round to the next: incidents that failed, how often, and until when they rest."""

    resting: dict[str, tuple[int, datetime]] = field(default_factory=dict)
    under_way: set[str] = field(default_factory=set)
    """Incidents that are being visited; one that others were merged into is visited once at a time."""

    async def go(
        self,
        world: World,
        policies: InForce,
        stop: asyncio.Event,
        report: PassReport,
        lookout: Lookout,
        is_over: Halt = never,
    ) -> None:
        """Write to incidents until polling has earned its next share of the budget, or until it `is_over`.

        Raises:
            Unavailable: Graph asks for patience, or is away for one incident after another.
        """
        pace = world.pace
        polled = timedelta(minutes=report.pages / pace.requests_per_minute)
        until = world.clock.now() + max(pace.poll_every, polled / pace.polling_share)
        # As many as can be written to while what was looked up for them is fresh.
        share = round(pace.requests_per_minute * (pace.fresh / timedelta(minutes=2)) / REQUESTS_PER_VISIT)
        size = max(pace.visits_at_once, share)
        tried: set[str] = set()
        while not stop.is_set() and world.clock.now() < until and not await is_over():
            incidents = await self._next(world, tried, size)
            if not incidents:
                break
            await _refresh(world, policies, incidents, report)
            await self._visit_all(world, policies, incidents, tried, stop, report, lookout, until, is_over)
        report.untried = len(await self._next(world, tried, size))
        report.waiting = len(await world.ledger.to_visit(size))

    async def _next(self, world: World, tried: set[str], size: int) -> list[str]:
        now = world.clock.now()
        self.resting = {name: rest for name, rest in self.resting.items() if now - rest[1] < FORGOTTEN}
        passed_over = tried | {name for name, (_, until) in self.resting.items() if until > now}
        found = await world.ledger.to_visit(size + len(passed_over))
        return [incident for incident in found if incident not in passed_over][:size]

    async def _visit_all(
        self,
        world: World,
        policies: InForce,
        incidents: Sequence[str],
        tried: set[str],
        stop: asyncio.Event,
        report: PassReport,
        lookout: Lookout,
        until: datetime,
        is_over: Halt,
    ) -> None:
        """Visit these incidents, some at the same time."""
        waiting = list(reversed(incidents))
        away: list[Unavailable] = []
        broken: list[LedgerError | Lost] = []
        failed = 0

        async def worker() -> None:
            nonlocal failed
            while waiting and not away and not stop.is_set() and world.clock.now() < until:
                incident = ""
                try:
                    if await is_over() or not waiting:
                        return
                    incident = waiting.pop()
                    tried.add(incident)
                    await visit(world, policies, incident, stop, report, lookout, is_over, self.under_way)
                except (LedgerError, Lost) as error:
                    # Nothing can be written down, so nothing more may leave; what is under way is finished.
                    waiting.clear()
                    broken.append(error)
                except Conflict as error:
                    log.info("incident left for the next pass", incident=incident, why=str(error))
                except Held as no:
                    # Nothing at all may be written: the others need not be tried.
                    waiting.clear()
                    log.info("incident left until it is released", incident=incident, why=str(no))
                except (Unavailable, Refused, Malformed) as error:
                    failed = failed + 1 if isinstance(error, Unavailable) else 0
                    self._rest(incident, world.clock.now())
                    report.leave(incident, str(error))
                    log.warning("incident left for later", incident=incident, why=str(error))
                    if isinstance(error, Unavailable) and (error.until is not None or failed >= IN_A_ROW):
                        away.append(error)
                except Exception as error:  # a bug in one incident must not cut off the others' calls
                    self._rest(incident, world.clock.now())
                    report.leave(incident, f"internal error: {error}")
                    log.exception("visit failed", incident=incident)
                else:
                    failed = 0
                    self.resting.pop(incident, None)

        async with asyncio.TaskGroup() as group:
            for _ in range(world.pace.visits_at_once):
                group.create_task(worker())
        if broken:
            raise broken[0]
        if away:
            raise away[0]

    def _rest(self, incident: str, now: datetime) -> None:
        times, _ = self.resting.get(incident, (0, now))
        rest = min(FIRST_REST * 2 ** min(times, 10), LONGEST_REST)
        self.resting[incident] = (times + 1, now + rest)


async def _refresh(world: World, policies: InForce, incidents: Sequence[str], report: PassReport) -> None:
    """Judge anew, with one look at their mail, what was decided too long ago to act on."""

    async def refresh() -> None:
        stale: list[Record] = []
        for incident in incidents:
            for record in await world.ledger.of_incident(incident):
                if record.state is State.INTENDED and not is_fresh(world, record, share=0.5):
                    stale.append(record)
        if stale:
            await judge_records(world, policies, stale, report)

    await despite_others(refresh)

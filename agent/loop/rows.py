"""AIR's own rows -> the ledger, and what they change: kinds that were open, what is said of clusters, and what people decided."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from agent.judge.naming import left_open, named, newer, places_of, spoken_of, with_anomaly
from agent.loop.hindsight import look_again
from agent.loop.moved import save_moved
from agent.loop.poll import read_again
from agent.loop.report import PassReport
from agent.model.air import AirAction
from agent.model.enactment import CLOSED, Record
from agent.model.errors import Malformed, Refused
from agent.model.pending import ActionKind
from agent.ports.world import World

AT_ONCE = 500
"""Actions of investigations that are remembered between two commits."""

log = structlog.get_logger()


@dataclass(slots=True)
class Rows:
    """What is remembered from one pass to the next: when rows were asked for, when far back, and what was told."""

    looked: datetime | None = None
    looked_far: datetime | None = None
    told: str = ""

    async def go(self, world: World, report: PassReport) -> None:
        """Ask for AIR's rows where it is time, remember them, and read again at once what they name.

        Rows that are refused or cannot be read keep nothing else from being done.

        Raises:
            Unavailable: Graph is away.
        """
        now = world.clock.now()
        if not _is_due(self.looked, now, world.pace.rows_every):
            return
        is_far = _is_due(self.looked_far, now, world.pace.sweep_every)
        try:
            found = await world.defender.air_actions(await self._since(world, now, is_far=is_far))
        except (Refused, Malformed) as error:
            self.looked = now
            report.problems.append(f"AIR's own rows: {error}")
            log.error("AIR's own rows could not be read", why=str(error))
            return
        if found.why and found.why != self.told:
            log.warning("kinds that evidence leaves open stay unknown", why=found.why)
        self.told = found.why
        report.problems.extend(found.unreadable)
        for start in range(0, len(found.actions), AT_ONCE):
            news = await _remember(world, found.actions[start : start + AT_ONCE])
            await _tell_of_clusters(world, news)
            await read_again(world, await _to_read(world, news), report)
            await look_again(world, news)
        self.looked = now
        self.looked_far = now if is_far else self.looked_far

    async def _since(self, world: World, now: datetime, *, is_far: bool) -> datetime:
        if not is_far:
            return now - world.pace.rows_overlap
        if self.looked_far is not None:
            return now - world.pace.rows_back
        until = await world.ledger.air_read_until()
        oldest = now - world.pace.first_look
        return oldest if until is None else max(oldest, min(until, now) - world.pace.rows_back)


def _is_due(last: datetime | None, now: datetime, every: timedelta) -> bool:
    """Whether it is time; a clock that was set back is no reason to wait."""
    return last is None or not timedelta(0) <= now - last < every


async def _remember(world: World, actions: Sequence[AirAction]) -> list[AirAction]:
    """Write down what is news in these, and return it."""
    places = dict.fromkeys(place for one in actions for place in one.places)
    known = {one.id: one for one in await world.ledger.air_actions(list(places))}
    news: dict[str, AirAction] = {}
    for one in actions:
        before = news.get(one.id) or known.get(one.id)
        after = newer(before, one)
        if after != before:
            news[one.id] = after
    if news:
        await world.ledger.save_air_actions(list(news.values()))
    return list(news.values())


async def _to_read(world: World, news: Iterable[AirAction]) -> list[str]:
    """Return the incidents of what is recorded without a kind and has one by now."""
    ids = dict.fromkeys(one for row in news for one in left_open(world.tenant_id, row))
    records = [record for record in (await world.ledger.load(list(ids))).values() if _is_open(record)]
    places = dict.fromkeys(place for record in records for place in places_of(record.action))
    rows = await world.ledger.air_actions(list(places))
    incidents: dict[str, None] = {}
    for record in records:
        if any(one.kind is not ActionKind.UNKNOWN for one in named(record.action, rows, {})):
            incidents.update(dict.fromkeys(sighting.incident_id for sighting in record.action.sightings))
    return list(incidents)


def _is_open(record: Record) -> bool:
    return record.state not in CLOSED and record.action.is_pending


async def _tell_of_clusters(world: World, news: Iterable[AirAction]) -> None:
    """Put into records of clusters what a row says of them, and have what waits judged by it."""
    now = world.clock.now()
    said: Mapping[str, AirAction] = {
        one: row for row in news if (one := spoken_of(world.tenant_id, row)) is not None
    }
    moves: list[tuple[Record | None, Record]] = []
    for name, record in (await world.ledger.load(list(said))).items():
        after = with_anomaly(record, said[name], now)
        if after is not record:
            moves.append((record, after))
    await save_moved(world, moves)

"""Graph's news -> the ledger. The watermark moves only when everything on the way has been saved."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from agent.judge.advance import advance, unnamed_id
from agent.judge.confirm import expire
from agent.judge.track import is_over_before
from agent.loop.despite import despite_others
from agent.loop.moved import save_moved
from agent.loop.report import PassReport
from agent.loop.shown import shown
from agent.loop.tracing import trace
from agent.model.defender import Alert, Incident
from agent.model.enactment import CLOSED, PendingSeen, Record, State
from agent.model.errors import Conflict, Malformed, Refused, Unavailable
from agent.model.pace import Pace
from agent.model.page import Page
from agent.model.pending import PendingAction
from agent.model.telemetry import Timed
from agent.model.trace import Phase
from agent.ports.world import World

log = structlog.get_logger()

HOPS = 5
"""How many redirects are followed before a person has to look."""


LINGER = timedelta(days=1)
"""How long after its deadline an action that nobody closed is still looked for."""

JUST_NOW = timedelta(seconds=30)
"""How far behind the watermark a poll asks that does not ask for all of the overlap."""

FEW = 3
"""Pages up to which each poll asks for all of it."""

WHOLE_EVERY = 1 / 3
"""The part of the overlap after which all of it is asked for again, where it is more: so that each moment is, twice."""

IN_A_ROW = 3
"""After how many incidents in a row that cannot be read Graph counts as away."""


@dataclass(slots=True)
class Overlap:
    """How far behind the watermark polls ask again, from one poll to the next.

    Usually each asks for all of the overlap: it is a page or two. In a burst that would be hundreds, read again and again
    before what is new: then all of it is asked for every few minutes, and in between what has just come.
    """

    whole_due: datetime | None = None
    """When all of it is to be asked for again, where it was much; None where each poll does."""

    def since(self, cursor: datetime | None, now: datetime, pace: Pace) -> tuple[datetime, bool]:
        """Return from when on a poll asks, and whether that is all of the overlap."""
        if cursor is None:
            return now - pace.first_look, True
        soon = timedelta(0) if self.whole_due is None else self.whole_due - now
        # A clock that was set back must not put it off for longer than usual.
        if not timedelta(0) < soon <= pace.overlap * WHOLE_EVERY:
            return cursor - pace.overlap, True
        return cursor - min(JUST_NOW, pace.overlap), False

    def read(self, pages: int, began: datetime, pace: Pace) -> None:
        """Note how much all of it was."""
        self.whole_due = began + pace.overlap * WHOLE_EVERY if pages > FEW else None


async def _nothing() -> None:
    """Do nothing between two pages."""


async def poll(
    world: World,
    report: PassReport,
    stop: asyncio.Event,
    overlap: Overlap | None = None,
    meanwhile: Callable[[], Awaitable[None]] = _nothing,
) -> None:
    """Read every incident updated since the watermark, less the overlap, and save what it shows.

    `meanwhile` is awaited after each page: what was read is not to wait for all that is still to come.

    Raises:
        Unavailable, Refused, Malformed: the watermark stays; what was read before is saved.
    """
    began = world.clock.now()
    report.cursor = cursor = await world.ledger.cursor()
    overlap = overlap or Overlap()
    since, is_all = overlap.since(cursor, began, world.pace)
    newest, is_whole, pages = cursor, True, 0
    asked = began
    async for page in world.defender.incidents_since(since):
        report.pages += 1
        pages += 1
        report.shown += len(page.incidents) + len(page.unreadable)
        is_whole = is_whole and page.is_whole
        _complain(page, report)
        await save_incidents(world, page.incidents, report, asked=asked)
        if stop.is_set():
            return
        await meanwhile()
        asked = world.clock.now()
        # An incident dated in the future must not carry the watermark past news to come.
        moments = [i.last_update_date_time for i in page.incidents if i.last_update_date_time is not None]
        newest = max(
            [m for m in moments if m <= world.clock.now()] + ([newest] if newest else []), default=None
        )
    if is_whole and newest is not None and newest != cursor:
        await world.ledger.move_cursor(newest)
    if is_all:
        overlap.read(pages, began, world.pace)
    report.polled = began if is_whole else None
    world.telemetry.time(Timed.POLL, (world.clock.now() - began).total_seconds())


async def sweep(world: World, report: PassReport, stop: asyncio.Event) -> None:
    """Find what the watermark cannot: alerts that changed without their incident, and incidents gone quiet."""
    began = world.clock.now()
    covered: set[str] = set()
    stale: dict[str, None] = {}
    is_whole = True
    async for page in world.defender.alerts_since(began - world.pace.sweep_back):
        is_whole = is_whole and page.is_whole
        _complain(page, report)
        report.pages += 1
        covered.update(alert.id for alert in page.alerts)
        if stop.is_set():
            return
        stale.update(dict.fromkeys(await _with_news(world, page.alerts)))
    async for record in _open(world, began):
        if not covered.intersection(sighting.alert_id for sighting in record.action.sightings):
            stale.setdefault(record.action.incident.id)
    await read_again(world, list(stale), report)
    if is_whole:
        await world.ledger.mark_swept(began)


async def read_again(world: World, incident_ids: Sequence[str], report: PassReport) -> None:
    """Read these incidents; one that cannot be read waits for the next sweep and does not hold the others.

    Raises:
        Unavailable: Graph asks for patience, or is away for one incident after another.
    """
    failed = 0
    for incident_id in incident_ids:
        asked = world.clock.now()
        try:
            incident = await surviving(world, incident_id)
        except (Unavailable, Malformed, Refused) as error:
            failed = failed + 1 if isinstance(error, Unavailable) else 0
            if isinstance(error, Unavailable) and (error.until is not None or failed == IN_A_ROW):
                raise
            report.problems.append(f"incident {incident_id}: {error}")
            continue
        failed = 0
        if incident is not None:
            await save_incidents(world, [incident], report, even_unmoved=True, asked=asked)


async def surviving(world: World, incident_id: str) -> Incident | None:
    """Return the incident as it is now, or the one it was merged into; None where there is none to be found."""
    seen: set[str] = set()
    wanted: str | None = incident_id
    while wanted is not None and wanted not in seen and len(seen) <= HOPS:
        seen.add(wanted)
        incident = await world.defender.incident(wanted)
        if incident is None or incident.status != "redirected":
            return incident
        wanted = incident.redirect_incident_id
    return None


async def save_incidents(
    world: World,
    incidents: Sequence[Incident],
    report: PassReport,
    *,
    even_unmoved: bool = False,
    asked: datetime | None = None,
) -> None:
    """Save what these incidents show, and their versions, in one transaction.

    An incident that was saved in the same version is no news, unless `even_unmoved`: whether a change of
    evidence moves `lastUpdateDateTime` is UNCONFIRMED. `asked` is when they were asked for.
    """
    latest: dict[str, Incident] = {}
    for incident in incidents:
        known = latest.get(incident.id)
        if known is None or _updated(known) <= _updated(incident):
            latest[incident.id] = incident
    saved = await world.ledger.versions(list(latest))
    news = [i for i in latest.values() if even_unmoved or saved.get(i.id) != i.version]
    if not news:
        return
    moved = {i.id: i.version for i in news if saved.get(i.id) != i.version}
    if await despite_others(lambda: _save_news(world, news, moved, report, asked)) is None:
        # Nothing may be lost of a page over which the watermark moves.
        raise Conflict("other agents keep changing what these incidents show: they are read again")


async def _save_news(
    world: World,
    news: Sequence[Incident],
    moved: Mapping[str, str],
    report: PassReport,
    asked: datetime | None,
) -> bool:
    """Save what these incidents show, as the ledger knows them now, and the versions of those that have moved."""
    now = world.clock.now()
    seen = await shown(world, news, now)
    unnamed = {action.id: unnamed_id(action) for action in seen}
    ids = dict.fromkeys(one for pair in unnamed.items() for one in pair if one is not None)
    known_records = await _ended_before(world, seen, await world.ledger.load(list(ids)), now)
    changed = advance(seen, known_records, now)
    await save_moved(
        world,
        [(known_records.get(action_id), record) for action_id, record in changed.items()],
        versions=moved,
    )
    report.incidents += len(news)
    report.moved += len(moved)
    report.appeared += sum(not known_records.keys() & {one, unnamed.get(one)} for one in changed)
    _trace(world, known_records, changed, asked or now)
    return True


async def _ended_before(
    world: World, seen: Sequence[PendingAction], known: Mapping[str, Record], now: datetime
) -> Mapping[str, Record]:
    """End the weeks that are over of what is proposed anew, and return the records as they are then."""
    over = {
        action.id: known[action.id]
        for action in seen
        if action.id in known and is_over_before(known[action.id], action, now)
    }
    if not over:
        return known
    await save_moved(world, [(record, expire(record, now)) for record in over.values()])
    return {**known, **await world.ledger.load(list(over))}


def _trace(world: World, before: Mapping[str, Record], after: Mapping[str, Record], asked: datetime) -> None:
    """Begin the trace of each action that was not known, or that begins a new life."""
    for action_id, record in after.items():
        known = before.get(action_id)
        if known is None or known.life < record.life:
            trace(
                world,
                record,
                Phase.SEEN,
                asked,
                world.clock.now(),
                key=Phase.SEEN.value,
                kind=record.action.kind.value,
                kind_source=record.action.kind_source.value,
                incident=record.action.incident.id,
            )


def _updated(incident: Incident) -> tuple[bool, datetime | None]:
    moment = incident.last_update_date_time
    return (moment is not None, moment)


async def _with_news(world: World, alerts: Sequence[Alert]) -> list[str]:
    """Return the incidents of alerts that show something the ledger does not have."""
    now = world.clock.now()
    alone = [Incident(id=one.incident_id, alerts=(one,)) for one in alerts if one.incident_id]
    seen = await shown(world, alone, now)
    known = await world.ledger.load([action.id for action in seen])
    news: dict[str, None] = {}
    for action in seen:
        incident_id = action.incident.id
        record = known.get(action.id)
        if record is None:
            if action.is_pending:
                news.setdefault(incident_id)
            continue
        sighting = action.sightings[0]
        if not any(_says_the_same(sighting_known, sighting) for sighting_known in record.action.sightings):
            news.setdefault(incident_id)
    return list(news)


def _says_the_same(known: object, seen: object) -> bool:
    return all(
        getattr(known, name) == getattr(seen, name)
        for name in ("alert_id", "incident_id", "remediation_status", "last_update_date_time")
    )


async def _open(world: World, now: datetime) -> AsyncIterator[Record]:
    states = [state for state in State if state not in CLOSED]
    offset = 0
    while batch := await world.ledger.listed(states=states, limit=500, offset=offset):
        for record in batch:
            if (
                record.confirmation.pending is not PendingSeen.CLOSED
                and now < record.action.deadline + LINGER
            ):
                yield record
        offset += len(batch)


def _complain(page: Page, report: PassReport) -> None:
    report.problems.extend(page.unreadable)
    for thing in page.unreadable:
        log.error("cannot be read: a person has to look in Defender", what=thing)
    if not page.is_whole:
        report.problems.append("Graph's answer was partial: the watermark stays where it is")

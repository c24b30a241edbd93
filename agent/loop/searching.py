"""Searching the audit for who decided what nobody else told of: rarely, and only while there is something to be learned.

A tenant may begin 200 searches in 24 hours, and one takes minutes, so that it is never how anything is decided in time. One
search at a time is written down before it is begun, and again when its id is known; where the process died in between, it
is looked for by its name before another is begun in its place.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec
import structlog

from agent.judge.attribute import names_somebody
from agent.judge.naming import newer
from agent.loop.hindsight import look_again
from agent.loop.report import PassReport
from agent.model.air import AirAction
from agent.model.audit_search import AuditSearch, Searching
from agent.model.errors import Malformed, Refused, Unavailable
from agent.model.truth import Unknown
from agent.ports.defender import AuditLog
from agent.ports.world import World

EVERY = timedelta(hours=12)
"""From the beginning of one search to that of the next: two a day, of the 200 that a tenant has."""

LOOK_EVERY = timedelta(minutes=2)
"""How often to look how far a search has come: minutes are normal (UNCONFIRMED)."""

SETTLED = timedelta(hours=1)
"""How long after an ending its record is there: mostly within an hour. Source: [MAPI-ref]."""

LAG = timedelta(days=1)
"""How long after an ending its record may still come, so that it is searched for once more."""

BACK = timedelta(days=30)
"""How far back is searched at the most."""

AGAIN = timedelta(hours=1)
"""How long to wait until a search is begun anew of which nobody knows whether it began, and which cannot be found."""

PATIENCE = timedelta(days=1)
"""How long a search may take before it is given up."""

AT_ONCE = 500
"""Actions of investigations that are remembered between two commits."""

MENDED = (Unknown.UNTOLD, Unknown.EXPIRED, Unknown.LATE)
"""Why something is unknown that a record may tell: somebody decided it, or nobody did."""

log = structlog.get_logger()


@dataclass(slots=True)
class AuditSearches:
    """When this process looked last, and what it said of why it does not."""

    looked: datetime | None = None
    told: str = ""

    async def go(self, world: World, report: PassReport) -> None:
        """Begin a search where one is worth it, or go on with the one that is under way.

        What goes wrong is told, and keeps nothing else from being done.

        Raises:
            Conflict: another agent on the same ledger was quicker.
        """
        audit, now = world.audit_log, world.clock.now()
        if audit is None:
            return
        why = audit.missing()
        if why and why != self.told:
            log.info("the audit is not asked who decided elsewhere", why=why)
        self.told = why
        is_soon = self.looked is not None and timedelta(0) <= now - self.looked < LOOK_EVERY
        if why or is_soon:
            return
        self.looked = now
        try:
            await _go_on(world, audit, report, now)
        except (Unavailable, Refused, Malformed) as error:
            report.problems.append(f"audit search: {error}")
            log.warning("the audit could not be searched", why=str(error))


async def _go_on(world: World, audit: AuditLog, report: PassReport, now: datetime) -> None:
    searches = await world.ledger.searches(now - BACK)
    under_way = next((one for one in searches if one.ended is None), None)
    if under_way is None:
        await _begin(world, audit, searches, now)
    elif now - under_way.until > PATIENCE:
        await _end(world, under_way, now, "given up: it took more than a day")
    elif under_way.query_id is None:
        await _recover(world, audit, under_way, now)
    else:
        await _look(world, audit, under_way, under_way.query_id, report, now)


async def _begin(world: World, audit: AuditLog, searches: Sequence[AuditSearch], now: datetime) -> None:
    """Begin a search if one may be begun by now, and something ended that it may tell of."""
    since = now - BACK
    if searches:
        if now - searches[0].asked < EVERY:
            return
        since = max(since, searches[0].until - LAG)
    earliest = await world.ledger.untold(MENDED, since, now - SETTLED)
    if earliest is None:
        return
    # Two agents at the same moment name it alike, and only one can write it down.
    slot = int(now.timestamp() // EVERY.total_seconds())
    name = f"air-agent {world.tenant_id} {slot}"
    search = AuditSearch(name=name, asked=now, since=max(earliest, now - BACK), until=now)
    await world.ledger.save_search(search, None)
    await _ask(world, audit, search, now)


async def _ask(world: World, audit: AuditLog, search: AuditSearch, now: datetime) -> None:
    try:
        query_id = await audit.search(search.name, search.since, search.until)
    except Refused as error:
        await _end(world, search, now, str(error))
        raise
    if query_id is not None:
        await world.ledger.save_search(msgspec.structs.replace(search, query_id=query_id), search)
        log.info("audit search begun", search=search.name, since=search.since, until=search.until)


async def _recover(world: World, audit: AuditLog, search: AuditSearch, now: datetime) -> None:
    """Find a search again whose id was lost; begin it anew where it cannot be found."""
    query_id = await audit.find(search.name)
    if query_id is not None:
        await world.ledger.save_search(msgspec.structs.replace(search, query_id=query_id), search)
    elif not timedelta(0) <= now - search.asked < AGAIN:
        again = msgspec.structs.replace(search, asked=now)
        await world.ledger.save_search(again, search)
        await _ask(world, audit, again, now)


async def _look(
    world: World, audit: AuditLog, search: AuditSearch, query_id: str, report: PassReport, now: datetime
) -> None:
    """Take what a search has found, once it has ended."""
    match await audit.how_far(query_id):
        case Searching.UNDER_WAY:
            return
        case Searching.FAILED:
            await _end(world, search, now, "Microsoft says that it failed")
        case Searching.SUCCEEDED:
            found = await audit.found(query_id)
            report.problems.extend(found.unreadable)
            naming = [one for one in found.actions if names_somebody(one)]
            for start in range(0, len(naming), AT_ONCE):
                await look_again(world, await _remember(world, naming[start : start + AT_ONCE]))
            words = f"{found.records:,} records, {len(naming):,} of whose actions name who decided"
            await _end(world, search, now, words)


async def _remember(world: World, actions: Sequence[AirAction]) -> list[AirAction]:
    """Write down what is news in these, and return all of it: what is known may not have been looked at yet."""
    known = {
        one.id: one
        for one in await world.ledger.audit_actions(
            list(dict.fromkeys(place for one in actions for place in one.places))
        )
    }
    found: dict[str, AirAction] = {}
    for one in actions:
        found[one.id] = newer(found.get(one.id) or known.get(one.id), one)
    news = [one for one in found.values() if known.get(one.id) != one]
    if news:
        await world.ledger.save_audit_actions(news)
    return list(found.values())


async def _end(world: World, search: AuditSearch, now: datetime, words: str) -> None:
    await world.ledger.save_search(msgspec.structs.replace(search, ended=now, words=words), search)
    log.info("audit search ended", search=search.name, words=words)

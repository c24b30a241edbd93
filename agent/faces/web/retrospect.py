"""What lies behind, summed up for a window: worked out from the history, and kept for a minute.

The history is read in its narrow form and some at a time, so that other pages are answered in between. What AIR's own rows
say is looked for only where there are any.
"""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import msgspec

from agent.judge.agree import Agreeing, Agreement, Said
from agent.judge.attribute import attribute
from agent.judge.naming import places_of
from agent.judge.sum_up import Summary, Summing
from agent.model.air import AirAction
from agent.model.history import Decided, Ending, place_of
from agent.model.pending import LIFETIME, PendingAction
from agent.ports.archive import Archive
from agent.ports.ledger import Ledger

AT_ONCE = 2_000

KEPT = timedelta(minutes=1)
"""How long what was worked out is shown again."""


class Retrospect(msgspec.Struct, frozen=True, kw_only=True):
    """A window of the past, summed up."""

    since: datetime
    now: datetime
    summary: Summary
    agreement: Agreement


@dataclass(slots=True)
class Looking:
    """Looks back over windows, and remembers for a minute what it found."""

    _found: dict[timedelta, tuple[datetime, Retrospect]] = field(default_factory=dict)
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def back(
        self, ledger: Ledger, archive: Archive, window: timedelta, now: datetime, wall: datetime
    ) -> Retrospect:
        """Return a window that ends now, or ended within the last minute of real time.

        Raises:
            LedgerError: the ledger cannot be read.
        """
        async with self._lock:
            known = self._found.get(window)
            if known is None or not known[0] <= wall < known[0] + KEPT:
                known = self._found[window] = (wall, await _looked(ledger, archive, now - window, now))
            return known[1]


async def said_elsewhere(
    ledger: Ledger, found: Sequence[Decided], actions: Mapping[str, PendingAction]
) -> Said:
    """Return what AIR's own rows say of those that were decided elsewhere."""
    ended = [one for one in found if one.ended is Ending.ELSEWHERE and one.action_id in actions]
    places = {one.action_id: places_of(actions[one.action_id]) for one in ended}
    rows: dict[str, list[AirAction]] = defaultdict(list)
    for row in await ledger.air_actions(sorted({place for some in places.values() for place in some})):
        for place in row.places:
            rows[place].append(row)
    told = {}
    for one in ended:
        about = {row.id: row for place in places[one.action_id] for row in rows[place]}
        word = attribute(actions[one.action_id], about.values(), one.first_seen, one.deadline)
        if word is not None:
            told[one.action_id, one.at] = word
    return told


async def _looked(ledger: Ledger, archive: Archive, since: datetime, now: datetime) -> Retrospect:
    """Go through the history from a week before the window on: what was thought and asked then belongs to it."""
    has_rows = await ledger.air_read_until() is not None
    summing, agreeing = Summing(since, now), Agreeing(since)
    found = await archive.course(since - LIFETIME, limit=AT_ONCE)
    while found:
        said: Said = {}
        if has_rows:
            ended = [one.action_id for one in found if one.ended is Ending.ELSEWHERE]
            said = await said_elsewhere(ledger, found, await archive.actions(ended))
        for one in found:
            summing.look(one)
            agreeing.look(one, said)
        found = await archive.course(since - LIFETIME, after=place_of(found[-1]), limit=AT_ONCE)
    # Of tens of thousands of actions that takes a while, in which others are answered.
    summary, agreement = await asyncio.to_thread(lambda: (summing.found(), agreeing.found()))
    return Retrospect(since=since, now=now, summary=summary, agreement=agreement)

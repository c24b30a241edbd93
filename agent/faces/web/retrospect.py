"""What lies behind, summed up for a window: worked out from the history, and kept for a minute.

The history is read in its narrow form and some at a time, so that other pages are answered in between.
"""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import msgspec

from agent.judge.report.agreeing import Agreeing, Agreement
from agent.judge.sum_up import Summary, Summing
from agent.model.history import place_of
from agent.model.pending import LIFETIME
from agent.model.report import ENOUGH, Asked
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

    enough: int = ENOUGH
    """Below so many compared it is too few to say."""
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
                known = self._found[window] = (
                    wall,
                    await _looked(ledger, archive, now - window, now, self.enough),
                )
            return known[1]


async def _looked(
    ledger: Ledger, archive: Archive, since: datetime, now: datetime, enough: int
) -> Retrospect:
    """Go through the history from a week before the window on: what was thought and asked then belongs to it."""
    asked = Asked(tenant_id="", since=since, until=datetime.max.replace(tzinfo=UTC), enough=enough)
    summing, agreeing = Summing(since, now), Agreeing(asked)
    found = await archive.course(since - LIFETIME, limit=AT_ONCE)
    while found:
        over = [one.action_id for one in found if one.ended or one.people]
        if over:
            agreeing.know(await ledger.truths(over))
        for one in found:
            summing.look(one)
            agreeing.look(one)
        found = await archive.course(since - LIFETIME, after=place_of(found[-1]), limit=AT_ONCE)
    moved = await archive.moved(agreeing.unknown)
    # Of tens of thousands of actions that takes a while, in which others are answered.
    summary, agreement = await asyncio.to_thread(lambda: (summing.found(), agreeing.found(moved)))
    return Retrospect(since=since, now=now, summary=summary, agreement=agreement)

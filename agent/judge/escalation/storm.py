"""The storm limit: how often people may be paged within any hour, and who goes first where there is too much."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from agent.model.chain import Chain, Escalating
from agent.model.escalation import Page

HOUR = timedelta(hours=1)
"""Both how long a page counts, and how far apart a chain's summaries are at least."""


def room_from(paged: Sequence[datetime], rules: Escalating, now: datetime) -> datetime:
    """Return from when on people may be paged: now, or once enough of the last hour's pages are an hour old.

    A page of a moment that is yet to come was told by a clock that has been set back since: it keeps nobody from hearing.
    """
    within = sorted(moment for moment in paged if now - HOUR < moment <= now)
    too_many = len(within) - rules.pages_per_hour
    return now if too_many < 0 else within[too_many] + HOUR


def in_turn(pages: Sequence[tuple[Chain, Page]]) -> tuple[tuple[Chain, Page], ...]:
    """Return pages in the order in which they may use what room there is: whose last chance comes first goes first."""
    return tuple(sorted(pages, key=lambda one: (_last_chance(*one), one[1].opened, one[1].id)))


def _last_chance(chain: Chain, page: Page) -> tuple[bool, datetime]:
    """Return what a page is ranked by: its earliest last chance that people were not told of, then its deadline."""
    before = chain.last_chance.before
    untold = [member.deadline - before for member in page.open_members if not member.is_warned]
    if untold:
        return (False, min(untold))
    return (True, min((member.deadline for member in page.open_members), default=page.opened))

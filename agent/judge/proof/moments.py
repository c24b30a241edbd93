"""Moments of judging that stand for all moments, where policies expire, lists end, and clocks and calendars are asked.

Between two moments at which something changes all are alike. Around each moment and each date that is named, and
around an ordinary one, every moment at which a clock that is asked for strikes is looked at, and one between each
two: three weeks on either side show every day of the week and every hour of a clock. With clocks of several zones it
also matters how far apart they are, which changes with the seasons: of the days of 28 years, in which the calendar
comes round, one of each sort is looked at, by its place in the week and the zones' offsets when it begins and ends.
"""

from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import pairwise
from zoneinfo import ZoneInfo

import msgspec

from agent.judge import calendar
from agent.judge.situations import USUAL_NOW
from agent.model.policy import Moment

NEAR = timedelta(days=22)
ROUND = timedelta(days=28 * 366)
FIRST, LAST = datetime(1900, 1, 1, tzinfo=UTC), datetime(9990, 1, 1, tzinfo=UTC)


class Instant(msgspec.Struct, frozen=True):
    """A moment, which clocks hold at it, and which of the moments named it lies before."""

    now: datetime
    inside: frozenset[Moment]
    before: frozenset[datetime]


@lru_cache(maxsize=64)
def instants(clocks: frozenset[Moment], ends: frozenset[datetime]) -> tuple[Instant, ...]:
    """Return one moment for each way in which moments can differ in these clocks and ends, the usual one first."""
    found: dict[tuple[frozenset[Moment], frozenset[datetime]], Instant] = {}
    ordered = sorted(clocks, key=repr)
    for now in (USUAL_NOW, *sorted(_all(clocks, ends))):
        inside = frozenset(one for one in ordered if calendar.inside(one, now))
        before = frozenset(end for end in ends if now < end)
        if (inside, before) not in found:
            found[inside, before] = Instant(now, inside, before)
    return tuple(found.values())


def _all(clocks: frozenset[Moment], ends: frozenset[datetime]) -> set[datetime]:
    """Return every moment at which something changes, one before all, and one between each two."""
    named = {_clipped(end) for end in ends}
    strikes: set[datetime] = set()
    if clocks:
        dates = {day for one in clocks for day in one.dates or ()}
        named |= {_clipped(datetime.combine(date.fromisoformat(day), time(12), UTC)) for day in dates}
        near = {day for moment in named or {USUAL_NOW} for day in _around(moment, NEAR)}
        zones = sorted({one.zone for one in clocks})
        strikes = set(_strikes(clocks, near | (_sorts_of_days(zones, named) if len(zones) > 1 else set())))
    changes = sorted({*strikes, *(_clipped(end) for end in ends)})
    between = {(low + (high - low) / 2).replace(microsecond=0) for low, high in pairwise(changes)}
    return {*changes, *between, *(change - timedelta(seconds=1) for change in changes[:1])}


def _clipped(moment: datetime) -> datetime:
    return min(max(moment, FIRST), LAST)


def _around(moment: datetime, reach: timedelta) -> Iterator[date]:
    first = max(moment - reach, FIRST).date()
    return (first + timedelta(days=at) for at in range(2 * reach.days + 1))


def _sorts_of_days(zones: Sequence[str], named: Collection[datetime]) -> set[date]:
    """Return a day of each sort, and the days beside it, from before all that is named until after it."""
    there = [ZoneInfo(zone) for zone in zones]
    ordered = sorted(named)
    first, last = (ordered[0], ordered[-1]) if ordered else (USUAL_NOW, USUAL_NOW)
    at = max(first - ROUND, FIRST).replace(hour=0, minute=0, second=0, microsecond=0)
    offsets = tuple(at.astimezone(zone).utcoffset() for zone in there)
    sorts: dict[object, datetime] = {}
    while at < min(last + ROUND, LAST):
        after = at + timedelta(days=1)
        later = tuple(after.astimezone(zone).utcoffset() for zone in there)
        sorts.setdefault((at.weekday(), offsets, later, bisect_left(ordered, at)), at)
        at, offsets = after, later
    return {day for found in sorts.values() for day in _around(found, timedelta(days=1))}


def _strikes(clocks: Iterable[Moment], days: Iterable[date]) -> Iterator[datetime]:
    """Give every moment of these days at which a day or the hours of a clock begin or end."""
    minutes: dict[str, set[int]] = {}
    for one in clocks:
        minutes.setdefault(one.zone, set()).update({0, *(one.hours or ())})
    for zone, of_zone in minutes.items():
        there = ZoneInfo(zone)
        at = [divmod(minute % 1_440, 60) for minute in sorted(of_zone)]
        for day in days:
            for hour, minute in at:
                yield datetime.combine(day, time(hour, minute), there).astimezone(UTC)

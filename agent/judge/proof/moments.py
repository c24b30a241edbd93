"""Moments of judging that stand for all moments, where policies expire, lists end, and clocks and calendars are asked.

Between two moments at which something changes all are alike. Around each moment and each date that is named, and
around an ordinary one, every moment at which a clock that is asked for strikes is looked at, and one between each
two. With clocks of one zone three weeks on either side show every day of the week and every hour; with clocks of
several zones, whose distance changes with the seasons, 28 years do, in which the calendar comes round.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import pairwise
from zoneinfo import ZoneInfo

import msgspec

from agent.judge import calendar
from agent.judge.situations import USUAL_NOW
from agent.model.policy import Mark, Moment

NEAR = timedelta(days=22)
ROUND = timedelta(days=28 * 366)
FIRST, LAST = datetime(1900, 1, 1, tzinfo=UTC), datetime(9990, 1, 1, tzinfo=UTC)
_NOWHERE = Mark(1, 1)


class Instant(msgspec.Struct, frozen=True):
    """A moment, which clocks hold at it, and which of the moments named it lies before."""

    now: datetime
    inside: frozenset[Moment]
    before: frozenset[datetime]


def clock(condition: Moment) -> Moment:
    """Return the condition without its place and wording, so that the same two are equal."""
    return Moment(
        zone=condition.zone,
        days=condition.days,
        hours=condition.hours,
        dates=condition.dates,
        mark=_NOWHERE,
    )


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
    if clocks:
        dates = {day for one in clocks for day in one.dates or ()}
        named |= {_clipped(datetime.combine(date.fromisoformat(day), time(12), UTC)) for day in dates}
        reach = NEAR if len({one.zone for one in clocks}) == 1 else ROUND
        days = _days(named, reach) if named else _from(USUAL_NOW, reach)
        strikes = set(_strikes(clocks, days))
    else:
        strikes = set()
    changes = sorted({*strikes, *(_clipped(end) for end in ends)})
    between = {(low + (high - low) / 2).replace(microsecond=0) for low, high in pairwise(changes)}
    return {*changes, *between, *(change - timedelta(seconds=1) for change in changes[:1])}


def _clipped(moment: datetime) -> datetime:
    return min(max(moment, FIRST), LAST)


def _days(named: Iterable[datetime], reach: timedelta) -> set[date]:
    return {day for moment in named for day in _from(max(moment - reach, FIRST), 2 * reach)}


def _from(moment: datetime, reach: timedelta) -> set[date]:
    return {moment.date() + timedelta(days=at) for at in range(reach.days + 1)}


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

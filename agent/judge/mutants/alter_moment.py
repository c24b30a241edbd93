"""A moment or a quantifier -> what its author could have written instead by mistake."""

from collections.abc import Iterator
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from agent.judge.mutants.alter import SHARE_STEP, Altered
from agent.judge.spell import clock, dates_of, days
from agent.model.policy import Messages, Moment

DAY = 24 * 60
FAR = "Pacific/Auckland"
"""Taken for the zone of those who are in UTC already."""

_QUANTIFIERS = {"any": ("all", "none"), "all": ("any", "none"), "none": ("any", "all")}


def altered_quantifier(condition: Messages) -> Iterator[Altered]:
    """Give other quantifiers; a share's bounds move by a tenth."""
    for name in _QUANTIFIERS.get(condition.quantifier, ()):
        yield Altered(replace(condition, quantifier=name))
    if condition.quantifier != "share":
        return
    least, most = condition.at_least, condition.at_most
    shifts = [
        *((round(least + step, 9), most) for step in (-SHARE_STEP, SHARE_STEP) if least > 0),
        *((least, round(most + step, 9)) for step in (-SHARE_STEP, SHARE_STEP) if most < 1),
    ]
    for low, high in shifts:
        bounded = max(low, 0.0), min(high, 1.0)
        if bounded[0] <= bounded[1]:
            yield Altered(replace(condition, at_least=bounded[0], at_most=bounded[1]))


def altered_moment(moment: Moment) -> Iterator[Altered]:
    """Give moments with another zone, other hours or days, or one of its parts left out."""
    yield _told(replace(moment, zone=FAR if _is_utc(moment.zone) else "UTC"))
    yield from _other_hours(moment)
    yield from _other_days(moment)
    yield from _other_dates(moment)
    given = [name for name in ("days", "hours", "dates") if getattr(moment, name) is not None]
    if len(given) > 1:
        for name in given:
            yield Altered(_worded(replace(moment, **{name: None})), f"without its {name}")


def _is_utc(zone: str) -> bool:
    """Whether the zone's clocks show UTC, in winter and in summer."""
    seasons = (datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 7, 1, tzinfo=UTC))
    return all(not at.astimezone(ZoneInfo(zone)).utcoffset() for at in seasons)


def _other_hours(moment: Moment) -> Iterator[Altered]:
    if moment.hours is None:
        return
    start, end = moment.hours
    for other in ((start - 1, end), (start + 1, end), (start, end - 1), (start, end + 1)):
        if 0 <= other[0] < DAY and 0 <= other[1] <= DAY and other[0] != other[1]:
            yield _told(replace(moment, hours=other))


def _other_days(moment: Moment) -> Iterator[Altered]:
    """Days that follow each other change at their ends; others are left out in turn, and one is added."""
    if moment.days is None:
        return
    some = moment.days
    starts = [day for day in some if (day - 1) % 7 not in some]
    is_row = len(starts) == 1
    ends = {starts[0], (starts[0] + len(some) - 1) % 7} if is_row else set(some)
    more = {(starts[0] - 1) % 7, (starts[0] + len(some)) % 7} if is_row else set(range(7)) - some
    for day in sorted(ends):
        if len(some) > 1:
            yield _told(replace(moment, days=some - {day}))
    for day in sorted(more - some)[: 2 if is_row else 1]:
        yield _told(replace(moment, days=some | {day}))


def _other_dates(moment: Moment) -> Iterator[Altered]:
    if moment.dates is None:
        return
    name = dates_of(moment)
    if name.startswith("$"):
        yield Altered(replace(moment, dates=frozenset()), f"with `{name}` empty")
    elif len(moment.dates) > 1:
        for date in sorted(moment.dates):
            yield Altered(_worded(replace(moment, dates=moment.dates - {date})), f"without `{date}`")


def _told(moment: Moment) -> Altered:
    return Altered(_worded(moment))


def _worded(moment: Moment) -> Moment:
    """Return the moment with the words that its author would have written for it."""
    parts = []
    if moment.days is not None:
        parts.append(days(moment.days))
    if moment.hours is not None:
        parts.append(f"{clock(moment.hours[0])}-{clock(moment.hours[1])}")
    if moment.dates is not None:
        parts.append(dates_of(moment))
    return replace(moment, wording=" ".join(parts))

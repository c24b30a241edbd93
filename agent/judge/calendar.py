"""`moment:`: office hours and calendars in a time zone."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import cast
from zoneinfo import ZoneInfo

from agent.judge.list_kinds import DATE, Asked
from agent.judge.lists import wording
from agent.judge.literals import DAYS, Wrong, hours, iso_date, nearest, text, word, zone
from agent.judge.shelf import Shelf
from agent.judge.strict_yaml import Mapping_, Node, Sequence, shown
from agent.model.mark import Mark
from agent.model.policy import Moment

KEYS = frozenset({"zone", "days", "hours", "dates"})

_zone = lru_cache(maxsize=1024)(ZoneInfo)


def moment(mark: Mark, node: Node, shelf: Shelf, file: str, report: Callable[[Wrong], None]) -> Moment:
    """Return the condition that an author wrote.

    Raises:
        Wrong: a key is missing or not known, or a value is not what it has to be.
    """
    if not isinstance(node, Mapping_):
        raise Wrong(node.mark, "write `moment: {zone: Europe/Madrid, days: [mon, fri], hours: 08:00-18:00}`")
    for key, _ in node.entries:
        if key.text not in KEYS:
            raise Wrong(key.mark, f"unknown key `{shown(key.text)}`{nearest(key.text, KEYS)}")
    given = node.get("zone"), node.get("days"), node.get("hours"), node.get("dates")
    in_zone, on_days, at_hours, on_dates = given
    if in_zone is None:
        raise Wrong(node.mark, "`zone` is missing: name a time zone such as `Europe/Madrid`")
    if on_days is None and at_hours is None and on_dates is None:
        raise Wrong(node.mark, "name `days`, `hours` or `dates`")
    told = " ".join(wording(part) for part in (on_days, at_hours, on_dates) if part is not None)
    return Moment(
        zone=zone(in_zone),
        days=None if on_days is None else _days(on_days),
        hours=None if at_hours is None else hours(at_hours),
        dates=None if on_dates is None else _dates(on_dates, shelf, file, report),
        wording=told,
        mark=mark,
    )


def _dates(node: Node, shelf: Shelf, file: str, report: Callable[[Wrong], None]) -> frozenset[str]:
    asked = Asked(kind=DATE, words="`dates` takes dates")
    return frozenset(cast("tuple[str, ...]", shelf.read(node, file, asked, iso_date, report).own))


def _days(node: Node) -> frozenset[int]:
    """Return days of the week, 0 for Monday: `[mon, wed]`, or `mon-fri`."""
    if isinstance(node, Sequence) and node.items:
        return frozenset(DAYS.index(word(item, "a day", DAYS)) for item in node.items)
    written = text(node, "days such as `mon-fri` or `[sat, sun]`")
    first, dash, last = written.partition("-")
    if first not in DAYS or (dash and last not in DAYS):
        raise Wrong(node.mark, f"`{shown(written)}` are not days: write `mon-fri` or `[sat, sun]`")
    start, end = DAYS.index(first), DAYS.index(last or first)
    return frozenset(day % 7 for day in range(start, end + 1 if end >= start else end + 8))


def inside(condition: Moment, now: datetime) -> bool:
    """Whether the moment lies inside all that the condition gives.

    Hours that cross midnight belong to the day on which they began.
    """
    local = now.astimezone(_zone(condition.zone))
    day = day_of(condition, now)
    if condition.hours is not None:
        minute = local.hour * 60 + local.minute
        start, end = condition.hours
        is_within = start <= minute < end if start < end else minute < end or minute >= start
        if not is_within:
            return False
    if condition.days is not None and day.weekday() not in condition.days:
        return False
    return condition.dates is None or day.isoformat() in condition.dates


def day_of(condition: Moment, now: datetime) -> date:
    """Return the day in the condition's zone, which for hours that cross midnight is the one on which they began."""
    local = now.astimezone(_zone(condition.zone))
    if condition.hours is None:
        return local.date()
    start, end = condition.hours
    is_after_midnight = start >= end and local.hour * 60 + local.minute < end
    return local.date() - timedelta(days=1) if is_after_midnight else local.date()


def turns(condition: Moment, now: datetime, days: int) -> Iterator[datetime]:
    """Give moments, within so many days and on all dates it names, at which the condition may begin or end."""
    here = _zone(condition.zone)
    today = now.astimezone(here).date()
    dates = {today + timedelta(days=away) for away in range(-days, days + 1)}
    for named in condition.dates or ():
        dates |= {date.fromisoformat(named), date.fromisoformat(named) + timedelta(days=1)}
    for day in dates:
        midnight = datetime(day.year, day.month, day.day, tzinfo=here)
        for minute in (0, *(condition.hours or ())):
            at = (midnight + timedelta(minutes=minute)).astimezone(UTC)
            yield from (at - timedelta(minutes=1), at)


def local_time(condition: Moment, now: datetime) -> str:
    """Return the moment as a clock in the condition's zone shows it."""
    return now.astimezone(_zone(condition.zone)).strftime("%a %Y-%m-%d %H:%M").lower() + f" {condition.zone}"

"""(Schedule, now) -> the day or the week of which the report is due: the newest that is over.

Days and weeks begin at midnight of a clock on the wall, so that one in which clocks are set has 23 or 25 hours, and none is
left out or counted twice. An hour that the wall shows twice counts the first time; one that it skips, when it is skipped.
"""

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from agent.model.schedule import Period, Schedule, Sent

DAY = timedelta(days=1)
WEEK = timedelta(days=7)

_zone = lru_cache(maxsize=64)(ZoneInfo)


def due(schedule: Schedule, now: datetime) -> Period:
    """Return the newest period whose report is to have been sent by now."""
    today = now.astimezone(_zone(schedule.zone)).date()
    length, begins = _length(schedule), _begin(schedule, today)
    found = _period(schedule, begins)
    return found if found.due <= now else _period(schedule, begins - length)


def by_hand(period: Period) -> str:
    """Return the command that makes the report of a period."""
    since, until = (f"{at:%Y-%m-%dT%H:%M:%SZ}" for at in (period.since, period.until))
    return f"air-agent report --since {since} --until {until}"


def _length(schedule: Schedule) -> timedelta:
    return WEEK if schedule.every is Sent.WEEKLY else DAY


def _begin(schedule: Schedule, today: date) -> date:
    """Return the day on which the period that lasts today began: the one before it is over."""
    return today - timedelta(days=today.weekday()) if schedule.every is Sent.WEEKLY else today


def _period(schedule: Schedule, after: date) -> Period:
    """Return the period that is over once this day begins."""
    first = after - _length(schedule)
    year, week, _ = first.isocalendar()
    return Period(
        name=f"{year}-W{week:02}" if schedule.every is Sent.WEEKLY else first.isoformat(),
        since=_at(schedule, first, 0),
        until=_at(schedule, after, 0),
        due=_at(schedule, after, schedule.hour),
    )


def _at(schedule: Schedule, day: date, hour: int) -> datetime:
    return datetime.combine(day, time(hour), _zone(schedule.zone)).astimezone(UTC)

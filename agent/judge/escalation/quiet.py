"""Quiet hours: whether an urgency is told now, and from when on it is.

The test is what a clock on the wall shows at the moment itself, the end excluded. What is worked out ahead is only when
to look again: where a clock is set back into quiet hours, it is quiet again.
"""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from agent.model.chain import QuietHours, Urgency

MINUTE = timedelta(minutes=1)

NEVER = datetime.max.replace(tzinfo=UTC)
"""When quiet hours end that last the whole day: only the last chance is told then."""

_zone = lru_cache(maxsize=256)(ZoneInfo)


def is_quiet(hours: QuietHours, now: datetime) -> bool:
    """Whether a clock on the wall shows a time within the quiet hours."""
    local = now.astimezone(_zone(hours.zone))
    minute = local.hour * 60 + local.minute
    start, end = hours.hours
    return start <= minute < end if start < end else minute < end or minute >= start


def may_tell(hours: QuietHours | None, urgency: Urgency, now: datetime) -> bool:
    """Whether this urgency is told at this moment."""
    return hours is None or urgency in hours.unless or not is_quiet(hours, now)


def telling_from(hours: QuietHours | None, urgency: Urgency, moment: datetime) -> datetime:
    """Return the first moment, this one or a later one, at which this urgency is told."""
    if hours is None or may_tell(hours, urgency, moment):
        return moment
    return quiet_until(hours, moment)


def quiet_until(hours: QuietHours, now: datetime) -> datetime:
    """Return when the quiet hours that stand at this moment end; NEVER where they last all day."""
    end = min((one for one in _ends(hours, now) if one > now and not is_quiet(hours, one)), default=None)
    if end is None:
        return NEVER
    if _zone(hours.zone).utcoffset(_local(hours, now)) == _zone(hours.zone).utcoffset(_local(hours, end)):
        return end
    return _first_loud(hours, now, end)


def _local(hours: QuietHours, moment: datetime) -> datetime:
    return moment.astimezone(_zone(hours.zone))


def _ends(hours: QuietHours, now: datetime) -> list[datetime]:
    """Return every moment around this one at which the wall shows the end, twice where a clock is set back."""
    here = _zone(hours.zone)
    today = _local(hours, now).date()
    at = timedelta(minutes=hours.hours[1])
    days = [datetime(day.year, day.month, day.day) for day in (today + timedelta(days=n) for n in range(4))]  # noqa: DTZ001
    walls = [day + at for day in days]
    return [wall.replace(tzinfo=here, fold=fold).astimezone(UTC) for wall in walls for fold in (0, 1)]


def _first_loud(hours: QuietHours, now: datetime, end: datetime) -> datetime:
    """Return the first whole minute that is not quiet: a clock is set within, and may have skipped the end."""
    moment = now.replace(second=0, microsecond=0) + MINUTE
    while moment < end and is_quiet(hours, moment):
        moment += MINUTE
    return moment

"""Windows of time as people ask for them: the last thirty days, a week, or from one moment to another."""

import re
from datetime import UTC, datetime, timedelta

from agent.faces.moments import moment_of

USUAL = timedelta(days=30)
WEEK = re.compile(r"(\d{4})-?W(\d{2})", re.IGNORECASE)

Window = tuple[datetime, datetime]
"""From a moment on, and until one that is excluded; in UTC."""


def since_of(text: str | None, now: datetime) -> datetime:
    """Return the moment that `--since` names; thirty days ago, at the start of the hour, where it is left out.

    Raises:
        ValueError: it names none, in words that go on from the text.
    """
    if text is not None:
        return moment_of(text, now)
    ago = now.astimezone(UTC) - USUAL
    return ago.replace(minute=0, second=0, microsecond=0)


def until_of(text: str | None, now: datetime) -> datetime:
    """Return the moment that `--until` names; now, to the second, where it is left out.

    Raises:
        ValueError: it names none, in words that go on from the text.
    """
    return moment_of(text, now) if text is not None else now.astimezone(UTC).replace(microsecond=0)


def interval_of(text: str, now: datetime) -> Window | None:
    """Return the window that a text names: an ISO week such as `2026-W40`, or two moments with a slash between.

    None where it has the shape of neither.

    Raises:
        ValueError: it has, and names none, in words that go on from the text.
    """
    if week := WEEK.fullmatch(text):
        try:
            begin = datetime.fromisocalendar(int(week[1]), int(week[2]), 1).replace(tzinfo=UTC)
            return begin, begin + timedelta(days=7)
        except (ValueError, OverflowError) as error:
            raise ValueError("is not a week that there is") from error
    if "/" not in text:
        return None
    first, _, last = text.partition("/")
    window = moment_of(first, now), moment_of(last, now)
    if window[0] >= window[1]:
        raise ValueError("ends before it begins: the earlier moment comes first")
    return window

"""Moments as people ask for them, so long ago, or a date, or a moment, and as commands are given them."""

from datetime import UTC, datetime

from agent.settings.durations import duration

SHAPES = "is not a duration such as `2d`, or a moment such as `2026-08-20` or `2026-08-20T12:00:00Z`"


def moment_of(text: str, now: datetime) -> datetime:
    """Return the moment that a text names: so long ago, the beginning of a day, or the moment itself; in UTC.

    Raises:
        ValueError: it names none, in words that go on from the text.
    """
    try:
        return now - duration(text)
    except ValueError:
        pass
    except OverflowError as error:
        raise ValueError("is longer ago than there are dates") from error
    try:
        found = datetime.fromisoformat(text)
        return found.replace(tzinfo=found.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise ValueError(SHAPES) from error


def written(at: datetime) -> str:
    """Return a moment in UTC so that `moment_of` gives it again, to the microsecond where it has any."""
    return at.isoformat().replace("+00:00", "Z")

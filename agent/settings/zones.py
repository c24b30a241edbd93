"""Time zones, by their IANA names."""

import zoneinfo
from difflib import get_close_matches


def is_zone(text: str) -> bool:
    """Whether there is a zone of this name."""
    try:
        zoneinfo.ZoneInfo(text)
    except (ValueError, OSError, zoneinfo.ZoneInfoNotFoundError):
        return False
    return True


def nearest(text: str) -> str | None:
    """Return the zone that may be meant; None where none is near."""
    near = get_close_matches(text, sorted(zoneinfo.available_timezones()), n=1)
    return near[0] if near else None


def zone(text: str) -> str:
    """Return the zone that is written.

    Raises:
        ValueError: there is none of this name, in words for the person who wrote it.
    """
    if is_zone(text):
        return text
    near = nearest(text)
    raise ValueError(
        f"is no time zone: {f'did you mean `{near}`?' if near else 'write one such as `Europe/Madrid`'}"
    )

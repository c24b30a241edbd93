"""Moments as Graph writes them: UTC, up to seven digits of a second, no trailing zeros."""

import re
from datetime import datetime, timedelta
from functools import lru_cache

_TEXT = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,7}))?(Z|[+-]\d\d:\d\d)")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_ZERO = datetime.fromisoformat("0001-01-01T00:00:00+00:00")
_MICROSECOND = timedelta(microseconds=1)


def text(moment: datetime) -> str:
    """Return the moment in Graph's words. The seventh digit is ours: our clock has six."""
    whole = moment.strftime("%Y-%m-%dT%H:%M:%S")
    if moment.microsecond == 0:
        return f"{whole}Z"
    fraction = f"{moment.microsecond:06d}{moment.microsecond % 10}".rstrip("0")
    return f"{whole}.{fraction}Z"


@lru_cache(maxsize=65536)
def ticks(words: str) -> int:
    """Return tenths of microseconds since the year one, so that seven digits compare exactly.

    Raises:
        ValueError: the words are not a date with time and zone.
    """
    match = _TEXT.fullmatch(words)
    if match is None:
        raise ValueError(f"`{words}` is not a date with a time and a zone")
    whole, fraction, zone = match.groups()
    seconds = datetime.fromisoformat(whole + ("+00:00" if zone == "Z" else zone)) - _ZERO
    return (seconds // _MICROSECOND) * 10 + int((fraction or "").ljust(7, "0"))


def day_or_moment(words: str) -> int:
    """Return the ticks of a date alone, which is its midnight, or of a date with a time.

    Raises:
        ValueError: the words are neither.
    """
    return ticks(f"{words}T00:00:00Z" if _DATE.fullmatch(words) else words)

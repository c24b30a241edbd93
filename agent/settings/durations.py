"""Durations as people write them: a whole number and its unit, such as `15m`."""

import re
from datetime import timedelta

UNITS = {
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
}
WRITTEN = re.compile(r"([0-9]{1,6})([smhd])")


def duration(text: str) -> timedelta:
    """Return the duration that `text` says.

    Raises:
        ValueError: it says none, in words for the person who wrote it.
    """
    found = WRITTEN.fullmatch(text)
    if found is None:
        raise ValueError(
            "is not a duration: write a whole number and a unit, such as `30s`, `15m`, `2h` or `7d`"
        )
    return int(found[1]) * UNITS[found[2]]


def written(length: timedelta) -> str:
    """Return the duration in the largest unit that divides it, such as `15m`; zero is `0s`."""
    for letter in "dhm":
        if length and not length % UNITS[letter]:
            return f"{length // UNITS[letter]}{letter}"
    return f"{length // UNITS['s']}s"

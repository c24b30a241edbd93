"""Values as people read them: everything visible, on one line, not long, and nobody else's sentence."""

import re
from datetime import UTC, datetime, timedelta

from agent.model.facts import Value

MOST = 80
_BARE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+:/=?&%#~-]*")
"""Texts that need no quotes: no spaces or marks with which a sentence could be faked."""


def visible(text: str) -> str:
    r"""Return the text with every character that cannot be seen written as `\uXXXX`."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(c if c.isprintable() else f"\\u{ord(c):04X}" for c in text)


def shorten(text: str, most: int = MOST) -> str:
    """Return the text cut visibly in the middle: addresses and paths differ at both ends."""
    if len(text) <= most:
        return text
    head = (most - 1) * 2 // 3
    return f"{text[:head]}…{text[len(text) - (most - 1 - head) :]}"


def quote(value: Value, most: int = MOST) -> str:
    """Return a value safely: bare where it is one plain word, else in quotes."""
    match value:
        case bool():
            return "true" if value else "false"
        case int() | float():
            return str(value)
        case datetime():
            return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%SZ")
        case frozenset():
            return members(value, most=most)
        case str():
            cut = shorten(value, most)
            if _BARE.fullmatch(cut):
                return cut
            escaped = cut.replace("\\", "\\\\").replace('"', '\\"')
            return f'"{visible(escaped)}"'


def members(values: frozenset[str], *, first: int = 3, most: int = MOST) -> str:
    """Return some members of a set, in order, and how many more there are."""
    some = sorted(values)
    told = ", ".join(quote(one, most) for one in some[:first])
    more = len(some) - first
    return (f"{told} and {more} more" if more > 0 else told) or "empty"


def counted(count: int, one: str, many: str) -> str:
    """Return the count with the word it is of, in the singular or the plural."""
    return f"{count:,} {one if count == 1 else many}"


def moment(at: datetime) -> str:
    """Return a moment to the minute, in UTC, such as `2026-08-20 12:00Z`."""
    return f"{at:%Y-%m-%d %H:%M}Z"


def span(length: timedelta) -> str:
    """Return a length of time in its largest unit that says enough: `26h`, `3 days`; never less than it is."""
    minutes = -(-length // timedelta(minutes=1))
    if minutes < 120:
        return f"{minutes}m"
    hours = -(-length // timedelta(hours=1))
    return f"{hours}h" if hours < 72 else f"{-(-length // timedelta(days=1))} days"

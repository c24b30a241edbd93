"""How an agent fares, in words, the same on a terminal and on a page."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from enum import StrEnum

from agent.faces.telling import remaining
from agent.judge.quote import counted, moment
from agent.loop.expiring import WARNED, ending_words
from agent.model.vitals import Expiry, Passing, Usage


class Ending(StrEnum):
    """How near a credential's end is."""

    LASTING = "lasting"
    FINE = "fine"
    SOON = "ends soon"
    ENDED = "ended"
    UNKNOWN = "unknown"


def ending_of(one: Expiry, now: datetime) -> Ending:
    """Return how near the end of a credential is."""
    if one.ends is None:
        return Ending.LASTING if one.is_lasting else Ending.UNKNOWN
    if one.ends <= now:
        return Ending.ENDED
    return Ending.SOON if one.ends - now <= WARNED else Ending.FINE


def length(took: timedelta) -> str:
    """Return how long something took: tenths of a second where it was short."""
    seconds = took.total_seconds()
    return f"{seconds:.1f}s" if seconds < 10 else remaining(took)


def apart(at: datetime, now: datetime) -> str:
    """Return how long ago a moment was, or how far ahead it is."""
    if at > now:
        return f"in {remaining(at - now)}"
    return "just now" if now - at < timedelta(seconds=1) else f"{remaining(now - at)} ago"


def passing_words(one: Passing, now: datetime) -> str:
    """Say when the last pass began, how long it took, and when the next is due."""
    longest = f" (the longest of {one.of}: {length(one.longest)})" if one.of > 1 else ""
    due = "now" if one.due <= now else apart(one.due, now)
    return f"last pass began {apart(one.began, now)} and took {length(one.took)}{longest}, next due {due}"


def usage_words(one: Usage, now: datetime) -> str:
    """Say how much of a request budget was used, and whether the API asks for patience."""
    said = f"{one.system}: {one.used:,} of {one.allowed:,} requests in a minute"
    if one.until is None or one.until <= now:
        return said
    return f"{said}, none leaves until {moment(one.until)} (in {remaining(one.until - now)}): it asked for patience"


def expiry_words(one: Expiry, now: datetime) -> str:
    """Say when a credential ends, and how long that is from now."""
    left = f" (in {remaining(one.ends - now)})" if one.ends is not None and one.ends > now else ""
    return f"{one.what} {ending_words(one, now)}{left}"


def failings(
    passing: Passing | None, usage: tuple[Usage, ...], expiries: tuple[Expiry, ...], now: datetime
) -> Iterator[str]:
    """Give what of it needs somebody, each in one line."""
    if passing is not None and passing.problems:
        problems = counted(len(passing.problems), "problem", "problems")
        yield f"the last pass had {problems}: {'; '.join(passing.problems)}"
    for budget in usage:
        if budget.until is not None and budget.until > now:
            yield usage_words(budget, now)
    for one in expiries:
        if ending_of(one, now) in {Ending.SOON, Ending.ENDED}:
            yield expiry_words(one, now)

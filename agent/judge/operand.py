"""What a test compares with at a moment: entries of lists come to their end, and lists that are fed grow old."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import cast

from agent.judge.operators import Rows
from agent.model.facts import Facts, Value
from agent.model.policy import Expiry, Fresh, Test


def operand_at(test: Test, now: datetime) -> object:
    """Return the operand without what has expired: a value counts strictly before its moment, and not at it."""
    if not test.expiries:
        return test.operand
    gone = frozenset[object]().union(*(expiry.values for expiry in test.expiries if now >= expiry.at))
    return without(test.operand, gone) if gone else test.operand


def without(operand: object, gone: frozenset[object]) -> object:
    """Return an operand that came from lists without these of its values."""
    match operand:
        case Rows(facts=facts, rows=rows):
            return Rows(facts=facts, rows=rows - cast("frozenset[tuple[str, ...]]", gone))
        case frozenset():
            return operand - gone
        case tuple():
            return tuple(value for value in operand if value not in gone)
        case _:
            return operand


def expiries(values: Iterable[tuple[object, datetime | None]]) -> tuple[Expiry, ...]:
    """Return when which of the values end; one that stands there twice lasts as long as it does anywhere."""
    ends: dict[object, datetime | None] = {}
    for value, end in values:
        if value not in ends:
            ends[value] = end
            continue
        known = ends[value]
        ends[value] = None if known is None or end is None else max(known, end)
    together: dict[datetime, set[object]] = defaultdict(set)
    for value, end in ends.items():
        if end is not None:
            together[end].add(value)
    return tuple(Expiry(at=end, values=frozenset(together[end])) for end in sorted(together))


def stale(test: Test, facts: Facts) -> tuple[Fresh, ...]:
    """Return the lists that the test goes by and that cannot be relied on now."""
    return stale_among(test.fresh, facts.values, facts.now) if test.fresh else ()


def stale_among(lists: Iterable[Fresh], values: Mapping[str, Value], now: datetime) -> tuple[Fresh, ...]:
    """Return those of the lists that were never fetched, or longer ago than they may."""
    return tuple(one for one in lists if not _is_fresh(one, values.get(one.fact), now))


def _is_fresh(one: Fresh, fetched: Value | None, now: datetime) -> bool:
    return isinstance(fetched, datetime) and now - fetched <= one.within

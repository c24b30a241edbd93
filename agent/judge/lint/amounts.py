"""Whether one number, or one age, can pass several tests at once: by intervals with holes in them."""

import math
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any, cast

from agent.model.policy import Test

Bound = tuple[float, int]
"""A number and a nudge: (5, 1) lies right after 5, (5, -1) right before it. Bounds compare as they lie."""

Asked = Sequence[tuple[Test, object, bool]]
"""Tests of one fact, each with what its operand may still be, and whether it is to hold or to fail."""

_LOWEST: Bound = (-math.inf, 0)
_HIGHEST: Bound = (math.inf, 0)


def number_can_be(asked: Asked, *, is_count: bool) -> bool:
    """Whether some number passes all of these tests; a count is whole and never negative."""
    low, high = ((0.0, 0) if is_count else _LOWEST), _HIGHEST
    holes: list[tuple[float, float]] = []
    only: frozenset[float] | None = None
    for test, operand, wanted in asked:
        named = _named(test.operator, operand)
        if named is not None:
            if wanted is (test.operator != "notIn"):
                only = named if only is None else only & named
            else:
                holes += [(value, value) for value in named]
            continue
        if test.operator == "between" and not wanted:
            holes.append(cast("tuple[float, float]", operand))
            continue
        for is_low, bound in _bounds(test.operator, operand, wanted=wanted):
            low, high = (max(low, bound), high) if is_low else (low, min(high, bound))
    if only is not None:
        return any(_fits(value, low, high, holes, is_count=is_count) for value in only)
    return _is_room(low, high, holes, is_count=is_count)


def _named(operator: str, operand: object) -> frozenset[float] | None:
    """Return the values that a test names one by one; None where it does not."""
    match operator:
        case "equals":
            return frozenset({cast("float", operand)})
        case "in" | "notIn":
            return cast("frozenset[float]", operand)
        case _:
            return None


def _bounds(operator: str, operand: Any, *, wanted: bool) -> Iterable[tuple[bool, Bound]]:
    """Give what a test asks for: whether it is a lower bound, and the bound."""
    match operator, wanted:
        case ("atMost", True) | ("above", False):
            yield False, (operand, 0)
        case ("below", True) | ("atLeast", False):
            yield False, (operand, -1)
        case ("atLeast", True) | ("below", False):
            yield True, (operand, 0)
        case ("above", True) | ("atMost", False):
            yield True, (operand, 1)
        case ("between", True):
            yield True, (operand[0], 0)
            yield False, (operand[1], 0)


def age_can_be(asked: Asked) -> bool:
    """Whether some moment passes all of these tests; its age may be negative, for it may lie ahead."""
    low, high = _LOWEST, _HIGHEST
    for test, operand, wanted in asked:
        age = cast("timedelta", operand).total_seconds()
        match test.operator, wanted:
            case "olderThan", True:
                low = max(low, (age, 1))
            case "olderThan", False:
                high = min(high, (age, 0))
            case "newerThan", True:
                high = min(high, (age, -1))
            case "newerThan", False:
                low = max(low, (age, 0))
    return low <= high


def _fits(
    value: float, low: Bound, high: Bound, holes: Iterable[tuple[float, float]], *, is_count: bool
) -> bool:
    if is_count and value != math.floor(value):
        return False
    return low <= (value, 0) <= high and not any(start <= value <= end for start, end in holes)


def _is_room(low: Bound, high: Bound, holes: Iterable[tuple[float, float]], *, is_count: bool) -> bool:
    """Whether a number lies between the bounds and in no hole."""
    at = _whole_from(low) if is_count else low
    last = _whole_to(high) if is_count else high
    for start, end in sorted(holes):
        if at > last or (start, 0) > at:
            break
        if (end, 0) >= at:
            at = _whole_from((end, 1)) if is_count else (end, 1)
    return at <= last


def _whole_from(bound: Bound) -> Bound:
    value, nudge = bound
    if math.isinf(value):
        return bound
    return (math.floor(value) + 1 if nudge > 0 else math.ceil(value), 0)


def _whole_to(bound: Bound) -> Bound:
    value, nudge = bound
    if math.isinf(value):
        return bound
    return (math.ceil(value) - 1 if nudge < 0 else math.floor(value), 0)

"""Conditions -> closures that answer True, False, or None for unknown.

Written for speed: 100 policies meet 10,000 actions. What each operator means stands in `operators`, and what
conditions mean stands once more, plainly, in `truth`; a property test holds the two together.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable
from datetime import timedelta
from functools import lru_cache, partial
from typing import Any, cast

import msgspec

from agent.judge import calendar
from agent.judge.operand import operand_at, stale_among
from agent.judge.operators import ONE_OF, OPERATORS, Operator, Rows, one_of
from agent.judge.seen import MESSAGES, NOW, OF_ACTION, Seen, fact_of, key_of
from agent.judge.truth import share as share_of
from agent.judge.vocabulary import SETS, Scope
from agent.model.policy import All, AnyOf, Condition, Fresh, Messages, Moment, Not, Policy, Test

Check = Callable[[Seen], bool | None]

MOST_TIMES = 16
"""For how many of the times between two ends a test's operand is kept: a pass needs one, a look back more."""

INSTANT = timedelta(microseconds=1)


def of_policy(policy: Policy, *, is_complete: bool) -> Check:
    """Return whether all of `match` holds and nothing of `unless` does."""
    match_checks = tuple(
        of_condition(condition, is_complete=is_complete)
        for condition in sorted(policy.match.conditions, key=_cost)
    )
    unless_checks = tuple(
        of_condition(condition, is_complete=is_complete) for condition in sorted(policy.unless, key=_cost)
    )

    def check(seen: Seen) -> bool | None:
        held: bool | None = True
        for one in match_checks:
            answer = one(seen)
            if answer is False:
                return False
            if answer is None:
                held = None
        for one in unless_checks:
            answer = one(seen)
            if answer:
                return False
            if answer is None:
                held = None
        return held

    return check


def of_condition(condition: Condition, *, is_complete: bool, scope: Scope = Scope.ACTION) -> Check:
    """Return the closure of a condition.

    `is_complete` is False for facts of which some messages are missing: what is over messages is then a
    lower bound.
    """
    again = partial(of_condition, is_complete=is_complete, scope=scope)
    match condition:
        case Test():
            return _of_test(condition, scope, is_complete=is_complete)
        case All(conditions=conditions):
            return _all(tuple(again(one) for one in sorted(conditions, key=_cost)))
        case AnyOf(conditions=conditions):
            return _any(tuple(again(one) for one in sorted(conditions, key=_cost)))
        case Not(condition=inner):
            return _not(again(inner))
        case Messages(condition=inner):
            one = of_condition(inner, is_complete=is_complete, scope=Scope.MESSAGE)
            return _messages(condition, one, is_complete=is_complete)
        case Moment():
            return lambda seen: calendar.inside(condition, seen[NOW])


def _cost(condition: Condition) -> int:
    """Return a rough price: the cheap ones go first, and often spare the rest."""
    match condition:
        case Test(operator=operator):
            return {"domainIn": 3, "cidr": 4, "matches": 5, "anyIn": 2, "allIn": 2, "noneIn": 2}.get(
                operator, 1
            )
        case All(conditions=conditions) | AnyOf(conditions=conditions):
            return 1 + sum(map(_cost, conditions))
        case Not(condition=inner):
            return 1 + _cost(inner)
        case Messages(condition=inner):
            return 100 + _cost(inner)
        case Moment():
            return 10


def _all(checks: tuple[Check, ...]) -> Check:
    def check(seen: Seen) -> bool | None:
        held: bool | None = True
        for one in checks:
            answer = one(seen)
            if answer is False:
                return False
            if answer is None:
                held = None
        return held

    return check


def _any(checks: tuple[Check, ...]) -> Check:
    def check(seen: Seen) -> bool | None:
        held: bool | None = False
        for one in checks:
            answer = one(seen)
            if answer:
                return True
            if answer is None:
                held = None
        return held

    return check


def _not(one: Check) -> Check:
    def check(seen: Seen) -> bool | None:
        answer = one(seen)
        return None if answer is None else not answer

    return check


def _of_test(test: Test, scope: Scope, *, is_complete: bool) -> Check:
    check = (_dated if test.expiries else _lasting)(test, scope, is_complete=is_complete)
    return _while_fresh(check, test.fresh) if test.fresh else check


def _while_fresh(check: Check, lists: tuple[Fresh, ...]) -> Check:
    """Answer only while none of the lists is stale."""

    def fresh_check(seen: Seen) -> bool | None:
        if stale_among(lists, seen[OF_ACTION], seen[NOW]):
            return None
        return check(seen)

    return fresh_check


def _dated(test: Test, scope: Scope, *, is_complete: bool) -> Check:
    """Go by the entries that have not expired; what they are is worked out once for each time between two ends."""
    ends = sorted({expiry.at for expiry in test.expiries})

    @lru_cache(maxsize=MOST_TIMES)
    def between(passed: int) -> Check:
        now = ends[passed - 1] if passed else ends[0] - INSTANT
        left = msgspec.structs.replace(test, operand=operand_at(test, now), expiries=())
        return _lasting(left, scope, is_complete=is_complete)

    return lambda seen: between(bisect_right(ends, seen[NOW]))(seen)


def _lasting(test: Test, scope: Scope, *, is_complete: bool) -> Check:
    if test.operator == ONE_OF:
        return _one_of(cast("Rows", test.operand), scope)
    fact = fact_of(test.fact, scope)
    operator = OPERATORS[test.operator]
    if test.operator == "exists":
        return _exists(key_of(fact, test.operator), test.operand is True)
    key = key_of(fact, test.operator)
    if fact.over_messages and not is_complete:
        return _bounded(key, operator, test.operand) if fact.type in SETS else lambda _: None
    return _plain(key, operator, test.operand)


def _exists(key: str, wanted: bool) -> Check:
    return lambda seen: (key in seen) is wanted


def _one_of(rows: Rows, scope: Scope) -> Check:
    keys = tuple(key_of(fact_of(name, scope), ONE_OF) for name in rows.facts)

    def check(seen: Seen) -> bool | None:
        return one_of(rows, tuple(seen.get(key) for key in keys))

    return check


def _bounded(key: str, operator: Operator, operand: Any) -> Check:
    """Only the answer that more members cannot change is given."""
    holds, sure = operator.holds, operator.sure

    def check(seen: Seen) -> bool | None:
        value = seen.get(key)
        if value is None:
            return None
        answer = holds(value, operand, seen[NOW])
        return answer if answer is sure else None

    return check


def _plain(key: str, operator: Operator, operand: Any) -> Check:
    holds = operator.holds

    def check(seen: Seen) -> bool | None:
        value = seen.get(key)
        return None if value is None else holds(value, operand, seen[NOW])

    return check


def _messages(condition: Messages, one: Check, *, is_complete: bool) -> Check:
    """Judge the messages one by one. Of no messages, and of messages never looked up, nothing is known."""
    quantifier = condition.quantifier

    def rows(seen: Seen) -> Iterable[Seen]:
        messages = seen.get(MESSAGES)
        return () if messages is None else messages.rows

    def any_of(seen: Seen) -> bool | None:
        held: bool | None = False if is_complete else None
        is_empty = True
        for row in rows(seen):
            is_empty = False
            answer = one(row)
            if answer:
                return True
            if answer is None:
                held = None
        return None if is_empty else held

    def all_of(seen: Seen) -> bool | None:
        held: bool | None = True if is_complete else None
        is_empty = True
        for row in rows(seen):
            is_empty = False
            answer = one(row)
            if answer is False:
                return False
            if answer is None:
                held = None
        return None if is_empty else held

    def share(seen: Seen) -> bool | None:
        answers = [one(row) for row in rows(seen)] if is_complete else []
        return share_of(condition, answers) if answers else None

    match quantifier:
        case "any":
            return any_of
        case "all":
            return all_of
        case "none":
            return _not(any_of)
        case _:
            return share

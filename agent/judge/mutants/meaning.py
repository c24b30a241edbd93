"""What a policy means, apart from how it is written: two of equal meaning answer the same on all facts.

Rewritten are only laws that hold for true, false and unknown alike: order and nesting of `all` and `any`,
double negation, `unless` as negated `match`, and operators that are each other's opposite for every value,
missing ones and lower bounds included. Two that differ may still be the same for all facts that there can be.
"""

from typing import TypeAlias

from agent.model.policy import All, AnyOf, Condition, Messages, Moment, Not, Policy, Test

Meaning: TypeAlias = tuple[object, ...]

_OPPOSITES = {"notIn": "in", "noneIn": "anyIn", "above": "atMost", "below": "atLeast"}
"""Operators that hold exactly where these fail, and are unknown where they are."""


def meaning(policy: Policy) -> Meaning:
    """Return what the policy means to a decision: equal for two that cannot be told apart by any."""
    clauses: tuple[Condition, ...] = (
        policy.match,
        *(Not(condition=one, mark=one.mark) for one in policy.unless),
    )
    return (
        policy.kinds,
        policy.tenants,
        policy.expires,
        policy.verb,
        policy.priority,
        policy.inform,
        _of(All(conditions=clauses, mark=policy.mark)),
    )


def _of(condition: Condition) -> Meaning:
    match condition:
        case Test():
            return _of_test(condition)
        case All(conditions=conditions):
            return _group("all", conditions)
        case AnyOf(conditions=conditions):
            return _group("any", conditions)
        case Not(condition=inner):
            return _opposite(_of(inner))
        case Messages(quantifier="none", condition=inner):
            return _opposite(_any_of(_of(inner)))
        case Messages(quantifier="all", condition=inner):
            return _opposite(_any_of(_opposite(_of(inner))))
        case Messages(quantifier="any", condition=inner):
            return _any_of(_of(inner))
        case Messages(quantifier=quantifier, condition=inner):
            return ("messages", quantifier, condition.at_least, condition.at_most, _of(inner))
        case Moment():
            return ("moment", condition.zone, condition.days, condition.hours, condition.dates)


def _any_of(inner: Meaning) -> Meaning:
    return ("messages", "any", inner)


def _of_test(test: Test) -> Meaning:
    name, operand = test.operator, test.operand
    if isinstance(operand, bool):
        told: Meaning = ("test", test.fact, name, True, (), ())
        return told if operand else _opposite(told)
    if name == "equals" and isinstance(operand, str):
        name, operand = "in", frozenset({operand})
    opposite = _OPPOSITES.get(name)
    told = ("test", test.fact, opposite or name, operand, test.fresh, test.expiries)
    return _opposite(told) if opposite else told


def _opposite(told: Meaning) -> Meaning:
    inner = told[1]
    return inner if told[0] == "not" and isinstance(inner, tuple) else ("not", told)


def _group(name: str, conditions: tuple[Condition, ...]) -> Meaning:
    """A group is the set of what is in it; groups of its own name within it are part of it."""
    members: set[Meaning] = set()
    for one in map(_of, conditions):
        inner = one[1]
        if one[0] == name and isinstance(inner, frozenset):
            members |= inner
        else:
            members.add(one)
    return next(iter(members)) if len(members) == 1 else (name, frozenset(members))

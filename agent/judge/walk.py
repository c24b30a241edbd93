"""Condition -> every condition in it, for all that asks what a policy goes by; and the facts that a test reads."""

from collections.abc import Iterator
from typing import cast

from agent.judge.operators import ONE_OF, Rows
from agent.judge.vocabulary import Scope
from agent.model.policy import All, AnyOf, Condition, Messages, Moment, Not, Policy, Test


def walk(condition: Condition, scope: Scope = Scope.ACTION) -> Iterator[tuple[Condition, Scope]]:
    """Give the condition and all in it, the outer before the inner, each with whether it is of one message."""
    yield condition, scope
    match condition:
        case All(conditions=conditions) | AnyOf(conditions=conditions):
            for inner in conditions:
                yield from walk(inner, scope)
        case Not(condition=inner):
            yield from walk(inner, scope)
        case Messages(condition=inner):
            yield from walk(inner, Scope.MESSAGE)
        case Test() | Moment():
            return


def walk_policy(policy: Policy) -> Iterator[tuple[Condition, Scope]]:
    """Give all conditions of the policy: those of `match`, then those of `unless`."""
    for condition in (policy.match, *policy.unless):
        yield from walk(condition)


def tests_of(condition: Condition) -> Iterator[Test]:
    """Give every test in the condition."""
    return (one for one, _ in walk(condition) if isinstance(one, Test))


def names_of(test: Test) -> tuple[str, ...]:
    """Return the facts that the test compares: several where it is of rows."""
    return cast("Rows", test.operand).facts if test.operator == ONE_OF else (test.fact,)

"""A condition before and after entries were added to the lists it names: which of its answers can have changed, and how.

Answers have an order: false, unknown, true. A condition that only rises never becomes false where it was not; one that
only falls never becomes true where it was not. A list that a group feeds may be too old to rely on: what tests it is
unknown then, which is neither of the two. Nothing is said of the facts: it holds whatever they are.
"""

from agent.judge.shape import shape
from agent.model.policy import All, AnyOf, Condition, Messages, Moment, Not, Policy, Test

RISING = frozenset({"in", "anyIn", "allIn", "domainIn", "cidr", "oneOf"})
"""Operators of which more values make more true."""

FALLING = frozenset({"notIn", "noneIn"})
"""Operators of which more values make more false."""


def policy_only_rises(before: Policy, after: Policy) -> bool:
    """Whether wherever the policy does not match now, it did not match before; `after` has the longer lists."""
    unless = zip(before.unless, after.unless, strict=True)
    return only_rises(before.match, after.match) and all(only_falls(one, other) for one, other in unless)


def policy_only_falls(before: Policy, after: Policy) -> bool:
    """Whether wherever the policy matches now, it matched before."""
    unless = zip(before.unless, after.unless, strict=True)
    return only_falls(before.match, after.match) and all(only_rises(one, other) for one, other in unless)


def only_rises(before: Condition, after: Condition) -> bool:
    """Whether wherever the condition is false now, it was false before."""
    return _shifts(before, after, up=True)


def only_falls(before: Condition, after: Condition) -> bool:
    """Whether wherever the condition is true now, it was true before."""
    return _shifts(before, after, up=False)


def _shifts(before: Condition, after: Condition, *, up: bool) -> bool:
    if shape(before) == shape(after):
        return True
    match before, after:
        case Test(operator=operator), Test():
            return operator in (RISING if up else FALLING)
        case Moment(), Moment():
            return up
        case (All(conditions=some), All(conditions=others)) | (
            AnyOf(conditions=some),
            AnyOf(conditions=others),
        ):
            pairs = zip(some, others, strict=True)
            return all(_shifts(one, other, up=up) for one, other in pairs)
        case Not(condition=one), Not(condition=other):
            return _shifts(one, other, up=not up)
        case Messages(condition=one), Messages(condition=other):
            return _messages_shift(before, one, other, up=up)
        case _:
            return False


def _messages_shift(messages: Messages, one: Condition, other: Condition, *, up: bool) -> bool:
    match messages.quantifier:
        case "any" | "all":
            return _shifts(one, other, up=up)
        case "none":
            return _shifts(one, other, up=not up)
        case _:
            # With a share that is bounded from above, more messages that hold may be too many.
            return messages.at_most >= 1 and _shifts(one, other, up=up)

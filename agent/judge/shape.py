"""Condition -> the same without its place and wording: two of the same shape are equal, and answer alike."""

from typing import TypeVar

from msgspec.structs import replace

from agent.model.mark import Mark
from agent.model.policy import All, AnyOf, Condition, Messages, Moment, Not, Test

NOWHERE = Mark(1, 1)
"""Where conditions stand that no author wrote."""

Leaf = TypeVar("Leaf", bound=Test | Moment)


def shape(condition: Condition) -> Condition:
    """Return the condition, with all in it, without places and wordings."""
    match condition:
        case Test() | Moment():
            return bare(condition)
        case All(conditions=conditions) | AnyOf(conditions=conditions):
            return replace(condition, mark=NOWHERE, conditions=tuple(map(shape, conditions)))
        case Not(condition=inner) | Messages(condition=inner):
            return replace(condition, mark=NOWHERE, condition=shape(inner))


def bare(leaf: Leaf) -> Leaf:
    """Return a test or a moment without its place and wording."""
    return replace(leaf, mark=NOWHERE, wording="")

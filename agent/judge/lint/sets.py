"""Whether one set can pass several tests at once: which members it may have, and which it must."""

from collections.abc import Set as AbstractSet
from typing import cast

import msgspec

from agent.judge.lint.amounts import Asked
from agent.judge.vocabulary import WORDS, Fact
from agent.model.policy import Test

Members = AbstractSet[object]


class _Need(msgspec.Struct, frozen=True):
    """At least one member is among these, or, with `is_inside` False, is none of these."""

    values: Members
    is_inside: bool


class _Set:
    """What is asked of the set so far."""

    def __init__(self, universe: Members | None) -> None:
        self.only = universe
        self.excluded: Members = frozenset()
        self.needs: list[_Need] = []

    def ask(self, test: Test, operand: object, *, wanted: bool) -> None:
        values = frozenset({operand}) if test.operator == "contains" else cast("frozenset[object]", operand)
        match test.operator, wanted:
            case ("anyIn" | "contains", True) | ("noneIn", False):
                self.needs.append(_Need(values, is_inside=True))
            case ("anyIn" | "contains", False) | ("noneIn", True):
                self.excluded |= values
            case ("allIn", True):
                self.only = values if self.only is None else self.only & values
                self.needs.append(_Need(frozenset(), is_inside=False))
            case ("allIn", False):
                self.needs.append(_Need(values, is_inside=False))

    def can_be(self) -> bool:
        return all(map(self._can, self.needs))

    def _can(self, need: _Need) -> bool:
        if need.is_inside:
            left = need.values - self.excluded
            return bool(left if self.only is None else left & self.only)
        return self.only is None or bool(self.only - self.excluded - need.values)


def set_can_be(fact: Fact, asked: Asked) -> bool:
    """Whether some set passes all of these tests."""
    whole = _Set(WORDS.get(fact.name))
    for test, operand, wanted in asked:
        whole.ask(test, operand, wanted=wanted)
    return whole.can_be()

"""What is not known of a situation, as variables: which class a fact's value is of, or whether it is known at all.

Each kind of unknown tells what its columns answer, and reads its value off a model. It also says what it takes
beyond the values that were found (`loose`): where a proof needs no such freedom, each model is a situation.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import product
from typing import cast

from agent.judge.proof.classes import Class, Classes, Pattern
from agent.judge.proof.columns import Column, Reading
from agent.judge.proof.moments import Instant
from agent.judge.proof.solver import (
    FALSE,
    TRUE,
    Formula,
    Model,
    Pair,
    both,
    either,
    implies,
    just_one,
    neither,
    no,
    some,
    variable,
)
from agent.judge.vocabulary import SETS
from agent.model.facts import Value
from agent.model.policy import Moment


class Single:
    """A fact of one value: unknown, or of one of its classes, with an answer to each open column."""

    def __init__(self, name: str, classes: Classes, *, is_given: bool = False) -> None:
        self.name = name
        self.classes = classes
        self.of = tuple(variable(f"{name} is of class {at}") for at in range(len(classes.classes)))
        self.absent = FALSE if is_given else variable(f"{name} is absent")
        self.known = no(self.absent)
        self.open = {
            column: variable(f"{name} answers open column {at}") for at, column in enumerate(classes.open)
        }

    def rules(self) -> list[Formula]:
        """Return what holds in every situation."""
        ways = self.of if self.absent is FALSE else (self.absent, *self.of)
        rules = [just_one(ways)]
        for is_of, one in zip(self.of, self.classes.classes, strict=True):
            for column, answer in one.fixed.items():
                if answer is not None:
                    rules.append(implies(is_of, self.open[column] if answer else no(self.open[column])))
        return rules

    def found(self) -> Formula:
        """Return that the value is one of those that were found."""
        if not self.open:
            return TRUE
        return both(
            implies(is_of, either(self._answers(pattern) for pattern in one.found))
            for is_of, one in zip(self.of, self.classes.classes, strict=True)
        )

    def answer(self, asked: Reading) -> Pair:
        """Return what the fact answers; nothing where it is absent."""
        pair = some(self._answer(column) for column in asked.columns)
        return pair.opposite if asked.is_negated else pair

    def _answer(self, column: Column) -> Pair:
        if column in self.open:
            asked = both((self.known, neither(*self._blank(column))))
            return Pair(both((asked, self.open[column])), both((asked, no(self.open[column]))))
        return Pair(either(self._which(column, answer=True)), either(self._which(column, answer=False)))

    def _blank(self, column: Column) -> list[Formula]:
        return [
            is_of
            for is_of, one in zip(self.of, self.classes.classes, strict=True)
            if one.fixed.get(column, True) is None
        ]

    def _which(self, column: Column, *, answer: bool) -> list[Formula]:
        return [
            is_of
            for is_of, one in zip(self.of, self.classes.classes, strict=True)
            if one.answers[column] is answer
        ]

    def _answers(self, pattern: Pattern) -> Formula:
        return both(
            variable_ if answer else no(variable_)
            for variable_, answer in zip(self.open.values(), pattern, strict=True)
        )

    def wishes(self) -> list[Formula]:
        """Return what makes an example likely: a fact that is known, and has an ordinary value."""
        return [self.known, *self.of[:1]]

    def value(self, model: Model) -> Value | timedelta | None:
        """Return the fact's value; None where it is absent."""
        for is_of, one in zip(self.of, self.classes.classes, strict=True):
            if model.holds(is_of):
                pattern = tuple(model.holds(each) for each in self.open.values())
                return one.found[pattern]
        return None


class Several:
    """A fact that is a set: unknown, or with members of any of the classes, or of none."""

    def __init__(self, name: str, classes: Classes) -> None:
        self.name = name
        self.classes = classes
        self.absent = variable(f"{name} is absent")
        self.known = no(self.absent)
        self.has: dict[tuple[int, Pattern], Formula] = {
            (at, pattern): variable(f"{name} has class {at} {pattern}")
            for at, _ in enumerate(classes.classes)
            for pattern in product((True, False), repeat=len(classes.open))
        }

    def rules(self) -> list[Formula]:
        """Return what holds in every situation: what is absent has no members."""
        return [implies(self.absent, neither(*self.has.values()))]

    def found(self) -> Formula:
        """Return that the members are among those that were found."""
        if not self.classes.open:
            return TRUE
        return neither(
            *(has for (at, pattern), has in self.has.items() if pattern not in self._one(at).found)
        )

    def answer(self, asked: Reading) -> Pair:
        """Return what the members answer; of no members, that all are in something is unknown."""
        inside = either(has for key, has in self.has.items() if self._is_in(key, asked))
        outside = either(has for key, has in self.has.items() if not self._is_in(key, asked))
        if asked.is_of_all:
            some_member = either(self.has.values())
            return Pair(both((some_member, no(outside))), outside)
        pair = Pair(inside, both((self.known, no(inside))))
        return pair.opposite if asked.is_negated else pair

    def _is_in(self, key: tuple[int, Pattern], asked: Reading) -> bool:
        return any(self._answers(key, column) for column in asked.columns)

    def _answers(self, key: tuple[int, Pattern], column: Column) -> bool:
        at, pattern = key
        if column in self.classes.open:
            return pattern[self.classes.open.index(column)]
        return self._one(at).answers[column] is True

    def _one(self, at: int) -> Class:
        return self.classes.classes[at]

    def wishes(self) -> list[Formula]:
        """Return what makes an example likely: a set that is known, with one ordinary member and no other."""
        likely = self._likely()
        return [self.known, self.has[likely], *(no(has) for key, has in self.has.items() if key != likely)]

    def _likely(self) -> tuple[int, Pattern]:
        """Return the class that no column knows, else the first."""
        for at, one in enumerate(self.classes.classes):
            if not any(one.answers.values()) and not any(one.first):
                return at, one.first
        return 0, self._one(0).first

    def value(self, model: Model) -> Value | None:
        """Return the set; None where it is absent."""
        if model.holds(self.absent):
            return None
        members = (
            self._one(at).found[pattern] for (at, pattern), has in self.has.items() if model.holds(has)
        )
        return frozenset(cast("str", member) for member in members)


Unknown = Single | Several


def unknown(name: str, classes: Classes) -> Unknown:
    """Return the unknown of a fact."""
    if classes.fact.type in SETS:
        return Several(name, classes)
    return Single(name, classes)


class When:
    """The moment of judging: one of those that stand for all."""

    def __init__(self, instants: Sequence[Instant]) -> None:
        self.instants = instants
        self.at = tuple(variable(f"now is {at}") for at, _ in enumerate(instants))

    def rules(self) -> list[Formula]:
        """Return what holds in every situation."""
        return [just_one(self.at)]

    def inside(self, condition: Moment) -> Formula:
        """Return that the clock of the condition holds."""
        return either(at for at, one in zip(self.at, self.instants, strict=True) if condition in one.inside)

    def before(self, end: datetime) -> Formula:
        """Return that the end has not come."""
        return either(at for at, one in zip(self.at, self.instants, strict=True) if end in one.before)

    def wishes(self) -> list[Formula]:
        """Return what makes an example likely."""
        return [self.at[0]]

    def now(self, model: Model) -> datetime:
        """Return the moment."""
        return next(one.now for at, one in zip(self.at, self.instants, strict=True) if model.holds(at))


Values = Mapping[str, Unknown]
"""Unknowns by the fact's name."""

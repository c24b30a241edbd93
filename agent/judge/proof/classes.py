"""The classes of a fact's values: values that answer all that is asked of the fact alike are one class."""

from collections.abc import Collection, Iterable, Mapping
from datetime import timedelta

import msgspec

from agent.judge.proof.candidates import Candidate, candidates
from agent.judge.proof.columns import Column
from agent.judge.proof.texts import is_whole
from agent.judge.vocabulary import Fact
from agent.model.facts import FactType, Value

Answers = Mapping[Column, bool | None]
Pattern = tuple[bool, ...]
"""What a value answers to the open columns, in their order."""


class Class(msgspec.Struct, frozen=True):
    """Values of one kind: what they answer, and one of them for each pattern of open answers that was found.

    `fixed` are open columns whose answer is certain here all the same: because the class has but one value, or
    because there is nothing in it to ask of (None).
    """

    answers: Answers
    fixed: Answers
    found: Mapping[Pattern, Value | timedelta]

    @property
    def first(self) -> Pattern:
        """The pattern of the likeliest value."""
        return next(iter(self.found))


class Classes(msgspec.Struct, frozen=True):
    """All classes of one fact, the likely ones first."""

    fact: Fact
    closed: tuple[Column, ...]
    open: tuple[Column, ...]
    classes: tuple[Class, ...]


def classes_of(fact: Fact, columns: Iterable[Column], only: Collection[str] | None = None) -> Classes:
    """Return the classes that these columns make; of the values in `only` where the fact has no other."""
    asked = tuple(dict.fromkeys(columns))
    is_too_much = fact.type is FactType.TEXT and not is_whole(asked)
    open_ = tuple(one for one in asked if one.is_open or (is_too_much and one.operator == "contains"))
    closed = tuple(one for one in asked if one not in set(open_))
    found: dict[object, dict[Pattern, Value | timedelta]] = {}
    told: dict[object, tuple[Answers, Answers]] = {}
    for candidate in candidates(fact, asked, only):
        answers = {column: column.answer(fact, candidate.value) for column in closed}
        given = {column: column.answer(fact, candidate.value) for column in open_}
        fixed = {column: answer for column, answer in given.items() if _is_certain(column, answer, candidate)}
        key = (tuple(answers.values()), tuple(fixed.items()))
        told.setdefault(key, (answers, fixed))
        pattern = tuple(answer is True for answer in given.values())
        found.setdefault(key, {}).setdefault(pattern, candidate.value)
    classes = (Class(answers, fixed, found[key]) for key, (answers, fixed) in told.items())
    return Classes(fact=fact, closed=closed, open=open_, classes=tuple(classes))


def _is_certain(column: Column, answer: bool | None, candidate: Candidate) -> bool:
    return answer is None or (candidate.is_alone and column.operator == "matches" and not column.fed)

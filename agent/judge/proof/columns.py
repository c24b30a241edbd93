"""What tests ask of one value: the columns by which values of a fact can be told apart.

A test is a column, perhaps negated, and where the fact is a set, a word on how many members: `notIn` is `in`
negated, `noneIn` is that no member is `in`. Two values that answer every column alike are the same to every
policy, so that a proof for one is a proof for both.

A column that is *open* answers true or false as it likes in a proof: that of a regular expression, of which it
is not known which answers go together, and that of a list that is fed from elsewhere, whose content is not known
beforehand. What is proved then holds whatever they answer.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import cast

import msgspec

from agent.judge.fold import folded
from agent.judge.operators import ONE_OF, OPERATORS, Rows
from agent.judge.seen import key_of
from agent.judge.situations import USUAL_NOW
from agent.judge.vocabulary import FACTS, MEMBER, MESSAGE_FACTS, SETS, Fact, Scope
from agent.model.facts import FactType, Value
from agent.model.pending import ActionKind
from agent.model.policy import Expiry, Test


class Column(msgspec.Struct, frozen=True):
    """One question to one value, with `in`, `domainIn` and the other operators that are not negated.

    `wording` is the operand as written, for people, and no part of what the column is.
    """

    operator: str
    operand: object
    fed: tuple[str, ...] = ()
    """The facts that say how fresh the lists are that it hangs on."""

    @property
    def is_open(self) -> bool:
        """Whether a proof takes its answer as it comes."""
        return self.operator == "matches" or bool(self.fed)

    def answer(self, fact: Fact, value: object) -> bool | None:
        """Return what the operator answers for a value, or a member, of the fact; None for unknown.

        Of a moment, the value is how long ago it was.
        """
        kind = MEMBER.get(fact.type, fact.type)
        operator = OPERATORS[self.operator]
        if kind is FactType.MOMENT:
            return operator.holds(USUAL_NOW - cast("timedelta", value), self.operand, USUAL_NOW)
        raw = cast("Value", value)
        is_raw = key_of(fact, self.operator) == fact.name
        form = raw if is_raw else folded(kind, raw)
        return None if form is None else operator.holds(form, self.operand, USUAL_NOW)


class Reading(msgspec.Struct, frozen=True):
    """A test as a column: negated, or of `all` members, or of `any` (of a single value there is but one)."""

    column: Column
    is_negated: bool = False
    is_of_all: bool = False


def reading(test: Test, fact: Fact, operand: object) -> Reading:
    """Return what the test asks of a value, with this operand in the place of its own."""
    fed = tuple(sorted(fresh.fact for fresh in test.fresh))
    many = "in" if fact.type in SETS else test.operator
    match test.operator:
        case "equals":
            return Reading(Column("in", frozenset({operand}), fed))
        case "contains" if fact.type in SETS:
            return Reading(Column("in", frozenset({operand}), fed))
        case "notIn":
            return Reading(Column("in", operand, fed), is_negated=True)
        case "noneIn":
            return Reading(Column("in", operand, fed), is_negated=True)
        case "allIn":
            return Reading(Column("in", operand, fed), is_of_all=True)
        case _:
            return Reading(Column(many, operand, fed))


def versions(test: Test) -> tuple[tuple[datetime | None, object], ...]:
    """Return what the operand is until each moment at which something leaves it, and at last for good (None).

    The first version is in force until its moment, each other from the moment of the one before.
    """
    operand = test.operand
    found: list[tuple[datetime | None, object]] = []
    for at in sorted({expiry.at for expiry in test.expiries}):
        found.append((at, operand))
        operand = without(operand, (expiry for expiry in test.expiries if expiry.at == at))
    return (*found, (None, operand))


def without(operand: object, ended: Iterable[Expiry]) -> object:
    """Return the operand without the values that have ended."""
    gone = frozenset(value for expiry in ended for value in expiry.values)
    match operand:
        case frozenset():
            return operand - gone
        case tuple():
            return tuple(value for value in operand if value not in gone)
        case Rows():
            return Rows(facts=operand.facts, rows=operand.rows - cast("frozenset[tuple[str, ...]]", gone))
        case _:
            return operand


class Members(msgspec.Struct, frozen=True):
    """Entries of several members as columns: an entry is one column for each fact, in the order of `facts`."""

    facts: tuple[str, ...]
    rows: frozenset[tuple[Column, ...]]


def entries(rows: Rows) -> Members:
    """Return the entries with values that stand beside the same others taken together.

    A thousand domains that are each listed with `pass` are one column, and one entry.
    """
    places = range(len(rows.facts))
    column_of: list[dict[str, Column]] = []
    for at in places:
        beside: dict[str, set[tuple[str, ...]]] = {}
        for row in rows.rows:
            beside.setdefault(row[at], set()).add(row[:at] + row[at + 1 :])
        alike: dict[frozenset[tuple[str, ...]], set[str]] = {}
        for value, others in beside.items():
            alike.setdefault(frozenset(others), set()).add(value)
        columns = {}
        for group in alike.values():
            columns |= dict.fromkeys(group, Column("in", frozenset(group)))
        column_of.append(columns)
    told = frozenset(tuple(column_of[at][row[at]] for at in places) for row in rows.rows)
    return Members(facts=rows.facts, rows=told)


def row_of(name: str, scope: Scope) -> Fact:
    """Return the row of the fact; of one that says when a list was refreshed, a moment."""
    known = (FACTS if scope is Scope.ACTION else MESSAGE_FACTS).get(name)
    if known is not None:
        return known
    return Fact(name=name, type=FactType.MOMENT, kinds=frozenset(ActionKind), source="the list itself")


def asked(test: Test, scope: Scope) -> list[tuple[Fact, Column]]:
    """Return every column that the test puts to a fact."""
    if test.operator == "exists":
        return []
    found: list[tuple[Fact, Column]] = []
    for _, operand in versions(test):
        if test.operator != ONE_OF:
            fact = row_of(test.fact, scope)
            found.append((fact, reading(test, fact, operand).column))
            continue
        members = entries(cast("Rows", operand))
        for row in members.rows:
            found += [(row_of(name, scope), each) for name, each in zip(members.facts, row, strict=True)]
    for fresh in test.fresh:
        found.append((row_of(fresh.fact, Scope.ACTION), Column("olderThan", fresh.within)))
    return found

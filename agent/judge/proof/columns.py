"""What tests ask of one value: the columns by which values of a fact can be told apart.

A test is a column, perhaps negated, and where the fact is a set, a word on how many members: `notIn` is `in`
negated, `noneIn` is that no member is `in`. Two values that answer every column alike are the same to every
policy, so that a proof for one is a proof for both.

A column that is *open* answers true or false as it likes in a proof: that of a regular expression, of which it
is not known which answers go together, and that of a list that is fed from elsewhere, whose content is not known
beforehand. What is proved then holds whatever they answer.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import cast

import msgspec

from agent.judge.fold import folded
from agent.judge.operand import operand_at, without
from agent.judge.operators import ONE_OF, OPERATORS, Rows
from agent.judge.seen import fact_of, key_of
from agent.judge.situations import USUAL_NOW
from agent.judge.vocabulary import MEMBER, SETS, Fact, Scope
from agent.model.facts import FactType, Value
from agent.model.policy import Test


class Column(msgspec.Struct, frozen=True):
    """One question to one value, with `in`, `domainIn` and the other operators that are not negated."""

    operator: str
    operand: object
    fed: str = ""
    """The fact that says how fresh the list is that it hangs on, where that is fed from elsewhere."""

    @property
    def is_open(self) -> bool:
        """Whether a proof takes its answer as it comes."""
        return self.operator == "matches" or self.fed != ""

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
    """A test as columns, of which one must answer true: negated, or of `all` members, or of `any`.

    Of a single value there is but one member.
    """

    columns: tuple[Column, ...]
    is_negated: bool = False
    is_of_all: bool = False


def reading(test: Test, fact: Fact, operand: object) -> Reading:
    """Return what the test asks of a value, with this operand in the place of its own."""
    one = test.operator == "equals" or (test.operator == "contains" and fact.type in SETS)
    is_in = one or fact.type in SETS or test.operator == "notIn"
    operator = "in" if is_in else test.operator
    return Reading(
        tuple(_columns(test, operator, frozenset({operand}) if one else operand)),
        is_negated=test.operator in {"notIn", "noneIn"},
        is_of_all=test.operator == "allIn",
    )


def _columns(test: Test, operator: str, operand: object) -> Iterator[Column]:
    """Give a column for what is written in the policies, and one for each list that is fed from elsewhere."""
    fed = frozenset[object]().union(*(fresh.values for fresh in test.fresh))
    yield Column(operator, without(operand, fed) if fed else operand)
    for fresh in test.fresh:
        values: object = (tuple if isinstance(operand, tuple) else frozenset)(fresh.values)
        yield Column(operator, values, fresh.fact)


def versions(test: Test) -> tuple[tuple[datetime | None, object], ...]:
    """Return what the operand is until each moment at which something leaves it, and at last for good (None).

    The first version is in force until its moment, each other from the moment of the one before.
    """
    operand = test.operand
    found: list[tuple[datetime | None, object]] = []
    for at in sorted({expiry.at for expiry in test.expiries}):
        found.append((at, operand))
        operand = operand_at(test, at)
    return (*found, (None, operand))


class Members(msgspec.Struct, frozen=True):
    """Entries of several members as columns: an entry is one column for each fact, in the order of `facts`."""

    facts: tuple[str, ...]
    rows: tuple[tuple[Column, ...], ...]


def entries(rows: Rows) -> Members:
    """Return the entries with values that stand beside the same others taken together.

    A thousand domains that are each listed with `pass` are one column, and one entry.
    """
    places, ordered = range(len(rows.facts)), sorted(rows.rows)
    column_of: list[dict[str, Column]] = []
    for at in places:
        beside: dict[str, set[tuple[str, ...]]] = {}
        for row in ordered:
            beside.setdefault(row[at], set()).add(row[:at] + row[at + 1 :])
        alike: dict[frozenset[tuple[str, ...]], set[str]] = {}
        for value, others in beside.items():
            alike.setdefault(frozenset(others), set()).add(value)
        columns: dict[str, Column] = {}
        for group in alike.values():
            columns |= dict.fromkeys(group, Column("in", frozenset(group)))
        column_of.append(columns)
    told = dict.fromkeys(tuple(column_of[at][row[at]] for at in places) for row in ordered)
    return Members(facts=rows.facts, rows=tuple(told))


def asked(test: Test, scope: Scope) -> list[tuple[Fact, Column]]:
    """Return every column that the test puts to a fact."""
    if test.operator == "exists":
        return []
    found: list[tuple[Fact, Column]] = []
    for _, operand in versions(test):
        if test.operator != ONE_OF:
            fact = fact_of(test.fact, scope)
            found += [(fact, column) for column in reading(test, fact, operand).columns]
            continue
        members = entries(cast("Rows", operand))
        for row in members.rows:
            found += [(fact_of(name, scope), each) for name, each in zip(members.facts, row, strict=True)]
    for fresh in test.fresh:
        found.append((fact_of(fresh.fact, Scope.ACTION), Column("olderThan", fresh.within)))
    return found

"""Whether conditions can all turn out as asked, for any facts at all.

The answer "no" is always right. "Yes" may be wrong: what a pattern matches and how facts hang together that
different rows of the table name is not looked into, and a search that grows too long is given up. So
nothing is ever called impossible that is not.

To hold means to be true and to fail means to be false: a fact that is missing does neither.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import cast

import msgspec

from agent.judge.known import Known
from agent.judge.lint.amounts import age_can_be, number_can_be
from agent.judge.lint.bounds import is_on_nothing, least, most
from agent.judge.lint.calendars import times_can_be
from agent.judge.lint.sets import set_can_be
from agent.judge.lint.singles import single_can_be
from agent.judge.operators import ONE_OF, Rows
from agent.judge.seen import fact_of
from agent.judge.shape import NOWHERE
from agent.judge.vocabulary import SETS, Fact, Scope
from agent.model.facts import FactType
from agent.model.policy import All, AnyOf, Condition, Messages, Moment, Not, Test

MOST_BRANCHES = 2_000
"""Alternatives that are looked at before the search is given up."""

EVIDENCE_TYPE = "evidence.type"


class Literal(msgspec.Struct, frozen=True):
    """A condition, and whether it is to hold or to fail."""

    condition: Condition
    wanted: bool = True


def possible(literals: Iterable[Literal], now: datetime, scope: Scope = Scope.ACTION) -> bool:
    """Whether all of these can turn out as wanted on the same facts, at this moment or later."""
    return _Search(now).can(tuple(literals), (), scope)


class _Search:
    """Takes conditions apart, alternative by alternative, until nothing but tests is left."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.left = MOST_BRANCHES

    def can(self, todo: Sequence[Literal], leaves: Sequence[Literal], scope: Scope) -> bool:
        leaves, choices = _apart(todo, leaves)
        if not self._agree(leaves, scope):
            return False
        if not choices:
            return True
        first, rest = choices[0], choices[1:]
        alternatives = _alternatives(first)
        self.left -= len(alternatives)
        return self.left < 0 or any(self.can([one, *rest], leaves, scope) for one in alternatives)

    def _agree(self, leaves: Sequence[Literal], scope: Scope) -> bool:
        """Whether no leaf rules another one out."""
        tests: dict[str, list[tuple[Test, bool]]] = defaultdict(list)
        messages: list[tuple[Messages, bool]] = []
        times: list[tuple[Moment, bool]] = []
        for leaf in leaves:
            match leaf.condition:
                case Test() as test:
                    for each in _members(test, wanted=leaf.wanted, now=self.now):
                        tests[each.fact].append((each, leaf.wanted))
                case Messages() as about:
                    messages.append((about, leaf.wanted))
                case Moment() as time:
                    times.append((time, leaf.wanted))
                case _:
                    pass
        if scope is Scope.ACTION:
            _carry(tests)
        if not all(self._can_be(fact_of(name, scope), asked) for name, asked in tests.items()):
            return False
        return times_can_be(times) and self._messages(messages)

    def _can_be(self, fact: Fact, tests: Sequence[tuple[Test, bool]]) -> bool:
        """Whether one value of the fact, or its absence, passes all of these tests."""
        present = {(test.operand is True) is wanted for test, wanted in tests if test.operator == "exists"}
        values = [(test, wanted) for test, wanted in tests if test.operator != "exists"]
        if False in present:
            return True not in present and not values and fact.known is not Known.ALWAYS
        asked = [
            (test, most(test, self.now) if _is_inside(test, wanted=wanted) else least(test), wanted)
            for test, wanted in values
            if not test.fresh and not is_on_nothing(test, self.now)
        ]
        if fact.type in SETS:
            return set_can_be(fact, asked)
        match fact.type:
            case FactType.NUMBER:
                return number_can_be(asked, is_count=fact.is_count)
            case FactType.MOMENT:
                return age_can_be(asked)
            case _:
                return single_can_be(fact, asked, self.now)

    def _messages(self, messages: Sequence[tuple[Messages, bool]]) -> bool:
        """Whether there can be messages of which these are so: some that every one is, some that one is."""
        if not messages:
            return True
        every: list[Literal] = []
        some: list[Literal] = []
        for about, wanted in messages:
            found = _of_messages(about, wanted=wanted)
            if found is None:
                return False
            every.extend(found[0])
            some.extend(found[1])
        each = [[*every, one] for one in some] or [every]
        return all(self.can(one, (), Scope.MESSAGE) for one in each)


def _apart(todo: Sequence[Literal], leaves: Sequence[Literal]) -> tuple[list[Literal], list[Literal]]:
    """Return what these come to: leaves, and choices among several."""
    found, choices, open_ = list(leaves), [], list(todo)
    while open_:
        one = open_.pop()
        match one.condition:
            case All(conditions=conditions) if one.wanted:
                open_.extend(Literal(inner) for inner in conditions)
            case AnyOf(conditions=conditions) if not one.wanted:
                open_.extend(Literal(inner, False) for inner in conditions)
            case Not(condition=inner):
                open_.append(Literal(inner, not one.wanted))
            case All() | AnyOf():
                choices.append(one)
            case _:
                found.append(one)
    return found, choices


def _alternatives(choice: Literal) -> list[Literal]:
    conditions = cast("All | AnyOf", choice.condition).conditions
    return [Literal(inner, choice.wanted) for inner in conditions]


def _members(test: Test, *, wanted: bool, now: datetime) -> Iterable[Test]:
    """Give the tests that one of several members comes to: each member is one of those in its column."""
    if test.operator != ONE_OF:
        yield test
        return
    if not wanted or test.fresh or is_on_nothing(test, now):
        return
    rows = cast("Rows", most(test, now))
    for at, name in enumerate(rows.facts):
        column = frozenset(row[at] for row in rows.rows)
        yield _test(name, "in", column)


def _test(fact: str, operator: str, operand: object) -> Test:
    return Test(fact=fact, operator=operator, operand=operand, wording="", mark=NOWHERE)


def _carry(tests: dict[str, list[tuple[Test, bool]]]) -> None:
    """Add what known facts say of the type of evidence: each comes with certain types only."""
    for name, asked in list(tests.items()):
        carriers = fact_of(name, Scope.ACTION).carriers
        is_known = any(
            test.operator != "exists" or (test.operand is True) is wanted for test, wanted in asked
        )
        if carriers is not None and is_known:
            tests[EVIDENCE_TYPE].append((_test(EVIDENCE_TYPE, "in", carriers), True))


def _is_inside(test: Test, *, wanted: bool) -> bool:
    """Whether the value is to be among the operand's, rather than among the others."""
    return wanted is not (test.operator in ("notIn", "noneIn"))


def _of_messages(about: Messages, *, wanted: bool) -> tuple[list[Literal], list[Literal]] | None:
    """Return what must be so of every message, and what of one; None where it cannot be.

    A share is at least this: more than none, less than all, or all, where its bounds say so.
    """
    hold, fail = Literal(about.condition), Literal(about.condition, False)
    match about.quantifier, wanted:
        case ("any", True) | ("none", False):
            return [], [hold]
        case ("any", False) | ("none", True):
            return [fail], []
        case ("all", True):
            return [hold], []
        case ("all", False):
            return [], [fail]
        case (_, True):
            every = [hold] if about.at_least >= 1 else [fail] if about.at_most <= 0 else []
            some = [hold] if about.at_least > 0 else []
            return every, [*some, *([fail] if about.at_most < 1 else [])]
        case _ if about.at_least <= 0 and about.at_most >= 1:
            return None
        case _ if about.at_least <= 0:
            return [], [hold]
        case _ if about.at_most >= 1:
            return [], [fail]
        case _:
            return [], []

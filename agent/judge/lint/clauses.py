"""Conditions that can never hold, can never fail, or say nothing that another one does not say."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import combinations

from agent.judge.known import Known
from agent.judge.lint.bounds import is_on_nothing
from agent.judge.lint.contradictions import MOST_COMPARED, contradictions, flat, why_not
from agent.judge.lint.possible import Literal, possible
from agent.judge.lint.rules import Code, remark
from agent.judge.lint.settled import about
from agent.judge.lint.wording import on_line, written
from agent.judge.operators import DOUBTFUL
from agent.judge.seen import fact_of
from agent.judge.shape import shape
from agent.judge.vocabulary import Scope
from agent.judge.walk import names_of, tests_of, walk
from agent.model.policy import All, AnyOf, Condition, Messages, Moment, Not, Policy, Test
from agent.model.remark import Remark

Placed = tuple[int, Condition]

MESSAGES = "messages"
"""What is unknown as a whole where no message was looked up."""


def clauses(policy: Policy, now: datetime) -> Iterator[Remark]:
    """Give every remark on the policy's conditions; where it can never match, nothing but that."""
    never = tuple(contradictions(policy, now))
    if never:
        yield from never
        return
    reader = _Reader(policy, now)
    base, conditions = about(policy), policy.match.conditions
    for at, condition in enumerate(conditions):
        yield from reader.dead(condition, [*base, *_others(conditions, at)])
    yield from reader.repeated(conditions, are_all=True)
    around = [*base, *_others(conditions)] if len(policy.unless) <= MOST_COMPARED else base
    for condition in policy.unless:
        yield from reader.dead(condition, around)
    yield from reader.repeated(policy.unless, are_all=False)


def _others(conditions: Sequence[Condition], at: int | None = None) -> list[Literal]:
    """Return the conditions beside the one at this place; none of them where there are too many."""
    if len(conditions) > MOST_COMPARED:
        return []
    return [Literal(one) for place, one in enumerate(conditions) if place != at]


class _Reader:
    """Goes through the conditions of one policy that can match."""

    def __init__(self, policy: Policy, now: datetime) -> None:
        self.policy = policy
        self.now = now

    def dead(
        self, condition: Condition, beside: Sequence[Literal], scope: Scope = Scope.ACTION
    ) -> Iterator[Remark]:
        """Give what can never hold or never fail in the condition, the innermost first and then nothing around it."""
        inner = tuple(self._inner(condition, beside, scope))
        yield from inner
        if inner:
            return
        if not self._can(condition, True, (), scope):
            yield self._told(Code.NEVER_HOLDS, condition, f"{written(condition)} can never hold")
        elif not self._can(condition, False, (), scope):
            yield self._always(condition, scope)
        elif not self._can(condition, True, beside, scope):
            message = f"{written(condition)} can never hold where the conditions around it do"
            yield self._told(Code.NEVER_HOLDS, condition, message)

    def _always(self, condition: Condition, scope: Scope) -> Remark:
        """Return that the condition can never fail; asking that its facts are known helps where they may not be."""
        is_test = isinstance(condition, Test) and condition.operator != "oneOf"
        doubtful = _may_lack(condition, scope)
        if is_test:
            why, mend = "passes whatever its fact is", "" if doubtful else "take it out"
        elif doubtful:
            why = "passes whatever its facts are"
            mend = "take it out, if what is not known is to pass too"
            if MESSAGES not in doubtful:
                instead = ", ".join(f"`{name}: {{exists: true}}`" for name in doubtful)
                mend += f", or write {instead} where the point is that it is known"
        else:
            why, mend = "passes whatever is known", "take it out"
        message = f"{written(condition)} can never fail: it {why}"
        return remark(Code.ALWAYS_HOLDS, self.policy.file, condition.mark, message, mend)

    def _can(self, condition: Condition, wanted: bool, beside: Sequence[Literal], scope: Scope) -> bool:
        return possible([*beside, Literal(condition, wanted)], self.now, scope)

    def _inner(self, condition: Condition, beside: Sequence[Literal], scope: Scope) -> Iterator[Remark]:
        match condition:
            case Test():
                if is_on_nothing(condition, self.now):
                    yield self._on_nothing(condition)
            case All() if not self._can(condition, True, (), scope):
                for why in why_not(tuple(flat(condition.conditions)), self.now, (), scope):
                    mark = why.mark or condition.mark
                    yield remark(Code.NEVER_HOLDS, self.policy.file, mark, why.words, why.mend)
            case All(conditions=conditions):
                around = beside if self._can(condition, True, beside, scope) else ()
                for at, one in enumerate(conditions):
                    yield from self.dead(one, [*around, *_others(conditions, at)], scope)
                yield from self.repeated(conditions, are_all=True, scope=scope)
            case AnyOf(conditions=conditions):
                for one in conditions:
                    yield from self.dead(one, beside, scope)
                yield from self.repeated(conditions, are_all=False, scope=scope)
            case Not(condition=one):
                yield from self.dead(one, (), scope)
            case Messages(condition=one):
                yield from self.dead(one, (), Scope.MESSAGE)
            case Moment(dates=dates):
                yield from self._past(condition, dates)

    def _past(self, condition: Moment, dates: frozenset[str] | None) -> Iterator[Remark]:
        if dates is None:
            return
        if not dates:
            yield self._told(
                Code.ON_EMPTY_LIST, condition, f"{written(condition)} names no date: never holds"
            )
        elif max(dates) < _yesterday(self.now):
            message = f"{written(condition)} can never hold again: its last date was {max(dates)}"
            yield self._told(Code.DATES_PAST, condition, message)

    def _on_nothing(self, test: Test) -> Remark:
        never = "fail" if test.operator in ("notIn", "noneIn") else "hold"
        return self._told(
            Code.ON_EMPTY_LIST, test, f"{written(test)} can never {never}: the list has no entries"
        )

    def repeated(
        self, conditions: Sequence[Condition], *, are_all: bool, scope: Scope = Scope.ACTION
    ) -> Iterator[Remark]:
        """Give the conditions that say nothing which another one beside them does not say."""
        told: set[int] = set()
        are_few = len(conditions) <= MOST_COMPARED
        pairs = combinations(enumerate(conditions), 2) if are_few else _twins(conditions)
        for (at, one), (place, other) in pairs:
            if at in told or place in told:
                continue
            which = self._idle(one, other, scope, are_all=are_all)
            if which is None:
                continue
            idle, by = (other, one) if which else (one, other)
            told.add(place if which else at)
            message = f"{written(idle)} says nothing more than {written(by)}{on_line(by, idle)}"
            yield self._told(Code.REDUNDANT, idle, message)

    def _idle(self, one: Condition, other: Condition, scope: Scope, *, are_all: bool) -> bool | None:
        """Return whether the second is idle beside the first, or the first beside the second; None for neither.

        Of conditions that must all hold the wider one is idle, of those of which one must hold the narrower.
        """
        if shape(one) == shape(other):
            return True
        if not self._compare(one, other):
            return None
        if follows(other, one, self.now, scope):
            return are_all
        if follows(one, other, self.now, scope):
            return not are_all
        return None

    def _compare(self, one: Condition, other: Condition) -> bool:
        """Whether the two can say the same: tests of one fact, or the same question to messages."""
        tests = [*tests_of(one), *tests_of(other)]
        if any(test.fresh or is_on_nothing(test, self.now) for test in tests):
            return False
        match one, other:
            case Test(), Test():
                return one.fact == other.fact
            case Messages(), Messages():
                return one.quantifier == other.quantifier != "share"
            case _:
                return False

    def _told(self, code: Code, condition: Condition, message: str) -> Remark:
        return remark(code, self.policy.file, condition.mark, message)


def _may_lack(condition: Condition, scope: Scope) -> tuple[str, ...]:
    """Return the facts, or `messages`, for want of which the condition may be unknown; none where it never is."""
    found: list[str] = []
    for one, where in walk(condition, scope):
        if isinstance(one, Messages):
            found.append(MESSAGES)
        if not isinstance(one, Test) or one.operator == "exists":
            continue
        found += [name for name in names_of(one) if fact_of(name, where).known is not Known.ALWAYS]
        found += [fresh.fact for fresh in one.fresh]
    return tuple(dict.fromkeys(found))


def _yesterday(now: datetime) -> str:
    """Return the day that is over in every time zone."""
    return now.date().fromordinal(now.date().toordinal() - 1).isoformat()


def follows(one: Condition, by: Condition, now: datetime, scope: Scope = Scope.ACTION) -> bool:
    """Whether the first holds wherever the second does."""
    if _may_be_unknown(one, by) or possible([Literal(by), Literal(one, wanted=False)], now, scope):
        return False
    told = {test.fact for test in tests_of(by)}
    return all(_says_something(part, told, now, scope) for part, scope in walk(one, scope))


def _says_something(one: Condition, told: set[str], now: datetime, scope: Scope) -> bool:
    """Whether the condition can fail, or is about facts that are known: else it is unknown where they are not."""
    about = {test.fact for test in tests_of(one)}
    return about <= told or possible([Literal(one, wanted=False)], now, scope)


def _twins(conditions: Sequence[Condition]) -> Iterator[tuple[Placed, Placed]]:
    """Give each condition that has stood before, with the first that is the same."""
    first: dict[Condition, Placed] = {}
    for at, one in enumerate(conditions):
        before = first.setdefault(shape(one), (at, one))
        if before[0] != at:
            yield before, (at, one)


def _may_be_unknown(one: Condition, by: Condition) -> bool:
    """Whether the first may be unknown though the second holds.

    `exists` is false where others are unknown, and some operators do not answer for every known value: such
    a test only follows from one with the same operator on the same fact.
    """
    sure = {(test.fact, test.operator) for test in tests_of(by)}
    if any(operator == "exists" for _, operator in sure):
        return True
    return any(
        test.operator in (*DOUBTFUL, "exists") and (test.fact, test.operator) not in sure
        for test in tests_of(one)
    )

"""What conditions mean, plainly: True, False, or None for unknown.

This is the reference that the fast closures are held to, and what explanations go by.
"""

from collections.abc import Iterable, Mapping
from typing import cast

import msgspec

from agent.judge import calendar
from agent.judge.fold import folded
from agent.judge.operand import operand_at, stale
from agent.judge.operators import ONE_OF, OPERATORS, Rows, one_of
from agent.judge.seen import fact_of, key_of
from agent.judge.vocabulary import SETS, Scope
from agent.model.facts import Facts, Value
from agent.model.policy import All, AnyOf, Condition, Messages, Moment, Not, Policy, Test


class Here(msgspec.Struct, frozen=True, kw_only=True):
    """What conditions are judged on: the action as a whole, or one message of it."""

    facts: Facts
    values: Mapping[str, Value]
    scope: Scope = Scope.ACTION

    @property
    def messages(self) -> tuple["Here", ...]:
        """Each message of the action."""
        rows = self.facts.messages or ()
        return tuple(Here(facts=self.facts, values=values, scope=Scope.MESSAGE) for values in rows)


def policy_holds(policy: Policy, facts: Facts) -> bool | None:
    """Whether all of `match` holds and nothing of `unless` does."""
    here = Here(facts=facts, values=facts.values)
    return every([holds(policy.match, here), *(opposite(holds(one, here)) for one in policy.unless)])


def holds(condition: Condition, here: Here) -> bool | None:
    """Whether the condition holds."""
    match condition:
        case Test():
            return _test(condition, here)
        case All(conditions=conditions):
            return every(holds(one, here) for one in conditions)
        case AnyOf(conditions=conditions):
            return some(holds(one, here) for one in conditions)
        case Not(condition=inner):
            return opposite(holds(inner, here))
        case Messages(condition=inner):
            answers = [holds(inner, each) for each in here.messages]
            return of_messages(condition, answers, is_complete=here.facts.messages_complete)
        case Moment():
            return calendar.inside(condition, here.facts.now)


def every(answers: Iterable[bool | None]) -> bool | None:
    """Whether all are true: false as soon as one is false, else unknown as soon as one is unknown."""
    known = set(answers)
    if False in known:
        return False
    return None if None in known else True


def some(answers: Iterable[bool | None]) -> bool | None:
    """Whether one is true: true as soon as one is true, else unknown as soon as one is unknown."""
    return opposite(every(opposite(answer) for answer in answers))


def opposite(answer: bool | None) -> bool | None:
    """Return the other answer; unknown stays unknown."""
    return None if answer is None else not answer


def _test(test: Test, here: Here) -> bool | None:
    if stale(test, here.facts):
        return None
    if test.operator == "exists":
        return is_known(test.fact, here) is (test.operand is True)
    operand = operand_at(test, here.facts.now)
    if test.operator == ONE_OF:
        rows = cast("Rows", operand)
        return one_of(rows, tuple(_member(name, here) for name in rows.facts))
    raw = here.values.get(test.fact)
    if raw is None:
        return None
    fact, operator = fact_of(test.fact, here.scope), OPERATORS[test.operator]
    value = raw if key_of(fact, test.operator) == fact.name else folded(fact.type, raw)
    if value is None:
        return None
    answer = operator.holds(value, operand, here.facts.now)
    if not fact.over_messages or here.facts.messages_complete:
        return answer
    return answer if fact.type in SETS and answer is operator.sure else None


def _member(name: str, here: Here) -> str | None:
    raw = here.values.get(name)
    return None if raw is None else cast("str | None", folded(fact_of(name, here.scope).type, raw))


def is_known(name: str, here: Here) -> bool:
    """Whether the fact has a value of its type."""
    raw = here.values.get(name)
    return raw is not None and folded(fact_of(name, here.scope).type, raw) is not None


def of_messages(condition: Messages, answers: list[bool | None], *, is_complete: bool) -> bool | None:
    """Put the answers for each message together.

    Of no messages nothing is known. Where some messages are missing, one that was found can settle `any`,
    `all` and `none`, and the rest is unknown.
    """
    if not answers:
        return None
    missing: tuple[bool | None, ...] = () if is_complete else (None,)
    match condition.quantifier:
        case "any":
            return some([*answers, *missing])
        case "all":
            return every([*answers, *missing])
        case "none":
            return opposite(some([*answers, *missing]))
        case _:
            return share(condition, answers) if is_complete else None


def share(condition: Messages, answers: list[bool | None]) -> bool | None:
    """Whether the part of the messages that hold lies within the bounds, wherever the unknown ones fall."""
    least = answers.count(True)
    parts = ((least + more) / len(answers) for more in range(answers.count(None) + 1))
    inside = {condition.at_least <= part <= condition.at_most for part in parts}
    return inside.pop() if len(inside) == 1 else None

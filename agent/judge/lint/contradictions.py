"""Why a policy can never match, at the most telling place."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import combinations

from agent.judge.lint.possible import EVIDENCE_TYPE, Literal, possible
from agent.judge.lint.rules import Code, remark
from agent.judge.lint.settled import about
from agent.judge.lint.wording import on_line, written
from agent.judge.vocabulary import FACTS, Scope
from agent.model.policy import All, Condition, Mark, Messages, Policy, Test
from agent.model.remark import Remark


def contradictions(policy: Policy, now: datetime) -> Iterator[Remark]:
    """Say why the policy can never match; nothing where it can."""
    base = about(policy)
    held = [Literal(one) for one in _flat(policy.match.conditions)]
    failed = [Literal(one, wanted=False) for one in policy.unless]
    if possible([*base, *held, *failed], now):
        return

    def told(mark: Mark, message: str, mend: str = "") -> Remark:
        return remark(Code.NEVER_MATCHES, policy.file, mark, f"the policy can never match: {message}", mend)

    alone = [one.condition for one in held if not possible([*base, one], now)]
    if alone:
        for condition in alone:
            never = _deepest(condition, now)
            where = " for these kinds and tenants" if possible([Literal(condition)], now) else ""
            yield told(never.mark, f"{written(never)} can never hold{where}")
        return
    for one, other in combinations(held, 2):
        if not possible([*base, one, other], now):
            yield told(other.condition.mark, _against(one.condition, other.condition))
            return
    if not possible([*base, *held], now):
        yield told(policy.match.mark, "the conditions of `match` contradict each other")
        return
    for one in failed:
        if not possible([*base, *held, one], now):
            message = f"{written(one.condition)} under `unless` holds wherever `match` does"
            yield told(one.condition.mark, message, "narrow the exception, or take it out")
            return
    yield told(policy.mark, "together the exceptions under `unless` cover all of `match`", "narrow them")


def _flat(conditions: Sequence[Condition]) -> Iterator[Condition]:
    """Give the conditions that must all hold, those within `all` one by one."""
    for one in conditions:
        if isinstance(one, All):
            yield from _flat(one.conditions)
        else:
            yield one


def _against(first: Condition, second: Condition) -> str:
    message = f"{written(second)} contradicts {written(first)}{on_line(first, second)}"
    if not isinstance(first, Test) or not isinstance(second, Test) or first.fact == second.fact:
        return message
    carriers = {test.fact: FACTS[test.fact].carriers or frozenset() for test in (first, second)}
    if EVIDENCE_TYPE in carriers:
        other = next(name for name in carriers if name != EVIDENCE_TYPE)
        return f"{message}: `{other}` comes with {' or '.join(sorted(carriers[other]))} only"
    return f"{message}: no evidence has both"


def _deepest(condition: Condition, now: datetime, scope: Scope = Scope.ACTION) -> Condition:
    """Return the innermost condition to which it is due that this one can never hold."""
    match condition:
        case All(conditions=conditions):
            inner, within = conditions, scope
        case Messages(condition=one, quantifier="any" | "all"):
            inner, within = (one,), Scope.MESSAGE
        case _:
            return condition
    for one in inner:
        if not possible([Literal(one)], now, within):
            return _deepest(one, now, within)
    return condition

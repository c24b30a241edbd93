"""Why a policy can never match, at the most telling place."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import combinations

import msgspec

from agent.judge.lint.possible import EVIDENCE_TYPE, Literal, possible
from agent.judge.lint.rules import Code, remark
from agent.judge.lint.settled import about
from agent.judge.lint.wording import on_line, written
from agent.judge.vocabulary import Scope, fact_named
from agent.model.mark import Mark
from agent.model.policy import All, Condition, Messages, Policy, Test
from agent.model.remark import Remark

MOST_COMPARED = 100
"""Conditions beside each other that are compared pair by pair; of more, nothing is said that takes pairs."""


ALONE = "mend the condition, or take it out"
"""What to do about a condition that needs no other one to be impossible."""


class Why(msgspec.Struct, frozen=True):
    """Why conditions can never hold.

    The place is that of the condition to mend; None where it takes more than two. Without `mend`, it is the rule's.
    """

    mark: Mark | None
    words: str
    mend: str = ""


def contradictions(policy: Policy, now: datetime) -> Iterator[Remark]:
    """Say why the policy can never match; nothing where it can."""
    base = about(policy)
    held = [Literal(one) for one in flat(policy.match.conditions)]
    failed = [Literal(one, wanted=False) for one in policy.unless]
    if possible([*base, *held, *failed], now):
        return

    def told(mark: Mark, message: str, mend: str = "") -> Remark:
        return remark(Code.NEVER_MATCHES, policy.file, mark, f"the policy can never match: {message}", mend)

    if not possible([*base, *held], now):
        for why in why_not([one.condition for one in held], now, base):
            yield told(why.mark or policy.match.mark, why.words, why.mend)
        return
    for one in failed:
        if not possible([*base, *held, one], now):
            message = f"{written(one.condition)} under `unless` holds wherever `match` does"
            yield told(one.condition.mark, message, "narrow the exception, or take it out")
            return
    yield told(policy.mark, "together the exceptions under `unless` cover all of `match`", "narrow them")


def why_not(
    conditions: Sequence[Condition],
    now: datetime,
    base: Sequence[Literal] = (),
    scope: Scope = Scope.ACTION,
) -> Iterator[Why]:
    """Say why these can never all hold: each that cannot by itself, or the first two that cannot together."""
    alone = [one for one in conditions if not possible([*base, Literal(one)], now, scope)]
    for one in alone:
        if possible([Literal(one)], now, scope):
            yield Why(one.mark, f"{written(one)} can never hold for these kinds and tenants", ALONE)
        else:
            yield _innermost(one, now, scope)
    if alone:
        return
    if len(conditions) > MOST_COMPARED:
        yield Why(None, "its conditions contradict each other")
        return
    for one, other in combinations(conditions, 2):
        if not possible([*base, Literal(one), Literal(other)], now, scope):
            yield Why(other.mark, _against(one, other))
            return
    yield Why(None, "its conditions contradict each other")


def _innermost(condition: Condition, now: datetime, scope: Scope) -> Why:
    """Return where and why this can never hold, as far inside as it is due to one thing."""
    inner: Condition = condition
    match condition:
        case Messages(condition=inner, quantifier="any" | "all"):
            if not possible([Literal(inner)], now, Scope.MESSAGE):
                return _innermost(inner, now, Scope.MESSAGE)
        case All(conditions=conditions):
            why = next(why_not(tuple(flat(conditions)), now, (), scope))
            return why if why.mark is not None else Why(condition.mark, why.words, why.mend)
        case Test() if _counts_parts(condition, scope):
            words = (
                f"{written(condition)} can never hold: `{condition.fact}` is a count, which is a whole number"
            )
            return Why(condition.mark, words, "write a whole number, or `between` two")
        case _:
            pass
    return Why(condition.mark, f"{written(condition)} can never hold", ALONE)


def _counts_parts(test: Test, scope: Scope) -> bool:
    """Whether the test asks of a count for a number that is not whole."""
    fact = fact_named(test.fact, scope)
    if fact is None or not fact.is_count:
        return False
    asked = test.operand if isinstance(test.operand, frozenset | tuple) else (test.operand,)
    return any(isinstance(one, float) and not one.is_integer() for one in asked)


def flat(conditions: Sequence[Condition]) -> Iterator[Condition]:
    """Give the conditions that must all hold, those within `all` one by one."""
    for one in conditions:
        if isinstance(one, All):
            yield from flat(one.conditions)
        else:
            yield one


def _against(first: Condition, second: Condition) -> str:
    message = f"{written(second)} contradicts {written(first)}{on_line(first, second)}"
    if not isinstance(first, Test) or not isinstance(second, Test) or first.fact == second.fact:
        return message
    rows = [fact_named(test.fact) for test in (first, second)]
    carriers = {row.name: row.carriers or frozenset() for row in rows if row is not None}
    if EVIDENCE_TYPE in carriers:
        other = next(name for name in carriers if name != EVIDENCE_TYPE)
        return f"{message}: `{other}` comes with {' or '.join(sorted(carriers[other]))} only"
    return f"{message}: no evidence has both"

"""Policies that another policy keeps from deciding.

A policy is shadowed where one of higher priority is true or unknown wherever it matches: true, the other
decides; unknown, a person does. An escalating policy still decides where the other is unknown, so that
there the other has to be known to be true.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import combinations

from agent.judge.lint.possible import EVIDENCE_TYPE, Literal, possible
from agent.judge.lint.rules import Code, remark
from agent.judge.lint.settled import about, matching
from agent.judge.operators import DOUBTFUL
from agent.judge.seen import fact_of, facts_read
from agent.judge.vocabulary import SETS, Scope
from agent.model.decision import Verb
from agent.model.policy import Condition, Mode, Policy, Test
from agent.model.remark import Remark

_ASKING_FOR_ONE = frozenset({"anyIn", "contains"})


def rivals(policies: Sequence[Policy], now: datetime) -> Iterator[Remark]:
    """Give every policy that another one keeps from deciding, or with which one may disagree."""
    deciding = [one for one in policies if one.decides and not one.has_expired(now)]
    for one in deciding:
        yield from _overruled(one, deciding, now)
    for first, second in combinations(deciding, 2):
        if {first.verb, second.verb} == {Verb.APPROVE, Verb.REJECT} and _may_meet(first, second, now):
            yield _conflict(first, second)


def _overruled(policy: Policy, policies: Sequence[Policy], now: datetime) -> Iterator[Remark]:
    if not possible(matching(policy), now):
        return
    above = [one for one in policies if one.priority > policy.priority and _outlives(one, policy)]
    over = next((one for one in above if covers(one, policy, now)), None)
    if over is not None:
        message = (
            f"the policy never decides: `{over.name}`, of priority {over.priority}, matches all that it does"
        )
        yield remark(Code.SHADOWED, policy.file, policy.mark_of("priority"), message)
        return
    beside = [one for one in policies if one.priority == policy.priority and one.verb is not policy.verb]
    against = next((one for one in beside if _outlives(one, policy) and covers(one, policy, now)), None)
    if against is not None and policy.verb is not Verb.ESCALATE:
        message = (
            f"the policy never gets its way: `{against.name}`, of the same priority, matches all that it "
            f"does, and says {against.verb}"
        )
        yield remark(Code.OUTVOTED, policy.file, policy.mark_of("decide"), message)


def _outlives(other: Policy, policy: Policy) -> bool:
    """Whether the other counts wherever and as long as the policy does."""
    if policy.kinds - other.kinds or not _counts_with(other, policy):
        return False
    if other.tenants is not None and (policy.tenants is None or policy.tenants - other.tenants):
        return False
    return other.expires is None or (policy.expires is not None and policy.expires <= other.expires)


def _counts_with(other: Policy, policy: Policy) -> bool:
    """Whether the other enforces wherever the policy does."""
    if policy.mode is Mode.OBSERVE:
        return True
    return other.mode is Mode.ENFORCE and other.part.holds(policy.part)


def covers(other: Policy, policy: Policy, now: datetime) -> bool:
    """Whether the other is true or unknown wherever the policy matches; true, where the policy escalates."""
    if not _names_enough(other, policy, now):
        return False
    where = matching(policy)
    asked = [
        *(Literal(one, wanted=False) for one in other.match.conditions),
        *map(Literal, other.unless),
    ]
    if any(possible([*where, one], now) for one in asked):
        return False
    if policy.verb is not Verb.ESCALATE:
        return True
    return all(_is_settled(one, policy) for one in (*other.match.conditions, *other.unless))


def _names_enough(other: Policy, policy: Policy, now: datetime) -> bool:
    """Whether the policy tests every fact that the other asks for, without which it cannot imply those tests.

    It is quick, and spares nearly all comparisons. Kinds, tenants and types of evidence need no test, nor
    does what can never fail.
    """
    named = {fact.name for _, fact, _ in facts_read(policy)} | {"action.kind", "tenant.id", EVIDENCE_TYPE}
    return all(
        one.fact in named or not possible([Literal(one, wanted=False)], now)
        for one in other.match.conditions
        if isinstance(one, Test) and one.operator != "oneOf"
    )


def _is_settled(condition: Condition, policy: Policy) -> bool:
    """Whether the condition is known to be true or false wherever the policy matches."""
    if not isinstance(condition, Test) or condition.fresh:
        return False
    if condition.operator == "exists":
        return True
    if condition.operator in DOUBTFUL:
        return False
    fact = fact_of(condition.fact, Scope.ACTION)
    for one in policy.match.conditions:
        if not isinstance(one, Test) or one.fact != condition.fact or one.operator in ("exists", "oneOf"):
            continue
        if not fact.over_messages or fact.type not in SETS:
            return True
        if {one.operator, condition.operator} <= _ASKING_FOR_ONE or one.operator == condition.operator:
            return True
    return False


def _may_meet(first: Policy, second: Policy, now: datetime) -> bool:
    if first.priority != second.priority or not first.kinds & second.kinds:
        return False
    return possible([*matching(first), *matching(second), *about(first)], now)


def _conflict(first: Policy, second: Policy) -> Remark:
    message = (
        f"where `{second.name}` matches too, a person decides: it says {second.verb}, this one "
        f"{first.verb}, and their priority is the same"
    )
    return remark(Code.CONFLICT, first.file, first.mark_of("decide"), message)

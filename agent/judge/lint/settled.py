"""What is so of every pending action that a policy is for, and what more is so where it matches."""

from collections.abc import Iterable
from datetime import timedelta

from agent.judge.known import EVIDENCE_OF
from agent.judge.lint.possible import EVIDENCE_TYPE, Literal
from agent.judge.shape import NOWHERE
from agent.model.pending import LIFETIME, ActionKind
from agent.model.policy import Policy, Test


def about(policy: Policy, kinds: frozenset[ActionKind] | None = None) -> tuple[Literal, ...]:
    """Return what is so of every pending action of these kinds, or of all that the policy is for."""
    kinds = policy.kinds if kinds is None else kinds
    found = [asked("action.kind", "in", frozenset(kind.value for kind in kinds))]
    if kinds <= EVIDENCE_OF.keys():
        found.append(asked(EVIDENCE_TYPE, "in", frozenset(EVIDENCE_OF[kind] for kind in kinds)))
    if policy.tenants is not None:
        found.append(asked("tenant.id", "in", policy.tenants))
    return tuple(found)


def matching(policy: Policy, kinds: frozenset[ActionKind] | None = None) -> tuple[Literal, ...]:
    """Return what is so wherever the policy matches."""
    return (
        *about(policy, kinds),
        *map(Literal, policy.match.conditions),
        *(Literal(one, wanted=False) for one in policy.unless),
    )


def in_time() -> Iterable[Literal]:
    """Give what is so while a pending action can still be approved."""
    yield asked("action.firstSeen", "newerThan", LIFETIME)
    yield asked("action.deadline", "newerThan", timedelta(0))


def asked(fact: str, operator: str, operand: object) -> Literal:
    """Return a test that stands in no file."""
    return Literal(Test(fact=fact, operator=operator, operand=operand, wording="", mark=NOWHERE))

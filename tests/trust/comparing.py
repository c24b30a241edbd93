"""The engine and the naive evaluator, asked the same."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from random import Random
from typing import Any

from msgspec.structs import replace

from agent.judge.compile import Judge, compile_set
from agent.judge.decide import decide
from agent.judge.parse import parse_set
from agent.judge.situations import action_of
from agent.model.decision import Decision
from agent.model.facts import Facts
from agent.model.pending import ActionKind
from agent.model.situation import Situation
from tests.trust import making, naive
from tests.trust.making import DOCUMENTS, KINDS, NOW, TENANT

DEADLINE = NOW + timedelta(hours=12)
"""One of the moments at which actions are judged lies after it."""


def judge_of(policies: Sequence[Mapping[str, Any]]) -> Judge:
    """Return the engine with these policies, by way of their files."""
    return compile_set(parse_set(making.files(policies)))


def by_engine(judge: Judge, kind: ActionKind, facts: Facts) -> Decision:
    """Return what the engine decides."""
    action = replace(
        action_of(Situation(kind=kind, tenant=TENANT, facts=facts), "an action"), deadline=DEADLINE
    )
    return decide(judge, action, facts, evidence="", enforces_observers=False, version="")


def difference(
    judge: Judge, policies: Sequence[Mapping[str, Any]], kind: ActionKind, facts: Facts
) -> str | None:
    """Return in words where the two part; None where they agree."""
    decision = by_engine(judge, kind, facts)
    action = {"kind": str(kind), "tenant": TENANT, "deadline": DEADLINE}
    verb, names = naive.verdict(policies, DOCUMENTS, action, facts)
    if (verb, names) == (decision.verb, frozenset(decision.policies)):
        return None
    return (
        f"the engine: {decision.verb} by {sorted(decision.policies)} ({decision.reason}); plainly: {verb} by"
        f" {sorted(names)}; policies: {making.files(policies)}; facts: {facts}"
    )


def differences(seed: int, count: int, *, a_set: int = 100) -> Iterator[str | None]:
    """Make so many decisions from a seed, `a_set` with each set of policies; give each difference or None."""
    pick = making.seeded(Random(seed))
    for start in range(0, count, a_set):
        policies = making.documents(pick)
        judge = judge_of(policies)
        for _ in range(min(a_set, count - start)):
            kind = pick(KINDS)
            yield difference(judge, policies, kind, making.situation(pick, kind))

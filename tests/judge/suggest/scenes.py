"""What people decided, as the judging of drafts sees it."""

from collections.abc import Iterable

from agent.judge.compile import Judge, compile_set
from agent.judge.parse import parse_set
from agent.judge.suggest.lived import lived
from agent.model.decision import Verb
from agent.model.facts import Facts
from agent.model.suggestion import Lived
from tests.decided import CLUSTER, Decision, a_decided
from tests.reports import a_compared

PRESENT = """policy: present
description: Rejects what is large.
owner: soc@contoso.org
for: [softDeleteCluster, softDeleteMessage]
match:
  recipients.count: {atLeast: 1000}
decide: reject
"""
CASES = """policy: present
cases:
  - case: what is large stays
    kind: softDeleteCluster
    facts: {recipients.count: 1000}
    decision: reject
    policies: [present]
  - case: what is small is none of it
    kind: softDeleteCluster
    facts: {recipients.count: 999}
    decision: escalate
    policies: []
    reason: ["`recipients.count` is 999"]
"""
FILES = {"policies/present.yaml": PRESENT.encode(), "policies/present.cases.yaml": CASES.encode()}


def a_judge(*more: str) -> Judge:
    files = {f"policies/more{place}.yaml": text.encode() for place, text in enumerate(more)}
    return compile_set(parse_set({**FILES, **files}))


def facts_of(decided: Decision) -> Facts:
    decision = decided[0].decision
    assert decision is not None
    return decision.facts


def seen(decided: Iterable[Decision], judge: Judge | None = None) -> list[Lived]:
    """Return what drafts go by."""
    by = judge if judge is not None else a_judge()
    return [_seen(one, by) for one in decided]


def _seen(one: Decision, judge: Judge) -> Lived:
    record, truth = one
    compared = a_compared(record.action.id, kind=record.action.kind, truth=truth, number=1)
    return lived(compared, truth, facts_of(one), judge)


def one_seen(facts: Facts, judge: Judge | None = None) -> Lived:
    return seen([a_decided(1, Verb.APPROVE, facts=facts, kind=CLUSTER)], judge)[0]

"""Makers of what is judged afterwards."""

from datetime import timedelta

from agent.judge.compile import compile_set
from agent.judge.parse import parse_set
from agent.judge.past.afterwards import By, judged_then
from agent.judge.past.then import action_then
from agent.model.decision import Verb
from agent.model.defender import AnyEvidence, Mail
from agent.model.history import Ending
from agent.model.imported import Imported
from agent.model.rails import Rails
from agent.model.truth import Certainty, Source, Truth
from tests.makers import NOW, a_cluster, a_copy, an_action, some_mail

OBSERVE = """
policy: small-malicious
description: Soft-delete small malicious clusters.
owner: soc@contoso.example
for: [softDeleteCluster]
mode: observe
match:
  evidence.verdict: malicious
unless:
  - cluster.mailboxCount: {above: 200}
decide: approve
limits: {actions: 1/h}
"""

RAILS = Rails(caps=())


def by(policy: str = OBSERVE, *, rails: Rails = RAILS, **files: str) -> By:
    """Return what is judged by: one policy, and other files of the set by their names."""
    written = {"policies/small-malicious.yaml": policy.encode()}
    written |= {f"policies/{name}": text.encode() for name, text in files.items()}
    return By(
        judge=compile_set(parse_set(written)),
        fed=(),
        rails=rails,
        own=frozenset(),
        enforces_observers=False,
        targets_per_call=100,
        version="test",
    )


def mail(copies: int = 3) -> Mail:
    return some_mail(
        *(a_copy(1 + number, recipient=f"p{number}@contoso.example") for number in range(copies))
    )


def imported(evidence: AnyEvidence | None = None, *, verb: Verb | None = Verb.REJECT) -> Imported:
    """Return a cluster that people rejected, judged afterwards."""
    action = action_then(an_action(evidence or a_cluster(status="declined")))
    return Imported(
        action=action,
        decision=judged_then(action, mail(), by()),
        ended=Ending.ELSEWHERE,
        ended_at=action.first_seen + timedelta(hours=4),
        status="declined",
        truth=Truth(
            action_id=action.id,
            first_seen=action.first_seen,
            verb=verb,
            unknown=None,
            source=Source.AIR,
            certainty=Certainty.LIKELY,
            at=NOW,
            by=("anna@contoso.example",),
        ),
    )

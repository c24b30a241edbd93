"""Makers of what a ledger holds: say only what matters, the rest is ordinary."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import msgspec

from agent.adapters.ledger.ledger import SqlLedger
from agent.audit.key import Key
from agent.model.decision import Clause, Decision, Finding, Match, Ruling, Verb
from agent.model.defender import PENDING_APPROVAL, MailClusterEvidence
from agent.model.enactment import Effect, Pair, Plan, Record, State, Way, Went
from agent.model.facts import Facts, Value
from agent.model.pending import LIFETIME, ActionKind, IncidentHead, KindSource, PendingAction, Sighting
from agent.model.rails import Leave

NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
TENANT = "11111111-2222-3333-4444-555555555555"
MINUTE = timedelta(minutes=1)
KEY = Key("0123456789abcdef0123456789abcdef")
"""The audit's, where a ledger is opened."""


def an_action(
    key: str = "cluster-1",
    *,
    incident: str = "1",
    deadline: datetime = NOW + LIFETIME,
    tenant: str = TENANT,
    messages: int = 3,
) -> PendingAction:
    return PendingAction(
        tenant_id=tenant,
        kind=ActionKind.SOFT_DELETE_CLUSTER,
        kind_source=KindSource.EVIDENCE,
        key=key,
        label=f"messages like {key}",
        evidence=MailClusterEvidence(
            remediation_status=PENDING_APPROVAL,
            cluster_by="Urls",
            query=key,
            email_count=messages,
            network_message_ids=tuple(f"message-{number}" for number in range(messages)),
        ),
        incident=IncidentHead(id=incident),
        sightings=(
            Sighting(incident_id=incident, alert_id=f"alert-{key}", remediation_status=PENDING_APPROVAL),
        ),
        first_seen=NOW,
        deadline=deadline,
    )


def a_decision(
    action: PendingAction,
    verb: Verb = Verb.APPROVE,
    *,
    at: datetime = NOW,
    reason: str = "`evidence.verdict` is malicious",
    values: Mapping[str, Value] | None = None,
) -> Decision:
    clause = Clause(words=reason, held=True, facts=("evidence.verdict",), line=3, column=5)
    finding = Finding(
        policy="malicious-url-clusters",
        answer=Match.MATCHED,
        verb=verb,
        priority=0,
        observes=False,
        clauses=(clause,),
    )
    facts: Mapping[str, Value] = {
        "evidence.verdict": "malicious",
        "cluster.mailboxCount": 3,
        "incident.createdAt": NOW,
    }
    return Decision(
        action_id=action.id,
        at=at,
        verb=verb,
        policies=("malicious-url-clusters",),
        reason=reason,
        findings=(finding,),
        facts=Facts(now=at, values=values or facts, messages=({"recipient": "anna@contoso.example"},)),
        grounds="0123456789ab",
        evidence="ba9876543210",
        revision="r1",
        shadow=Ruling(verb=Verb.REJECT, policies=("vip",), reason="a VIP is among the recipients"),
    )


def a_record(
    key: str = "cluster-1",
    state: State = State.SEEN,
    *,
    due: datetime | None = NOW,
    action: PendingAction | None = None,
    incident: str = "1",
    deadline: datetime = NOW + LIFETIME,
    is_noted: bool = True,
    decision: Decision | None = None,
) -> Record:
    return Record(
        action=action or an_action(key, incident=incident, deadline=deadline),
        state=state,
        due=due,
        is_noted=is_noted,
        decision=decision,
    )


def a_decided_record(key: str = "cluster-1", state: State = State.INTENDED, **more: object) -> Record:
    action = an_action(key)
    record = a_record(action=action, state=state, decision=a_decision(action))
    plan = Plan(way=Way.REMEDIATE, why="soft delete through Graph", effects=(an_effect(record),))
    return msgspec.structs.replace(record, plan=plan, **more)


def an_effect(
    record: Record,
    place: int = 0,
    *,
    id: str | None = None,  # noqa: A002
    targets: tuple[Pair, ...] | None = None,
    went: Went = Went.INTENDED,
) -> Effect:
    return Effect(
        id=id or f"{record.action.key}-effect-{place}",
        action_id=record.action.id,
        incident_id=record.action.incident.id,
        targets=targets or ((f"message-{place}", "anna@contoso.example"),),
        went=went,
        intended_at=NOW,
    )


def saved(record: Record, times: int = 1) -> Record:
    """Return the record as the ledger gives it back after it was saved so many times."""
    return msgspec.structs.replace(record, version=record.version + times)


A_LEAVE = Leave(replica="agent", incident_id="1", token=1, until=NOW + timedelta(minutes=10))
"""What the first lease on incident 1 allows."""


async def a_lease(ledger: SqlLedger) -> Leave:
    """Take the lease on incident 1, and return what it allows."""
    token = await ledger.lease("1", A_LEAVE.replica, NOW, A_LEAVE.until)
    assert token is not None
    return msgspec.structs.replace(A_LEAVE, token=token)


async def depart(ledger: SqlLedger, effect_id: str, now: datetime) -> None:
    """Write an effect down as sent, by a lease of its own."""
    leave = await a_lease(ledger)
    await ledger.depart(effect_id, now, leave)

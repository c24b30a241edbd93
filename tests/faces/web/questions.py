"""Open actions that people are asked about, as an agent leaves them in the ledger; as many as one likes."""

from datetime import timedelta
from typing import Any

import msgspec

from agent.judge.bind import offer
from agent.judge.gather import gather, mail_of
from agent.judge.recognise import recognise
from agent.model.decision import Verb
from agent.model.defender import Mail, MailMessage
from agent.model.enactment import Effect, EffectKind, Offer, Plan, Record, State, Way
from agent.model.pending import ActionKind
from tests.faces.records import a_decision
from tests.loop.questions import CHAIN, CHANNEL, ESCALATE
from tests.makers import NOW, TENANT, a_cluster, a_copy, an_alert, an_incident

POLICIES = {"ask": ESCALATE, "chains/secops": CHAIN, "channels/console": CHANNEL}


def a_question(
    number: int = 1,
    *,
    copies: int = 3,
    incident: str | None = None,
    state: State = State.ESCALATED,
    mail: tuple[MailMessage, ...] | None = None,
    unresolved: frozenset[str] = frozenset(),
    way: Way = Way.REMEDIATE,
    reason: str = "escalate by `ask-people`: somebody has to look",
    tenant_id: str = TENANT,
    **changed: Any,
) -> Record:
    """Return a cluster of so many copies of messages in as many mailboxes, of its own incident where none is named."""
    incident = incident or str(number)
    cluster = a_cluster(
        query=f'Urls:"https://bad{number}.example/login"', first=number * copies, messages=copies
    )
    found = an_incident(an_alert(cluster, id=f"a{number}", incident_id=incident), id=incident)
    action = recognise(found, tenant_id=tenant_id, now=NOW)[0]
    mail = mail or tuple(
        a_copy(number * copies + place, recipient=f"user{number * 3 + place}@contoso.example")
        for place in range(copies)
    )
    decision = a_decision(action, Verb.ESCALATE, reason=reason, policies=("ask-people",))
    return Record(
        action=msgspec.structs.replace(action, **changed),
        state=state,
        due=NOW + timedelta(hours=1),
        decision=msgspec.structs.replace(
            decision, facts=gather(action, mail_of(action, Mail(messages=mail, unresolved=unresolved)), NOW)
        ),
        plan=Plan(way=Way.ASK, why="people decide", offered=_offered(action, mail, way)),
    )


def _offered(action: Any, mail: tuple[MailMessage, ...], way: Way) -> Offer:
    effect = Effect(
        id=f"e-{action.id}",
        action_id=action.id,
        incident_id=action.incident.id,
        kind=EffectKind.SOFT_DELETE,
        targets=tuple(copy.pair for copy in mail),
        before=tuple("inbox_folder" for _ in mail),
        intended_at=NOW,
    )
    why = f"soft delete of {len(mail)} copies in mailboxes"
    return offer(action, Plan(way=way, why=why, effects=(effect,)), ("ask-people",))


def of_kind(record: Record, kind: ActionKind) -> Record:
    """Return the same as if another kind of action were proposed."""
    action = msgspec.structs.replace(record.action, kind=kind)
    assert record.plan is not None
    assert record.plan.offered is not None
    assert record.decision is not None
    planned = Plan(way=Way.REMEDIATE, why="does it", effects=record.plan.offered.effects)
    return msgspec.structs.replace(
        record,
        action=action,
        decision=msgspec.structs.replace(record.decision, action_id=action.id),
        plan=Plan(way=Way.ASK, why="people decide", offered=offer(action, planned, ("ask-people",))),
    )

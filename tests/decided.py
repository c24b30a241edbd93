"""Makers of what people decided: proposals with what was known before, which say only what matters."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import msgspec

from agent.adapters.ledger.ledger import SqlLedger
from agent.model.decision import Verb
from agent.model.enactment import Record, State
from agent.model.facts import VOCABULARY, Facts, Value
from agent.model.pending import ActionKind
from agent.model.truth import Certainty, Source, Truth
from tests.faces.records import a_decision
from tests.makers import NOW, TENANT, a_cluster, an_action

DAY = timedelta(days=1)
CLUSTER, MESSAGE = ActionKind.SOFT_DELETE_CLUSTER, ActionKind.SOFT_DELETE_MESSAGE

Row = Mapping[str, Value]

Decision = tuple[Record, Truth]


def a_row(domain: str = "harvest.example", *, dmarc: str = "pass", **more: Value) -> dict[str, Value]:
    """Return what is known of one message."""
    return {
        "recipient": "anna@contoso.example",
        "sender.address": f"someone@{domain}",
        "sender.domain": domain,
        "auth.dmarc": dmarc,
        "subject": "Secret merger: call +49 170 1234567",
        "inMailbox": True,
        **more,
    }


def some_facts(
    *rows: Row, at: datetime = NOW, kind: ActionKind = CLUSTER, size: int = 10, **more: Value | None
) -> Facts:
    """Return what is known of a malicious cluster by URL in so many mailboxes; None takes a fact away."""
    values: dict[str, Value] = {
        "tenant.id": TENANT,
        "action.kind": kind.value,
        "action.firstSeen": at,
        "action.deadline": at + 7 * DAY,
        "evidence.verdict": "malicious",
        "recipients.count": size,
        "recipients": frozenset({"anna@contoso.example", "ceo@contoso.example"}),
        "threats": frozenset({"phish"}),
        "directions": frozenset({"inbound"}),
    }
    if kind is CLUSTER:
        values |= {"cluster.by": "url", "cluster.mailboxCount": size}
    values |= {name.replace("__", "."): value for name, value in more.items() if value is not None}
    gone = {name.replace("__", ".") for name, value in more.items() if value is None}
    return Facts(
        now=at,
        values={name: value for name, value in values.items() if name not in gone},
        messages=rows or (a_row(),),
        vocabulary=VOCABULARY,
    )


def a_decided(
    number: int,
    verb: Verb = Verb.APPROVE,
    *,
    facts: Facts | None = None,
    days: float = 3,
    by: Sequence[str] = ("Eve",),
    kind: ActionKind = CLUSTER,
) -> Decision:
    """Return a proposal on which no policy said anything, and which people decided an hour later, so many days ago."""
    at = NOW - days * DAY
    known = facts if facts is not None else some_facts(kind=kind, size=number + 1)
    known = msgspec.structs.replace(known, now=at)
    action = msgspec.structs.replace(
        an_action(a_cluster(query=f"{number}")),
        key=f"{number}",
        kind=kind,
        first_seen=at,
        deadline=at + 7 * DAY,
    )
    decision = msgspec.structs.replace(
        a_decision(action, Verb.ESCALATE, policies=(), reason="no policy matched", at=at), facts=known
    )
    truth = Truth(
        action_id=action.id,
        first_seen=at,
        verb=verb,
        unknown=None,
        source=Source.AIR,
        certainty=Certainty.CERTAIN,
        at=at + timedelta(hours=1),
        by=tuple(by),
    )
    return Record(action=action, state=State.ESCALATED, due=None, decision=decision), truth


def consistently(
    count: int, verb: Verb = Verb.APPROVE, *, first: int = 0, days: int = 5, **more: object
) -> list[Decision]:
    """Return so many proposals that people decided alike, on so many days."""
    return [
        a_decided(first + number, verb, days=3 + number % days, **more)  # type: ignore[arg-type]
        for number in range(count)
    ]


async def remember(ledger: SqlLedger, decided: Sequence[Decision]) -> None:
    """Put it into a ledger."""
    await ledger.save(
        [record for record, _ in decided], truths=[truth for _, truth in decided], now=NOW - DAY
    )

"""Records in every state that people can meet, and a ledger that holds some."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from agent.model.decision import Clause, Decision, Finding, Match, Verb
from agent.model.defender import AnyEvidence
from agent.model.enactment import Confirmation, Effect, Plan, Record, State, Way, Went
from agent.model.facts import Facts
from agent.model.pending import PendingAction
from tests.ledgers import open_ledger
from tests.makers import NOW, TENANT, a_cluster, an_action

HOSTILE = "Invoice\x1b[2J\x1b[31m\u202e\napproved by you [bold red]\x9b1m\x7f\u2066"
"""What an attacker may write into a subject."""

WAYS = {Verb.APPROVE: Way.REMEDIATE, Verb.REJECT: Way.ADVISORY, Verb.ESCALATE: Way.ASK}


def a_decision(
    action: PendingAction,
    verb: Verb = Verb.APPROVE,
    *,
    reason: str = "approve by `small-clusters`: `cluster.mailboxCount` is 3, at most 200",
    policies: tuple[str, ...] = ("small-clusters",),
    at: datetime = NOW,
    guard: str | None = None,
) -> Decision:
    clause = Clause(
        words="`cluster.mailboxCount` is 3, at most 200",
        held=True,
        facts=("cluster.mailboxCount",),
        line=7,
        column=3,
    )
    other = Clause(words="`auth.dmarc` is unknown", held=None, facts=("auth.dmarc",), line=9, column=5)
    return Decision(
        action_id=action.id,
        at=at,
        verb=verb,
        policies=policies,
        reason=reason,
        findings=(
            Finding(
                policy="small-clusters",
                answer=Match.MATCHED,
                verb=verb,
                priority=0,
                observes=False,
                clauses=(clause,),
            ),
            Finding(
                policy="partners",
                answer=Match.UNDECIDED,
                verb=Verb.REJECT,
                priority=0,
                observes=True,
                clauses=(other,),
            ),
        ),
        facts=Facts(
            now=at,
            values={
                "cluster.mailboxCount": 3,
                "recipients": frozenset({"b@contoso.example", "a@contoso.example"}),
            },
            messages=({"location": "inbox_folder"},),
        ),
        grounds=f"{verb}-{at.isoformat()}",
        evidence="e1",
        revision="r1",
        guard=guard,
        agent_version="0.1.0",
    )


def a_record(
    state: State = State.SENT,
    verb: Verb | None = Verb.APPROVE,
    *,
    evidence: AnyEvidence | None = None,
    plan: Plan | None = None,
    confirmation: Confirmation | None = None,
    why: str = "",
    due: datetime | None = None,
    reason: str = "approve by `small-clusters`: `cluster.mailboxCount` is 3, at most 200",
    guard: str | None = None,
    at: datetime = NOW,
) -> Record:
    action = an_action(evidence or a_cluster())
    if verb is None:
        return Record(action=action, state=state, due=due, why=why)
    return Record(
        action=action,
        state=state,
        due=due,
        decision=a_decision(action, verb, reason=reason, guard=guard, at=at),
        plan=plan
        or Plan(way=WAYS[verb], why="soft delete of 3 copies in mailboxes", effects=(an_effect(action),)),
        confirmation=confirmation or Confirmation(),
        why=why,
    )


def an_effect(action: PendingAction, went: Went = Went.INTENDED) -> Effect:
    return Effect(
        id=f"effect-{action.id}",
        action_id=action.id,
        incident_id=action.incident.id,
        targets=((f"m-{action.id}", "anna@contoso.example"),),
        went=went,
        intended_at=NOW,
    )


def a_settings_file(folder: Path, *records: Record, effects: Sequence[Effect] = ()) -> Path:
    """Return the settings of an agent whose ledger holds these records."""
    path = folder / "air-agent.yaml"
    path.write_text(f"tenant: {{id: {TENANT}}}\n", encoding="utf-8")
    asyncio.run(_save(folder, records, effects))
    return path


async def _save(folder: Path, records: Sequence[Record], effects: Sequence[Effect]) -> None:
    url = f"sqlite:///{folder}/air-agent-data/ledger.db"
    async with open_ledger(url, TENANT) as ledger:
        await ledger.save(records, effects=effects, now=NOW + timedelta(minutes=1))

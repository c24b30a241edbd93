"""What happens in the tenant besides requests: mail moves, evidence follows, people decide, incidents merge."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

from agent.simulator import shapes
from agent.simulator.mail import (
    DELETED,
    HARD_DELETED,
    INBOX,
    JUNK,
    QUARANTINE,
    REACHABLE,
    SOFT_DELETED,
    Copy,
    Pair,
)
from agent.simulator.moments import text
from agent.simulator.names import APP_NAME, ECHO_TITLE, PORTAL_PERSON
from agent.simulator.nouns import Bundle, Proposal, Remediation, Word
from agent.simulator.settling import carry_out, rerun
from agent.simulator.shapes import PENDING, RUNNING
from agent.simulator.state import Happening, State

_DESTINATIONS = {
    "softDelete": SOFT_DELETED,
    "hardDelete": HARD_DELETED,
    "moveToJunk": JUNK,
    "moveToInbox": INBOX,
    "moveToDeletedItems": DELETED,
}
ECHO_AFTER = timedelta(minutes=5)
"""From a remediation to the alert that it raises; the time is ours."""


SINGLES = 1_000
"""The most messages of one recipient, where there are few recipients; `SPREAD` is how many are not few, in per cent of the messages."""
SPREAD = 40
LARGE = 1_000_000
"""A remediation of more messages lets no other begin.

Source of the three, and of the limit of active ones, which is a switch: Microsoft's page on remediating mail. How a
breach shows through Graph is UNCONFIRMED: here it is accepted, and nothing moves.
"""


def remediate(state: State, remediation: Remediation, now: datetime) -> None:
    """Accept a remediation: where it is triggered the mail moves later, and further things follow from that."""
    remediation.triggered = _is_triggered(state, remediation)
    state.remediations.append(remediation)
    if not remediation.triggered:
        return
    state.plan(now + state.switches.effect_after, _moves(remediation))
    if state.switches.remediation_alerts:
        state.plan(now + ECHO_AFTER, _echo(remediation))


def _is_triggered(state: State, asked: Remediation) -> bool:
    active = [other for other in state.remediations if other.triggered and other.done is None]
    limit = state.switches.active_remediations
    if limit is not None and len(active) >= limit:
        return False
    if any(len(other.pairs) > LARGE for other in active):
        return False
    to = Counter(recipient for _, recipient in asked.pairs)
    messages = len({message for message, _ in asked.pairs})
    return 100 * len(to) >= SPREAD * messages or max(to.values()) <= SINGLES


def _moves(remediation: Remediation) -> Happening:
    def move(state: State, now: datetime) -> None:
        destination = _DESTINATIONS[remediation.action]
        for pair in remediation.pairs:
            copy = state.post.at(pair)
            if copy is not None and copy.location in REACHABLE and copy.location != destination:
                copy.move(destination, "Manual Remediation", now)
        remediation.done = now
        state.plan_rerun(now, rerun)

    return move


def _echo(remediation: Remediation) -> Happening:
    def raise_alert(state: State, now: datetime) -> None:
        number = 1 + state.remediations.index(remediation)
        incident_id, alert_id = f"9{number:05d}", f"fa{remediation.bulk_id}"
        copies = [copy for pair in remediation.pairs if (copy := state.post.at(pair)) is not None]
        evidence = shapes.cluster(
            now,
            copies,
            by="NetworkMessageId",
            value=remediation.bulk_id,
            query=f'( (BulkId:"{remediation.bulk_id}") )',
            verdict="unknown",
        )
        alert = shapes.alert(alert_id, incident_id, title=ECHO_TITLE, created=now, evidence=[evidence])
        state.admit(Bundle(shapes.incident(incident_id, name=ECHO_TITLE, created=now), (alert,)), now)
        state.plan_rerun(now, rerun)

    return raise_alert


def person_approves(
    alert_id: str, index: int, by: str = PORTAL_PERSON, words: str | None = None
) -> Happening:
    """Return: somebody approves one pending action in the portal."""

    def approve(state: State, now: datetime) -> None:
        proposal = _open_one(state, alert_id, index)
        if proposal is None:
            return
        proposal.word = Word(True, by, words)
        proposal.evidence["remediationStatus"] = "running"
        alert = state.alerts[alert_id]
        if all(one.evidence["remediationStatus"] != PENDING for one in state.open_proposals(alert_id)):
            alert["investigationState"] = RUNNING
        state.note(alert_id, now)
        state.changed(alert_id, now, advances=state.switches.evidence_change_advances)
        state.plan(now + state.switches.effect_after, _carried_out(proposal))

    return approve


def _carried_out(proposal: Proposal) -> Happening:
    def finish(state: State, now: datetime) -> None:
        carry_out(state, proposal, now)
        if proposal.is_open:
            state.close(proposal, "remediated", now)
        state.plan_rerun(now, rerun)

    return finish


def person_rejects(alert_id: str, index: int, by: str = PORTAL_PERSON, words: str | None = None) -> Happening:
    """Return: somebody rejects one pending action in the portal."""

    def reject(state: State, now: datetime) -> None:
        proposal = _open_one(state, alert_id, index)
        if proposal is not None:
            proposal.word = Word(False, by, words)
            state.close(proposal, "declined", now)

    return reject


def _open_one(state: State, alert_id: str, index: int) -> Proposal | None:
    evidence = state.alerts[alert_id]["evidence"][index]
    for proposal in state.open_proposals(alert_id):
        if proposal.evidence is evidence and evidence["remediationStatus"] == PENDING:
            return proposal
    return None


def zap(pairs: Sequence[Pair]) -> Happening:
    """Return: zero-hour auto purge takes these copies away."""

    def purge(state: State, now: datetime) -> None:
        for pair in pairs:
            copy = state.post.at(pair)
            if copy is not None and copy.in_mailbox:
                copy.move(QUARANTINE, "Phish ZAP", now)
        state.plan_rerun(now, rerun)

    return purge


def arrive(bundle: Bundle) -> Happening:
    """Return: an incident appears."""

    def appear(state: State, now: datetime) -> None:
        state.admit(bundle, now)

    return appear


def grow(alert_id: str, index: int, copies: Sequence[Copy]) -> Happening:
    """Return: a running investigation finds more messages of a cluster."""

    def add(state: State, now: datetime) -> None:
        state.post.add(copies)
        evidence = state.alerts[alert_id]["evidence"][index]
        known = set(evidence["networkMessageIds"])
        fresh = [m for m in dict.fromkeys(copy.network_message_id for copy in copies) if m not in known]
        evidence["networkMessageIds"] = [*evidence["networkMessageIds"], *fresh]
        evidence["emailCount"] = len(evidence["networkMessageIds"])
        state.note(alert_id, now)
        state.changed(alert_id, now, advances=state.switches.evidence_change_advances)

    return add


def merge(loser: str, winner: str) -> Happening:
    """Return: Defender merges one incident into another; the alerts move, and both are news."""

    def join(state: State, now: datetime) -> None:
        state.move_alerts(loser, winner)
        state.incidents[loser]["status"] = "redirected"
        state.incidents[loser]["redirectIncidentId"] = winner
        state.changed_incident(loser, now, advances=True)
        state.changed_incident(winner, now, advances=True)

    return join


def comment(state: State, thing: shapes.Json, words: str, now: datetime) -> None:
    """Append a comment of ours to an incident or alert."""
    thing["comments"] = [
        *thing["comments"],
        {"comment": words, "createdByDisplayName": APP_NAME, "createdDateTime": text(now)},
    ]
    wrote(state, thing, now)


def wrote(state: State, thing: shapes.Json, now: datetime) -> None:
    """Note that we changed an incident or alert."""
    advances = state.switches.own_write_advances
    if "evidence" in thing:
        state.changed(thing["id"], now, advances=advances)
        return
    thing["lastModifiedBy"] = f"API-App:{APP_NAME}"
    state.changed_incident(thing["id"], now, advances=advances)

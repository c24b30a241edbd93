"""The tenant as it is now: Graph-shaped JSON in typed containers, and what is still to happen."""

import heapq
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from agent.simulator.directory import Directory
from agent.simulator.mail import Click, Copy, Pair, Post
from agent.simulator.moments import text
from agent.simulator.names import TENANT_ID
from agent.simulator.shapes import PENDING, Json
from agent.simulator.switches import Switches

LIFETIME = timedelta(days=7)
"""How long an action stays pending. Source: Microsoft's page on approving AIR actions; from when is UNCONFIRMED."""

Happening = Callable[["State", datetime], None]
"""Something that changes the tenant at its moment."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """One incident with its alerts and the mail they speak of, ready to appear."""

    incident: Json
    alerts: tuple[Json, ...] = ()
    copies: tuple[Copy, ...] = ()
    clicks: tuple[Click, ...] = ()


@dataclass(slots=True)
class Proposal:
    """One pending action as one alert's evidence shows it. `is_open` until somebody or something ends it."""

    alert_id: str
    evidence: Json
    is_open: bool = True

    @property
    def messages(self) -> tuple[str, ...]:
        """The messages it acts on; none where it is not about mail."""
        if "networkMessageIds" in self.evidence:
            return tuple(self.evidence["networkMessageIds"])
        message = self.evidence.get("networkMessageId")
        return (message,) if message else ()

    def copies(self, post: Post) -> Iterator[Copy]:
        """Return the copies it acts on: of a single message only the one mailbox it names."""
        recipient = self.evidence.get("recipientEmailAddress")
        for message in self.messages:
            for copy in post.of_message(message):
                if recipient is None or copy.recipient.lower() == recipient.lower():
                    yield copy


@dataclass(slots=True)
class Remediation:
    """One accepted `remediate`. `done` is when the mail had moved; None while it is active."""

    bulk_id: str
    name: str
    action: str
    pairs: tuple[Pair, ...]
    asked: datetime
    triggered: bool = True
    done: datetime | None = None


@dataclass(slots=True)
class Request:
    """One request and what its sender saw: status 0 is a connection that broke."""

    at: datetime
    method: str
    path: str
    query: str
    kind: str = ""
    status: int = 0
    pairs: tuple[Pair, ...] = ()


@dataclass
class State:
    """The tenant. It changes only through `advance` and through the requests it answers."""

    seed: int
    started: datetime
    tenant_id: str = TENANT_ID
    switches: Switches = field(default_factory=Switches)
    incidents: dict[str, Json] = field(default_factory=dict)
    alerts: dict[str, Json] = field(default_factory=dict)
    post: Post = field(default_factory=Post)
    directory: Directory = field(default_factory=Directory)
    proposals: list[Proposal] = field(default_factory=list)
    remediations: list[Remediation] = field(default_factory=list)
    remediated: Counter[Pair] = field(default_factory=Counter)
    """How often each copy was asked to be remediated, in accepted requests."""
    requests: list[Request] = field(default_factory=list)
    strays: list[str] = field(default_factory=list)
    """Incidents that were written to although they had been merged into another."""
    unheard: list[Bundle] = field(default_factory=list)
    """What appears only where `unheard_words` is switched on."""
    revisions: Counter[str] = field(default_factory=Counter)
    """How often each incident and alert has changed."""
    _alerts_of: dict[str, list[str]] = field(default_factory=dict)
    _agenda: list[tuple[datetime, int, Happening]] = field(default_factory=list)
    _planned: int = 0
    _reruns: set[datetime] = field(default_factory=set)

    def adopt(self, switches: Switches) -> None:
        """Go by these switches from now on."""
        self.switches = switches
        if switches.unheard_words:
            for bundle in self.unheard:
                self.admit(bundle, self.started)
        self.unheard = []

    def admit(self, bundle: Bundle, now: datetime) -> None:
        """Let an incident appear, with its alerts, mail and pending actions."""
        self.incidents[bundle.incident["id"]] = bundle.incident
        self._alerts_of.setdefault(bundle.incident["id"], [])
        self.post.add(bundle.copies)
        self.post.click(bundle.clicks)
        for alert in bundle.alerts:
            self._add(alert, now)

    def _add(self, alert: Json, now: datetime) -> None:
        self.alerts[alert["id"]] = alert
        self._alerts_of.setdefault(alert["incidentId"], []).append(alert["id"])
        deadline = datetime.fromisoformat(alert["createdDateTime"]) + LIFETIME
        is_alive = deadline > now
        self.proposals += [
            Proposal(alert["id"], evidence, is_open=is_alive)
            for evidence in alert["evidence"]
            if evidence["remediationStatus"] == PENDING
        ]
        if is_alive and alert["investigationState"] == PENDING:
            self.plan(deadline, _expiry(alert["id"]))

    def alerts_of(self, incident_id: str) -> Sequence[str]:
        """Return the ids of an incident's alerts, oldest first."""
        return self._alerts_of.get(incident_id, [])

    def move_alerts(self, loser: str, winner: str) -> None:
        """Hand all alerts of one incident to another."""
        for alert_id in self._alerts_of.pop(loser, []):
            self.alerts[alert_id]["incidentId"] = winner
            self.alerts[alert_id]["incidentWebUrl"] = self.incidents[winner]["incidentWebUrl"]
            self._alerts_of.setdefault(winner, []).append(alert_id)
            self.revisions[alert_id] += 1
        self._alerts_of[loser] = []

    def open_proposals(self, alert_id: str | None = None) -> Iterator[Proposal]:
        """Return what still awaits approval, of one alert or of all."""
        return (p for p in self.proposals if p.is_open and alert_id in (None, p.alert_id))

    def plan(self, due: datetime, happening: Happening) -> None:
        """Let something happen at its moment; what is due at once happens in the order of planning."""
        self._planned += 1
        heapq.heappush(self._agenda, (due, self._planned, happening))

    def advance(self, now: datetime) -> None:
        """Let everything happen that is due."""
        while self._agenda and self._agenda[0][0] <= now:
            due, _, happening = heapq.heappop(self._agenda)
            happening(self, due)

    def plan_rerun(self, now: datetime, happening: Happening) -> None:
        """Let investigations run again, once for all mail that went in the same minute."""
        after = self.switches.closes_after.after
        if after is None:
            return
        due = (now + after).replace(second=0, microsecond=0) + timedelta(minutes=1)
        if due not in self._reruns:
            self._reruns.add(due)
            self.plan(due, happening)

    def changed(self, alert_id: str, now: datetime, *, advances: bool) -> None:
        """Note that an alert, and so its incident, has changed."""
        alert = self.alerts[alert_id]
        self.revisions[alert_id] += 1
        if advances:
            alert["lastUpdateDateTime"] = text(now)
        self.changed_incident(alert["incidentId"], now, advances=advances)

    def changed_incident(self, incident_id: str, now: datetime, *, advances: bool) -> None:
        """Note that an incident has changed."""
        self.revisions[incident_id] += 1
        if advances:
            self.incidents[incident_id]["lastUpdateDateTime"] = text(now)

    def close(self, proposal: Proposal, status: str, now: datetime) -> None:
        """End a pending action; its alert is resolved when nothing is left."""
        proposal.is_open = False
        proposal.evidence["remediationStatus"] = status
        alert = self.alerts[proposal.alert_id]
        if not any(self.open_proposals(proposal.alert_id)) and alert["investigationState"] == PENDING:
            alert["investigationState"] = "successfullyRemediated"
            alert["status"] = "resolved"
            alert["resolvedDateTime"] = text(now)
        self.changed(proposal.alert_id, now, advances=self.switches.evidence_change_advances)


def _expiry(alert_id: str) -> Happening:
    def expire(state: State, now: datetime) -> None:
        alert = state.alerts[alert_id]
        if alert["investigationState"] != PENDING:
            return
        for proposal in tuple(state.open_proposals(alert_id)):
            proposal.is_open = False
            proposal.evidence["remediationStatus"] = state.switches.expired_evidence
        alert["investigationState"] = "terminatedBySystem"
        state.changed(alert_id, now, advances=state.switches.evidence_change_advances)

    return expire

"""The tenant as it is now: Graph-shaped JSON in typed containers, and what is still to happen."""

import heapq
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from agent.simulator.directory import Directory
from agent.simulator.lagging import Lagging
from agent.simulator.machines import Machines
from agent.simulator.mail import Pair, Post
from agent.simulator.mailboxes import Mailbox
from agent.simulator.moments import text
from agent.simulator.names import TENANT_ID
from agent.simulator.nouns import (
    Act,
    Bundle,
    Change,
    Judgement,
    Proposal,
    Remediation,
    Request,
    Search,
    Sent,
    Stood,
    Target,
)
from agent.simulator.shapes import PENDING, RUNNING, Json
from agent.simulator.switches import Switches

LIFETIME = timedelta(days=7)
"""How long an action stays pending. Source: Microsoft's page on approving AIR actions; from when is UNCONFIRMED."""

Happening = Callable[["State", datetime], None]
"""Something that changes the tenant at its moment."""

TAKES_AWAY = frozenset({"softDelete", "hardDelete", "moveToJunk", "moveToDeletedItems"})
"""Actions of `remediate` that take mail out of the inbox."""


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
    mailboxes: dict[str, Mailbox] = field(default_factory=dict)
    """By the object id of the user; a user whose mailbox does nothing special is not in it."""
    identities: dict[str, Json] = field(default_factory=dict)
    """`identityAccounts` by their ids, in the form of the schema."""
    resets: dict[str, datetime] = field(default_factory=dict)
    """When the password of an `identityAccounts` was reset last."""
    machines: Machines = field(default_factory=Machines)
    lagging: Lagging = field(default_factory=Lagging)
    proposals: list[Proposal] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    """What hunting will tell of investigations, oldest first."""
    judgements: dict[tuple[str, int], Judgement] = field(default_factory=dict)
    """What became of each proposal where people work, by its alert and which of its evidence it is: the ground truth."""
    silent: set[str] = field(default_factory=set)
    """Alerts of whose investigations hunting tells nothing more: not every audit record reaches it."""
    remediations: list[Remediation] = field(default_factory=list)
    applied: Counter[Target] = field(default_factory=Counter)
    """How often each thing was asked to be done to each target, in accepted requests."""
    requests: list[Request] = field(default_factory=list)
    searches: list[Search] = field(default_factory=list)
    """Searches of the audit, oldest first."""
    sent: list[Sent] = field(default_factory=list)
    """What the app has sent by mail, oldest first."""
    strays: list[str] = field(default_factory=list)
    """Incidents that were written to although they had been merged into another."""
    unheard: list[Bundle] = field(default_factory=list)
    """What appears only where `unheard_words` is switched on."""
    revisions: Counter[str] = field(default_factory=Counter)
    """How often each incident and alert has changed."""
    _alerts_of: dict[str, list[str]] = field(default_factory=dict)
    _proposals_of: dict[str, list[Proposal]] = field(default_factory=lambda: defaultdict(list))
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
            self._add(alert, bundle.proposes, now)

    def _add(self, alert: Json, proposes: Act | None, now: datetime) -> None:
        self.alerts[alert["id"]] = alert
        self._alerts_of.setdefault(alert["incidentId"], []).append(alert["id"])
        deadline = datetime.fromisoformat(alert["createdDateTime"]) + LIFETIME
        is_alive = deadline > now
        found = [
            Proposal(alert["id"], evidence, is_open=is_alive, proposes=proposes)
            for evidence in alert["evidence"]
            if evidence["remediationStatus"] == PENDING
        ]
        self.proposals += found
        self._proposals_of[alert["id"]] += found
        if found:
            self.note(alert["id"], datetime.fromisoformat(alert["createdDateTime"]))
        if is_alive and alert["investigationState"] == PENDING:
            self.plan(deadline, _Expiry(alert["id"]))

    def apply(self, asked: Request, effect: str, pairs: Iterable[Pair]) -> None:
        """Count what an accepted write does, and write it down in its request."""
        asked.effect, asked.pairs = effect, tuple(pairs)
        self.applied.update((effect, what, place) for what, place in asked.pairs)

    @property
    def remediated(self) -> Counter[Pair]:
        """How often each copy was asked to be taken away, in accepted requests."""
        found: Counter[Pair] = Counter()
        for (effect, message, recipient), times in self.applied.items():
            if effect in TAKES_AWAY:
                found[(message, recipient)] += times
        return found

    def note(self, alert_id: str, now: datetime) -> None:
        """Write down how the actions of an alert's investigation stand, where hunting still tells of it."""
        if alert_id in self.silent:
            return
        stood = tuple(
            Stood(one.act, number, dict(one.evidence), one.word, one.ended)
            for number, one in enumerate(self._proposals_of[alert_id])
        )
        self.changes.append(Change(now, alert_id, str(self.alerts[alert_id]["investigationState"]), stood))

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
        some = self.proposals if alert_id is None else self._proposals_of[alert_id]
        return (proposal for proposal in some if proposal.is_open)

    def plan(self, due: datetime, happening: Happening) -> None:
        """Let something happen at its moment; what is due at once happens in the order of planning."""
        self._planned += 1
        heapq.heappush(self._agenda, (due, self._planned, happening))

    def advance(self, now: datetime) -> None:
        """Let everything happen that is due."""
        while self._agenda and self._agenda[0][0] <= now:
            due, _, happening = heapq.heappop(self._agenda)
            happening(self, due)

    def next_happening(self) -> datetime | None:
        """Return when something happens next by itself; None where nothing does."""
        while self._agenda and isinstance(self._agenda[0][2], _Expiry) and self._agenda[0][2].is_void(self):
            heapq.heappop(self._agenda)
        return self._agenda[0][0] if self._agenda else None

    def plan_rerun(self, now: datetime, happening: Happening) -> None:
        """Let investigations run again, once for everything that went in the same minute."""
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
        proposal.is_open, proposal.ended = False, now
        proposal.evidence["remediationStatus"] = status
        alert = self.alerts[proposal.alert_id]
        is_under_way = alert["investigationState"] in {PENDING, RUNNING}
        if is_under_way and not any(self.open_proposals(proposal.alert_id)):
            alert["investigationState"] = "successfullyRemediated"
            alert["status"] = "resolved"
            alert["resolvedDateTime"] = text(now)
        self.note(proposal.alert_id, now)
        self.changed(proposal.alert_id, now, advances=self.switches.evidence_change_advances)


@dataclass(frozen=True, slots=True)
class _Expiry:
    """The end of the week of what an alert's investigation proposes."""

    alert_id: str

    def __call__(self, state: State, now: datetime) -> None:
        """End what is still open; where nothing is, nothing happens."""
        if self.is_void(state):
            return
        for proposal in tuple(state.open_proposals(self.alert_id)):
            proposal.is_open = False
            proposal.evidence["remediationStatus"] = state.switches.expired_evidence
        state.alerts[self.alert_id]["investigationState"] = "terminatedBySystem"
        state.note(self.alert_id, now)
        state.changed(self.alert_id, now, advances=state.switches.evidence_change_advances)

    def is_void(self, state: State) -> bool:
        """Whether there is nothing left that could expire."""
        return bool(state.alerts[self.alert_id]["investigationState"] != PENDING)

"""Incidents of every kind of pending action that is carried out, the policies that approve them, and what must be applied.

Each arrival acts on targets that no other one touches, so that every effect can be told by its target.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from agent.model.enactment import EffectKind
from agent.simulator import shapes
from agent.simulator.directory import USER, user
from agent.simulator.furnishing import place_one
from agent.simulator.lots import guid, lots
from agent.simulator.mail import INBOX
from agent.simulator.making import NOT_REMOVED, URL_REMOVED, Maker
from agent.simulator.names import DOMAIN
from agent.simulator.nouns import Act, Bundle, Target
from agent.simulator.shapes import Json
from agent.simulator.state import State
from agent.simulator.suspects import security_identifier
from tests.fakes import FakeShelf

MESSAGES = 10
"""Of each cluster; one in ten goes to two people, so that there are eleven copies."""

PER_CALL = 4
"""Targets of one `remediate`: a cluster takes several calls."""

_APPROVE = """
policy: approve-{kind}
description: Approves everything of one kind.
owner: soc@contoso.example
for: [{kind}]
mode: enforce
match:
  evidence.verdict: malicious
decide: approve
"""

_REJECT = """
policy: reject-suspicious
description: Rejects clusters that are only suspicious, and classifies their alerts.
owner: soc@contoso.example
for: [softDeleteCluster]
mode: enforce
match:
  evidence.verdict: suspicious
decide: reject
classification: {classification: falsePositive, determination: notMalicious}
"""

APPROVED = ("softDeleteCluster", "disableForwarding", "disableUser", "quarantineFile")


def shelf() -> FakeShelf:
    """Return the policies that approve everything malicious, and reject what is only suspicious."""
    approve = {kind: _APPROVE.format(kind=kind) for kind in APPROVED}
    return FakeShelf(reject=_REJECT, **approve)


@dataclass(frozen=True)
class Arrival:
    """One incident that appeared: the targets to which each effect has to be applied once, none for a reject."""

    incident_id: str
    alert_id: str
    targets: frozenset[Target]
    classification: str | None = None
    """What its alert is to be classified as."""


Admit = Callable[["Tenant", datetime, int], Arrival]
"""Given how many messages a cluster has."""


class Tenant:
    """A tenant in which incidents of any kind can appear at any moment."""

    def __init__(self, seed: int, now: datetime) -> None:
        self.state = State(seed, now)
        self.arrivals: list[Arrival] = []
        self._maker = Maker(seed, now, first_incident=100_000)
        self._lots = lots(seed, "arrivals")

    def admit(self, kind: str, now: datetime, *, messages: int = MESSAGES) -> Arrival:
        """Let one incident of a kind appear, and return what has to be done about it."""
        arrival = KINDS[kind](self, now, messages)
        self.arrivals.append(arrival)
        return arrival

    def cluster(self, now: datetime, messages: int, *, verdict: str = "malicious") -> Arrival:
        """Let a cluster of messages appear."""
        number = len(self.arrivals)
        url = f"https://arrival-{number}.harvest.example/"
        letter = self._maker.letter("harvest.example", f"Arrival {number}", urls=(url,))
        copies = self._maker.copies(letter, messages, now - timedelta(hours=1), location=INBOX)
        evidence = self._maker.by_url(now, copies, url)
        evidence["verdict"] = verdict
        bundle = self._maker.bundle(
            f"Arrival {number}",
            URL_REMOVED if verdict == "malicious" else NOT_REMOVED,
            [evidence],
            now,
            copies=copies,
        )
        self.state.admit(bundle, now)
        is_deleted = verdict == "malicious"
        pairs = [(message.lower(), recipient.lower()) for message, recipient in (one.pair for one in copies)]
        arrival = _arrival(bundle, [(EffectKind.SOFT_DELETE, *pair) for pair in pairs] if is_deleted else [])
        return arrival if is_deleted else replace(arrival, classification="falsePositive")

    def rule(self, now: datetime) -> Arrival:
        """Let an inbox rule be found that forwards outside."""
        owner = self._somebody()
        evidence = shapes.evidence(
            "mailboxConfigurationEvidence",
            now,
            configurationId=f"AQAAAJ{len(self.arrivals):05}A=",
            configurationType="userInboxRule",
            displayName=".",
            externalDirectoryObjectId=None,
            mailboxPrimaryAddress=owner["mail"],
            upn=owner["userPrincipalName"],
        )
        bundle = self._show(evidence, now)
        return _arrival(bundle, [(EffectKind.DISABLE_RULE, evidence["configurationId"], owner["id"])])

    def file(self, now: datetime) -> Arrival:
        """Let a malicious file be found on a device of its own."""
        device, sha256 = f"{self._lots.getrandbits(160):040x}", self._maker.sha256()
        evidence = shapes.evidence(
            "fileEvidence",
            now,
            detectionStatus="detected",
            mdeDeviceId=device,
            fileDetails=shapes.file_details("stealer.exe", r"C:\ProgramData", sha256),
        )
        bundle = self._show(
            evidence,
            now,
            prefix="da",
            source="microsoftDefenderForEndpoint",
            detection="automatedInvestigation",
            category="Malware",
        )
        return _arrival(bundle, [(EffectKind.QUARANTINE_FILE, sha256[:40], device)])

    def account(self, now: datetime, *, is_synced: bool = False) -> Arrival:
        """Let an account be found that sends spam: in Entra ID alone, or synchronised from on premises."""
        owner = self._somebody(is_synced=is_synced)
        name = owner["userPrincipalName"].partition("@")[0]
        sid = owner["onPremisesSecurityIdentifier"]
        evidence = shapes.evidence(
            "userEvidence", now, roles=("compromised",), userAccount=shapes.account(name, DOMAIN, "", sid=sid)
        )
        bundle = self._show(evidence, now, proposes=Act.DISABLE_USER)
        revoked = (EffectKind.REVOKE_SESSIONS, owner["id"], "")
        if not is_synced:
            return _arrival(bundle, [(EffectKind.DISABLE_USER, owner["id"], ""), revoked])
        identity = next(
            one for one in self.state.identities.values() if one["onPremisesSecurityIdentifier"] == sid
        )
        account_id = str(identity["accounts"][0]["identifier"])
        return _arrival(bundle, [(EffectKind.DISABLE_ACCOUNT, identity["id"], account_id), revoked])

    def _somebody(self, *, is_synced: bool = False) -> Json:
        """Let a person appear who is in nothing else."""
        address = f"person{len(self.arrivals)}@{DOMAIN}"
        sid = security_identifier(address) if is_synced else None
        found = user(guid(self._lots), address, sid=sid)
        self.state.directory.admit(USER, found)
        return found

    def _show(self, evidence: Json, now: datetime, *, proposes: Act | None = None, **alert: str) -> Bundle:
        """Let an incident with this evidence appear, and what the evidence names."""
        bundle = self._maker.bundle(
            f"Arrival {len(self.arrivals)}",
            "Suspicious email sending patterns detected",
            [evidence],
            now,
            severity="medium",
            proposes=proposes,
            **alert,  # type: ignore[arg-type]
        )
        self.state.admit(bundle, now)
        for proposal in self.state.open_proposals(bundle.alerts[0]["id"]):
            place_one(self.state, proposal)
        return bundle


def _arrival(bundle: Bundle, targets: list[Target]) -> Arrival:
    return Arrival(bundle.incident["id"], bundle.alerts[0]["id"], frozenset(targets))


KINDS: Mapping[str, Admit] = {
    "cluster": Tenant.cluster,
    "rule": lambda tenant, now, _: tenant.rule(now),
    "file": lambda tenant, now, _: tenant.file(now),
    "reject": lambda tenant, now, messages: tenant.cluster(now, messages, verdict="suspicious"),
    "user": lambda tenant, now, _: tenant.account(now),
    "synced user": lambda tenant, now, _: tenant.account(now, is_synced=True),
}

"""The tenant's things as bytes, encoded once for each revision: pages are asked for far more than they change."""

import zlib
from datetime import datetime

import msgspec

from agent.simulator.mail import HARD_DELETED, SOFT_DELETED, Copy
from agent.simulator.moments import text
from agent.simulator.names import TENANT_ID
from agent.simulator.shapes import PENDING, Json
from agent.simulator.state import State
from agent.simulator.words import (
    HIDDEN_DETECTION_SOURCES,
    HIDDEN_REMEDIATION_STATUSES,
    HIDDEN_SERVICE_SOURCES,
    HIDDEN_STATUSES,
    SENTINEL,
)

encode = msgspec.json.Encoder().encode

_BLOCKED = frozenset({"failed", "dropped", "quarantine"})
_UNNAMED = frozenset({SOFT_DELETED, HARD_DELETED})


class Rendering:
    """Encodes incidents and alerts; `unmasked` is whether the request asked for unknown enum members."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._kept: dict[tuple[str, str, bool], tuple[int, bytes]] = {}

    def incident(self, incident_id: str, *, unmasked: bool, alerts: bool) -> bytes:
        """Return an incident, with its alerts only where they were asked for."""
        head = self._cached("incident", incident_id, unmasked)
        if not alerts:
            return head
        inside = b",".join(
            self.alert(alert_id, unmasked=unmasked) for alert_id in self._state.alerts_of(incident_id)
        )
        return head[:-1] + b',"alerts":[' + inside + b"]}"

    def alert(self, alert_id: str, *, unmasked: bool) -> bytes:
        """Return an alert with its evidence."""
        return self._cached("alert", alert_id, unmasked)

    def _cached(self, kind: str, thing_id: str, unmasked: bool) -> bytes:
        revision = self._state.revisions[thing_id]
        kept = self._kept.get((kind, thing_id, unmasked))
        if kept is not None and kept[0] == revision:
            return kept[1]
        if kind == "alert":
            shown = self._shown_alert(self._state.alerts[thing_id], unmasked)
        else:
            shown = _shown_incident(self._state.incidents[thing_id], unmasked)
        # What makes things up knows one tenant; where several stand side by side, each says its own id.
        encoded = encode(shown).replace(TENANT_ID.encode(), self._state.tenant_id.encode())
        self._kept[(kind, thing_id, unmasked)] = (revision, encoded)
        return encoded

    def _shown_alert(self, alert: Json, unmasked: bool) -> Json:
        evidence = [self._shown_evidence(one, unmasked) for one in alert["evidence"]]
        if unmasked:
            return {**alert, "evidence": evidence}
        return {
            **alert,
            "serviceSource": _masked(alert["serviceSource"], HIDDEN_SERVICE_SOURCES),
            "detectionSource": _masked(alert["detectionSource"], HIDDEN_DETECTION_SOURCES),
            "evidence": evidence,
        }

    def _shown_evidence(self, evidence: Json, unmasked: bool) -> Json:
        status = evidence["remediationStatus"]
        is_cluster = "networkMessageIds" in evidence
        if is_cluster and status == PENDING and not self._state.switches.cluster_shows_pending:
            status = "active"
        if not unmasked:
            status = _masked(status, HIDDEN_REMEDIATION_STATUSES)
        shown = {**evidence, "remediationStatus": status}
        if evidence.get("configurationId") and not self._state.switches.rule_ids_match:
            shown["configurationId"] = _of_exchange(evidence["configurationId"])
        return shown


def _of_exchange(rule_id: str) -> str:
    """Return another name for a rule, as Exchange has one of digits for each. That Defender gives it is UNCONFIRMED."""
    return str(1 + zlib.crc32(rule_id.encode())) * 2


def _shown_incident(incident: Json, unmasked: bool) -> Json:
    if unmasked:
        return incident
    return {**incident, "status": _masked(incident["status"], HIDDEN_STATUSES)}


def _masked(word: str, hidden: frozenset[str]) -> str:
    return SENTINEL if word in hidden else word


def analyzed_email(copy: Copy) -> Json:
    """Return one copy as `analyzedEmail`. The form of its id is UNCONFIRMED; nobody may rely on it."""
    letter = copy.letter
    threats = ", ".join(threat.capitalize() for threat in letter.threats)
    sender_domain = letter.sender.partition("@")[2]
    return {
        "id": f"{copy.network_message_id}-{copy.recipient}",
        "networkMessageId": copy.network_message_id,
        "internetMessageId": f"<{copy.network_message_id[:13]}@{letter.mail_from.partition('@')[2]}>",
        "recipientEmailAddress": copy.recipient,
        "subject": letter.subject,
        "loggedDateTime": text(copy.received),
        "directionality": letter.direction,
        "senderDetail": {
            "displayName": letter.sender_name,
            "fromAddress": letter.sender,
            "domainName": sender_domain,
            "mailFromAddress": letter.mail_from,
            "mailFromDomainName": letter.mail_from.partition("@")[2],
            "ipv4": letter.sender_ip,
            "location": None,
            "domainOwner": None,
            "domainCreationDateTime": None,
        },
        "recipientDetail": {"ccRecipients": [], "domainName": copy.recipient.partition("@")[2]},
        "returnPath": letter.mail_from,
        "sizeInBytes": 20_480,
        "language": "en",
        "originalDelivery": _delivery(copy.original, threats),
        "latestDelivery": _delivery(copy.location, threats),
        "threatTypes": list(letter.threats) or ["none"],
        "detectionMethods": list(letter.methods),
        "bulkComplaintLevel": str(letter.bulk_level),
        "alertIds": [],
        "authenticationDetails": {
            "senderPolicyFramework": letter.spf,
            "dkim": letter.dkim,
            "dmarc": letter.dmarc,
            "compositeAuthentication": letter.composite,
        },
        "urls": [{"url": url, "threatType": "phish"} for url in letter.urls],
        "timelineEvents": _timeline(copy),
    }


def _delivery(location: str, threats: str) -> Json:
    """Say a place in `deliveryLocation`'s words: it has none for recoverable items, so `others`."""
    action = "blocked" if location in _BLOCKED else "delivered"
    return {
        "action": "deliveredToJunk" if location == "junkFolder" else action,
        "location": "others" if location in _UNNAMED else location,
        "originalThreats": threats,
        "latestThreats": threats,
    }


def _timeline(copy: Copy) -> list[Json]:
    events = [_event(copy.received, "originalDelivery", "system", copy.original)]
    if copy.moved is not None:
        was_zap = copy.moved_by == "Phish ZAP"
        events.append(
            _event(copy.moved, "zap" if was_zap else "air", "system" if was_zap else "admin", copy.location)
        )
    return events


def _event(moment: datetime, kind: str, source: str, result: str) -> Json:
    return {
        "eventDateTime": text(moment),
        "eventType": kind,
        "eventSource": source,
        "eventResult": result,
        "eventDetails": "",
        "eventThreats": [],
    }

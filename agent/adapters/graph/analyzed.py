"""`analyzedEmails` -> messages: how mail is looked up where hunting is not granted. Pure."""

from datetime import datetime
from typing import Any

from agent.adapters.graph.copies import Unreadable, text, texts, threats_of, word
from agent.adapters.graph.hunting import is_message_id
from agent.adapters.graph.wire import moment_of
from agent.model.defender import MailMessage

_LOCATIONS = {
    place.lower(): place
    for place in (
        "inbox_folder",
        "junkFolder",
        "deletedFolder",
        "quarantine",
        "onprem_external",
        "failed",
        "dropped",
        "others",
    )
}
"""The members of `deliveryLocation` that say something. Source: v1.0 metadata of 2026-08-20."""

_STILL = frozenset({"originalDelivery", "userUrlClick"})
"""Events of a copy's time line (`eventType`) that leave it where it is. Source: v1.0 metadata of 2026-08-20."""

_DIRECTIONS = {"inbound": "inbound", "outbound": "outbound", "intraorg": "intraOrg"}


def message_of(raw: Any) -> MailMessage | Unreadable:
    """Return the copy that one record tells of, or why it cannot be taken.

    Without `threatTypes` it cannot: Graph has the word `none` for a message without threats. That a null
    `detectionMethods` means none is UNCONFIRMED.
    """
    message_id = word(raw, "networkMessageId") if isinstance(raw, dict) else None
    if message_id is None or not is_message_id(message_id):
        return Unreadable(None, "a record names no message")
    recipient = word(raw, "recipientEmailAddress")
    if recipient is None:
        return Unreadable(message_id, "a record names no recipient")
    threats, methods = texts(raw.get("threatTypes")), texts(raw.get("detectionMethods") or [])
    if threats is None or methods is None:
        return Unreadable(message_id, "a record does not say in words what was detected")
    sender, verdicts = _part(raw, "senderDetail"), _part(raw, "authenticationDetails")
    original = _location(_part(raw, "originalDelivery"))
    # A word that nobody knows must not fall back to where the mail once was.
    latest = _part(raw, "latestDelivery")
    moved = _moved(raw)
    return MailMessage(
        network_message_id=message_id,
        recipient=recipient,
        sender=word(sender, "fromAddress"),
        mail_from=word(sender, "mailFromAddress"),
        sender_ip=word(sender, "ipv4"),
        subject=text(raw, "subject"),
        direction=_DIRECTIONS.get((word(raw, "directionality") or "").lower()),
        location=_location(latest) if word(latest, "location") else original,
        original_location=original,
        threats=threats_of(threats),
        detection_methods=methods,
        spf=_verdict(verdicts, "senderPolicyFramework"),
        dkim=_verdict(verdicts, "dkim"),
        dmarc=_verdict(verdicts, "dmarc"),
        composite=_verdict(verdicts, "compositeAuthentication"),
        received=moment_of(raw.get("loggedDateTime")),
        first_moved=min(moved, default=None),
        last_moved=max(moved, default=None),
    )


def _moved(raw: dict[str, Any]) -> list[datetime]:
    """Return when something happened to the copy that may have moved it, as its time line says."""
    events = raw.get("timelineEvents")
    told = [one for one in events if isinstance(one, dict)] if isinstance(events, list) else []
    moments = [moment_of(one.get("eventDateTime")) for one in told if word(one, "eventType") not in _STILL]
    return [one for one in moments if one is not None]


def _location(delivery: dict[str, Any]) -> str | None:
    return _LOCATIONS.get((word(delivery, "location") or "").lower())


def _part(raw: dict[str, Any], key: str) -> dict[str, Any]:
    found = raw.get(key)
    return found if isinstance(found, dict) else {}


def _verdict(verdicts: dict[str, Any], key: str) -> str | None:
    found = word(verdicts, key)
    return found.lower() if found else None

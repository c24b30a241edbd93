"""`analyzedEmails` -> messages: how mail is looked up where hunting is not granted. Pure."""

from typing import Any

from agent.adapters.graph.wire import moment_of
from agent.model.defender import MailMessage

_LOCATIONS = {
    word.lower(): word
    for word in (
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

_DIRECTIONS = {"inbound": "inbound", "outbound": "outbound", "intraorg": "intraOrg"}


def message_of(raw: Any) -> MailMessage | None:
    """Return one copy of a message, or None where it has no id or no recipient."""
    if not isinstance(raw, dict):
        return None
    message_id, recipient = _text(raw, "networkMessageId"), _text(raw, "recipientEmailAddress")
    if message_id is None or recipient is None:
        return None
    sender, verdicts = _part(raw, "senderDetail"), _part(raw, "authenticationDetails")
    original = _location(_part(raw, "originalDelivery"))
    # A word that nobody knows must not fall back to where the mail once was.
    latest = _part(raw, "latestDelivery")
    return MailMessage(
        network_message_id=message_id,
        recipient=recipient,
        sender=_text(sender, "fromAddress"),
        mail_from=_text(sender, "mailFromAddress"),
        sender_ip=_text(sender, "ipv4"),
        subject=_text(raw, "subject"),
        direction=_DIRECTIONS.get((_text(raw, "directionality") or "").lower()),
        location=_location(latest) if _text(latest, "location") else original,
        original_location=original,
        threats=tuple(word.lower() for word in _texts(raw, "threatTypes") if word.lower() != "none"),
        detection_methods=_texts(raw, "detectionMethods"),
        spf=_verdict(verdicts, "senderPolicyFramework"),
        dkim=_verdict(verdicts, "dkim"),
        dmarc=_verdict(verdicts, "dmarc"),
        composite=_verdict(verdicts, "compositeAuthentication"),
        received=moment_of(raw.get("loggedDateTime")),
    )


def _location(delivery: dict[str, Any]) -> str | None:
    return _LOCATIONS.get((_text(delivery, "location") or "").lower())


def _part(raw: dict[str, Any], key: str) -> dict[str, Any]:
    found = raw.get(key)
    return found if isinstance(found, dict) else {}


def _text(raw: dict[str, Any], key: str) -> str | None:
    found = raw.get(key)
    return found if isinstance(found, str) and found.strip() else None


def _texts(raw: dict[str, Any], key: str) -> tuple[str, ...]:
    found = raw.get(key)
    if not isinstance(found, list):
        return ()
    return tuple(dict.fromkeys(word for word in found if isinstance(word, str) and word))


def _verdict(verdicts: dict[str, Any], key: str) -> str | None:
    found = _text(verdicts, key)
    return found.lower() if found else None

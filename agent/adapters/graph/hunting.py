"""Where mail is, from advanced hunting: the one query, and its rows -> messages. Pure.

A mail cluster names messages but no recipients, and `remediate` wants both. One query over `EmailEvents`
and `EmailPostDeliveryEvents` resolves thousands of messages at the price of one request, and who clicked
in them comes with it (`clicks`).
"""

from collections.abc import Sequence
from typing import Any

import msgspec

from agent.adapters.graph.clicks import PART, Clicked, is_click
from agent.adapters.graph.copies import Found, Unreadable, sorted_out, text, texts, threats_of, word
from agent.adapters.graph.ids import is_guid
from agent.adapters.graph.wire import moment_of
from agent.adapters.microsoft.json import parse
from agent.model.defender import MailMessage
from agent.model.errors import Malformed

CHUNK = 15_000
"""Messages in one query. UNCONFIRMED: no limit is published for a query's length; this is about 600 kB."""

MOST_ROWS = 100_000
"""Rows that one query may return. Source: the quotas of the older advanced hunting pages."""


_QUERY = """let ids = dynamic([{ids}]);
EmailEvents
| where Timestamp > ago(30d)
| where NetworkMessageId in (ids)
| join kind=leftouter (EmailPostDeliveryEvents | where Timestamp > ago(30d) | where NetworkMessageId in (ids) \
| summarize arg_max(Timestamp, DeliveryLocation, ActionType, ActionResult), FirstMoved = min(Timestamp) by NetworkMessageId, RecipientEmailAddress\
) on NetworkMessageId, RecipientEmailAddress
| project NetworkMessageId, RecipientEmailAddress, SenderFromAddress, SenderMailFromAddress, SenderIPv4, Subject, \
EmailDirection, DeliveryAction, DeliveryLocation, LatestDeliveryLocation, ThreatTypes, DetectionMethods, \
AuthenticationDetails, Timestamp, PostDeliveryLocation = DeliveryLocation1, PostDeliveryAction = ActionType, LastMoved = Timestamp1, FirstMoved{clicks}
| take {rows}"""

LOCATIONS = {
    "inbox/folder": "inbox_folder",
    "inbox": "inbox_folder",
    "junk folder": "junkFolder",
    "deleted folder": "deletedFolder",
    "quarantine": "quarantine",
    "on-premises/external": "onprem_external",
    "failed": "failed",
    "dropped": "dropped",
    "soft deleted": "others",
    "softdeleted": "others",
    "hard deleted": "others",
    "harddeleted": "others",
}
"""Hunting's words for where mail is, in lower case -> Graph's `deliveryLocation`.

UNCONFIRMED: how hunting spells mail that was soft-deleted or hard-deleted; `deliveryLocation` has no word
for either, and `others` is not in a mailbox folder. A word that is not here is not known to anybody.
"""

_DIRECTIONS = {
    "inbound": "inbound",
    "outbound": "outbound",
    "intra-org": "intraOrg",
    "intraorg": "intraOrg",
    "intra-organization": "intraOrg",
}


def is_message_id(text: str) -> bool:
    """Return whether this is a networkMessageId: a GUID. Nothing else is ever put into a query."""
    return is_guid(text)


def query(ids: Sequence[str], *, clicks: bool = True) -> str:
    """Return the query for these messages, in lower case: `in` tells case apart and hunting's ids are lower.

    Without `clicks` it does not ask who clicked.

    Raises:
        ValueError: something is not a message's id.
    """
    if not all(is_message_id(one) for one in ids):
        raise ValueError("only ids of messages may be put into a query")
    listed = ",".join(f'"{one.lower()}"' for one in ids)
    return _QUERY.format(ids=listed, clicks=PART if clicks else "", rows=MOST_ROWS + 1)


def rows_of(body: bytes) -> list[dict[str, Any]]:
    """Return the rows of an answer, with their columns' names in lower case; what is no row is an empty one.

    Raises:
        Malformed: it is not an answer of hunting.
    """
    raw = parse(body)
    rows = raw.get("results", raw.get("Results")) if isinstance(raw, dict) else None
    if not isinstance(rows, list):
        raise Malformed("the answer has no list `results`")
    return [
        {key.lower(): value for key, value in row.items()} if isinstance(row, dict) else {} for row in rows
    ]


def copies_of(rows: Sequence[dict[str, Any]], *, clicks: bool = True) -> Found:
    """Return the copies that these rows tell of; who clicked in them, where that was asked."""
    clicked = Clicked(rows) if clicks else None
    return sorted_out(message_of(row, clicked) for row in rows if not is_click(row))


def message_of(row: dict[str, Any], clicked: Clicked | None = None) -> MailMessage | Unreadable:
    """Return the copy that one row tells of, or why it cannot be taken."""
    message_id, recipient = word(row, "networkmessageid"), word(row, "recipientemailaddress")
    if message_id is None or not is_message_id(message_id):
        return Unreadable(None, "a row names no message")
    if recipient is None:
        return Unreadable(message_id, "a row names no recipient")
    threats, methods = _threats(row.get("threattypes")), _methods(row.get("detectionmethods"))
    if threats is None or methods is None:
        return Unreadable(message_id, "a row does not say in words what was detected")
    verdicts = _verdicts(row.get("authenticationdetails"))
    return MailMessage(
        network_message_id=message_id,
        recipient=recipient,
        sender=word(row, "senderfromaddress"),
        mail_from=word(row, "sendermailfromaddress"),
        sender_ip=word(row, "senderipv4"),
        subject=text(row, "subject"),
        direction=_DIRECTIONS.get((word(row, "emaildirection") or "").lower()),
        location=_latest(row),
        original_location=_location(word(row, "deliverylocation")),
        threats=threats,
        detection_methods=methods,
        spf=verdicts.get("spf"),
        dkim=verdicts.get("dkim"),
        dmarc=verdicts.get("dmarc"),
        composite=verdicts.get("compauth") or verdicts.get("compositeauthentication"),
        received=moment_of(row.get("timestamp")),
        first_moved=moment_of(row.get("firstmoved")),
        last_moved=moment_of(row.get("lastmoved")),
        clicks=None if clicked is None else clicked.of(message_id, recipient),
    )


def _latest(row: dict[str, Any]) -> str | None:
    """Return where the message is now: what happened after delivery counts before delivery."""
    for column in ("postdeliverylocation", "latestdeliverylocation", "deliverylocation"):
        place = word(row, column)
        if place is not None:
            return _location(place)
    return None


def _location(place: str | None) -> str | None:
    return LOCATIONS.get((place or "").lower())


def _threats(found: Any) -> tuple[str, ...] | None:
    """Return the words of `Phish, Malware`; None where it is neither text nor a list of texts.

    UNCONFIRMED: that an empty or a null `ThreatTypes` means that no threat was found.
    """
    if found is None:
        return ()
    words = texts(found.split(",") if isinstance(found, str) else found)
    return None if words is None else threats_of(words)


def _methods(found: Any) -> tuple[str, ...] | None:
    """Return detection methods: hunting gives JSON text of threat -> methods, or plain words.

    None where it is something else. That empty and null mean none is UNCONFIRMED, as with threats.
    """
    inner = _inner(found)
    if inner is None or inner == "":
        return ()
    if isinstance(inner, dict):
        return texts([one for some in inner.values() for one in (some if isinstance(some, list) else [some])])
    return texts(inner.split(",") if isinstance(inner, str) else inner)


def _verdicts(found: Any) -> dict[str, str]:
    inner = _inner(found)
    if not isinstance(inner, dict):
        return {}
    return {key.lower(): value.lower() for key, value in inner.items() if isinstance(value, str) and value}


def _inner(found: Any) -> Any:
    """Return what a dynamic column holds; it comes as JSON text or already as JSON."""
    if not isinstance(found, str):
        return found
    try:
        return msgspec.json.decode(found)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return found

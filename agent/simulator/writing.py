"""What can be written: properties and comments of incidents and alerts, and the remediation of mail."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from agent.simulator import happenings
from agent.simulator.answers import json
from agent.simulator.lots import guid, lots
from agent.simulator.mail import Pair
from agent.simulator.nouns import Remediation
from agent.simulator.odata import BadRequest
from agent.simulator.reading import NotFound, Reading, wants_unknown_members
from agent.simulator.rendering import encode
from agent.simulator.shapes import Json
from agent.simulator.state import State
from agent.simulator.words import (
    CLASSIFICATIONS,
    DETERMINATIONS,
    REMEDIATION_ACTIONS,
    REMEDIATION_SEVERITIES,
    SEVERITIES,
    STATUSES,
)

COMMENT_MOST = 1000
"""Characters of one comment. UNCONFIRMED for Graph; the older Defender XDR API documents a limit of this kind."""

_TEXT = None
_TAGS = frozenset({"collection of texts"})
_OF_INCIDENT: Mapping[str, frozenset[str] | None] = {
    "assignedTo": _TEXT,
    "classification": CLASSIFICATIONS,
    "customTags": _TAGS,
    "description": _TEXT,
    "determination": DETERMINATIONS,
    "displayName": _TEXT,
    "severity": SEVERITIES,
    "resolvingComment": _TEXT,
    "status": frozenset({"active", "resolved", "inProgress"}),
    "summary": _TEXT,
}
_OF_ALERT: Mapping[str, frozenset[str] | None] = {
    "assignedTo": _TEXT,
    "classification": CLASSIFICATIONS,
    "determination": DETERMINATIONS,
    "status": STATUSES,
}
_REMEDIATION = {"displayName", "description", "severity", "action", "remediateSendersCopy", "analyzedEmails"}
_EMAIL = {"networkMessageId", "recipientEmailAddress"}
_COMMENT_TYPES = {"microsoft.graph.security.alertComment", "#microsoft.graph.security.alertComment"}


class Writing:
    """Answers every PATCH, and every POST that changes something."""

    def __init__(self, state: State, reading: Reading) -> None:
        self._state = state
        self._reading = reading
        self._lots = lots(state.seed, "bulk ids")

    async def patch_incident(self, request: Request, now: datetime) -> Response:
        """Change properties of an incident; `customTags` are replaced whole."""
        incident = self._incident(request)
        changes = _changes(await body_of(request), _OF_INCIDENT)
        self._check_determination(incident, changes)
        incident.update(changes)
        happenings.wrote(self._state, incident, now)
        return json(
            self._reading.incident_body(incident["id"], unmasked=wants_unknown_members(request, self._state))
        )

    async def patch_alert(self, request: Request, now: datetime) -> Response:
        """Change properties of an alert."""
        alert = self._alert(request)
        changes = _changes(await body_of(request), _OF_ALERT)
        self._check_determination(alert, changes)
        alert.update(changes)
        happenings.wrote(self._state, alert, now)
        return json(
            self._reading.alert_body(alert["id"], unmasked=wants_unknown_members(request, self._state))
        )

    async def comment_incident(self, request: Request, now: datetime) -> Response:
        """Add a comment to an incident."""
        words = _comment(await body_of(request))
        incident = self._incident(request)
        happenings.comment(self._state, incident, words, now)
        return _comments(f"security/incidents('{incident['id']}')/comments", incident)

    async def comment_alert(self, request: Request, now: datetime) -> Response:
        """Add a comment to an alert."""
        words = _comment(await body_of(request))
        alert = self._alert(request)
        happenings.comment(self._state, alert, words, now)
        return _comments(f"security/alerts_v2('{alert['id']}')/comments", alert)

    async def remediate(self, request: Request, now: datetime) -> Response:
        """Accept the remediation of mail: 202 without a body, and a link for people."""
        body = await body_of(request)
        remediation = _remediation(body, guid(self._lots), now)
        self._state.apply(request.scope["simulated"], remediation.action, remediation.pairs)
        happenings.remediate(self._state, remediation, now)
        filters = quote('{"bulkId":["' + remediation.bulk_id + '"]}')
        where = f"https://security.microsoft.com/action-center/history?filters={filters}"
        return Response(
            status_code=202,
            headers={"location": f"{where}&tid={self._state.tenant_id}", "content-length": "0"},
        )

    def _check_determination(self, thing: Json, changes: Json) -> None:
        """Raise BadRequest where something is determined that is not classified, and the switch is against it."""
        classified = changes.get("classification", thing["classification"])
        determines = changes.get("determination") not in (None, "unknown")
        if determines and classified in (None, "unknown") and not self._state.switches.determination_alone:
            raise BadRequest("`determination` needs a `classification`")

    def _incident(self, request: Request) -> Json:
        incident = self._state.incidents.get(request.path_params["id"])
        if incident is None:
            raise NotFound("the incident was not found")
        if incident["status"] == "redirected":
            self._state.strays.append(incident["id"])
        return incident

    def _alert(self, request: Request) -> Json:
        alert = self._state.alerts.get(request.path_params["id"])
        if alert is None:
            raise NotFound("the alert was not found")
        return alert


async def body_of(request: Request) -> dict[str, Any]:
    """Return the body of a request.

    Raises:
        BadRequest: it is not a JSON object.
    """
    try:
        return msgspec.json.decode(await request.body(), type=dict[str, Any])
    except msgspec.DecodeError as error:
        raise BadRequest("the body is not a JSON object") from error


def _changes(body: Mapping[str, Any], writable: Mapping[str, frozenset[str] | None]) -> Json:
    changes = {name: value for name, value in body.items() if name != "@odata.type"}
    if not changes:
        raise BadRequest("the body changes nothing")
    return {name: _new_value(name, value, writable) for name, value in changes.items()}


def _new_value(name: str, value: Any, writable: Mapping[str, frozenset[str] | None]) -> Any:
    if name not in writable:
        raise BadRequest(f"property `{name[:60]}` cannot be updated")
    words = writable[name]
    if words is _TAGS:
        if not isinstance(value, list) or not all(isinstance(tag, str) for tag in value):
            raise BadRequest(f"`{name}` must be a collection of texts")
        return value
    if words is _TEXT:
        if not (value is None or isinstance(value, str)):
            raise BadRequest(f"`{name}` must be a text")
        return value
    for word in words:
        if isinstance(value, str) and value.lower() == word.lower():
            return word
    raise BadRequest(f"`{str(value)[:60]}` is not a value of `{name}`")


def _comment(body: Mapping[str, Any]) -> str:
    words = body.get("comment")
    if body.keys() - {"@odata.type", "comment"} or not isinstance(words, str) or not words:
        raise BadRequest("the body must hold a `comment` and nothing else")
    if body.get("@odata.type", next(iter(_COMMENT_TYPES))) not in _COMMENT_TYPES:
        raise BadRequest("the body's `@odata.type` is not alertComment")
    if len(words) > COMMENT_MOST:
        raise BadRequest(f"the comment has more than {COMMENT_MOST} characters")
    return words


def _comments(context: str, thing: Json) -> Response:
    body = {
        "@odata.context": f"https://graph.microsoft.com/v1.0/$metadata#{context}",
        "value": thing["comments"],
    }
    return json(encode(body))


def _remediation(body: Mapping[str, Any], bulk_id: str, now: datetime) -> Remediation:
    if body.keys() != _REMEDIATION:
        wrong = sorted(body.keys() ^ _REMEDIATION)
        raise BadRequest(f"missing or unknown parameters: {', '.join(wrong)[:200]}")
    if not isinstance(body["displayName"], str) or not isinstance(body["description"], str):
        raise BadRequest("`displayName` and `description` must be texts")
    if not isinstance(body["remediateSendersCopy"], bool):
        raise BadRequest("`remediateSendersCopy` must be true or false")
    if str(body["action"]) not in REMEDIATION_ACTIONS or str(body["severity"]) not in REMEDIATION_SEVERITIES:
        raise BadRequest("`action` or `severity` has a value that is not supported")
    emails = body["analyzedEmails"]
    if not isinstance(emails, list) or not emails:
        raise BadRequest("`analyzedEmails` must name at least one message")
    return Remediation(
        bulk_id,
        body["displayName"],
        body["action"],
        tuple(_pair(email) for email in emails),
        now,
        senders_copy=body["remediateSendersCopy"],
    )


def _pair(email: Any) -> Pair:
    if not isinstance(email, dict) or email.keys() - {"@odata.type"} != _EMAIL:
        raise BadRequest("each of `analyzedEmails` must hold a message id and a recipient, and nothing else")
    message, recipient = email["networkMessageId"], email["recipientEmailAddress"]
    if not isinstance(message, str) or not isinstance(recipient, str) or not message or "@" not in recipient:
        raise BadRequest("each of `analyzedEmails` must hold a message id and a recipient")
    return (message.lower(), recipient.lower())

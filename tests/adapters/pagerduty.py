"""A PagerDuty that works: events, alerts, incidents, people who acknowledge, and windows in which it turns calls away.

Every exchange is held to rules of our own, and to PagerDuty's OpenAPI files where they lie beside the project: these
carry no licence, and are not copied.
"""

import json
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import httpx
from jsonschema import Draft4Validator, Draft202012Validator
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from agent.ports.host import Clock

PUBLISHED = Path(__file__).parents[3] / "shared" / "reference" / "channels" / "pagerduty"
TOKEN_HEADER = "Token token="

TEXT = {"type": "string", "minLength": 1, "maxLength": 1024}
EVENT: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["routing_key", "event_action", "dedup_key"],
    "properties": {
        "routing_key": {"type": "string", "pattern": "^[0-9a-zA-Z]{32}$"},
        "event_action": {"enum": ["trigger", "acknowledge", "resolve"]},
        "dedup_key": {"type": "string", "minLength": 1, "maxLength": 255},
        "client": TEXT,
        "client_url": TEXT,
        "links": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["href"],
                "additionalProperties": False,
                "properties": {"href": {"type": "string", "pattern": "^https?://"}, "text": TEXT},
            },
        },
        "payload": {
            "type": "object",
            "additionalProperties": False,
            "required": ["summary", "source", "severity"],
            "properties": {
                "summary": TEXT,
                "source": TEXT,
                "severity": {"enum": ["critical", "error", "warning", "info"]},
                "timestamp": {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$"},
                "component": TEXT,
                "group": TEXT,
                "class": TEXT,
                "custom_details": {"type": "object"},
            },
        },
    },
    "if": {"properties": {"event_action": {"const": "trigger"}}},
    "then": {"required": ["payload"]},
}
"""What is taken: PagerDuty's shape with the lengths that its pages give, and the key that we always send."""

QUERY = {
    "incidents": {"incident_key", "statuses[]", "limit", "offset", "since", "until"},
    "alerts": {"alert_key", "limit", "offset"},
    "log_entries": {"limit", "offset", "since", "until"},
}
"""Which parameters are asked with, of those that are documented."""


@dataclass
class Entry:
    type: str
    at: datetime
    agent: str


@dataclass
class Incident:
    id: str
    key: str
    created: datetime
    status: str = "triggered"
    updated: datetime | None = None
    acknowledgements: list[tuple[datetime, str]] = field(default_factory=list)
    log: list[Entry] = field(default_factory=list)


class MockPagerDuty:
    """One service with one integration. `woken` are the moments at which somebody on call was."""

    def __init__(self, clock: Clock, *, routing_key: str, token: str, per_minute: int = 120) -> None:
        self.clock = clock
        self.routing_key = routing_key
        self.token = token
        self.per_minute = per_minute
        self.incidents: list[Incident] = []
        self.woken: list[str] = []
        self.events: list[dict[str, Any]] = []
        self.calls: list[str] = []
        self.throttled = 0
        self.shows_keys = False
        """Whether incidents show their key; those with alerts have none."""
        self.filters = True
        """Whether `incident_key` is looked at; a server that passes over it gives everything."""
        self._left: deque[datetime] = deque()
        self.app = Starlette(
            routes=[
                Route("/v2/enqueue", self._enqueue, methods=["POST"]),
                Route("/incidents", self._list, methods=["GET"]),
                Route("/incidents/{id}/alerts", self._alerts, methods=["GET"]),
                Route("/incidents/{id}/log_entries", self._log, methods=["GET"]),
            ]
        )

    @property
    def transport(self) -> httpx.AsyncBaseTransport:
        return httpx.ASGITransport(self.app)

    def of(self, key: str) -> Incident:
        """Return the newest incident of a key."""
        return next(each for each in reversed(self.incidents) if each.key == key)

    def acknowledge(self, key: str, by: str) -> None:
        found = self.of(key)
        found.status = "acknowledged"
        found.acknowledgements.append((self.clock.now(), by))
        self._write(found, "acknowledge_log_entry", by)

    def unacknowledge(self, key: str, by: str = "Timeout") -> None:
        found = self.of(key)
        found.status = "triggered"
        found.acknowledgements.clear()
        self._write(found, "unacknowledge_log_entry", by)

    def reassign(self, key: str, by: str) -> None:
        """Make it triggered again without an entry that says so."""
        found = self.of(key)
        found.status = "triggered"
        found.acknowledgements.clear()
        self._write(found, "assign_log_entry", by)

    def resolve(self, key: str, by: str) -> None:
        found = self.of(key)
        found.status = "resolved"
        found.acknowledgements.clear()
        self._write(found, "resolve_log_entry", by)

    def _write(self, incident: Incident, kind: str, by: str) -> None:
        incident.updated = self.clock.now()
        incident.log.insert(0, Entry(kind, self.clock.now(), by))

    async def _enqueue(self, request: Request) -> Response:
        body = await request.body()
        event = json.loads(body)
        check_event(event, len(body))
        self.calls.append("enqueue")
        if self._is_too_many():
            self.throttled += 1
            return JSONResponse({"status": "throttle exceeded", "message": "Requests too fast"}, 429)
        if event["routing_key"] != self.routing_key:
            return JSONResponse(
                {
                    "status": "invalid event",
                    "message": "Event object is invalid",
                    "errors": ["Invalid routing key"],
                },
                400,
            )
        self.events.append(event)
        self._take(event)
        return JSONResponse(
            {"status": "success", "message": "Event processed", "dedup_key": event["dedup_key"]}, 202
        )

    def _take(self, event: dict[str, Any]) -> None:
        key = event["dedup_key"]
        is_open = [each for each in self.incidents if each.key == key and each.status != "resolved"]
        match event["event_action"]:
            case "trigger" if is_open:
                is_open[0].log.insert(0, Entry("trigger_log_entry", self.clock.now(), "Events API"))
            case "trigger":
                now = self.clock.now()
                found = Incident(f"Q{len(self.incidents):05}", key, now, updated=now)
                found.log.append(Entry("trigger_log_entry", now, "Events API"))
                self.incidents.append(found)
                self.woken.append(key)
            case "resolve" if is_open:
                self.resolve(key, "Events API")

    def _is_too_many(self) -> bool:
        now = self.clock.now()
        while self._left and self._left[0] <= now - timedelta(seconds=60):
            self._left.popleft()
        if len(self._left) >= self.per_minute:
            return True
        self._left.append(now)
        return False

    async def _list(self, request: Request) -> Response:
        if (refusal := self._refusal(request, "incidents")) is not None:
            return refusal
        key, statuses = request.query_params.get("incident_key"), request.query_params.getlist("statuses[]")
        found = [
            each
            for each in self.incidents
            if (not self.filters or each.key == key) and (not statuses or each.status in statuses)
        ]
        body = {"incidents": [self._shown(each) for each in found], "limit": 25, "offset": 0, "more": False}
        return _answer("/incidents", body)

    async def _alerts(self, request: Request) -> Response:
        if (refusal := self._refusal(request, "alerts")) is not None:
            return refusal
        found = self._incident(request)
        wanted = request.query_params.get("alert_key")
        alerts = [{"id": "A1", "type": "alert", "alert_key": found.key, "status": "triggered"}]
        if self.filters:
            alerts = [alert for alert in alerts if wanted in {None, alert["alert_key"]}]
        return _answer("/incidents/{id}/alerts", {"alerts": alerts, "limit": 100, "offset": 0, "more": False})

    async def _log(self, request: Request) -> Response:
        if (refusal := self._refusal(request, "log_entries")) is not None:
            return refusal
        found = self._incident(request)
        offset, limit = (
            int(request.query_params.get(name, usual)) for name, usual in (("offset", 0), ("limit", 25))
        )
        entries = [
            {
                "id": f"R{number}",
                "type": entry.type,
                "created_at": _moment(entry.at),
                "agent": {"id": "PUSER1", "type": "user_reference", "summary": entry.agent},
            }
            for number, entry in enumerate(found.log)
        ]
        body = {
            "log_entries": entries[offset : offset + limit],
            "limit": limit,
            "offset": offset,
            "more": len(entries) > offset + limit,
        }
        return JSONResponse(body)

    def _shown(self, incident: Incident) -> dict[str, Any]:
        assert incident.updated is not None
        return {
            "id": incident.id,
            "type": "incident",
            "status": incident.status,
            "created_at": _moment(incident.created),
            "updated_at": _moment(incident.updated),
            "last_status_change_at": _moment(incident.updated),
            **({"incident_key": incident.key} if self.shows_keys else {"incident_key": None}),
            "acknowledgements": [
                {"at": _moment(at), "acknowledger": {"id": "PUSER1", "type": "user_reference", "summary": by}}
                for at, by in incident.acknowledgements
            ],
        }

    def _incident(self, request: Request) -> Incident:
        return next(each for each in self.incidents if each.id == request.path_params["id"])

    def _refusal(self, request: Request, what: str) -> Response | None:
        check_query(what, request)
        self.calls.append(what)
        if request.headers.get("authorization") != f"{TOKEN_HEADER}{self.token}":
            return JSONResponse({"error": {"code": 2006, "message": "You cannot be authenticated."}}, 401)
        return None


def check_event(event: Any, size: int) -> None:
    """Raise an assertion where PagerDuty would not take an event."""
    errors = [error.message for error in Draft202012Validator(EVENT).iter_errors(event)]
    if (published := _published("events-v2.openapi.json")) is not None:
        schema = published["paths"]["/enqueue"]["post"]["requestBody"]["content"]["application/json"][
            "schema"
        ]
        errors += [error.message for error in _validator(schema, published).iter_errors(event)]
    assert not errors, errors
    assert size <= 512 * 1024


def check_query(what: str, request: Request) -> None:
    """Raise an assertion where something is asked for in a way that is not documented."""
    names = set(request.query_params)
    assert names <= QUERY[what], names - QUERY[what]
    assert set(request.query_params.getlist("statuses[]")) <= {"triggered", "acknowledged", "resolved"}
    assert request.headers["accept"] == "application/vnd.pagerduty+json;version=2"
    if (published := _published("rest-subset.openapi.json")) is not None:
        path = "/incidents" if what == "incidents" else f"/incidents/{{id}}/{what}"
        given = published["paths"][path]["get"]["parameters"]
        known = {
            published["components"]["parameters"][each["$ref"].rpartition("/")[2]]["name"] for each in given
        }
        assert names <= known, names - known


def _answer(path: str, body: dict[str, Any]) -> Response:
    """Return an answer that is as documented. A null key is PagerDuty's own habit, and not in its schema."""
    if (published := _published("rest-subset.openapi.json")) is not None:
        schema = published["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
        plain = json.loads(json.dumps(body).replace('"incident_key": null, ', ""))
        assert not [error.message for error in _validator(schema, published).iter_errors(plain)]
    return JSONResponse(body)


@cache
def _published(name: str) -> dict[str, Any] | None:
    path = PUBLISHED / name
    if not path.exists():
        return None
    found: dict[str, Any] = json.loads(path.read_text())
    return found


def _validator(schema: dict[str, Any], document: dict[str, Any]) -> Draft4Validator:
    """Return a validator of a part of a document: schemas of OpenAPI 3.0 are a dialect of draft 4."""
    return Draft4Validator({**schema, "components": document["components"], "paths": document["paths"]})


def _moment(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"

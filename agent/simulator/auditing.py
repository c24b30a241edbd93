"""The search of the audit: accepted, running for minutes, then to be read; what is found are changes of investigations.

A search finds what was there when it was asked for. Limits are of Microsoft's page on throttling; that a search is begun
with 201 and its id, of the pages. UNCONFIRMED: what `auditData` of an investigation holds (here the record that hunting
shows as `RawEventData`), who is named as the user, and how long anything takes.
"""

from datetime import datetime, timedelta
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from agent.simulator import odata
from agent.simulator.answers import Refusal, json
from agent.simulator.investigating import record
from agent.simulator.lots import guid, lots
from agent.simulator.moments import text
from agent.simulator.nouns import Change, Search
from agent.simulator.odata import BadRequest, Resource
from agent.simulator.paging import SKIP_TOKEN
from agent.simulator.reading import NotFound, page
from agent.simulator.shapes import Json
from agent.simulator.state import State

MOST_IN_A_DAY = 200
MOST_AT_ONCE = 50
"""Searches of one tenant in 24 hours, and of those that have not ended."""
PAGE = 100
"""Records on a page. UNCONFIRMED."""
STARTS_AFTER = timedelta(minutes=1)
AIR = "AirInvestigation"
TYPES = frozenset({AIR, "AirManualInvestigation", "AirAdminActionInvestigation"})
"""Record types that are there to be searched for here; the spelling is the schema's."""
QUERIES = Resource("auditLog/queries", frozenset(), {})


class Auditing:
    """Takes searches of the audit, and answers what they found."""

    def __init__(self, state: State) -> None:
        self._state = state

    async def create(self, request: Request, now: datetime) -> Response:
        """Take one search: 201 with it."""
        asked = await _body(request)
        lately = [one for one in self._state.searches if now - one.asked < timedelta(days=1)]
        running = [one for one in lately if self._status(one, now) != "succeeded"]
        if len(lately) >= MOST_IN_A_DAY or len(running) >= MOST_AT_ONCE:
            raise Refusal(429, "TooManyRequests", "Too many audit log searches.")
        number = len(self._state.searches)
        search = Search(
            id=guid(lots(self._state.seed, f"search/{number}")),
            name=_word(asked, "displayName") or f"Search {number}",
            asked=now,
            since=_moment(asked, "filterStartDateTime") or now - timedelta(days=1),
            until=_moment(asked, "filterEndDateTime") or now,
            types=tuple(asked.get("recordTypeFilters") or ()),
        )
        self._state.searches.append(search)
        return json(msgspec.json.encode(self._shown(search, now)), status=201)

    async def listed(self, request: Request, now: datetime) -> Response:
        """List searches, newest first."""
        odata.checked(dict(request.query_params), QUERIES, frozenset({SKIP_TOKEN}))
        return page(
            request,
            self._state.searches[::-1],
            lambda one: msgspec.json.encode(self._shown(one, now)),
            context="security/auditLog/queries",
            size=PAGE,
        )

    async def one(self, request: Request, now: datetime) -> Response:
        """Give one search and how far it has come."""
        return json(msgspec.json.encode(self._shown(self._search(request), now)))

    async def records(self, request: Request, now: datetime) -> Response:
        """List what a search found; nothing before it has succeeded."""
        odata.checked(dict(request.query_params), QUERIES, frozenset({SKIP_TOKEN}))
        search = self._search(request)
        found = self._found(search) if self._status(search, now) == "succeeded" else []
        return page(
            request,
            found,
            lambda one: msgspec.json.encode(self._record(one)),
            context="security/auditLog/queries/records",
            size=PAGE,
        )

    def _search(self, request: Request) -> Search:
        wanted = request.path_params["id"]
        found = next((one for one in self._state.searches if one.id == wanted), None)
        if found is None:
            raise NotFound(f"search `{wanted[:60]}` was not found")
        return found

    def _status(self, search: Search, now: datetime) -> str:
        if now - search.asked >= self._state.switches.audit_search_takes:
            return "succeeded"
        return "notStarted" if now - search.asked < STARTS_AFTER else "running"

    def _shown(self, search: Search, now: datetime) -> Json:
        return {
            "id": search.id,
            "displayName": search.name,
            "filterStartDateTime": text(search.since),
            "filterEndDateTime": text(search.until),
            "recordTypeFilters": list(search.types),
            "keywordFilter": None,
            "status": self._status(search, now),
        }

    def _found(self, search: Search) -> list[Change]:
        switches = self._state.switches
        is_empty = not (switches.audit_is_on and switches.audit_records)
        if is_empty or (search.types and AIR not in search.types):
            return []
        there = search.asked - switches.audit_records_after
        return [
            one for one in self._state.changes if search.since <= one.at < search.until and one.at <= there
        ]

    def _record(self, change: Change) -> Json:
        told = record(self._state, change)
        return {
            "id": told["Id"],
            "createdDateTime": text(change.at),
            "auditLogRecordType": AIR,
            "operation": told["Operation"],
            "organizationId": told["OrganizationId"],
            "userType": "System",
            "userId": told["UserId"],
            "service": told["Workload"],
            "objectId": told["InvestigationId"],
            "userPrincipalName": told["UserId"],
            "clientIp": "",
            "administrativeUnits": [],
            "auditData": {"@odata.type": "#microsoft.graph.security.airInvestigationData", **told},
        }


async def _body(request: Request) -> dict[str, Any]:
    try:
        found = msgspec.json.decode(await request.body())
    except msgspec.DecodeError as error:
        raise BadRequest("the body is not JSON") from error
    if not isinstance(found, dict):
        raise BadRequest("the body is not a JSON object")
    types = found.get("recordTypeFilters")
    if types is not None and not (isinstance(types, list) and set(map(str, types)) <= TYPES):
        raise BadRequest("`recordTypeFilters` holds a type that is not known here")
    return found


def _word(asked: dict[str, Any], name: str) -> str | None:
    found = asked.get(name)
    if found is not None and not isinstance(found, str):
        raise BadRequest(f"`{name}` is not a text")
    return found


def _moment(asked: dict[str, Any], name: str) -> datetime | None:
    found = _word(asked, name)
    try:
        moment = None if found is None else datetime.fromisoformat(found)
    except ValueError as error:
        raise BadRequest(f"`{name}` is not a moment") from error
    if moment is not None and moment.tzinfo is None:
        raise BadRequest(f"`{name}` has no zone")
    return moment

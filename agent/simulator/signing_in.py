"""Answers who holds an app role: the enterprise application, its assignments, direct members of groups, users by id."""

from collections.abc import Callable, Mapping
from datetime import datetime
from itertools import islice
from re import compile as pattern

from starlette.requests import Request
from starlette.responses import Response

from agent.simulator import odata
from agent.simulator.accounts import missing
from agent.simulator.answers import Refusal, json
from agent.simulator.app_roles import REGISTRATION, a_password
from agent.simulator.directory import USER
from agent.simulator.names import CLIENT_SECRET, READ_USERS
from agent.simulator.odata import TEXT, BadRequest, Resource
from agent.simulator.paging import SKIP_TOKEN, Place, link, place
from agent.simulator.reading import NotFound, address
from agent.simulator.rendering import encode
from agent.simulator.shapes import Json
from agent.simulator.state import State

_CONTEXT = "https://graph.microsoft.com/v1.0/$metadata#"
_APPLICATION = Resource("servicePrincipals/{id}", frozenset({"$select"}), {})
_REGISTRATION = Resource("applications/{id}", frozenset({"$select"}), {})
_ASSIGNMENTS = Resource("servicePrincipals/{id}/appRoleAssignedTo", frozenset({"$top"}), {})
_MEMBERS = Resource("groups/{id}/members", frozenset({"$count", "$select", "$top"}), {})
_USERS = Resource(
    "users",
    frozenset({"$filter", "$select", "$top"}),
    {"mail": TEXT, "onPremisesSecurityIdentifier": TEXT},
)
_ID_IN = pattern(r"id in \(('[0-9a-fA-F-]{36}'(?:,'[0-9a-fA-F-]{36}')*)\)")
MOST_IN = 15
"""Values that `in` takes. Source: Microsoft's page on advanced queries of directory objects."""
PAGE = 100
MOST_TOP = 999


class SigningIn:
    """Answers what is asked about the sign-in and those who may use it."""

    def __init__(self, state: State) -> None:
        self._state = state

    async def application(self, request: Request, _now: datetime) -> Response:
        """Give the enterprise application, named by its app's id."""
        options = dict(request.query_params)
        odata.checked(options, _APPLICATION, frozenset())
        found = self._state.directory.app_roles
        if request.path_params["id"].lower() != found.app_id:
            raise missing(request.path_params["id"])
        whole: Json = {
            "id": found.object_id,
            "appId": found.app_id,
            "displayName": found.name,
            "appRoles": list(found.roles.values()),
        }
        shown = _only(whole, _chosen(options, tuple(whole)))
        return json(encode({"@odata.context": f"{_CONTEXT}servicePrincipals/$entity", **shown}))

    async def registration(self, request: Request, _now: datetime) -> Response:
        """Give the app registration, named by its app's id, with what Entra ID tells of its client secrets."""
        options = dict(request.query_params)
        odata.checked(options, _REGISTRATION, frozenset())
        found = self._state.directory.app_roles
        if request.path_params["id"].lower() != found.app_id:
            raise missing(request.path_params["id"])
        whole: Json = {
            "id": REGISTRATION,
            "appId": found.app_id,
            "displayName": found.name,
            "passwordCredentials": found.passwords or [a_password(CLIENT_SECRET, self._state.started)],
        }
        shown = _only(whole, _chosen(options, tuple(whole)))
        return json(encode({"@odata.context": f"{_CONTEXT}applications/$entity", **shown}))

    async def assignments(self, request: Request, _now: datetime) -> Response:
        """List who was given a role."""
        options = dict(request.query_params)
        odata.checked(options, _ASSIGNMENTS, frozenset({SKIP_TOKEN}))
        if request.path_params["id"].lower() != self._state.directory.app_roles.object_id:
            raise missing(request.path_params["id"])
        return _page(
            request, options, self._state.directory.app_roles.assignments, f"{_CONTEXT}appRoleAssignments"
        )

    async def members(self, request: Request, _now: datetime) -> Response:
        """List the users who are in a group themselves; groups within it are not followed."""
        options = dict(request.query_params)
        odata.checked(options, _MEMBERS, frozenset({SKIP_TOKEN}))
        if request.headers.get("consistencylevel") != "eventual" or options.get("$count") != "true":
            raise BadRequest(
                "members of one type need the header `ConsistencyLevel: eventual` and `$count=true`"
            )
        directory, group_id = self._state.directory, request.path_params["id"].lower()
        if group_id not in directory.groups:
            raise NotFound(f"group `{group_id[:40]}` was not found")
        inside = (directory.things[one] for one in directory.groups[group_id] if one in directory.things)
        found = [self._shown(thing, options) for kind, thing in inside if kind == USER]
        return _page(request, options, found, f"{_CONTEXT}users")

    async def users(self, request: Request, _now: datetime) -> Response:
        """List users by their ids, or by a property that must equal a value."""
        options = dict(request.query_params)
        odata.checked(options, _USERS, frozenset({SKIP_TOKEN}))
        passes = _passing(options.get("$filter"))
        everybody = (thing for kind, thing in self._state.directory.things.values() if kind == USER)
        found = [self._shown(one, options) for one in everybody if passes(one)]
        return _page(request, options, found, f"{_CONTEXT}users")

    def _shown(self, thing: Json, options: Mapping[str, str]) -> Json:
        may_read = READ_USERS in self._state.switches.roles
        chosen = _only(thing, _chosen(options, tuple(thing)))
        return {name: value if may_read or name == "id" else None for name, value in chosen.items()}


def _passing(words: str | None) -> Callable[[Mapping[str, object]], bool]:
    by_id = _ID_IN.fullmatch(words or "")
    if by_id is None:
        return odata.filtered(words, _USERS)
    wanted = {one.strip("'").lower() for one in by_id[1].split(",")}
    if len(wanted) > MOST_IN:
        raise BadRequest(f"`in` takes at most {MOST_IN} values, not {len(wanted)}")
    return lambda thing: thing["id"] in wanted


def _page(request: Request, options: Mapping[str, str], things: list[Json], context: str) -> Response:
    size = odata.number(options, "$top", least=1) or PAGE
    if size > MOST_TOP:
        raise BadRequest(f"`{size}` is more than {MOST_TOP}, the most that `$top` may be")
    begin = place(options).offset
    body: Json = {"@odata.context": context}
    if options.get("$count") == "true":
        body["@odata.count"] = len(things)
    if begin + size < len(things):
        body["@odata.nextLink"] = link(address(request), options, Place(begin + size))
    body["value"] = list(islice(things, begin, begin + size))
    return json(encode(body))


def _chosen(options: Mapping[str, str], known: tuple[str, ...]) -> tuple[str, ...]:
    if "$select" not in options:
        return known
    chosen = tuple(options["$select"].split(","))
    for name in chosen:
        if name not in known:
            raise Refusal(400, "BadRequest", f"Could not find a property named '{name[:60]}'.")
    return chosen


def _only(thing: Json, names: tuple[str, ...]) -> Json:
    return {name: thing[name] for name in names}

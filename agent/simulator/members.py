"""The members of a group, of one type: what `GET /groups/{id}/transitiveMembers/microsoft.graph.user` answers.

As Microsoft's pages have it: a type is an advanced query, which needs `ConsistencyLevel: eventual` and
`$count=true`; a page has 100 members, or up to 999 where `$top` says so; and of members that the application
may not read it is told the id, and null for the rest.
"""

from collections.abc import Mapping
from datetime import datetime

from starlette.requests import Request
from starlette.responses import Response

from agent.simulator import odata
from agent.simulator.answers import json
from agent.simulator.directory import DEVICE, USER
from agent.simulator.names import READ_DEVICES, READ_USERS
from agent.simulator.odata import BadRequest, Resource
from agent.simulator.paging import SKIP_TOKEN, Place, link, place
from agent.simulator.reading import NotFound, address
from agent.simulator.rendering import encode
from agent.simulator.shapes import Json
from agent.simulator.state import State

PAGE = 100
MOST_TOP = 999
_RESOURCE = Resource("groups/{id}/transitiveMembers", frozenset({"$count", "$select", "$top"}), {})
_PROPERTIES: Mapping[str, tuple[str, ...]] = {
    USER: ("id", "displayName", "userPrincipalName", "mail", "proxyAddresses"),
    DEVICE: ("id", "displayName", "deviceId"),
}
_READS = {USER: READ_USERS, DEVICE: READ_DEVICES}


class Members:
    """Answers who is in a group."""

    def __init__(self, state: State) -> None:
        self._state = state

    async def users(self, request: Request, _now: datetime) -> Response:
        """List the users in a group."""
        return self._page(request, USER)

    async def devices(self, request: Request, _now: datetime) -> Response:
        """List the devices in a group."""
        return self._page(request, DEVICE)

    def _page(self, request: Request, kind: str) -> Response:
        options = dict(request.query_params)
        odata.checked(options, _RESOURCE, frozenset({SKIP_TOKEN}))
        if request.headers.get("consistencylevel") != "eventual" or options.get("$count") != "true":
            raise BadRequest(
                "members of one type need the header `ConsistencyLevel: eventual` and `$count=true`"
            )
        size = odata.number(options, "$top", least=1) or PAGE
        if size > MOST_TOP:
            raise BadRequest(f"`{size}` is more than {MOST_TOP}, the most that `$top` may be")
        group_id = request.path_params["id"].lower()
        if group_id not in self._state.directory.groups:
            raise NotFound(f"group `{group_id[:40]}` was not found")
        chosen = _chosen(options, kind)
        found = list(self._state.directory.members(group_id, kind))
        begin = place(options).offset
        body: Json = {
            "@odata.context": f"https://graph.microsoft.com/v1.0/$metadata#{kind}s({','.join(chosen)})",
            "@odata.count": len(found),
        }
        if begin + size < len(found):
            body["@odata.nextLink"] = link(address(request), options, Place(begin + size))
        body["value"] = [self._shown(one, kind, chosen) for one in found[begin : begin + size]]
        return json(encode(body))

    def _shown(self, thing: Json, kind: str, chosen: tuple[str, ...]) -> Json:
        may_read = _READS[kind] in self._state.switches.roles
        return {name: thing[name] if may_read or name == "id" else None for name in chosen}


def _chosen(options: Mapping[str, str], kind: str) -> tuple[str, ...]:
    """Return the properties that `$select` names. Raises BadRequest where one is none of the type."""
    if "$select" not in options:
        return _PROPERTIES[kind]
    chosen = tuple(options["$select"].split(","))
    for name in chosen:
        if name not in _PROPERTIES[kind]:
            raise BadRequest(f"`{name}` is not a property of `{kind}` that is known here")
    return chosen

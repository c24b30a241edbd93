"""Users: what they are, which roles they hold, disabling and enabling them, ending their sessions; and the domains.

As Microsoft's pages have it: a property that `$select` does not name is left out unless it is among the usual ones;
a count needs `ConsistencyLevel: eventual`; and an app that may do no more than enable and disable accounts cannot touch
one that holds an administrative role. What else is asked for of such an app is UNCONFIRMED: here it is refused.
"""

from collections.abc import Mapping
from datetime import datetime

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from agent.model.enactment import EffectKind
from agent.simulator import odata, settling
from agent.simulator.answers import Refusal, json
from agent.simulator.directory import USER
from agent.simulator.odata import Resource
from agent.simulator.rendering import encode
from agent.simulator.shapes import Json
from agent.simulator.state import State
from agent.simulator.writing import body_of

_CONTEXT = "https://graph.microsoft.com/v1.0/$metadata#"
_USUAL = ("displayName", "mail", "userPrincipalName", "id")
_ONLY_SELECT = Resource("users/{id}", frozenset({"$select"}), {})
_COUNT = Resource("users/$count", frozenset(), {})
_ROLES = Resource("users/{id}/transitiveMemberOf", frozenset({"$select", "$count", "$top"}), {})
_DOMAINS = Resource("domains", frozenset({"$select"}), {})


class Accounts:
    """Answers what is asked and done about users."""

    def __init__(self, state: State) -> None:
        self._state = state

    async def user(self, request: Request, now: datetime) -> Response:
        """Give one user, by object id or user principal name."""
        options = dict(request.query_params)
        odata.checked(options, _ONLY_SELECT, frozenset())
        user = self._state.lagging.shown(self._found(request)["id"], self._found(request), now)
        chosen = _chosen(options, user) or _USUAL
        shown = {name: user[name] for name in chosen}
        context = (
            f"{_CONTEXT}users({','.join(chosen)})/$entity"
            if "$select" in options
            else f"{_CONTEXT}users/$entity"
        )
        return json(encode({"@odata.context": context, **shown}))

    async def count(self, request: Request, _now: datetime) -> Response:
        """Give the number of users."""
        odata.checked(dict(request.query_params), _COUNT, frozenset())
        if request.headers.get("consistencylevel") != "eventual":
            raise Refusal(400, "Request_BadRequest", "$count is not currently supported.")
        return PlainTextResponse(str(self._state.directory.count(USER)))

    async def patch(self, request: Request, now: datetime) -> Response:
        """Enable or disable a user: 204 without a body."""
        body = await body_of(request)
        user = self._found(request)
        is_enabled = _enabled(body, user)
        if any(self._state.directory.roles_of(user["id"])):
            raise _denied()
        effect = EffectKind.ENABLE_USER if is_enabled else EffectKind.DISABLE_USER
        self._state.apply(request.scope["simulated"], effect, [(user["id"], "")])
        settling.switch_user(self._state, user, now, is_enabled=is_enabled)
        return Response(status_code=204)

    async def revoke(self, request: Request, now: datetime) -> Response:
        """End all sessions of a user."""
        user = self._found(request)
        self._state.apply(request.scope["simulated"], EffectKind.REVOKE_SESSIONS, [(user["id"], "")])
        settling.sign_out(self._state, user, now)
        return json(encode({"@odata.context": f"{_CONTEXT}Edm.Boolean", "value": True}))

    async def roles(self, request: Request, _now: datetime) -> Response:
        """List the administrative roles that a user holds, by groups too."""
        options = dict(request.query_params)
        odata.checked(options, _ROLES, frozenset())
        odata.number(options, "$top", least=1)
        found = [_only(role, options) for role in self._state.directory.roles_of(self._found(request)["id"])]
        body = {"@odata.context": f"{_CONTEXT}directoryRoles", "value": found}
        return json(encode(body if options.get("$count") != "true" else {**body, "@odata.count": len(found)}))

    async def domains(self, request: Request, _now: datetime) -> Response:
        """List the tenant's domains."""
        options = dict(request.query_params)
        odata.checked(options, _DOMAINS, frozenset())
        found = [_only(domain, options) for domain in self._state.directory.domains]
        return json(encode({"@odata.context": f"{_CONTEXT}domains", "value": found}))

    def _found(self, request: Request) -> Json:
        user = self._state.directory.user(request.path_params["id"])
        if user is None:
            raise missing(request.path_params["id"])
        return user


def missing(word: str) -> Refusal:
    """Return what the directory says of a user that is not in it."""
    return Refusal(
        404,
        "Request_ResourceNotFound",
        f"Resource '{word[:60]}' does not exist or one of its queried reference-property objects are not present.",
    )


def _denied() -> Refusal:
    return Refusal(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")


def _enabled(body: Mapping[str, object], user: Json) -> bool:
    changes = {name: value for name, value in body.items() if name != "@odata.type"}
    if not changes:
        raise Refusal(400, "Request_BadRequest", "Write requests must contain a property to update.")
    for name in changes.keys() - {"accountEnabled"}:
        if name in user:
            raise _denied()
        raise Refusal(400, "Request_BadRequest", f"Invalid property '{name[:60]}'.")
    value = changes["accountEnabled"]
    if not isinstance(value, bool):
        raise Refusal(400, "Request_BadRequest", "Invalid value specified for property 'accountEnabled'.")
    return value


def _chosen(options: Mapping[str, str], thing: Json) -> tuple[str, ...]:
    """Return the properties that `$select` names; none where it is not given."""
    if "$select" not in options:
        return ()
    chosen = tuple(name.strip() for name in options["$select"].split(","))
    for name in chosen:
        if name not in thing:
            raise Refusal(400, "BadRequest", f"Could not find a property named '{name[:60]}'.")
    return chosen


def _only(thing: Json, options: Mapping[str, str]) -> Json:
    chosen = _chosen(options, thing)
    return {name: thing[name] for name in chosen} if chosen else thing

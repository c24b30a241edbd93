"""Accounts of Defender for Identity: what they are, and what may be asked of those that are not in Entra ID."""

from collections.abc import Mapping
from datetime import datetime

from starlette.requests import Request
from starlette.responses import Response

from agent.model.enactment import EffectKind
from agent.simulator import odata, settling
from agent.simulator.answers import json
from agent.simulator.identities import ACTIONS, ACTIVE_DIRECTORY, PRINTED, as_printed, provider_of
from agent.simulator.lots import guid, lots
from agent.simulator.odata import TEXT, BadRequest, Resource
from agent.simulator.paging import PAGE, SKIP_TOKEN
from agent.simulator.reading import NotFound, page
from agent.simulator.rendering import encode
from agent.simulator.shapes import Json
from agent.simulator.state import Happening, State
from agent.simulator.switches import Printed
from agent.simulator.writing import body_of

_CONTEXT = "https://graph.microsoft.com/v1.0/$metadata#"
_WHERE = "security/identities/identityAccounts"
_LIST = Resource(
    _WHERE,
    frozenset({"$filter", "$select"}),
    {"onPremisesSecurityIdentifier": TEXT, "cloudSecurityIdentifier": TEXT},
)
_ONE = Resource(f"{_WHERE}/{{id}}", frozenset({"$select"}), {})
_BODY = {"accountId", "action", "identityProvider"}
_EFFECTS: Mapping[str, str] = {
    "disable": EffectKind.DISABLE_ACCOUNT,
    "enable": EffectKind.ENABLE_ACCOUNT,
    "forcePasswordReset": EffectKind.RESET_PASSWORD,
    "revokeAllSessions": "revokeAllSessions",
}


class Invoking:
    """Answers what is asked and done about accounts outside Entra ID."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._lots = lots(state.seed, "correlation ids")

    async def listed(self, request: Request, _now: datetime) -> Response:
        """List accounts."""
        options = dict(request.query_params)
        odata.checked(options, _LIST, frozenset({SKIP_TOKEN}))
        passes = odata.filtered(options.get("$filter"), _LIST)
        found = [self._shown(one, options) for one in self._state.identities.values() if passes(one)]
        return page(request, found, encode, context=_WHERE, size=PAGE)

    async def one(self, request: Request, _now: datetime) -> Response:
        """Give one account."""
        options = dict(request.query_params)
        odata.checked(options, _ONE, frozenset())
        shown = self._shown(self._found(request), options)
        return json(encode({"@odata.context": f"{_CONTEXT}{_WHERE}/$entity", **shown}))

    async def invoke(self, request: Request, now: datetime) -> Response:
        """Ask something of an account: accepted at once, and done later."""
        body = await body_of(request)
        if body.keys() != _BODY or not all(isinstance(value, str) for value in body.values()):
            raise BadRequest(
                "the body must hold `accountId`, `action` and `identityProvider`, all of them texts"
            )
        identity = self._found(request)
        provider = _spelled(body["identityProvider"], PRINTED)
        action = _spelled(body["action"], _EFFECTS)
        if action not in ACTIONS.get(provider, ()):
            raise BadRequest(f"action `{action[:40]}` is not supported for provider `{provider[:40]}`")
        if provider_of(identity, body["accountId"]) != provider:
            raise BadRequest("`accountId` is none of this identity's accounts of that provider")
        self._state.apply(
            request.scope["simulated"], _EFFECTS[action], [(identity["id"], body["accountId"].lower())]
        )
        if provider == ACTIVE_DIRECTORY:
            self._state.plan(now + self._state.switches.effect_after, _done(identity, action))
        return self._answered(body["accountId"], action, provider)

    def _answered(self, account_id: str, action: str, provider: str) -> Response:
        """Answer in one of the two documented forms."""
        result = {"accountId": account_id, "action": action, "correlationId": guid(self._lots)}
        if self._state.switches.identities_printed is Printed.SAMPLES:
            return json(encode({"value": {**result, "provider": provider}}))
        context = f"{_CONTEXT}microsoft.graph.security.invokeActionResult"
        return json(encode({"@odata.context": context, **result, "identityProvider": provider}))

    def _shown(self, identity: Json, options: Mapping[str, str]) -> Json:
        is_printed = self._state.switches.identities_printed is Printed.SAMPLES
        shown = as_printed(identity) if is_printed else identity
        if "$select" not in options:
            return shown
        chosen = [name.strip() for name in options["$select"].split(",")]
        for name in chosen:
            if name not in shown:
                raise BadRequest(f"could not find a property named `{name[:60]}`")
        return {name: shown[name] for name in ("id", *chosen)}

    def _found(self, request: Request) -> Json:
        found = self._state.identities.get(request.path_params["id"].lower())
        if found is None:
            raise NotFound("the identity account was not found")
        return found


def _spelled(word: str, known: Mapping[str, object]) -> str:
    """Return a word as the schema spells it, in whichever case it came."""
    return next((one for one in known if one.lower() == word.lower()), word)


def _done(identity: Json, action: str) -> Happening:
    def do(state: State, now: datetime) -> None:
        if action == "forcePasswordReset":
            state.resets[identity["id"]] = now
            state.plan_rerun(now, settling.rerun)
        else:
            settling.switch_on_premises(state, identity, now, is_enabled=action == "enable")

    return do

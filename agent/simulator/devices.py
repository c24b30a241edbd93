"""Defender for Endpoint, as far as the agent uses it: devices, and taking a file away from one.

Another API than Graph, on the same server below `/api`, with tokens of its own. Codes are those of its page on
common errors; its code for an action that is at work already was seen in the field and is UNCONFIRMED.
"""

import re
from datetime import datetime

from starlette.requests import Request
from starlette.responses import Response

from agent.model.enactment import EffectKind
from agent.simulator import machines, odata, settling
from agent.simulator.answers import Refusal, json
from agent.simulator.lots import guid, lots
from agent.simulator.odata import MOMENT, TEXT, Resource
from agent.simulator.paging import SKIP_TOKEN
from agent.simulator.reading import page
from agent.simulator.rendering import encode
from agent.simulator.shapes import Json
from agent.simulator.state import State
from agent.simulator.writing import body_of

_METADATA = "https://api.securitycenter.microsoft.com/api/$metadata#"
MOST_TOP = 10_000
_MACHINES = Resource(
    "machines",
    frozenset({"$filter", "$top", "$skip"}),
    {"computerDnsName": TEXT, "healthStatus": TEXT, "id": TEXT, "osPlatform": TEXT, "aadDeviceId": TEXT},
)
_ACTIONS = Resource(
    "machineactions",
    frozenset({"$filter", "$top", "$skip"}),
    {
        "id": TEXT,
        "status": TEXT,
        "machineId": TEXT,
        "type": TEXT,
        "requestor": TEXT,
        "creationDateTimeUtc": MOMENT,
    },
)
_ONE = Resource("{id}", frozenset(), {})
_SHA1 = re.compile(r"[0-9A-Fa-f]{40}")


class Devices:
    """Answers what is asked and done about devices."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._lots = lots(state.seed, "machine actions")

    async def machines(self, request: Request, _now: datetime) -> Response:
        """List devices."""
        return self._listed(request, list(self._state.machines.known.values()), _MACHINES, "Machines")

    async def machine(self, request: Request, _now: datetime) -> Response:
        """Give one device, by its id or its name."""
        odata.checked(dict(request.query_params), _ONE, frozenset())
        return json(encode({"@odata.context": f"{_METADATA}Machines/$entity", **self._found(request)}))

    async def actions(self, request: Request, _now: datetime) -> Response:
        """List what was asked of devices, newest first."""
        newest_first = list(reversed(self._state.machines.actions.values()))
        return self._listed(request, newest_first, _ACTIONS, "MachineActions")

    async def action(self, request: Request, _now: datetime) -> Response:
        """Give one thing that was asked of a device, as it stands now."""
        odata.checked(dict(request.query_params), _ONE, frozenset())
        found = self._state.machines.actions.get(request.path_params["id"].lower())
        if found is None:
            raise Refusal(404, "ResourceNotFound", "The machine action was not found.")
        return json(encode({"@odata.context": f"{_METADATA}MachineActions/$entity", **found}))

    async def quarantine(self, request: Request, now: datetime) -> Response:
        """Ask a device to stop a file and take it away: 201 with what was asked, which is done later."""
        comment, sha1 = _asked(await body_of(request))
        machine = self._found(request)
        if machine["osPlatform"] not in machines.WINDOWS:
            raise Refusal(
                400, "OsPlatformNotSupported", "The device's platform does not support this action."
            )
        if self._state.machines.running(machine["id"], sha1) is not None:
            raise Refusal(400, "ActiveRequestAlreadyExists", "An action of this kind is already in progress.")
        action = machines.action(guid(self._lots), machine, sha1, comment, now)
        self._state.machines.actions[action["id"]] = action
        self._state.apply(
            request.scope["simulated"], EffectKind.QUARANTINE_FILE, [(sha1.lower(), machine["id"])]
        )
        settling.ask_machine(self._state, action, now)
        return json(encode({"@odata.context": f"{_METADATA}MachineActions/$entity", **action}), status=201)

    def _listed(self, request: Request, things: list[Json], resource: Resource, context: str) -> Response:
        options = dict(request.query_params)
        odata.checked(options, resource, frozenset({SKIP_TOKEN}))
        passes = odata.filtered(options.get("$filter"), resource)
        return page(
            request,
            [one for one in things if passes(one)],
            encode,
            context=context,
            size=min(odata.number(options, "$top", least=1) or MOST_TOP, MOST_TOP),
            metadata=_METADATA,
        )

    def _found(self, request: Request) -> Json:
        word = request.path_params["id"].lower()
        known = self._state.machines.known
        named = (one for one in known.values() if one["computerDnsName"].lower() == word)
        found = known.get(word) or next(named, None)
        if found is None:
            raise Refusal(404, "ResourceNotFound", f"Machine {word[:60]} was not found.")
        return found


def _asked(body: Json) -> tuple[str, str]:
    """Return the comment and the file's SHA-1 of a request."""
    for name in ("Comment", "Sha1"):
        if not isinstance(body.get(name), str) or not body[name].strip():
            raise Refusal(400, "MissingRequiredParameter", f"The required parameter {name} is missing.")
    if unknown := body.keys() - {"Comment", "Sha1", "ExternalId"}:
        raise Refusal(
            400, "InvalidRequestBody", f"The request body has unknown parameters: {sorted(unknown)}."
        )
    if not _SHA1.fullmatch(body["Sha1"]):
        raise Refusal(400, "InvalidHashValue", "The hash value is not a valid SHA-1.")
    return body["Comment"], body["Sha1"]

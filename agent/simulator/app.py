"""Microsoft Graph as far as the agent uses it, as an ASGI application over one tenant's state."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from email.utils import format_datetime
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request as HttpRequest
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Message, Receive, Scope, Send

from agent.simulator import control, names
from agent.simulator.answers import Refusal, endpoint_error, error
from agent.simulator.clock import Clock
from agent.simulator.doors import Door, table
from agent.simulator.faults import Fault, Faults, Reset, What
from agent.simulator.identity import Forbidden, Identity, Unauthorized
from agent.simulator.kinds import is_of_endpoint, kind_of
from agent.simulator.licences import check_licence
from agent.simulator.lots import guid, lots
from agent.simulator.nouns import Request
from agent.simulator.odata import BadRequest
from agent.simulator.reading import NotFound, address
from agent.simulator.spoiling import Answer, gateway_page, spoiled
from agent.simulator.state import State
from agent.simulator.switches import Switches
from agent.simulator.throttle import Throttle

_SECURITY = "/v1.0/security"
MACHINE_CALLS_PER_HOUR = 1_500
"""What Defender for Endpoint allows besides its limit a minute. Source: its pages on machines and machine actions."""


def build(
    state: State,
    switches: Switches | None = None,
    faults: Faults | None = None,
    clock: Clock | None = None,
    *,
    client_secret: str = names.CLIENT_SECRET,
) -> "Simulator":
    """Return the application over this state. Without a clock, time stands still where the state began."""
    state.adopt(switches or Switches())
    return Simulator(state, faults or Faults(), clock or _Still(state), client_secret)


class _Still:
    def __init__(self, state: State) -> None:
        self._moment = state.started

    def now(self) -> Any:
        return self._moment


class Simulator:
    """The application. Every request first brings the tenant up to the moment, and is written down."""

    def __init__(self, state: State, faults: Faults, clock: Clock, client_secret: str) -> None:
        self.state = state
        self.identity = Identity(state, client_secret)
        self._faults = faults
        self._clock = clock
        self._throttle = Throttle(state.switches.throttle_per_minute)
        calls = state.switches.machine_calls_per_minute
        in_hour = None if calls is None else MACHINE_CALLS_PER_HOUR
        self._of_endpoint = (Throttle(calls), Throttle(in_hour, timedelta(hours=1)))
        self._lots = lots(state.seed, "request ids")
        self._graph = Starlette(routes=self._routes(), exception_handlers={HTTPException: self._http_error})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._graph(scope, receive, send)
            return
        now = self._clock.now()
        self.state.advance(now)
        method, path = scope["method"], scope["path"]
        if path.startswith("/simulator"):
            await self._graph(scope, receive, send)
            return
        query = scope["query_string"].decode("latin-1")
        request = Request(now, method, path, query, kind_of(method, path), guid(self._lots))
        self.state.requests.append(request)
        scope["simulated"] = request
        await self._answer(scope, receive, self._noting(request, send))

    def _noting(self, request: Request, send: Send) -> Send:
        async def note(message: Message) -> None:
            if message["type"] == "http.response.start":
                request.status = message["status"]
                date = format_datetime(request.at + self.state.switches.clock_is_ahead, usegmt=True).encode()
                names_it = (b"request-id", request.id.encode())
                message = {**message, "headers": [*message["headers"], (b"date", date), names_it]}
            await send(message)

        return note

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        now, path = scope["simulated"].at, scope["path"]
        if wait := self._wait(path, now):
            await self._refuse(429, {"retry-after": str(wait)}, scope, receive, send)
            return
        fault = self._faults.pick(scope["method"], path)
        if fault is None:
            await self._graph(scope, receive, send)
            return
        await self._fail(fault, scope, receive, send)

    def _wait(self, path: str, now: datetime) -> int:
        """Return how many seconds a request must wait, by the patience of the API that it asks."""
        if path.startswith(_SECURITY):
            return self._throttle.wait(now)
        if is_of_endpoint(path):
            return max(throttle.wait(now) for throttle in self._of_endpoint)
        return 0

    async def _fail(self, fault: Fault, scope: Scope, receive: Receive, send: Send) -> None:
        headers = fault.retry_after.header(scope["simulated"].at)
        match fault.what:
            case What.RESET_BEFORE:
                raise Reset
            case What.REFUSE:
                await self._refuse(fault.status, headers, scope, receive, send)
            case What.HTML:
                await _send(gateway_page(), send)
            case What.LOSE:
                await self._captured(scope, receive)
                await self._refuse(fault.status, headers, scope, receive, send)
            case What.RESET_AFTER:
                await self._captured(scope, receive)
                raise Reset
            case _:
                asked = HttpRequest(scope)
                answer = await self._captured(scope, receive)
                options = dict(asked.query_params)
                await _send(spoiled(answer, fault, address=address(asked), options=options), send)

    async def _captured(self, scope: Scope, receive: Receive) -> Answer:
        status, headers, parts = 0, {}, []

        async def keep(message: Message) -> None:
            nonlocal status, headers
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = {name.decode(): value.decode() for name, value in message["headers"]}
            else:
                parts.append(message.get("body", b""))

        await self._graph(scope, receive, keep)
        return Answer(status=status, headers=headers, body=b"".join(parts))

    async def _refuse(
        self, status: int, headers: Mapping[str, str], scope: Scope, receive: Receive, send: Send
    ) -> None:
        response = self._error(HttpRequest(scope), status, "the request was not carried out", headers=headers)
        await response(scope, receive, send)

    def _routes(self) -> list[Route]:
        doors = table(self.state, self._faults, self.identity)
        graph = [Route(door.path, self._guarded(door), methods=[door.method]) for door in doors]
        return [*graph, *control.routes(self.state, self._clock)]

    def _guarded(self, door: Door) -> Callable[[HttpRequest], Awaitable[Response]]:
        async def answer(request: HttpRequest) -> Response:
            now = request.scope["simulated"].at
            try:
                if door.roles is not None:
                    self.identity.check(request, door.roles, now)
                check_licence(door.licence, self.state)
                return await door.endpoint(request, now)
            except BadRequest as wrong:
                return self._error(request, 400, str(wrong))
            except Unauthorized as wrong:
                challenge = {"www-authenticate": 'Bearer realm="", error="invalid_token"'}
                return self._error(request, 401, str(wrong), headers=challenge)
            except Forbidden as wrong:
                return self._error(request, 403, str(wrong), door.forbidden)
            except NotFound as wrong:
                return self._error(request, 404, str(wrong))
            except Refusal as wrong:
                return self._error(request, wrong.status, str(wrong), wrong.code)

        return answer

    def _error(
        self,
        request: HttpRequest,
        status: int,
        message: str,
        code: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        asked = request.scope["simulated"]
        if is_of_endpoint(asked.path):
            return endpoint_error(status, message, asked.id, headers, code=code)
        return error(status, message, asked.at, asked.id, headers, code=code)

    async def _http_error(self, request: HttpRequest, wrong: Exception) -> Response:
        status = wrong.status_code if isinstance(wrong, HTTPException) else 500
        if "simulated" not in request.scope:
            return Response(status_code=status)
        return self._error(request, status, f"no resource for `{request.url.path[:80]}`")


async def _send(answer: Answer, send: Send) -> None:
    headers = {name: value for name, value in answer.headers.items() if name != "content-length"}
    headers["content-length"] = str(len(answer.body) if answer.announced is None else answer.announced)
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": answer.status, "headers": raw})
    await send({"type": "http.response.body", "body": answer.body})

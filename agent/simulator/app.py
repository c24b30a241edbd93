"""Microsoft Graph as far as the agent uses it, as an ASGI application over one tenant's state."""

import re
from collections.abc import Awaitable, Callable, Mapping
from email.utils import format_datetime
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request as HttpRequest
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Message, Receive, Scope, Send

from agent.simulator import control, names
from agent.simulator.answers import error, error_body
from agent.simulator.clock import Clock
from agent.simulator.faults import Fault, Faults, Reset, What
from agent.simulator.identity import Forbidden, Identity, Unauthorized
from agent.simulator.lots import guid, lots
from agent.simulator.members import Members
from agent.simulator.odata import BadRequest
from agent.simulator.reading import NotFound, Reading, address
from agent.simulator.spoiling import Answer, gateway_page, spoiled
from agent.simulator.state import Request, State
from agent.simulator.switches import Switches
from agent.simulator.throttle import Throttle
from agent.simulator.writing import Writing

Endpoint = Callable[..., Awaitable[Response]]
_SECURITY = "/v1.0/security"
_MAIL = f"{_SECURITY}/collaboration/analyzedEmails"

_KINDS = (
    ("token", "POST", r"/[^/]+/oauth2/v2\.0/token"),
    ("incidents", "GET", r"/v1\.0/security/incidents"),
    ("incident", "GET", r"/v1\.0/security/incidents/[^/]+"),
    ("incidentPatch", "PATCH", r"/v1\.0/security/incidents/[^/]+"),
    ("incidentComment", "POST", r"/v1\.0/security/incidents/[^/]+/comments"),
    ("alerts", "GET", r"/v1\.0/security/alerts_v2"),
    ("alert", "GET", r"/v1\.0/security/alerts_v2/[^/]+"),
    ("alertPatch", "PATCH", r"/v1\.0/security/alerts_v2/[^/]+"),
    ("alertComment", "POST", r"/v1\.0/security/alerts_v2/[^/]+/comments"),
    ("members", "GET", r"/v1\.0/groups/[^/]+/transitiveMembers/microsoft\.graph\.[a-z]+"),
    ("analyzedEmails", "GET", r"/v1\.0/security/collaboration/analyzedEmails"),
    ("remediate", "POST", r".*/analyzedEmails/(microsoft\.graph\.security\.)?remediate"),
    ("hunting", "POST", r"/v1\.0/security/(microsoft\.graph\.security\.)?runHuntingQuery"),
)
_PATTERNS = tuple((kind, method, re.compile(pattern)) for kind, method, pattern in _KINDS)


def kind_of(method: str, path: str) -> str:
    """Return what a request is, for counting."""
    for kind, its_method, pattern in _PATTERNS:
        if its_method == method and pattern.fullmatch(path):
            return kind
    return "other"


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
        request = Request(now, method, path, query, kind_of(method, path))
        self.state.requests.append(request)
        scope["simulated"] = request
        await self._answer(scope, receive, self._noting(request, send))

    def _noting(self, request: Request, send: Send) -> Send:
        async def note(message: Message) -> None:
            if message["type"] == "http.response.start":
                request.status = message["status"]
                date = format_datetime(request.at, usegmt=True).encode()
                message = {**message, "headers": [*message["headers"], (b"date", date)]}
            await send(message)

        return note

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        now, path = scope["simulated"].at, scope["path"]
        if path.startswith(_SECURITY) and (wait := self._throttle.wait(now)):
            await self._refuse(429, {"retry-after": str(wait)}, scope, receive, send)
            return
        fault = self._faults.pick(scope["method"], path)
        if fault is None:
            await self._graph(scope, receive, send)
            return
        await self._fail(fault, scope, receive, send)

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
        now = scope["simulated"].at
        response = error(status, "the request was not carried out", now, guid(self._lots), headers)
        await response(scope, receive, send)

    def _routes(self) -> list[Route]:
        reading = Reading(self.state, self._faults)
        writing = Writing(self.state, reading)
        members = Members(self.state)
        read_incidents = frozenset({names.READ_INCIDENTS, names.WRITE_INCIDENTS})
        read_alerts = frozenset({names.READ_ALERTS, names.WRITE_ALERTS})
        read_mail = frozenset({names.READ_MAIL, names.WRITE_MAIL})
        write_incidents = frozenset({names.WRITE_INCIDENTS})
        write_alerts = frozenset({names.WRITE_ALERTS})
        write_mail = frozenset({names.WRITE_MAIL})
        hunt, groups = frozenset({names.HUNT}), frozenset({names.READ_GROUPS})
        in_group = "/v1.0/groups/{id}/transitiveMembers/microsoft.graph"
        one_incident, one_alert = f"{_SECURITY}/incidents/{{id}}", f"{_SECURITY}/alerts_v2/{{id}}"
        table: tuple[tuple[str, str, Endpoint, frozenset[str] | None], ...] = (
            ("POST", "/{tenant}/oauth2/v2.0/token", self.identity.issue, None),
            ("GET", f"{_SECURITY}/incidents", reading.incidents, read_incidents),
            ("GET", one_incident, reading.incident, read_incidents),
            ("PATCH", one_incident, writing.patch_incident, write_incidents),
            ("POST", f"{one_incident}/comments", writing.comment_incident, write_incidents),
            ("GET", f"{_SECURITY}/alerts_v2", reading.alerts, read_alerts),
            ("GET", one_alert, reading.alert, read_alerts),
            ("PATCH", one_alert, writing.patch_alert, write_alerts),
            ("POST", f"{one_alert}/comments", writing.comment_alert, write_alerts),
            ("GET", f"{in_group}.user", members.users, groups),
            ("GET", f"{in_group}.device", members.devices, groups),
            ("GET", _MAIL, reading.analyzed_emails, read_mail),
            ("POST", f"{_MAIL}/remediate", writing.remediate, write_mail),
            ("POST", f"{_MAIL}/microsoft.graph.security.remediate", writing.remediate, write_mail),
            ("POST", f"{_SECURITY}/runHuntingQuery", reading.hunt, hunt),
            ("POST", f"{_SECURITY}/microsoft.graph.security.runHuntingQuery", reading.hunt, hunt),
        )
        graph = [
            Route(path, self._guarded(endpoint, roles), methods=[method])
            for method, path, endpoint, roles in table
        ]
        return [*graph, *control.routes(self.state, self._clock)]

    def _guarded(
        self, endpoint: Endpoint, roles: frozenset[str] | None
    ) -> Callable[[HttpRequest], Awaitable[Response]]:
        async def answer(request: HttpRequest) -> Response:
            now = request.scope["simulated"].at
            try:
                if roles is not None:
                    self.identity.check(request, roles, now)
                return await endpoint(request, now)
            except BadRequest as wrong:
                return error(400, str(wrong), now, guid(self._lots))
            except Unauthorized as wrong:
                challenge = {"www-authenticate": 'Bearer realm="", error="invalid_token"'}
                return error(401, str(wrong), now, guid(self._lots), challenge)
            except Forbidden as wrong:
                return error(403, str(wrong), now, guid(self._lots))
            except NotFound as wrong:
                return error(404, str(wrong), now, guid(self._lots))

        return answer

    async def _http_error(self, request: HttpRequest, wrong: Exception) -> Response:
        status = wrong.status_code if isinstance(wrong, HTTPException) else 500
        now = self._clock.now()
        body = error_body(status, f"no resource for `{request.url.path[:80]}`", now, guid(self._lots))
        return Response(body, status_code=status, media_type="application/json")


async def _send(answer: Answer, send: Send) -> None:
    headers = {name: value for name, value in answer.headers.items() if name != "content-length"}
    headers["content-length"] = str(len(answer.body) if answer.announced is None else answer.announced)
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": answer.status, "headers": raw})
    await send({"type": "http.response.body", "body": answer.body})

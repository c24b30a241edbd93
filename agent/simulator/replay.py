"""Graph as it was recorded, as an ASGI application: the same answers, the same faults, and no writes."""

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from agent.model.recording import Exchange, Recording
from agent.scrub.links import PLACE
from agent.simulator import names
from agent.simulator.answers import error, json
from agent.simulator.clock import Clock
from agent.simulator.faults import Reset
from agent.simulator.identity import Identity, Unauthorized
from agent.simulator.lots import guid, lots
from agent.simulator.state import State
from agent.simulator.switches import Switches
from agent.simulator.tape import HUNTING, Tape, question

EVERY_METHOD = ["GET", "POST", "PATCH", "PUT", "DELETE"]


class Replay:
    """Plays one recording. Tokens hold the permissions that the agent had when it was made."""

    def __init__(
        self, recording: Recording, clock: Clock, *, client_secret: str = names.CLIENT_SECRET
    ) -> None:
        manifest = recording.manifest
        self._roles = frozenset(manifest.grants)
        state = State(
            0, manifest.at, tenant_id=manifest.tenant, switches=Switches(roles=frozenset(manifest.grants))
        )
        self._identity = Identity(state, client_secret)
        self._clock = clock
        self._tape = Tape(recording.exchanges)
        self._lots = lots(0, "replay")
        self._app = Starlette(
            routes=[
                Route("/{tenant}/oauth2/v2.0/token", self._token, methods=["POST"]),
                Route("/{path:path}", self._answer, methods=EVERY_METHOD),
            ]
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        await self._app(scope, receive, send)

    async def _token(self, request: Request) -> Response:
        return await self._identity.issue(request, self._clock.now())

    async def _answer(self, request: Request) -> Response:
        try:
            # A login without any permission was answered all the same: what it was told is on the tape.
            if self._roles:
                self._identity.check(request, self._roles, self._clock.now())
        except Unauthorized as wrong:
            return self._error(401, str(wrong))
        path = request.url.path
        if not (request.method == "GET" or (request.method == "POST" and HUNTING.fullmatch(path))):
            return self._error(405, "a recording takes no writes")
        target = f"{path}?{request.url.query}" if request.url.query else path
        asked = question(request.method, target, (await request.body()).decode("utf-8", "replace"))
        found = self._tape.answer(asked)
        if found is None:
            what = f"a hunting query over `{asked.table}`" if asked.path == "hunting" else f"`{path[:120]}`"
            return self._error(404, f"{what} was not asked like this in the recording", code="notRecorded")
        base = f"{request.url.scheme}://{request.url.netloc}"
        return (
            json(found.replace(PLACE.encode(), base.encode()))
            if isinstance(found, bytes)
            else _played(found, base)
        )

    def _error(self, status: int, message: str, code: str | None = None) -> Response:
        return error(status, message, self._clock.now(), guid(self._lots), code=code)


def _played(one: Exchange, base: str) -> Response:
    if one.status == 0:
        raise Reset
    body = one.body.replace(PLACE.encode(), base.encode())
    response = Response(body, status_code=one.status)
    response.headers.update(one.headers)
    return response

"""What probes are answered: `/healthz`, `/readyz`, and whatever else a process shows to programs.

Nothing is worked out for a request that costs more than looking at a few numbers in memory: no ledger is read, nobody is
asked. So nobody needs to sign in either: the answers are names of checks, ages and counts, and names of tenants that fail.
"""

from collections.abc import Callable, Sequence

import msgspec
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from agent.faces.documents import ascii_json
from agent.model.health import Health

ALIVE, READY = "/healthz", "/readyz"

HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}

Ask = Callable[[], Health]


def app_of(alive: Ask, ready: Ask, routes: Sequence[BaseRoute] = ()) -> Starlette:
    """Return the application that answers probes, with these routes besides. A request with a body is refused."""
    app = Starlette(
        routes=(*probes(alive, ready), *routes),
        middleware=[Middleware(RequestBodyLimitMiddleware, max_body_size=0)],
    )
    app.router.redirect_slashes = False  # an address is one of these, or none
    return app


def probes(alive: Ask, ready: Ask) -> tuple[Route, Route]:
    """Return the routes of the two probes: 200 where all is well, else 503, with every check in the body."""
    return Route(ALIVE, _answering(alive)), Route(READY, _answering(ready))


def _answering(ask: Ask) -> Callable[[Request], Response]:
    def answer(_request: Request) -> Response:
        return told(ask())

    return answer


def told(health: Health) -> Response:
    """Return how a process fares as it is told to programs, and to whoever asks with curl."""
    body = f"{ascii_json(msgspec.to_builtins(health), indent=2)}\n"
    return Response(body, 200 if health.ok else 503, HEADERS, "application/json")

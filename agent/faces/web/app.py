"""The pages put together: every address, and what stands before all of them."""

from collections.abc import Sequence

import structlog
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route

from agent.faces.web import (
    actions,
    flips,
    holding,
    incidents,
    live,
    overview,
    past,
    pending,
    policies,
    probing,
    several,
    signing_in,
    status,
    whys,
    worklist,
)
from agent.faces.web.board import Board
from agent.faces.web.by_link import LINK
from agent.faces.web.files import Files
from agent.faces.web.pulse import Pulse
from agent.faces.web.safety import LARGEST, TOO_LARGE, Safety
from agent.faces.web.showing import refuse
from agent.faces.web.site import Site
from agent.faces.web.slowly import Slowly
from agent.faces.web.visiting import Visiting
from agent.model.errors import LedgerError, Malformed, PolicyError, Unavailable

log = structlog.get_logger()


def app_of(site: Site) -> Starlette:
    """Return the application that answers for this site."""
    app = Starlette(
        routes=(*routes(), *signing_in.routes(site.door)),
        middleware=[
            Middleware(Safety, url=site.settings.web_url()),
            Middleware(RequestBodyLimitMiddleware, max_body_size=LARGEST),
            Middleware(Visiting, site=site),
        ],
        exception_handlers={
            HTTPException: _refused,
            LedgerError: _unreadable,
            PolicyError: _unreadable,
            ClientDisconnect: _gone,
            Unavailable: _unreadable,
            Malformed: _unreadable,
            Exception: _broken,
        },
    )
    app.state.site = site
    app.state.board = Board(site.desk.ledger, site.archive)
    app.state.pulse = Pulse(site.desk.ledger, site.archive)
    app.state.slowly = Slowly()
    app.state.probing = probing.Probing(site.desk.ledger)
    return app


def routes() -> Sequence[BaseRoute]:
    """Return every address there is."""
    return (
        Route("/", _home),
        Mount("/static", Files()),
        *actions.ROUTES,
        *flips.ROUTES,
        *holding.ROUTES,
        *incidents.ROUTES,
        *live.ROUTES,
        *overview.ROUTES,
        *past.ROUTES,
        *pending.ROUTES,
        *policies.ROUTES,
        *probing.ROUTES,
        *several.ROUTES,
        *status.ROUTES,
        *whys.ROUTES,
        *worklist.ROUTES,
    )


async def _home(_request: Request) -> Response:
    return RedirectResponse("/pending", 303)


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101  it is registered for no other
    usual = {404: "there is nothing at this address", 405: "this address does not take that", 413: TOO_LARGE}
    words = error.detail if type(error) is not HTTPException else usual.get(error.status_code, error.detail)
    return await refuse(request, error.status_code, words)


async def _unreadable(request: Request, error: Exception) -> Response:
    log.error("page not shown", path=_place(request), why=str(error))
    return await refuse(request, 503, str(error))


async def _gone(_request: Request, _error: Exception) -> Response:
    """Answer nobody: whoever sent the form has gone before its end."""
    return Response(status_code=400)


async def _broken(request: Request, error: Exception) -> Response:
    log.error("page failed", path=_place(request), exc_info=error)
    return await refuse(request, 500, "this page failed: the log says why, and nothing was changed by it")


def _place(request: Request) -> str:
    """Return which page it is, without the secret of a link."""
    path = request.url.path
    return path if not path.startswith(f"{LINK}/") else LINK

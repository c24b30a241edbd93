"""Signing in and out: the page that says how, and the way in that there is."""

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from agent.faces.web import by_link, by_open_id
from agent.faces.web.door import Door, LinkDoor, OpenIdDoor
from agent.faces.web.entering import SignIn, leave, show_sign_in, visitor
from agent.faces.web.forms import NOT_MINE, fields_of, text_of
from agent.faces.web.refusing import NotAllowed
from agent.faces.web.returning import SIGN_IN
from agent.faces.web.site import site_of
from agent.faces.web.visit import CSRF


def routes(door: Door) -> Sequence[Route]:
    """Return the addresses of the sign-in. Those of the way in that is not used do not exist."""
    match door:
        case OpenIdDoor():
            own = by_open_id.routes(door)
        case LinkDoor():
            own = by_link.routes(door)
    return Route(SIGN_IN, _sign_in), *own, Route(f"{SIGN_IN}/out", _out, methods=["POST"])


async def _sign_in(request: Request) -> Response:
    return await show_sign_in(request, await _page(request))


async def _page(request: Request) -> SignIn:
    match site_of(request).door:
        case OpenIdDoor():
            return by_open_id.page(request)
        case LinkDoor() as door:
            return await by_link.page(request, door)


async def _out(request: Request) -> Response:
    """End the session, here or everywhere; nothing happens where there is none."""
    form = await fields_of(request)
    visit = await visitor(request)
    if visit is not None and not visit.is_mine(form.get(CSRF)):
        raise NotAllowed(NOT_MINE)
    return await leave(request, everywhere=text_of(form, "everywhere") == "yes")

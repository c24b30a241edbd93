"""Signing in with Entra ID: away to it, and back from it."""

from datetime import UTC, datetime
from secrets import token_urlsafe
from urllib.parse import urlencode, urlsplit

import structlog
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from agent.adapters.microsoft.open_id import Asking, SignedIn, refused
from agent.faces.web.beginning import COOKIE, PATIENCE, Begun
from agent.faces.web.cookies import Cookies
from agent.faces.web.door import OpenIdDoor
from agent.faces.web.entering import SignIn, enter, show_sign_in, visitor
from agent.faces.web.returning import HOME, SIGN_IN, START, local
from agent.faces.web.site import site_of
from agent.model.errors import Malformed, Refused, Unavailable

BACK = f"{SIGN_IN}/back"

LONGEST_CODE = 8_192
"""Characters of a code: Entra ID's have about a thousand."""

UNPROVED = datetime(1970, 1, 1, tzinfo=UTC)
"""When somebody proved who they are of whom that is not known: never lately."""

_NOT_BEGUN = (
    "sign-in: it was not begun in this browser, or came back once already, "
    f"or took longer than {int(PATIENCE.total_seconds()) // 60} minutes: sign in again"
)

log = structlog.get_logger()


def routes(door: OpenIdDoor) -> tuple[Route, ...]:
    """Return the addresses of this way in."""

    async def start(request: Request) -> Response:
        return await _start(request, door)

    async def back(request: Request) -> Response:
        return await _back(request, door)

    return Route(START, start), Route(BACK, back)


def page(request: Request) -> SignIn:
    """Return what the sign-in says before anything was tried."""
    is_out, is_late = (request.query_params.get(one) == "yes" for one in ("out", "late"))
    to = local(request.query_params.get("to", HOME))
    return SignIn(
        to=to, is_out=is_out, is_late=is_late, start=_address(to, **({"choose": "yes"} if is_out else {}))
    )


def _address(to: str, **more: str) -> str:
    return f"{START}?{urlencode({'to': to, **more})}"


async def _start(request: Request, door: OpenIdDoor) -> Response:
    site, query = site_of(request), request.query_params
    own = site.settings.web_url()
    if urlsplit(own).hostname != urlsplit(f"//{request.headers['host']}").hostname:
        # This machine has several names, and the login leads back to one: its cookies have to be there.
        return RedirectResponse(f"{own}{START}?{request.url.query}", 303)
    cookies, now, web = Cookies(own), site.wall.now(), site.settings.web
    visit = await visitor(request)
    asking = Asking(
        state=token_urlsafe(16),
        nonce=token_urlsafe(16),
        verifier=token_urlsafe(32),
        again=query.get("again") == "yes",
        choose=query.get("choose") == "yes",
        context=web.step_up if query.get("context", "") == web.step_up else None,
    )
    begun = Begun(asking=asking, to=local(query.get("to", HOME)), at=now)
    hint = next(iter(visit.person.addresses), "") if visit is not None else ""
    try:
        address = await door.openid.address(asking, max_age=web.fresh.total_seconds(), hint=hint)
    except (Refused, Unavailable, Malformed) as error:
        return await _failed(request, begun, error)
    answer = RedirectResponse(address, 303)
    others = door.beginnings.read(cookies.read(request, COOKIE), now)
    _keep(cookies, answer, door.beginnings.sealed((begun, *others)))
    return answer


async def _back(request: Request, door: OpenIdDoor) -> Response:
    site, query = site_of(request), request.query_params
    cookies, now = Cookies(site.settings.web_url()), site.wall.now()
    under_way = door.beginnings.read(cookies.read(request, COOKIE), now)
    begun = door.beginnings.taken(under_way, query.get("state", ""), now)
    if begun is None:
        log.warning("sign-in refused", why=_NOT_BEGUN)
        return await show_sign_in(request, SignIn(error=_NOT_BEGUN, start=_address(HOME)), 400)
    try:
        found = await _signed_in(request, door, begun)
    except (Refused, Unavailable, Malformed) as error:
        answer = await _failed(request, begun, error)
    else:
        proved = UNPROVED if found.proved is None else datetime.fromtimestamp(found.proved, UTC)
        answer = await enter(request, found.person, signed_in=proved, contexts=found.contexts, to=begun.to)
    _keep(cookies, answer, door.beginnings.sealed([one for one in under_way if one is not begun]))
    return answer


async def _signed_in(request: Request, door: OpenIdDoor, begun: Begun) -> SignedIn:
    """Return who comes back.

    Raises:
        Refused, Unavailable, Malformed: nobody does, and why.
    """
    query = request.query_params
    await door.openid.check_issuer(query.get("iss", ""))
    code = query.get("code", "")
    if not code or len(code) > LONGEST_CODE:
        raise refused(query.get("error", ""), query.get("error_description", ""))
    max_age = site_of(request).settings.web.fresh.total_seconds()
    return await door.openid.signed_in(begun.asking, code, max_age=max_age)


async def _failed(request: Request, begun: Begun, error: Refused | Unavailable | Malformed) -> Response:
    """Answer with why nobody is signed in by this, and the way to try once more."""
    log.warning("sign-in refused", why=str(error))
    asking = begun.asking
    more = {"context": asking.context} if asking.context is not None else {}
    more |= {"again": "yes"} if asking.again else {"choose": "yes"}
    page = SignIn(to=begun.to, error=str(error), start=_address(begun.to, **more))
    return await show_sign_in(request, page, 403 if isinstance(error, Refused) else 503)


def _keep(cookies: Cookies, answer: Response, sealed: str) -> None:
    if sealed:
        cookies.put(answer, sealed, COOKIE, lasts=int(PATIENCE.total_seconds()))
    else:
        cookies.remove(answer, COOKIE)

"""Signing in by a link that was printed on this machine, as one of the simulator's people.

Opening a link changes nothing; choosing a person uses it up. The browser is known from then on, and may choose again
after signing out, and give out a link for another browser: so two people can approve in a demo.
"""

from hmac import compare_digest
from hmac import digest as keyed

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from agent.faces.web.cookies import Cookies
from agent.faces.web.door import LinkDoor
from agent.faces.web.entering import Choice, SignIn, enter, show_sign_in
from agent.faces.web.forms import fields_of, text_of
from agent.faces.web.refusing import NotAllowed, NotHere, NotUnderstood
from agent.faces.web.returning import HOME, SIGN_IN, START, local
from agent.faces.web.site import Site, site_of
from agent.model.answer import Person
from agent.settings.web import listen

COOKIE = "air-agent-browser"

LINK = f"{SIGN_IN}/link"
AS = f"{SIGN_IN}/as"
ANOTHER = f"{SIGN_IN}/another"

_USED = "this link was used already, or is of an earlier start: start `air-agent serve` anew for a new one, or make one at /sign-in in a browser that opened one"
_UNKNOWN = "this browser opened no link: open the one that `air-agent serve` printed when it started"


def one_time_link(site: Site, port: int) -> str | None:
    """Return a new link by which a browser on this machine signs in; None where people sign in with Entra ID."""
    if not isinstance(site.door, LinkDoor):
        return None
    host = listen(site.settings.web.listen)[0]
    named = f"[{host}]" if ":" in host else host
    return f"http://{named}:{port}{LINK}/{site.door.link()}"


def routes(door: LinkDoor) -> tuple[Route, ...]:
    """Return the addresses of this way in."""

    async def start(request: Request) -> Response:
        return await show_sign_in(request, await page(request, door))

    async def opened(request: Request) -> Response:
        secret = request.path_params["secret"]
        if not door.opens(secret):
            raise NotHere(_USED)
        found = SignIn(action=request.url.path, people=await _choices(door))
        return await show_sign_in(request, found)

    async def used(request: Request) -> Response:
        secret = request.path_params["secret"]
        form = await fields_of(request)
        if not door.opens(secret):
            raise NotHere(_USED)
        person = await _chosen(door, form)
        answer = await _entered(request, person, form)
        Cookies(site_of(request).settings.web_url()).put(answer, door.use(secret), COOKIE)
        return answer

    async def chosen(request: Request) -> Response:
        form = await _form(request, door)
        return await _entered(request, await _chosen(door, form), form)

    async def another(request: Request) -> Response:
        await _form(request, door)
        link = f"{request.url.scheme}://{request.headers['host']}{LINK}/{door.link()}"
        return await show_sign_in(request, SignIn(link=link))

    return (
        Route(START, start),
        Route(f"{LINK}/{{secret}}", opened, methods=["GET"]),
        Route(f"{LINK}/{{secret}}", used, methods=["POST"]),
        Route(AS, chosen, methods=["POST"]),
        Route(ANOTHER, another, methods=["POST"]),
    )


async def page(request: Request, door: LinkDoor) -> SignIn:
    """Return what the sign-in says to this browser."""
    query, browser = request.query_params, _browser(request)
    to = local(query.get("to", HOME))
    is_out, is_late = (query.get(one) == "yes" for one in ("out", "late"))
    if not door.knows(browser):
        return SignIn(to=to, is_out=is_out, is_late=is_late, needs_link=True)
    return SignIn(
        to=to,
        is_out=is_out,
        is_late=is_late,
        action=AS,
        token=_token(browser),
        people=await _choices(door),
        context=query.get("context", ""),
        gives_links=True,
    )


async def _choices(door: LinkDoor) -> tuple[Choice, ...]:
    return tuple(
        Choice(object_id=one.object_id, name=one.name, roles=one.roles) for one in await door.people()
    )


async def _chosen(door: LinkDoor, form: FormData) -> Person:
    wanted = text_of(form, "person")
    found = next((one for one in await door.people() if one.object_id == wanted), None)
    if found is None:
        raise NotUnderstood("nobody with a role is that: choose one of the people on the page")
    return found


async def _entered(request: Request, person: Person, form: FormData) -> Response:
    """Begin the session. There is nothing to prove to the simulator, and so it proves whatever is asked for."""
    site = site_of(request)
    step_up = site.settings.web.step_up
    contexts = (step_up,) if step_up is not None and text_of(form, "context") == step_up else ()
    to = local(text_of(form, "to") or HOME)
    return await enter(request, person, signed_in=site.wall.now(), contexts=contexts, to=to)


async def _form(request: Request, door: LinkDoor) -> FormData:
    """Return the form of a browser that opened a link before.

    Raises:
        NotAllowed: it did not, or the form is not its own.
    """
    form, browser = await fields_of(request), _browser(request)
    if not door.knows(browser) or not compare_digest(
        text_of(form, "token").encode(), _token(browser).encode()
    ):
        raise NotAllowed(_UNKNOWN)
    return form


def _browser(request: Request) -> str:
    return Cookies(site_of(request).settings.web_url()).read(request, COOKIE)


def _token(browser: str) -> str:
    return keyed(browser.encode(), b"choose", "sha256").hex()

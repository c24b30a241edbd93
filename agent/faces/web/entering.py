"""Sessions begin, are found again and end; and the page on which people sign in.

Each sign-in has a session of its own, with a new secret: one that somebody put into a browser before is worth nothing
after it, and signing in again ends the session there was. Only what the same person was about to send is carried over.
"""

from datetime import datetime
from secrets import token_urlsafe

import msgspec
import structlog
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from agent.faces.web.cookies import Cookies
from agent.faces.web.refusing import wants_json
from agent.faces.web.returning import HOME, SIGN_IN, START
from agent.faces.web.showing import refuse, show
from agent.faces.web.site import Site, site_of
from agent.faces.web.visit import Visit, session_id
from agent.model.answer import Person
from agent.model.session import Draft, Session

NO_ROLE = (
    "your account may not look at this: an administrator gives it a role of the app registration, "
    "and then you sign in again"
)

log = structlog.get_logger()


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody whom a browser may be, where a link is the sign-in."""

    object_id: str
    name: str
    roles: tuple[str, ...]


class SignIn(msgspec.Struct, frozen=True, kw_only=True):
    """How to sign in here."""

    to: str = HOME
    """Where they go on to."""
    start: str = ""
    """The address that leads to Entra ID."""
    action: str = ""
    """Where the choice of a person is sent to."""
    token: str = ""
    """What proves that the choice is of this browser."""
    people: tuple[Choice, ...] = ()
    context: str = ""
    needs_link: bool = False
    """Whether nothing on the page leads in: only a link that was printed does."""
    error: str = ""
    is_closed: bool = False
    """Whether they are signed in, and may look at nothing."""
    is_late: bool = False
    """Whether they sent something when they were not signed in any more."""
    is_out: bool = False
    """Whether they signed out just now."""
    name: str = ""
    """Who is signed in."""
    csrf: str = ""
    """What a form of their session has to bring along."""
    link: str = ""
    """A link for another browser that was just made."""
    gives_links: bool = False


async def show_sign_in(request: Request, page: SignIn, status: int = 200) -> Response:
    """Answer with the page on which people sign in; it says who is signed in already."""
    visit = await visitor(request)
    if visit is not None:
        page = msgspec.structs.replace(page, name=visit.person.name, csrf=visit.csrf)
    return await show(request, "sign_in.html", page, status=status)


async def show_closed(request: Request) -> Response:
    """Answer somebody who is signed in and may look at nothing; they can sign out, or in as somebody else."""
    if wants_json(request):
        return await refuse(request, 403, NO_ROLE)
    page = SignIn(error=NO_ROLE, is_closed=True, start=f"{START}?choose=yes")
    return await show_sign_in(request, page, 403)


async def current(site: Site, secret: str) -> Session | None:
    """Return the session of a cookie; None where it is over, or of another tenant."""
    if not secret:
        return None
    session = await site.sessions.find(session_id(secret))
    now, web = site.wall.now(), site.settings.web
    if session is None or session.person.tenant_id != site.desk.tenant_id.lower():
        return None
    is_over = now >= session.seen + web.idle or now >= session.began + web.longest
    return None if is_over else session


async def visitor(request: Request) -> Visit | None:
    """Return who is signed in at this browser, whether they may look at anything or not."""
    site = site_of(request)
    secret = Cookies(site.settings.web_url()).read(request)
    session = await current(site, secret)
    return None if session is None else Visit(session=session, secret=secret, may_operate=False)


async def enter(
    request: Request, person: Person, *, signed_in: datetime, contexts: tuple[str, ...], to: str
) -> Response:
    """Begin a session at this browser, in place of the one there was; answer with the page that they go on to."""
    site = site_of(request)
    cookies, now, web = Cookies(site.settings.web_url()), site.wall.now(), site.settings.web
    old, secret = cookies.read(request), token_urlsafe(32)
    session = Session(
        id=session_id(secret),
        person=person,
        began=now,
        signed_in=signed_in,
        seen=now,
        contexts=contexts,
        draft=await _draft(site, old, person),
    )
    await site.sessions.begin(session)
    if old:
        await site.sessions.end(session_id(old))
    await site.sessions.expire(now - web.idle, now - web.longest)
    log.info("signed in", object_id=person.object_id, roles=list(person.roles), contexts=list(contexts))
    answer = RedirectResponse(to, 303)
    cookies.put(answer, secret)
    return answer


async def _draft(site: Site, secret: str, person: Person) -> Draft | None:
    """Return what the same person was about to send from the session there was."""
    old = await site.sessions.find(session_id(secret)) if secret else None
    if old is None or (old.person.tenant_id, old.person.object_id) != (person.tenant_id, person.object_id):
        return None
    return old.draft


async def leave(request: Request, *, everywhere: bool) -> Response:
    """End the session of this browser, or all of its person's."""
    site = site_of(request)
    cookies = Cookies(site.settings.web_url())
    visit = await visitor(request)
    if visit is not None:
        if everywhere:
            await site.sessions.end_all(visit.person.object_id)
        await site.sessions.end(visit.session.id)
        log.info("signed out", object_id=visit.person.object_id, everywhere=everywhere)
    answer = RedirectResponse(f"{SIGN_IN}?out=yes", 303)
    cookies.remove(answer)
    return answer

"""Who asks: the session behind a request, and the door for everybody who has none.

Nothing is shown to anybody who is not signed in, apart from the sign-in itself, the files that every page is made with,
and probes: a page that forgets to ask cannot be reached.
"""

from datetime import timedelta
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from agent.faces.web.cookies import Cookies
from agent.faces.web.entering import current, show_closed
from agent.faces.web.probing import PROBES
from agent.faces.web.refusing import wants_json
from agent.faces.web.returning import HOME, SIGN_IN
from agent.faces.web.safety import SAFE
from agent.faces.web.showing import refuse
from agent.faces.web.site import Site
from agent.faces.web.visit import LIVE, Visit, may_answer
from agent.model.answer import Person
from agent.model.errors import LedgerError, PolicyError
from agent.model.session import Session

OPEN = (SIGN_IN, "/static/", *sorted(PROBES))
"""What anybody may ask for; below a sign-in lies only what belongs to it."""

TOUCHED = timedelta(minutes=1)
"""How exactly it is kept when a session was last used."""

QUIETLY = "air-agent-live"
"""The header with which a page looks for news by itself: nobody uses the session then."""


class Visiting:
    """Lets those in who are signed in and may look, and asks everybody else to sign in."""

    def __init__(self, app: ASGIApp, *, site: Site) -> None:
        self._app = app
        self._site = site
        self._cookies = Cookies(site.settings.web_url())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http" or _is_open(scope["path"]):
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        try:
            refused = await self._refused(request)
        except LedgerError as error:
            refused = await refuse(request, 503, str(error))
        await (refused or self._app)(scope, receive, send)

    async def _refused(self, request: Request) -> Response | None:
        """Return what is answered to somebody who may not come in; None where they may, and then `request.state` has who."""
        secret = self._cookies.read(request)
        session = await current(self._site, secret)
        if session is None:
            return _to_sign_in(request)
        if not await self._may_look(session.person):
            return await show_closed(request)
        await self._touch(request, session)
        role = self._site.settings.web.operator_role
        request.state.visit = Visit(session=session, secret=secret, may_operate=role in session.person.roles)
        return None

    async def _may_look(self, person: Person) -> bool:
        web = self._site.settings.web
        if {web.reader_role, web.operator_role} & set(person.roles):
            return True
        try:
            chains = (await self._site.policies.now()).judge.chains.values()
        except PolicyError:
            return False
        return any(may_answer(person, chain) for chain in chains)

    async def _touch(self, request: Request, session: Session) -> None:
        now = self._site.wall.now()
        is_quiet = QUIETLY in request.headers or request.url.path == LIVE
        if not is_quiet and now >= session.seen + TOUCHED:
            await self._site.sessions.touch(session.id, now)


def _is_open(path: str) -> bool:
    return any(path == one.rstrip("/") or path.startswith(one.rstrip("/") + "/") for one in OPEN)


def _to_sign_in(request: Request) -> Response:
    """Return the way to the sign-in, and to the page after it; a program is told in words.

    A form that was sent meanwhile is not kept, and they are told so. The page that it was on is the address above its own.
    """
    words = "you are not signed in, or not any more"
    if wants_json(request):
        return JSONResponse({"error": words}, 401)
    if request.method not in SAFE:
        back = request.url.path.rpartition("/")[0] or HOME
        return RedirectResponse(f"{SIGN_IN}?late=yes&to={quote(back, safe='')}", 303)
    back = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return RedirectResponse(SIGN_IN if back == HOME else f"{SIGN_IN}?to={quote(back, safe='')}", 303)

"""Hold and release on the Status page: by operators who signed in lately, with a reason, by the same rules as on a terminal."""

import structlog
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from agent.faces.holding import Done, lay, lift, reason_of
from agent.faces.web.again import asked_again
from agent.faces.web.forms import form_of, text_of
from agent.faces.web.refusing import NotAllowed
from agent.faces.web.showing import show
from agent.faces.web.site import site_of
from agent.faces.web.status import HOLDING, KILL_SWITCH_LAID, STATUS, status_of
from agent.faces.web.visit import visit_of
from agent.model.answer import Person
from agent.model.errors import SettingsError
from agent.model.session import Draft

LONGEST_NAME = 120
"""Characters of a person's name in a hold."""

LAID_ANEW = (
    "nothing was released: it ended and was laid anew since you were shown it: read why, and release that"
)
"""Whoever releases means the hold that they read of, and its reason: a page may lie open for hours."""

log = structlog.get_logger()


async def hold(request: Request) -> Response:
    """Throw the kill switch, and come back to the page."""
    reason = await _reason(request)
    draft = _draft(KILL_SWITCH_LAID, reason)
    if not reason:
        error = "nothing was held: say in a few words why, for whoever finds everything held"
        return await _shown_again(request, 400, error, draft)
    again = await asked_again(request, back=STATUS, draft=draft)
    if again is not None:
        return again
    desk, by = site_of(request).desk, _by(request)
    done = await lay(desk.ledger, by, reason, desk.clock.now())
    log.warning("held on the pages", by=by, why=reason, has_changed=done.has_changed)
    return await _answered(request, done)


async def release(request: Request) -> Response:
    """End one hold, and come back to the page."""
    reason, form = await _reason(request), await form_of(request)
    name = text_of(form, "name")
    draft = _draft(name, reason)
    if not reason:
        error = "nothing was released: say in a few words why, for the audit"
        return await _shown_again(request, 400, error, draft)
    again = await asked_again(request, back=STATUS, draft=draft)
    if again is not None:
        return again
    desk, by = site_of(request).desk, _by(request)
    standing = next((one for one in await desk.ledger.holds() if one.name == name), None)
    if standing is not None and standing.since.isoformat() != text_of(form, "since"):
        return await _shown_again(request, 409, LAID_ANEW, draft)
    try:
        done = await lift(desk.ledger, name, by, reason, desk.clock.now())
    except SettingsError as error:
        return await _shown_again(request, 409, str(error), draft)
    log.warning("released on the pages", name=name, by=by, why=reason, has_changed=done.has_changed)
    return await _answered(request, done)


async def _reason(request: Request) -> str:
    """Return the reason of a form that is ours, and of somebody who may hold and release.

    Raises:
        NotAllowed: it is not.
    """
    form = await form_of(request)
    if not visit_of(request).may_operate:
        role = site_of(request).settings.web.operator_role
        raise NotAllowed(f"only who has the app role {role} may hold and release: an administrator gives it")
    return reason_of(text_of(form, "reason"))


def _draft(verb: str, reason: str) -> Draft:
    return Draft(action_id=HOLDING, verb=verb, reason=reason, digest="")


def _by(request: Request) -> str:
    person: Person = visit_of(request).person
    return f"{' '.join(person.name.split())[:LONGEST_NAME]} ({person.object_id})"


async def _answered(request: Request, done: Done) -> Response:
    """Return to the page, which shows what changed; say why where nothing did."""
    if done.has_changed:
        return RedirectResponse(STATUS, 303)
    return await _shown_again(request, 409, done.words, None)


async def _shown_again(request: Request, status: int, error: str, draft: Draft | None) -> Response:
    return await show(
        request, "status.html", await status_of(request, error=error, draft=draft), status=status
    )


ROUTES = (
    Route(f"{STATUS}/hold", hold, methods=["POST"]),
    Route(f"{STATUS}/release", release, methods=["POST"]),
)

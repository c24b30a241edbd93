"""Who decides has signed in lately, and for a high risk as strongly as the settings say; else they are asked to, first.

What they were about to send stays in their session meanwhile: the page that they come back to fills its form in with it,
and they send it themselves. The answer is a page with a link, not a redirect: browsers hold a form's redirects to the
site's own policy of where forms may go, and the sign-in is elsewhere.
"""

from datetime import timedelta
from urllib.parse import urlencode

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from agent.faces.telling import remaining
from agent.faces.web.refusing import wants_json
from agent.faces.web.returning import START, local
from agent.faces.web.showing import show
from agent.faces.web.site import Site, site_of
from agent.faces.web.visit import visit_of
from agent.model.pending import ActionKind
from agent.model.session import Draft, Session
from agent.settings.web import kinds

SET_BACK = timedelta(minutes=1)
"""By how much a clock may be set back, as time servers do, for a sign-in to count."""


class Again(msgspec.Struct, frozen=True, kw_only=True):
    """Why somebody has to sign in again, and where."""

    error: str
    start: str
    is_kept: bool
    """Whether what they wrote is kept."""


def is_high_risk(site: Site, kind: ActionKind, targets: int) -> bool:
    """Whether approving so much of this kind is what the settings call a high risk."""
    web = site.settings.web
    return targets >= web.high_risk_from or kind in kinds(web.high_risk_kinds)


async def asked_again(
    request: Request, *, back: str, high_risk: bool = False, draft: Draft | None = None
) -> Response | None:
    """Return the page that asks whoever is signed in to sign in again, with the draft kept in their session.

    None where nothing more is needed: then a draft that was kept is used up.
    """
    site, session = site_of(request), visit_of(request).session
    missing = _missing(site, session, high_risk=high_risk)
    if session.draft != (draft if missing else None):
        await site.sessions.keep(msgspec.structs.replace(session, draft=draft if missing else None))
    if not missing:
        return None
    asked = {"to": local(back)}
    if not _is_fresh(site, session):
        asked["again"] = "yes"
    if high_risk and site.settings.web.step_up is not None:
        asked["context"] = site.settings.web.step_up
    page = Again(
        error=missing,
        start=f"{START}?{urlencode(asked)}",
        is_kept=draft is not None,
    )
    return await show(request, "again.html", page, status=401 if wants_json(request) else 200)


def _missing(site: Site, session: Session, *, high_risk: bool) -> str:
    """Return in words what is missing for deciding; empty where nothing is."""
    web = site.settings.web
    if not _is_fresh(site, session):
        return (
            f"whoever decides has to have signed in within the last {remaining(web.fresh)} (`web.fresh`), "
            "and your last sign-in was before that"
        )
    if high_risk and web.step_up is not None and web.step_up not in session.contexts:
        return (
            "approving this is a high risk (`web.high_risk_from`, `web.high_risk_kinds`): "
            f"it needs a stronger sign-in (`web.step_up: {web.step_up}`)"
        )
    return ""


def _is_fresh(site: Site, session: Session) -> bool:
    """Whether the last sign-in was lately; one that is still to come by this clock tells nothing: it was set back since."""
    return -SET_BACK <= site.wall.now() - session.signed_in < site.settings.web.fresh

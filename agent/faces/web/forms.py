"""What a form brings along, and whether it is one of ours."""

from starlette.datastructures import FormData
from starlette.requests import Request

from agent.faces.web.refusing import NotAllowed, NotUnderstood
from agent.faces.web.visit import CSRF, visit_of

MOST_FIELDS = 12_000
"""Fields of one form: as many as an action has targets at most, and some."""


FORM = "application/x-www-form-urlencoded"
"""How forms of this site are sent; a file is in none of them."""

NOT_MINE = "this form is of another sign-in: open the page again, and send it there"


async def fields_of(request: Request) -> FormData:
    """Return what a form says, whosever it is.

    Raises:
        NotUnderstood: it is no form of this site's kind.
    """
    sent = request.headers.get("content-type", FORM).partition(";")[0].strip().lower()
    if sent != FORM:
        raise NotUnderstood(f"this is no form of this site: send it as `{FORM}`")
    return await request.form(max_fields=MOST_FIELDS)


async def form_of(request: Request) -> FormData:
    """Return the form, once it proved that it is of this session. Everything that changes something reads it by this.

    Raises:
        NotAllowed: it is not.
    """
    form = await fields_of(request)
    if not visit_of(request).is_mine(form.get(CSRF)):
        raise NotAllowed(NOT_MINE)
    return form


def text_of(form: FormData, name: str) -> str:
    """Return one field without blanks around it; empty where there is none."""
    found = form.get(name)
    return found.strip() if isinstance(found, str) else ""

"""How a page is shown: a document, by a template for people, or as JSON for programs, at the same address.

Whatever a template writes goes through `shown` first: control characters, bidirectional marks and everything else that
has no picture is written as its escape, and only then is the text escaped for HTML. A template that wants more, such as a
fence around an attacker's words, asks for it; none can forget this.
"""

import re
from datetime import datetime, timedelta
from functools import cache
from hashlib import sha256
from pathlib import Path

import msgspec
from jinja2 import Environment
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from agent.faces.documents import as_json
from agent.faces.markup import ticked, time_element
from agent.faces.telling import remaining
from agent.faces.templating import templates
from agent.faces.vitals import apart, length
from agent.faces.web.frame import Frame, frame_of
from agent.faces.web.refusing import wants_json
from agent.judge.quote import counted, shorten
from agent.model.errors import LedgerError

HERE = Path(__file__).parent
STATIC = HERE / "static"

WORD_BEGINS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


class Refused(msgspec.Struct, frozen=True, kw_only=True):
    """Why something is not shown or not done."""

    status: int
    error: str


async def show(
    request: Request, template: str, document: msgspec.Struct, *, status: int = 200, **beside: object
) -> Response:
    """Answer with a document: by this template, or as JSON where the address ends with `.json`.

    `beside` is what the template needs for links and forms, and no program does.
    """
    if wants_json(request):
        return Response(as_json(document, indent=2), status, media_type="application/json")
    page = environment().get_template(template)
    return HTMLResponse(page.render(page=document, frame=await frame_of(request), **beside), status)


async def refuse(request: Request, status: int, words: str) -> Response:
    """Answer with why something is not shown or not done."""
    refused = Refused(status=status, error=words)
    if wants_json(request):
        return Response(as_json(refused), status, media_type="application/json")
    page = environment().get_template("refused.html")
    return HTMLResponse(page.render(page=refused, frame=await _whatever_frame_of(request)), status)


async def _whatever_frame_of(request: Request) -> Frame:
    """Return what stands around a refusal: nothing where the ledger cannot be read, which is why it is refused then."""
    try:
        return await frame_of(request)
    except LedgerError:
        return Frame()


@cache
def environment() -> Environment:
    """Return the templates, with what they may call."""
    made = templates(HERE / "templates")
    made.filters |= {
        "moment": time_element,
        "left": left,
        "span": span,
        "ticked": ticked,
        "took": length,
        "spaced": spaced,
        "apart": apart,
        "shorten": shorten,
    }
    made.globals |= {"counted": counted, "static": static}
    return made


def left(until: datetime, now: datetime) -> Markup:
    """Return how long there is left until a moment, counted down by the page's script."""
    words = remaining(until - now)
    said = words if words == "over" else f"in {words}"
    return Markup('<time class="left" datetime="{}">{}</time>').format(until.isoformat(), said)


def span(length: timedelta) -> str:
    """Return a length of time in two units."""
    return remaining(length) if length > timedelta(0) else "0s"


def spaced(word: str) -> str:
    """Return one of Graph's words as people read it: `pendingApproval` is `Pending approval`."""
    return WORD_BEGINS.sub(" ", word).replace("_", " ").capitalize()


@cache
def static(name: str) -> str:
    """Return the address of a file that pages are made with; another content has another address."""
    return f"/static/{name}?{sha256((STATIC / name).read_bytes()).hexdigest()[:12]}"

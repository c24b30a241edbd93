"""What stands around every page: which tenant it is of, what holds, who is signed in, and where else to go."""

from datetime import datetime

import msgspec
from starlette.requests import Request

from agent.faces.holds import banner
from agent.faces.web.pulse import Pulse
from agent.faces.web.site import site_of
from agent.faces.web.visit import LIVE, Visit
from agent.sights import with_file

PLACES = (
    ("Pending", "/pending", "p"),
    ("Worklist", "/worklist", "w"),
    ("History", "/history", "h"),
    ("Overview", "/overview", "o"),
    ("Policies", "/policies", "l"),
    ("Status", "/status", "s"),
)
"""What can be gone to from everywhere, and by which key after `g`."""


class Frame(msgspec.Struct, frozen=True, kw_only=True):
    """What every page says. Where nobody is signed in, it says nothing."""

    now: datetime | None = None
    tenant_id: str = ""
    tenant_name: str = ""
    mode: str = ""
    path: str = ""
    """Which page it is."""
    visit: Visit | None = None
    holds: tuple[str, ...] = ()
    """In words, what keeps everything from being carried out."""
    alarms: tuple[str, ...] = ()
    was_sent: bool = False
    """Whether it answers a form: its own address then shows nothing to whoever only asks for it."""
    live: str = ""
    """Where the page learns that something has changed since it was made."""
    places: tuple[tuple[str, str, str], ...] = PLACES


async def frame_of(request: Request) -> Frame:
    """Return what stands around a page."""
    visit = getattr(request.state, "visit", None)
    if visit is None:
        return Frame()
    site = site_of(request)
    settings, desk = site.settings, site.desk
    now = desk.clock.now()
    laid, alarms = await desk.ledger.holds(), await desk.ledger.alarms()
    holds = await with_file(settings, laid, now)
    pulse: Pulse = request.app.state.pulse
    return Frame(
        now=now,
        tenant_id=desk.tenant_id,
        tenant_name=settings.tenant.name or "",
        mode=settings.mode.value,
        path=request.url.path,
        visit=visit,
        holds=tuple(banner(one, now) for one in holds),
        alarms=tuple(one.words for one in alarms),
        was_sent=request.method == "POST",
        live=f"{LIVE}?since={await pulse.look(laid, alarms)}",
    )

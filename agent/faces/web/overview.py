"""The overview: who decided how much and how soon, whether people agreed, and what stood in the way."""

from datetime import datetime, timedelta

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from agent.faces.charts import Chart
from agent.faces.web.addresses import twins
from agent.faces.web.overview_charts import charts_of
from agent.faces.web.overview_words import Agreed, Share, agreed, expiries, shares
from agent.faces.web.refusing import NotUnderstood, wants_json
from agent.faces.web.retrospect import Retrospect
from agent.faces.web.showing import show
from agent.faces.web.site import Site, site_of
from agent.judge.quote import quote
from agent.judge.report.agreeing import Agreement
from agent.judge.sum_up import Lengths, Summary
from agent.loop.failing import ALARM
from agent.model.alarm import Alarm
from agent.model.history import Delivered

WINDOWS = {
    "24h": timedelta(hours=24),
    "7d": timedelta(days=7),
    "30d": timedelta(days=30),
    "90d": timedelta(days=90),
}
USUAL = "30d"


class Window(msgspec.Struct, frozen=True, kw_only=True):
    """One window that can be chosen."""

    name: str
    is_chosen: bool


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """How a channel is. Its name is an operator's; `why` and `alarm` may repeat others' words."""

    channel: str
    state: str
    """`works`, `fails`, or `nothing sent` where it was not used in the window."""
    told: Delivered
    alarm: str
    """What stands as an alarm; empty where nothing does."""


class Overview(msgspec.Struct, frozen=True, kw_only=True):
    """A window of the past in numbers. What they mean precisely stands in `judge/sum_up.py` and `judge/report/`."""

    now: datetime
    since: datetime
    window: str
    summary: Summary
    agreement: Agreement
    channels: tuple[Health, ...]


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """The overview as a page says it."""

    told: Overview
    windows: tuple[Window, ...]
    shares: tuple[Share, ...]
    until: tuple[tuple[str, Lengths], ...]
    agreed: tuple[Agreed, ...]
    expiries: str
    charts: dict[str, Chart]


async def overview(request: Request) -> Response:
    """Show a window of the past in numbers."""
    site = site_of(request)
    name = _window(request)
    now = site.desk.clock.now()
    found = await site.looking.back(site.desk.ledger, site.archive, WINDOWS[name], now, site.wall.now())
    told = Overview(
        now=found.now,
        since=found.since,
        window=name,
        summary=found.summary,
        agreement=found.agreement,
        channels=await _channels(site, found),
    )
    if wants_json(request):
        return await show(request, "overview.html", told)
    return await show(request, "overview.html", _shown(told))


ROUTES = twins("/overview", overview)


def _shown(told: Overview) -> Shown:
    summary = told.summary
    return Shown(
        told=told,
        windows=tuple(Window(name=name, is_chosen=name == told.window) for name in WINDOWS),
        shares=shares(summary, told.window),
        until=(
            *((stand.value, lengths) for stand, lengths in summary.until_decided.items() if lengths.count),
            ("people, from being asked", summary.until_answered),
        ),
        agreed=agreed(told.agreement),
        expiries=expiries(summary),
        charts=charts_of(summary, told.agreement),
    )


def _window(request: Request) -> str:
    """Return which window the address asks for."""
    unknown = [name for name in request.query_params if name != "window"]
    if unknown:
        raise NotUnderstood(f"the address: has no {quote(unknown[0])}: there is only `window`")
    name = request.query_params.get("window") or USUAL
    if name not in WINDOWS:
        raise NotUnderstood(f"`window`: there is no {quote(name)}: there is {', '.join(WINDOWS)}")
    return name


async def _channels(site: Site, found: Retrospect) -> tuple[Health, ...]:
    alarms: dict[str, Alarm] = {one.name: one for one in await site.desk.ledger.alarms()}
    return tuple(
        _health(told, alarms.get(f"{ALARM}{told.channel}"))
        for told in await site.archive.delivered(found.since)
    )


def _health(told: Delivered, alarm: Alarm | None) -> Health:
    state = "works" if told.sent else "nothing sent"
    if alarm is not None or told.failing:
        state = "fails"
    return Health(channel=told.channel, state=state, told=told, alarm="" if alarm is None else alarm.words)

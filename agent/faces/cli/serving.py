"""`serve`: the pages in a browser, beside an agent or without one."""

import asyncio
import ssl
import sys
from collections.abc import Sequence
from pathlib import Path

import structlog
from structlog.contextvars import bind_contextvars

from agent.connecting import clock_of
from agent.faces.cli.logs import configure
from agent.faces.cli.options import loaded_to_serve
from agent.faces.cli.output import console, safe
from agent.faces.cli.stopping import reload_on_hangup, stop_on_signals, stop_when_stdin_closes
from agent.faces.cli.tenants import chosen
from agent.faces.cli.watching import guarded
from agent.faces.documents import ascii_json
from agent.loop.waits import beside
from agent.model.errors import SettingsError
from agent.settings.subjects import Settings

LINKS = 2
"""Links that sign in: one may be opened by a program, or in the wrong browser."""

log = structlog.get_logger()


def serve(path: Path | None, *, as_json: bool, until_stdin_closes: bool) -> None:
    """Serve the pages until asked to stop. With `as_json` one line says where, once they can be opened."""
    settings = loaded_to_serve(path)
    configure(settings.log, clock_of(settings).now)
    if until_stdin_closes:
        stop_when_stdin_closes()
    asyncio.run(_serve(settings, as_json=as_json))


async def _serve(settings: Settings, *, as_json: bool) -> None:
    from agent.faces.web.by_link import one_time_link  # noqa: PLC0415  slow to import
    from agent.faces.web.opening import open_site  # noqa: PLC0415  slow to import
    from agent.faces.web.server import encryption, listening, serve  # noqa: PLC0415  slow to import
    from agent.faces.web.way_in import check  # noqa: PLC0415  slow to import

    bind_contextvars(tenant=chosen() or settings.tenant.name or settings.tenant.id)
    stop, renew = asyncio.Event(), asyncio.Event()
    stop_on_signals(stop)
    reload_on_hangup(renew, stop)
    check(settings)
    tls = encryption(settings)
    with listening(settings) as (listener, bound):
        async with (
            guarded(settings.process()),
            open_site(bound) as site,
            beside(_renewing(renew, tls, bound)),
        ):

            def on_ready() -> None:
                port = listener.getsockname()[1]
                links = [link for _ in range(LINKS) if (link := one_time_link(site, port)) is not None]
                _say_where(bound.web_url(), links, as_json=as_json)

            await serve(site, listener, stop, on_ready, tls)


def _say_where(url: str, links: Sequence[str], *, as_json: bool) -> None:
    """Say where the pages are, and by which links browsers on this machine sign in, where that is how."""
    if as_json:
        sys.stdout.write(f"{ascii_json({'ready': url} | ({'links': list(links)} if links else {}))}\n")
        sys.stdout.flush()
        return
    out = console(stderr=True)
    out.print(safe(f"the pages are at {url}, until Ctrl-C"), soft_wrap=True)
    for place, link in zip(("sign in, once, by", "or in another browser by"), links, strict=False):
        out.print(safe(f"{place} {link}"), soft_wrap=True)


async def _renewing(renew: asyncio.Event, tls: ssl.SSLContext | None, settings: Settings) -> None:
    """Take a renewed certificate at each SIGHUP; one that cannot be used leaves the one before it."""
    from agent.faces.web.server import load  # noqa: PLC0415  slow to import

    while True:
        await renew.wait()
        renew.clear()
        if tls is None:
            continue
        try:
            load(tls, settings)
            log.info("certificate taken anew")
        except SettingsError as error:
            log.error("certificate not taken: the one before it is used still", why=str(error))

"""`serve`: the pages, beside a running agent or without one."""

import asyncio
import sys
from pathlib import Path

from agent.connecting import clock_of
from agent.faces.cli.logs import configure
from agent.faces.cli.options import loaded_to_serve
from agent.faces.cli.output import console, safe
from agent.faces.cli.stopping import stop_on_signals, stop_when_stdin_closes
from agent.faces.documents import ascii_json
from agent.settings.subjects import Settings


def serve(path: Path | None, *, as_json: bool, until_stdin_closes: bool) -> None:
    """Serve the pages until asked to stop. With `as_json` one line says where, once they can be opened."""
    settings = loaded_to_serve(path)
    configure(settings.log, clock_of(settings).now)
    if until_stdin_closes:
        stop_when_stdin_closes()
    asyncio.run(_serve(settings, as_json=as_json))


async def _serve(settings: Settings, *, as_json: bool) -> None:
    from agent.faces.web.opening import open_site, serve  # noqa: PLC0415  slow to import

    stop = asyncio.Event()
    stop_on_signals(stop)

    def on_ready(port: int) -> None:
        url = settings.web.url or f"http://{settings.web.listen.rpartition(':')[0]}:{port}"
        if as_json:
            sys.stdout.write(f"{ascii_json({'ready': url})}\n")
            sys.stdout.flush()
        else:
            console(stderr=True).print(safe(f"the pages are at {url}, until Ctrl-C"), soft_wrap=True)

    async with open_site(settings) as site:
        await serve(site, stop, on_ready)

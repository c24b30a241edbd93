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
    from agent.faces.web.by_link import one_time_link  # noqa: PLC0415  slow to import
    from agent.faces.web.opening import open_site, serve  # noqa: PLC0415  slow to import

    stop = asyncio.Event()
    stop_on_signals(stop)
    async with open_site(settings) as site:

        def on_ready(port: int) -> None:
            url = settings.web.url or f"http://{settings.web.listen.rpartition(':')[0]}:{port}"
            _tell(url, one_time_link(site, port), as_json=as_json)

        await serve(site, stop, on_ready)


def _tell(url: str, link: str | None, *, as_json: bool) -> None:
    """Say where the pages are, and the link that signs one browser in where there is no other sign-in."""
    if as_json:
        ready = {"ready": url} | ({} if link is None else {"link": link})
        sys.stdout.write(f"{ascii_json(ready)}\n")
        sys.stdout.flush()
        return
    out = console(stderr=True)
    out.print(safe(f"the pages are at {url}, until Ctrl-C"), soft_wrap=True)
    if link is not None:
        out.print(safe(f"sign in, in one browser: {link}"), soft_wrap=True)

"""Settings -> a site that can be shown, and the server that shows it."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager

import uvicorn

from agent.adapters.host import SystemClock
from agent.compose import open_ledger_as_it_is, shelf_of
from agent.connecting import clock_of
from agent.faces.web.app import app_of
from agent.faces.web.in_force import Known
from agent.faces.web.site import Site
from agent.faces.web.way_in import check, door_of
from agent.loop.waits import first_of
from agent.model.errors import SettingsError
from agent.ports.world import Desk
from agent.settings.guards import rails_of
from agent.settings.subjects import Settings
from agent.settings.web import listen

PATIENCE = 5
"""Seconds for open requests to end when the server stops."""

AT_ONCE = 200
"""Connections that are served at the same time."""


@asynccontextmanager
async def open_site(settings: Settings) -> AsyncIterator[Site]:
    """Give the site over the ledger that is there, whether an agent runs on it or not; nothing logs in to Graph.

    Raises:
        SettingsError: nobody could sign in.
        LedgerError: there is no ledger yet, or it cannot be written to.
    """
    check(settings)
    wall = SystemClock()
    async with open_ledger_as_it_is(settings) as ledger:
        desk = Desk(
            tenant_id=settings.tenant.id,
            clock=clock_of(settings),
            ledger=ledger,
            shelf=shelf_of(settings),
            rails=rails_of(settings.guards),
            escalating=settings.escalating(),
        )
        yield Site(
            settings=settings,
            desk=desk,
            pages=ledger.pages,
            archive=ledger.archive,
            trail=ledger.trail,
            sessions=ledger.sessions,
            policies=Known(desk=desk),
            door=door_of(settings, ledger.trail.key, wall),
            wall=wall,
        )


class Server(uvicorn.Server):
    """uvicorn, which says where it listens, and leaves signals to whoever stops it."""

    def __init__(self, site: Site, listener: socket.socket, on_ready: Callable[[int], None]) -> None:
        web = site.settings.web
        super().__init__(
            uvicorn.Config(
                app_of(site),
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                limit_concurrency=AT_ONCE,
                timeout_graceful_shutdown=PATIENCE,
                ssl_certfile=web.certificate,
                ssl_keyfile=web.certificate_key,
            )
        )
        self._listener = listener
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to take connections, and say so."""
        await super().startup(sockets)
        self._on_ready(self._listener.getsockname()[1])

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone."""
        yield


async def serve(site: Site, stop: asyncio.Event, on_ready: Callable[[int], None]) -> None:
    """Serve the pages until `stop` is set. `on_ready` is called with the port once they can be opened.

    Raises:
        SettingsError: nothing can listen there.
    """
    with listening(site.settings) as listener:
        server = Server(site, listener, on_ready)
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        await first_of(stop.wait(), asyncio.shield(serving))
        server.should_exit = True
        await serving


@contextmanager
def listening(settings: Settings) -> Iterator[socket.socket]:
    """Give a socket that listens where the settings say.

    Raises:
        SettingsError: it cannot.
    """
    host, port = listen(settings.web.listen)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Its protocol is named because asyncio turns Nagle's algorithm off only where it is.
    with socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((host, port))
            listener.listen()
        except OSError as error:
            why = os.strerror(error.errno).lower() if error.errno else "no reason was given"
            raise SettingsError(f"`web.listen: {settings.web.listen}`: {why}: choose another port") from error
        yield listener

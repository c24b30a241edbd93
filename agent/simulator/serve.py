"""The simulator as a server on this machine alone."""

import asyncio
import contextlib
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from datetime import datetime
from types import FrameType

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from agent.simulator import names
from agent.simulator.app import build
from agent.simulator.clock import RealClock
from agent.simulator.faults import Faults, Reset, sour
from agent.simulator.state import State
from agent.simulator.switches import Switches
from agent.simulator.tenant import seed as seeded

HOST = "127.0.0.1"
_STOP_WITHIN = 3
"""Seconds that open connections get to end."""


def run(
    port: int,
    seed: int,
    rate: float,
    epoch: datetime,
    switches: Switches,
    faults_seed: int | None = None,
    client_secret: str = names.CLIENT_SECRET,
    on_ready: Callable[[int], None] = lambda _port: None,
    state: State | None = None,
) -> None:
    """Serve until SIGTERM or SIGINT, or for ever in a thread that is not the main one.

    `port` 0 takes a free one; `on_ready` is told which, once connections are taken. The tenant is the
    one of the seed as of `epoch` unless `state` is given; its time runs at `rate` from `epoch` on.
    """
    faults = Faults() if faults_seed is None else sour(faults_seed)
    world = seeded(seed, epoch) if state is None else state
    app = build(world, switches, faults, RealClock(epoch, rate), client_secret=client_secret)
    serve(app, port=port, on_ready=on_ready)


def serve(app: ASGIApp, *, port: int = 0, on_ready: Callable[[int], None] = lambda _port: None) -> None:
    """Serve one application until the process is asked to stop."""
    Server(app, port=port, on_ready=on_ready).run()


class Server(uvicorn.Server):
    """uvicorn, made to break connections where a fault asks for it, and to return when it is stopped."""

    def __init__(self, app: ASGIApp, *, port: int, on_ready: Callable[[int], None]) -> None:
        super().__init__(
            uvicorn.Config(
                self._dropping(app),
                lifespan="off",
                log_config=None,
                log_level="critical",
                access_log=False,
                date_header=False,
                server_header=False,
                timeout_graceful_shutdown=_STOP_WITHIN,
            )
        )
        self._listener = _listener(port)
        self._on_ready = on_ready

    def run(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve until it is told to stop."""
        with self._listener:
            asyncio.run(self.serve(sockets=sockets or [self._listener]))

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to take connections, and say so."""
        await super().startup(sockets)
        self._on_ready(self._listener.getsockname()[1])

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stop on a signal and return, instead of dying of it afterwards as uvicorn does."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {name: signal.signal(name, self._stop) for name in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for name, handler in before.items():
                signal.signal(name, handler)

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self.handle_exit(number, frame)

    def _dropping(self, app: ASGIApp) -> Callable[[Scope, Receive, Send], object]:
        async def answer(scope: Scope, receive: Receive, send: Send) -> None:
            try:
                await app(scope, receive, send)
            except Reset:
                await self._drop(tuple(scope["client"]), receive)

        return answer

    async def _drop(self, client: tuple[object, ...], receive: Receive) -> None:
        for connection in self.server_state.connections:
            transport = getattr(connection, "transport", None)
            if getattr(connection, "client", None) == client and transport is not None:
                transport.abort()
        while (await receive())["type"] != "http.disconnect":
            continue


def _listener(port: int) -> socket.socket:
    """Return a socket that takes connections.

    Its protocol is named because asyncio turns Nagle's algorithm off only where it is, and answers of
    two parts would take 40 ms each with it.
    """
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HOST, port))
        listener.listen()
    except OSError:
        listener.close()
        raise
    return listener

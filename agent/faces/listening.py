"""A server that waits for nobody: what pages and probes have in common.

uvicorn closes a connection that says nothing for five seconds after an answer, answers requests that are sent ahead
(pipelined) one after the other, and reads nothing ahead meanwhile. It has no patience of its own for the first request of
a connection, nor for one that trickles in: two hundred such connections would keep everybody else out. So whoever does
not say within seconds what they want is cut off here, and at once where all seats are taken. Headers are bounded in size.

When the server stops, answers are finished; streams, which have no end of their own, are ended.
"""

import asyncio
import logging
import os
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, cast

import h11
import uvicorn
from starlette.applications import Starlette
from uvicorn.protocols.http.h11_impl import H11Protocol

from agent.faces.seats import Seats
from agent.model.errors import SettingsError
from agent.settings.web import listen

PATIENCE = 5
"""Seconds for answers that are under way to end when the server stops."""

LAST_WORDS = 1.0
"""Seconds after which an answer that is under way then is taken for a stream."""

AT_ONCE = 200
"""Connections that are served at the same time."""

WITHIN = 20.0
"""Seconds within which a whole request must have come, from when its connection was opened or its first byte came."""

LARGEST_HEAD = 16 * 1024
"""Bytes of a request's line and headers together."""


class Patient(H11Protocol):
    """One connection, which is cut off where it does not say in time what it wants."""

    seats: Seats
    """Of its server."""
    within = WITHIN
    """Seconds that it is waited for."""
    _waiting: asyncio.TimerHandle | None = None

    @property
    def is_silent(self) -> bool:
        """Whether it is waited for: it asks for nothing, has not said all of it, or does not take its answer."""
        is_idle = self.cycle is None or self.cycle.response_complete
        return is_idle or self._waiting is not None or self.flow.write_paused

    @property
    def address(self) -> str:
        """Where it comes from; empty where nobody knows."""
        return self.client[0] if self.client else ""

    def turn_out(self) -> None:
        """End it at once."""
        self.transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to wait for the first request."""
        super().connection_made(cast("asyncio.Transport", transport))
        self.seats.take(self)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no more."""
        self.seats.leave(self)
        self._wait_no_more()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what has come; wait for the rest where that is no whole request."""
        super().data_received(data)
        if self.transport.is_closing() or self.conn.their_state not in {h11.IDLE, h11.SEND_BODY}:
            self._wait_no_more()
        elif self._waiting is None:
            self._wait()

    def shutdown(self) -> None:
        """Let the answer that is under way be finished; end a stream that goes on."""
        super().shutdown()
        if self.cycle is not None:
            self.loop.call_later(LAST_WORDS, self._end_stream)

    def _end_stream(self) -> None:
        cycle: Any = self.cycle
        if cycle.response_started and not cycle.response_complete:
            cycle.disconnected = True
            cycle.message_event.set()
            self.transport.close()

    def _wait(self) -> None:
        self._waiting = self.loop.call_later(self.within, self.transport.abort)

    def _wait_no_more(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None


class Server(uvicorn.Server):
    """uvicorn, which says where it listens, and leaves signals to whoever stops it."""

    def __init__(
        self,
        app: Starlette,
        tls: ssl.SSLContext | None,
        on_ready: Callable[[], None],
        *,
        at_once: int = AT_ONCE,
        within: float | None = None,
    ) -> None:
        # Its warnings are of requests that are none, one line each: whoever scans the host would fill the log with them.
        logging.getLogger("uvicorn.error").setLevel(logging.ERROR)
        super().__init__(
            uvicorn.Config(
                app,
                http=type(
                    "Seated",
                    (Patient,),
                    {"seats": Seats(at_once), "within": WITHIN if within is None else within},
                ),
                ws="none",
                loop="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                limit_concurrency=at_once + 1,  # it counts whoever asks too
                h11_max_incomplete_event_size=LARGEST_HEAD,
                timeout_graceful_shutdown=PATIENCE,
                ssl_context_factory=None if tls is None else lambda _config, _usual: tls,
            )
        )
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to take connections, and say so."""
        await super().startup(sockets)
        self._on_ready()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone."""
        yield


@contextmanager
def listening_at(setting: str, place: str, asked: str) -> Iterator[socket.socket]:
    """Give a socket that listens at this address and port.

    Args:
        setting: the setting that names the place, for the message.
        place: as `settings.web.listen` reads it; port 0 is any that is free.
        asked: the likeliest reason why it is taken, as a question.

    Raises:
        SettingsError: nothing can listen there.
    """
    host, port = listen(place)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Its protocol is named because asyncio turns Nagle's algorithm off only where it is.
    with socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((host, port))
            listener.listen()
        except OSError as error:
            why = os.strerror(error.errno).lower() if error.errno else "no reason was given"
            mend = f"{asked} stop it, or choose another port"
            raise SettingsError(f"`{setting}: {place}`: {why}: {mend}") from error
        yield listener

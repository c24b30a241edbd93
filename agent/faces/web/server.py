"""The server of the pages: where it listens, with which certificate, and how long it waits for anybody.

uvicorn closes a connection that says nothing for five seconds after an answer, answers requests that are sent ahead
(pipelined) one after the other, and reads nothing ahead meanwhile. It has no patience of its own for the first request of
a connection, nor for one that trickles in: two hundred such connections would keep everybody else out. So whoever does
not say within seconds what they want is cut off here. Headers are bounded in size, forms in `app`.

When the server stops, answers are finished; streams, which have no end of their own, are ended.
"""

import asyncio
import logging
import os
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import h11
import msgspec
import uvicorn
from starlette.applications import Starlette
from uvicorn.protocols.http.h11_impl import H11Protocol

from agent.faces.web.app import app_of
from agent.faces.web.board import Board
from agent.faces.web.site import Site
from agent.loop.waits import first_of
from agent.model.errors import SettingsError
from agent.settings.subjects import Settings
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

    _waiting: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to wait for the first request."""
        super().connection_made(cast("asyncio.Transport", transport))
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no more."""
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
        self._waiting = self.loop.call_later(WITHIN, self.transport.abort)

    def _wait_no_more(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None


class Server(uvicorn.Server):
    """uvicorn, which says where it listens, and leaves signals to whoever stops it."""

    def __init__(self, app: Starlette, tls: ssl.SSLContext | None, on_ready: Callable[[], None]) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                http=Patient,
                ws="none",
                loop="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                limit_concurrency=AT_ONCE,
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


async def serve(
    site: Site,
    listener: socket.socket,
    stop: asyncio.Event,
    on_ready: Callable[[], None],
    tls: ssl.SSLContext | None = None,
) -> None:
    """Serve the pages until `stop` is set. `on_ready` is called once they can be opened."""
    # Its warnings are of requests that are none, one line each: whoever scans the host would fill the log with them.
    logging.getLogger("uvicorn.error").setLevel(logging.ERROR)
    app = app_of(site)
    server = Server(app, tls, on_ready)
    board: Board = app.state.board
    board.begin()
    try:
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        await first_of(stop.wait(), asyncio.shield(serving))
        server.should_exit = True
        await serving
    finally:
        await board.close()


@contextmanager
def listening(settings: Settings) -> Iterator[tuple[socket.socket, Settings]]:
    """Give a socket that listens where the settings say, and the settings with the port that it is.

    Raises:
        SettingsError: nothing can listen there.
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
            mend = "is another `air-agent serve` running? stop it, or choose another port"
            raise SettingsError(f"`web.listen: {settings.web.listen}`: {why}: {mend}") from error
        place = settings.web.listen.rpartition(":")[0]
        bound = f"{place}:{listener.getsockname()[1]}"
        web = msgspec.structs.replace(settings.web, listen=bound)
        yield listener, msgspec.structs.replace(settings, web=web)


def encryption(settings: Settings) -> ssl.SSLContext | None:
    """Return what connections are encrypted with; None where TLS ends before the agent.

    Raises:
        SettingsError: the certificate or its key cannot be used; the setting is named.
    """
    web = settings.web
    if web.certificate is None or web.certificate_key is None:
        return None
    for name, path in (("certificate", web.certificate), ("certificate_key", web.certificate_key)):
        _check(name, path)
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    load(made, settings)
    return made


def load(tls: ssl.SSLContext, settings: Settings) -> None:
    """Take the certificate from its files, for every connection from now on.

    Raises:
        SettingsError: it cannot be used, and the one before it still is.
    """
    web = settings.web
    assert web.certificate is not None  # noqa: S101  nothing is encrypted without one
    try:
        # Checked on another first, so that a pair of which one half is new already leaves this one as it is.
        for context in (ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), tls):
            context.load_cert_chain(web.certificate, web.certificate_key, password=lambda: b"")
    except ssl.SSLError as error:
        fits = "the key is not this certificate's" if error.reason == "KEY_VALUES_MISMATCH" else ""
        why = fits or "the key has a password, or is none: write it as PEM without one"
        raise SettingsError(f"`web.certificate_key: {web.certificate_key}`: {why}") from error
    except OSError as error:
        why = (error.strerror or "no reason was given").lower()
        raise SettingsError(f"`web.certificate: {web.certificate}`: cannot be read: {why}") from error


def _check(name: str, path: Path) -> None:
    """Raise SettingsError where a file cannot be read, or is nothing that it should be."""
    wanted = b"CERTIFICATE-----" if name == "certificate" else b"PRIVATE KEY-----"
    try:
        body = path.read_bytes()
    except OSError as error:
        why = (error.strerror or "no reason was given").lower()
        raise SettingsError(f"`web.{name}: {path}`: cannot be read: {why}") from error
    if wanted not in body:
        what = "certificate" if name == "certificate" else "private key"
        raise SettingsError(f"`web.{name}: {path}`: there is no {what} in it: it has to be PEM")
    if name == "certificate":
        _check_chain(path, body)


def _check_chain(path: Path, body: bytes) -> None:
    from cryptography import x509  # noqa: PLC0415  slow

    try:
        x509.load_pem_x509_certificates(body)
    except ValueError as error:
        raise SettingsError(f"`web.certificate: {path}`: the certificate in it is damaged") from error

"""The server of the pages: where it listens, and with which certificate. Forms are bounded in size in `app`."""

import asyncio
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from agent.faces.listening import Server, listening_at
from agent.faces.web.app import app_of
from agent.faces.web.board import Board
from agent.faces.web.site import Site
from agent.loop.waits import first_of
from agent.model.errors import SettingsError
from agent.settings.subjects import Settings


async def serve(
    site: Site,
    listener: socket.socket,
    stop: asyncio.Event,
    on_ready: Callable[[], None],
    tls: ssl.SSLContext | None = None,
) -> None:
    """Serve the pages until `stop` is set. `on_ready` is called once they can be opened."""
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
    with listening_at("web.listen", settings.web.listen, "is another `air-agent serve` running?") as listener:
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

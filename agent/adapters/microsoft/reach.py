"""How far a host can be reached: its name, the way to it, its certificate, and what it says the time is.

One request without a token, over the very connections that the agent uses (`direct`): the same proxy, the same trust.
Where the certificate is not trusted, it is fetched once more without trusting it, to say who issued it; nothing but its
handshake is made then, and nothing is sent.
"""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import partial
from typing import Any
from urllib.request import getproxies, proxy_bypass

import httpx
import msgspec

from agent.adapters.in_time import in_time
from agent.adapters.microsoft.clouds import LOOPBACK
from agent.adapters.microsoft.transport import direct
from agent.model.checkup import Peer, Reach, Trouble

CONNECT_SECONDS = 10.0
ANSWER_SECONDS = 15.0
PEEK_SECONDS = 5.0

LookUp = Callable[[str, int], Awaitable[int]]
"""Gives how many addresses a host has; raises OSError where it cannot be looked up."""

_SELF_SIGNED = frozenset({18, 19, 20, 21})
"""OpenSSL's codes for an issuer that is not trusted: `X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT` and those after it."""

_HOST = frozenset({62, 64})
"""Host name and IP address mismatch."""

_ENDED, _NOT_YET = 10, 9


async def look_up(host: str, port: int) -> int:
    """Return how many addresses a host has.

    Raises:
        OSError, UnicodeError, TimeoutError: it has none, or nobody says.
    """
    ask = partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
    return len({entry[4][0] for entry in await in_time(ask, CONNECT_SECONDS)})


async def reach(
    url: str,
    what: str,
    now: Callable[[], datetime],
    *,
    look_up: LookUp = look_up,
    transport: httpx.AsyncBaseTransport | None = None,
) -> Reach:
    """Return how far the host of a URL can be reached; never raises for what it finds.

    Args:
        url: what is asked for, which needs no login.
        what: what is there, in words.
        now: the clock that is looked at.
        look_up: looks a name up.
        transport: sends the request; the agent's own connections where none is given.
    """
    parts = httpx.URL(url)
    port = parts.port or {"https": 443, "http": 80}.get(parts.scheme, 0)
    proxy = _proxy_of(parts)
    found = Reach(host=parts.host, what=what, proxy=_without_login(proxy), is_plain=parts.scheme == "http")
    addresses = 0
    if not proxy:
        try:
            addresses = await look_up(parts.host, port)
        except (OSError, UnicodeError, TimeoutError):
            return _with(found, trouble=Trouble.NAME)
    found = _with(found, addresses=addresses)
    asked = now()
    timeout = httpx.Timeout(ANSWER_SECONDS, connect=CONNECT_SECONDS)
    async with httpx.AsyncClient(
        transport=transport or direct(url), timeout=timeout, trust_env=False, follow_redirects=False
    ) as http:
        try:
            async with asyncio.timeout(ANSWER_SECONDS + CONNECT_SECONDS), http.stream("GET", url) as answer:
                answered = now()
                peer, date = _peer_of(answer), _date_of(answer)
        except (httpx.HTTPError, OSError) as error:
            trouble, detail = trouble_of(error)
            peer = await _peeked(parts.host, port) if trouble in _SHOWN and not proxy else None
            return _with(found, trouble=trouble, detail=_and_issuer(detail, peer), peer=peer)
    return _with(found, peer=peer, date=date, asked=asked, answered=answered)


_SHOWN = frozenset({Trouble.UNTRUSTED, Trouble.HOST_NAME, Trouble.EXPIRED, Trouble.NOT_YET})
"""Troubles in which it helps to know who issued the certificate."""


def trouble_of(error: Exception) -> tuple[Trouble, str]:
    """Return why no answer came, and what more there is to say."""
    for cause in _causes(error):
        match cause:
            case ssl.SSLCertVerificationError():
                return _verified(cause)
            case ssl.SSLError():
                return Trouble.TLS, (getattr(cause, "reason", None) or "").replace("_", " ").lower()
            case socket.gaierror():
                return Trouble.NAME, ""
            case _:
                continue
    match error:
        case httpx.ProxyError():
            return Trouble.PROXY, _status_of(error)
        case httpx.ConnectTimeout() | httpx.TimeoutException() | TimeoutError():
            return Trouble.TIMEOUT, ""
        case httpx.ConnectError():
            return Trouble.CONNECTION, ""
        case _:
            return Trouble.BROKEN, ""


def _verified(error: ssl.SSLCertVerificationError) -> tuple[Trouble, str]:
    match error.verify_code:
        case code if code in _HOST:
            return Trouble.HOST_NAME, ""
        case code if code == _ENDED:
            return Trouble.EXPIRED, ""
        case code if code == _NOT_YET:
            return Trouble.NOT_YET, ""
        case code if code in _SELF_SIGNED:
            return Trouble.UNTRUSTED, ""
        case _:
            return Trouble.UNTRUSTED, error.verify_message


def _causes(error: BaseException | None) -> list[BaseException]:
    found: list[BaseException] = []
    while error is not None and error not in found:
        found.append(error)
        error = error.__cause__ or error.__context__
    return found


def _status_of(error: Exception) -> str:
    """Return what a proxy answered, such as `407 Proxy Authentication Required`; nothing else of its text."""
    text = str(error)
    return text[:60] if text[:3].isdigit() and text.isprintable() else ""


def _proxy_of(url: httpx.URL) -> str:
    """Return the proxy that leads to a host, as the agent's own connections find it; empty for none."""
    if url.host in LOOPBACK or proxy_bypass(url.host):
        return ""
    return getproxies().get(url.scheme, "")


def _without_login(proxy: str) -> str:
    if not proxy:
        return ""
    try:
        parts = httpx.URL(proxy)
    except httpx.InvalidURL:
        return "one whose address cannot be read"
    return f"{parts.scheme}://{parts.netloc.decode('ascii', 'replace')}"


def _peer_of(answer: httpx.Response) -> Peer | None:
    stream: Any = answer.extensions.get("network_stream")
    found = stream.get_extra_info("ssl_object") if stream is not None else None
    body = found.getpeercert(binary_form=True) if found is not None else None
    return _read(body) if body else None


def _read(body: bytes) -> Peer | None:
    from cryptography import x509  # noqa: PLC0415  slow

    try:
        found = x509.load_der_x509_certificate(body)
        named = [
            *found.issuer.get_attributes_for_oid(x509.NameOID.ORGANIZATION_NAME),
            *found.issuer.get_attributes_for_oid(x509.NameOID.COMMON_NAME),
        ]
        return Peer(issuer=str(named[0].value) if named else "", ends=found.not_valid_after_utc)
    except ValueError:
        return None


async def _peeked(host: str, port: int) -> Peer | None:
    """Return the certificate of a host that is not trusted; nothing is sent there."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        async with asyncio.timeout(PEEK_SECONDS):
            connect = partial(asyncio.open_connection, host, port, ssl=context, server_hostname=host)
            _, writer = await connect()
    except (OSError, TimeoutError):
        return None
    try:
        shown = writer.get_extra_info("ssl_object")
        body = shown.getpeercert(binary_form=True) if shown is not None else None
        return _read(body) if body else None
    finally:
        writer.close()
        with suppress(OSError, TimeoutError):
            async with asyncio.timeout(PEEK_SECONDS):
                await writer.wait_closed()


def _and_issuer(detail: str, peer: Peer | None) -> str:
    issuer = (
        f"issued by {''.join(c if c.isprintable() else '?' for c in peer.issuer)[:80]}"
        if peer and peer.issuer
        else ""
    )
    return ", ".join(part for part in (detail, issuer) if part)


def _date_of(answer: httpx.Response) -> datetime | None:
    try:
        found = parsedate_to_datetime(answer.headers.get("date", ""))
    except (TypeError, ValueError):
        return None
    return found.astimezone(UTC) if found.tzinfo is not None else None


def _with(found: Reach, **changes: Any) -> Reach:
    return msgspec.structs.replace(found, **changes)

"""Connections that cannot be turned inside: a name is looked up once, checked, and connected to at that very address.

Whoever checks a name and lets the HTTP library look it up again can be told two different addresses. So the look-up
happens here, below the pool of connections: every address of a name is checked, and the socket goes to one of those.
TLS is made above with the name itself, so that certificate and SNI are those of the name.

No proxy is taken from the environment, unlike for Graph: behind one, names are looked up by the proxy, and nothing
that is checked here would hold. Redirects are followed by nobody: this sends one request and returns its answer.

Source: httpcore's documentation on network backends (1.0.9).
"""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from ipaddress import ip_address
from typing import Any

import httpcore
import httpx

from agent.adapters import trust
from agent.adapters.channels.addresses import Address, check_addresses
from agent.model.errors import Refused

LOOK_UP_SECONDS = 5.0
EACH_SECONDS = 5.0
"""How long one of several addresses is tried."""

MOST_ADDRESSES = 4
"""Addresses that are tried; all are checked."""

MOST_CONNECTIONS = 20

_LOOK_UPS = ThreadPoolExecutor(4, thread_name_prefix="look-up")
"""Apart from the threads that all else shares: a look-up cannot be ended, and a resolver that is gone takes long."""

LookUp = Callable[[str, int], Awaitable[Sequence[str]]]


async def look_up(host: str, port: int) -> Sequence[str]:
    """Return the addresses of a host, as this machine orders them."""
    ask = partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
    found = await asyncio.get_running_loop().run_in_executor(_LOOK_UPS, ask)
    return tuple(dict.fromkeys(str(entry[4][0]) for entry in found))


class Backend(httpcore.AsyncNetworkBackend):
    """Opens sockets to addresses that were checked.

    Args:
        hosts: hosts inside that are allowed, lower case.
        look_up: gives the addresses of a name.
        inner: opens a socket to one address.
    """

    def __init__(
        self,
        hosts: frozenset[str],
        look_up: LookUp = look_up,
        inner: httpcore.AsyncNetworkBackend | None = None,
    ) -> None:
        self._hosts = hosts
        self._look_up = look_up
        self._inner = inner or httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109  httpcore's signature
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Return a connection to one of the host's addresses.

        Raises:
            Refused: one of them leads inside.
            httpcore.ConnectError: there is none, or none answers.
        """
        addresses = await self._checked(host, port)
        failure: Exception | None = None
        each = EACH_SECONDS if timeout is None else min(EACH_SECONDS, timeout)
        for address in addresses[:MOST_ADDRESSES]:
            try:
                return await self._inner.connect_tcp(str(address), port, each, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise httpcore.ConnectError("no address of the host answers") from failure

    async def connect_unix_socket(
        self,
        path: str,  # noqa: ARG002  httpcore's signature
        timeout: float | None = None,  # noqa: ARG002, ASYNC109  httpcore's signature
        socket_options: Iterable[Any] | None = None,  # noqa: ARG002  httpcore's signature
    ) -> httpcore.AsyncNetworkStream:
        """Never connect: a socket in the file system is inside."""
        raise Refused("channels are not told through sockets in the file system")

    async def sleep(self, seconds: float) -> None:
        """Wait before another attempt; none is made here."""
        await self._inner.sleep(seconds)

    async def _checked(self, host: str, port: int) -> tuple[Address, ...]:
        try:
            async with asyncio.timeout(LOOK_UP_SECONDS):
                found = await self._look_up(host, port)
            addresses = tuple(ip_address(text) for text in found)
        except TimeoutError as error:
            raise httpcore.ConnectTimeout("the name was not looked up in time") from error
        except (OSError, ValueError) as error:
            raise httpcore.ConnectError("the name cannot be looked up") from error
        if not addresses:
            raise httpcore.ConnectError("the name has no address")
        check_addresses(host, addresses, self._hosts, "channels")
        return addresses


class Guarded(httpx.AsyncBaseTransport):
    """Sends requests over guarded connections: HTTP/1.1, no proxy, no redirect, no repetition."""

    def __init__(self, backend: Backend) -> None:
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=trust.roots(),
            max_connections=MOST_CONNECTIONS,
            max_keepalive_connections=MOST_CONNECTIONS // 2,
            keepalive_expiry=30.0,
            http1=True,
            http2=False,
            retries=0,
            network_backend=backend,
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request, and return its answer.

        Raises:
            Refused: the host leads inside; nothing was sent.
            httpx.TransportError: no answer came.
        """
        sent = httpcore.Request(
            method=request.method,
            url=httpcore.URL(
                scheme=request.url.raw_scheme,
                host=request.url.raw_host,
                port=request.url.port,
                target=request.url.raw_path,
            ),
            headers=request.headers.raw,
            content=request.stream,
            extensions=request.extensions,
        )
        try:
            answer = await self._pool.handle_async_request(sent)
        except _FAILURES as error:
            raise _told(error) from error
        return httpx.Response(answer.status, headers=answer.headers, stream=_Body(answer))

    async def aclose(self) -> None:
        """Close every connection."""
        await self._pool.aclose()


class _Body(httpx.AsyncByteStream):
    def __init__(self, answer: httpcore.Response) -> None:
        self._answer = answer

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for part in self._answer.aiter_stream():
                yield part
        except _FAILURES as error:
            raise _told(error) from error

    async def aclose(self) -> None:
        await self._answer.aclose()


_FAILURES = (
    httpcore.TimeoutException,
    httpcore.NetworkError,
    httpcore.ProtocolError,
    httpcore.UnsupportedProtocol,
)


def _told(error: Exception) -> httpx.TransportError:
    """Return httpx's word for what went wrong; its text names no URL."""
    match error:
        case httpcore.ConnectTimeout() | httpcore.PoolTimeout():
            return httpx.ConnectTimeout("no connection in time")
        case httpcore.TimeoutException():
            return httpx.ReadTimeout("no answer in time")
        case httpcore.ConnectError():
            return httpx.ConnectError("no connection")
        case _:
            return httpx.RemoteProtocolError("the connection broke")

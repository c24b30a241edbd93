"""What goes over the wire: the moment before a write leaves, ids of requests, and whole bodies only.

It lies below the SDK's adapter and above the connection pool, for three things that neither does:

* `departing` is awaited after the connection is up and right before the body's bytes: a write whose body
  has not left cannot be applied. One without a body is applied once its headers are there, so that there it is
  awaited before these. httpcore's trace has those very moments. A connection that is refused never gets there, so
  such a write was definitely not applied.
* httpx hands on half a body where a gzip stream is cut off within clean framing, and inflates without
  end. Here a body is inflated by us, to its end and up to a limit. (httpx 0.28.1)
* Every request carries an id of its own, which Microsoft's support asks for.
"""

import os
import uuid
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any
from urllib.request import getproxies, proxy_bypass

import httpx
from kiota_abstractions.request_option import RequestOption
from kiota_http.middleware import REQUEST_OPTIONS_KEY

from agent.adapters import trust
from agent.adapters.microsoft.clouds import LOOPBACK
from agent.ports.defender import Departing

BODY_LIMIT = 64 * 1024 * 1024
"""Bytes of one answer after inflating; a page of 50 incidents is about one megabyte."""

_PART = 1024 * 1024
_BODY_LEAVES = ".send_request_body.started"
_HEADERS_LEAVE = ".send_request_headers.started"


class Truncated(httpx.RemoteProtocolError):
    """The body ended before its end."""


class TooLarge(httpx.HTTPError):
    """The body inflates beyond the limit."""


class Departure(RequestOption):
    """Carries `departing` through the SDK, and remembers whether the request has left."""

    def __init__(self, departing: Departing) -> None:
        self._departing = departing
        self.has_left = False
        self.client_request_id: str | None = None
        """The id that the request bears; None before it was made."""
        self.objection: Exception | None = None
        """What `departing` raised: nothing was sent then."""

    @staticmethod
    def get_key() -> str:
        """Return the key under which the SDK keeps this option."""
        return "AirAgentDeparture"

    async def leave(self) -> None:
        """Await `departing`; the request has left once it returns."""
        try:
            await self._departing()
        except Exception as error:
            self.objection = error
            raise
        self.has_left = True


class Transport(httpx.AsyncBaseTransport):
    """Wraps the transport that really sends."""

    def __init__(self, inner: httpx.AsyncBaseTransport, *, body_limit: int = BODY_LIMIT) -> None:
        self._inner = inner
        self._body_limit = body_limit
        # Only httpcore announces the moment of departure; any other transport is in this process.
        self._announces = isinstance(inner, httpx.AsyncHTTPTransport)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request, and return its answer with a body that is whole or raises."""
        own_id = str(uuid.UUID(bytes=os.urandom(16), version=4))
        request.headers["client-request-id"] = own_id
        # Exactly what is inflated here: httpx would offer brotli and zstandard where they are installed.
        request.headers["accept-encoding"] = "gzip"
        departure = request.extensions.get(REQUEST_OPTIONS_KEY, {}).get(Departure.get_key())
        if isinstance(departure, Departure):
            departure.client_request_id = own_id
            if self._announces:
                request.extensions["trace"] = _at_departure(departure, _last_moment(request))
            else:
                await departure.leave()
        response = await self._inner.handle_async_request(request)
        if isinstance(departure, Departure) and not departure.has_left:
            # Should httpcore ever name its moments differently: late is better than not written down.
            await departure.leave()
        headers = httpx.Headers(response.headers)
        encoding = headers.pop("content-encoding", "").strip().lower()
        return httpx.Response(
            response.status_code,
            headers=headers,
            stream=_Body(response.stream, encoding, self._body_limit),
            extensions=response.extensions,
        )

    async def aclose(self) -> None:
        """Close every connection."""
        await self._inner.aclose()


def carrying(departure: Departure | None) -> dict[str, Any]:
    """Return the extensions of a request that departs so, where it is not the SDK that makes it."""
    return {} if departure is None else {REQUEST_OPTIONS_KEY: {Departure.get_key(): departure}}


def _last_moment(request: httpx.Request) -> str:
    """Return what httpcore says right before bytes leave of which the last makes the request whole."""
    has_body = "transfer-encoding" in request.headers or request.headers.get("content-length", "0") != "0"
    return _BODY_LEAVES if has_body else _HEADERS_LEAVE


def _at_departure(departure: Departure, moment: str) -> Callable[[str, dict[str, Any]], Awaitable[None]]:
    async def trace(event: str, info: dict[str, Any]) -> None:
        if not event.endswith(moment) or departure.has_left:
            return
        # A proxy is asked for a tunnel by a request of its own, which carries nothing of ours.
        if getattr(info.get("request"), "method", b"") != b"CONNECT":
            await departure.leave()

    return trace


class _Body(httpx.AsyncByteStream):
    """The bytes of a body, inflated to their end and no further than the limit."""

    def __init__(
        self, inner: httpx.SyncByteStream | httpx.AsyncByteStream, encoding: str, limit: int
    ) -> None:
        if not isinstance(inner, httpx.AsyncByteStream):
            raise TypeError("the body of an answer must be readable asynchronously")
        self._inner = inner
        self._encoding = encoding
        self._limit = limit

    async def __aiter__(self) -> AsyncIterator[bytes]:
        inflate = _inflater(self._encoding)
        size = 0
        has_begun = False
        async for chunk in self._inner:
            has_begun = has_begun or bool(chunk)
            for part in _parts(inflate, chunk):
                size += len(part)
                if size > self._limit:
                    raise TooLarge(f"larger than {self._limit // (1024 * 1024)} MiB")
                yield part
        if inflate is not None and has_begun and not inflate.eof:
            raise Truncated("the compressed body was cut off")

    async def aclose(self) -> None:
        await self._inner.aclose()


def _inflater(encoding: str) -> "zlib._Decompress | None":
    match encoding:
        case "" | "identity":
            return None
        case "gzip" | "x-gzip":
            return zlib.decompressobj(16 + zlib.MAX_WBITS)
        case _:
            raise httpx.DecodingError("the body is compressed in a way that was not offered")


def _parts(inflate: "zlib._Decompress | None", chunk: bytes) -> Iterator[bytes]:
    """Give what a chunk inflates to, in small parts: a bomb is stopped before it is large."""
    if inflate is None:
        yield chunk
        return
    try:
        while chunk:
            yield inflate.decompress(chunk, _PART)
            chunk = inflate.unconsumed_tail
    except zlib.error as error:
        raise Truncated("the compressed body is damaged") from error


def direct(url: str) -> httpx.AsyncHTTPTransport:
    """Return connections to this URL over HTTP/1.1, through the environment's proxy where it names one.

    This machine is never reached through a proxy.

    A transport of our own makes httpx pass over HTTPS_PROXY and NO_PROXY, so they are read here.
    HTTP/2 is off: a server that goes away in the middle of it leaves open which requests were taken.
    """
    parts = httpx.URL(url)
    is_near = parts.host in LOOPBACK or proxy_bypass(parts.host)
    proxy = None if is_near else getproxies().get(parts.scheme)
    return httpx.AsyncHTTPTransport(verify=trust.roots(), http1=True, http2=False, retries=0, proxy=proxy)

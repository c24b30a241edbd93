"""Every exchange with Graph as it went, for a recording: what was asked, and the whole body that came.

It lies above the transport that inflates bodies, and below the SDK. The login goes over connections of its own, so
that no secret passes here; of a request no header is taken, of which one is the token. What is written down is
scrubbed by whoever is told.
"""

import json
import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

import httpx

from agent.model.recording import Exchange

Keep = Callable[[Exchange], None]

_INCIDENTS = "/security/incidents"
_HUNTING = re.compile(r"/v1\.0/security/(microsoft\.graph\.security\.)?runHuntingQuery")
_FRAMING = frozenset({"content-length", "content-encoding", "transfer-encoding"})


class Writes(Exception):
    """Something was about to be sent that is not known to change nothing: a bug, and it did not leave."""


class Recorder(httpx.AsyncBaseTransport):
    """Tells of every exchange; lets nothing through but reading."""

    def __init__(self, inner: httpx.AsyncBaseTransport, *, now: Callable[[], datetime], keep: Keep) -> None:
        self._inner = inner
        self._now = now
        self._keep = keep

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request, tell what became of it, and return its answer, read whole.

        Raises:
            Writes: it is not a read.
        """
        if not (
            request.method == "GET" or (request.method == "POST" and _HUNTING.fullmatch(request.url.path))
        ):
            raise Writes(f"{request.method} is not sent while recording")
        asked = (await request.aread()).decode("utf-8", errors="replace")
        at = self._now()
        target = request.url.raw_path.decode("ascii", errors="replace")

        def keep(status: int, headers: httpx.Headers, body: bytes) -> None:
            self._keep(
                Exchange(
                    at=at,
                    method=request.method,
                    target=target,
                    asked=asked,
                    status=status,
                    headers=dict(headers),
                    body=body,
                )
            )

        try:
            response = await self._inner.handle_async_request(request)
            try:
                body = await response.aread()
            finally:
                await response.aclose()
        except (httpx.HTTPError, httpx.StreamError, OSError):
            keep(0, httpx.Headers(), b"")
            raise
        keep(response.status_code, response.headers, body)
        return _whole(response, body)

    async def aclose(self) -> None:
        """Close every connection."""
        await self._inner.aclose()


class FirstOnly(httpx.AsyncBaseTransport):
    """Cuts lists of incidents off after so many, and with them the links to further pages."""

    def __init__(self, inner: httpx.AsyncBaseTransport, most: int) -> None:
        self._inner = inner
        self._left = most

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request; an answer that is no page of incidents comes back as it is."""
        response = await self._inner.handle_async_request(request)
        if request.method != "GET" or not request.url.path.endswith(_INCIDENTS):
            return response
        try:
            body = await response.aread()
        finally:
            await response.aclose()
        return _whole(response, self._cut(body) if response.status_code == 200 else body)

    def _cut(self, body: bytes) -> bytes:
        try:
            page: Any = json.loads(body)
        except (ValueError, RecursionError):
            return body
        value = page.get("value") if isinstance(page, dict) else None
        if not isinstance(value, list):
            return body
        left, self._left = self._left, max(0, self._left - len(value))
        if len(value) < left:
            return body
        page.pop("@odata.nextLink", None)
        return json.dumps({**page, "value": value[:left]}).encode()

    async def aclose(self) -> None:
        """Close every connection."""
        await self._inner.aclose()


def _whole(response: httpx.Response, body: bytes) -> httpx.Response:
    headers = [(name, value) for name, value in response.headers.items() if name not in _FRAMING]
    return httpx.Response(
        response.status_code, headers=headers, content=body, extensions={**response.extensions}
    )

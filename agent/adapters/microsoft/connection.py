"""One HTTP client that reaches one host, and shows it tokens of one tenant.

The login is checked when a token is fetched (`tokens`), and links where they are followed. This is the last look at
what really leaves: whatever mixed up clients, caches or links, nothing goes to another host, and nothing goes out
with the token of another tenant.
"""

from collections.abc import Callable

import httpx

from agent.adapters.microsoft.tokens import read_claims
from agent.adapters.microsoft.transport import Transport, direct
from agent.model.errors import Refused

CONNECT_SECONDS = 10.0
READ_SECONDS = 60.0

Around = Callable[[httpx.AsyncBaseTransport], httpx.AsyncBaseTransport]


class Confined(httpx.AsyncBaseTransport):
    """Lets through what goes to the one host with a token of the one tenant."""

    def __init__(self, inner: httpx.AsyncBaseTransport, *, url: str, tenant_id: str) -> None:
        self._inner = inner
        self._own = _origin(httpx.URL(url))
        self._tenant_id = tenant_id.lower()
        self._good: str | None = None
        """The header that was looked at last and is right: it stays the same for an hour."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request, and return its answer.

        Raises:
            Refused: it would go elsewhere, or stand for another tenant; nothing was sent.
        """
        if _origin(request.url) != self._own:
            raise Refused(f"nothing is sent to another host than `{self._own[1]}`: this is a bug: report it")
        header = request.headers.get("authorization", "")
        if header != self._good:
            self._check(header)
            self._good = header
        return await self._inner.handle_async_request(request)

    async def aclose(self) -> None:
        """Close every connection."""
        await self._inner.aclose()

    def _check(self, header: str) -> None:
        tenant = read_claims(header.removeprefix("Bearer ")).tid.lower()
        if tenant != self._tenant_id:
            raise Refused(
                f"nothing is sent with a token of tenant `{tenant}`, the settings say `{self._tenant_id}`: "
                "this is a bug: report it"
            )


def open_http(
    url: str, tenant_id: str, transport: httpx.AsyncBaseTransport | None, around: Around | None = None
) -> httpx.AsyncClient:
    """Return a client for this host and tenant; `transport` sends, real connections where there is none."""
    inner = Transport(transport if transport is not None else direct(url))
    sending: httpx.AsyncBaseTransport = Confined(inner, url=url, tenant_id=tenant_id)
    return httpx.AsyncClient(
        transport=around(sending) if around is not None else sending,
        timeout=httpx.Timeout(READ_SECONDS, connect=CONNECT_SECONDS),
        headers={"User-Agent": "air-agent"},
        follow_redirects=False,
        trust_env=False,
    )


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port

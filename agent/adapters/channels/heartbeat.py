"""The heartbeat: one request to a service that sounds an alarm where none comes any more.

A plain GET, since that is what all of them take; the URL holds the token, and nothing else is sent, so that the service
learns nothing but that the agent lives. It goes through the guard of channels: an address inside is refused unless its
host is allowed, no redirect is followed, and no URL is written into a log or a message.

UNCONFIRMED, since it was not tried against them: that other services than these two count a GET as a sign of life (Cronitor
and Better Stack are said to), and that each answers it with 2xx. Any other answer is told as a failure; none does any harm.

Source: healthchecks.io, "Pinging API" (HEAD, GET and POST; 200 with `OK`); Dead Man's Snitch's own client `snitcher` (GET).
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from urllib.parse import urlsplit

import httpx

from agent.adapters.channels.calling import Call, Caller
from agent.adapters.channels.guard import Backend, Guarded
from agent.adapters.channels.pace import Limit
from agent.ports.host import Clock

LIMITS = (Limit(12, timedelta(minutes=1)),)
"""More than `health.heartbeat_every` can ask for."""

START = "heartbeat"


class HttpHeart:
    """Fulfils ports.Heart."""

    def __init__(self, caller: Caller, url: str) -> None:
        self._call = Call(
            start=START,
            method="GET",
            url=url,
            secrets=_secrets(url),
            counted=(START, url),
            limits=LIMITS,
        )
        self._caller = caller

    async def beat(self) -> None:
        """Send one sign of life."""
        await self._caller.call(self._call)


@asynccontextmanager
async def open_heart(
    url: str,
    *,
    clock: Clock,
    hosts: frozenset[str],
    transport: httpx.AsyncBaseTransport | None = None,
) -> AsyncIterator[HttpHeart]:
    """Give what sends signs of life to this URL; its connection is closed in the end.

    Args:
        url: holds a token.
        clock: real time.
        hosts: hosts inside that it may point to, lower case.
        transport: sends the requests; real connections behind the guard where none is given.
    """
    sending = transport if transport is not None else Guarded(Backend(hosts))
    try:
        yield HttpHeart(Caller(sending, clock, hosts), url)
    finally:
        await sending.aclose()


def _secrets(url: str) -> tuple[str, ...]:
    """Return everything of a URL that may be its token: longer parts first, so that none is left in a piece."""
    parts = urlsplit(url)
    found = {url, parts.path, parts.query, *parts.path.split("/"), *parts.query.replace("=", "&").split("&")}
    return tuple(sorted((one for one in found if len(one) > 3), key=len, reverse=True))

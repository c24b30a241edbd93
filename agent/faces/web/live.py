"""`/live`: a stream of events that says when something has changed, for as long as somebody is signed in."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from agent.faces.web import pulse
from agent.faces.web.entering import current
from agent.faces.web.pulse import Pulse
from agent.faces.web.showing import refuse
from agent.faces.web.site import site_of
from agent.faces.web.visit import LIVE, visit_of
from agent.loop.waits import first_of

AGAIN = 3_000
"""Milliseconds after which a browser asks again when the stream ends."""

HEADERS = {"X-Accel-Buffering": "no", "Cache-Control": "no-store, no-transform"}
"""What keeps proxies from collecting events."""


class Stream(Response):
    """Events until the reader goes or the session ends; to the server's own end it is as if the reader had gone."""

    media_type = "text/event-stream"

    def __init__(
        self, pulse: Pulse, session_id: str, since: str, is_signed_in: Callable[[], Awaitable[bool]]
    ) -> None:
        super().__init__(headers=HEADERS)
        del self.headers["Content-Length"]
        self._pulse = pulse
        self._session_id = session_id
        self._since = since
        self._is_signed_in = is_signed_in

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        """Send them."""
        with self._pulse.listening(self._session_id) as news:
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            await _send(send, f"retry: {AGAIN}\n\n")
            gone = asyncio.create_task(_gone(receive))
            try:
                # A reader that has gone is known by either of these, whichever comes first.
                with suppress(OSError):
                    await self._tell(news, gone, send)
            finally:
                gone.cancel()
        await send({"type": "http.response.body", "body": b""})

    async def _tell(self, news: asyncio.Event, gone: "asyncio.Task[None]", send: Send) -> None:
        told = self._since
        while not gone.done() and await self._is_signed_in():
            news.clear()
            stamp = self._pulse.stamp
            if stamp and stamp != told:
                # Whoever says nothing of what they know is told the stamp, and no news.
                event = "changed" if told else "stamp"
                await _send(send, f"id: {stamp}\nevent: {event}\ndata: {stamp}\n\n")
                told = stamp
            await first_of(news.wait(), asyncio.shield(gone), asyncio.sleep(pulse.KEPT_ALIVE))
            if not news.is_set() and not gone.done():
                await _send(send, ": still here\n\n")


async def live(request: Request) -> Response:
    """Tell of changes; of those since the stamp that the reader knows too."""
    if request.method == "HEAD":
        return Response(media_type=Stream.media_type, headers=HEADERS)
    site, visit = site_of(request), visit_of(request)
    watched: Pulse = request.app.state.pulse
    since = request.headers.get("last-event-id") or request.query_params.get("since", "")

    async def is_signed_in() -> bool:
        return await current(site, visit.secret) is not None

    if watched.is_full(visit.session.id):
        words = "too many pages follow what changes already: close some, or reload this one by hand"
        answer = await refuse(request, 503, words)
        answer.headers["Retry-After"] = "30"
        return answer
    return Stream(watched, visit.session.id, since, is_signed_in)


async def _gone(receive: Receive) -> None:
    """Return once the reader has gone."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def _send(send: Send, text: str) -> None:
    await send({"type": "http.response.body", "body": text.encode(), "more_body": True})


ROUTES = (Route(LIVE, live),)

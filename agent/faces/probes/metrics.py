"""`/metrics`: every series, as Prometheus reads them."""

import asyncio

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from agent.ports.telemetry import Telemetries

METRICS = "/metrics"


def metrics(telemetries: Telemetries) -> Route:
    """Return the route of all series. They are put together on a thread: of many tenants that takes a while."""

    async def answer(request: Request) -> Response:
        accept = request.headers.get("accept", "")
        body, content_type = await asyncio.to_thread(telemetries.page, accept)
        return Response(body, headers={"Content-Type": content_type, "Cache-Control": "no-store"})

    return Route(METRICS, answer)

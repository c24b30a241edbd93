"""Opens Defender for Endpoint for one tenant: its own token, budget and connection, closed in the end.

Nothing is asked of it while it is opened, so that it cannot stop the start: whether it can be used shows when it is
looked at.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from random import Random
from typing import TYPE_CHECKING

import httpx

from agent.adapters.microsoft.clouds import ENDPOINT_SCOPE
from agent.adapters.microsoft.machines import Machines
from agent.ports.host import Clock
from agent.ports.telemetry import SILENT, Telemetry

if TYPE_CHECKING:
    from agent.adapters.microsoft.tokens import Credential

PER_MINUTE, PER_HOUR = 100, 1_500
"""Calls that are allowed. Source: Microsoft's page on Defender for Endpoint's API."""


@asynccontextmanager
async def open_endpoint(
    *,
    clock: Clock,
    url: str,
    tenant_id: str,
    credential: "Callable[[], Credential]",
    transport: httpx.AsyncBaseTransport | None = None,
    wall: Callable[[], float] | None = None,
    lots: Random | None = None,
    telemetry: Telemetry = SILENT,
) -> AsyncIterator[Machines]:
    """Give the devices of a tenant.

    Args:
        clock: what waiting and the request budget go by.
        url: the host of the API, without a path.
        tenant_id: the tenant's id (a GUID); the token must be of it.
        credential: makes a credential; called for each token.
        transport: sends the requests; real connections where none is given.
        wall: the real time in seconds since 1970, for the ends of tokens.
        lots: where chance comes from, for the spread of waits.
        telemetry: is told of every attempt at a request.
    """
    from agent.adapters.endpoint.client import Client  # noqa: PLC0415  slow
    from agent.adapters.endpoint.machines import SYSTEM, EndpointMachines  # noqa: PLC0415  slow
    from agent.adapters.microsoft.budget import Budget  # noqa: PLC0415  slow
    from agent.adapters.microsoft.connection import open_http  # noqa: PLC0415  slow
    from agent.adapters.microsoft.tokens import Tokens, wall_clock  # noqa: PLC0415  slow

    tokens = Tokens(credential, url=url, scope=ENDPOINT_SCOPE, tenant_id=tenant_id, wall=wall or wall_clock)
    async with open_http(url, tenant_id, transport) as http:
        client = Client(
            http,
            url=url,
            tokens=tokens,
            budget=Budget(clock, PER_MINUTE, per_hour=PER_HOUR, system=SYSTEM),
            clock=clock,
            lots=lots or Random(),  # noqa: S311  spreads waits, guards nothing
            telemetry=telemetry,
        )
        yield EndpointMachines(client, clock)

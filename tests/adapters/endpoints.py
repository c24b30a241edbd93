"""A Defender for Endpoint that answers by a script."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random
from typing import Any

import httpx

from agent.adapters.endpoint.connect import open_endpoint
from agent.adapters.microsoft.machines import Machines
from agent.model.enactment import Outcome
from agent.ports.defender import Departing
from tests.adapters.graphs import ENDPOINT_ROLES, MACHINE, SHA1, TENANT, Login, Script, Step
from tests.clock import ManualClock

URL = "https://api.security.microsoft.com"


@asynccontextmanager
async def opened_machines(
    *steps: Step,
    clock: ManualClock | None = None,
    login: Login | None = None,
    url: str = URL,
    transport: httpx.AsyncBaseTransport | None = None,
) -> AsyncIterator[tuple[Machines, Script]]:
    """Open a Defender for Endpoint that answers with these steps."""
    script = Script(list(steps))
    login = login or Login(roles=ENDPOINT_ROLES)
    async with open_endpoint(
        clock=clock or ManualClock(),
        url=url,
        tenant_id=TENANT,
        credential=login,
        transport=transport or httpx.MockTransport(script),
        wall=lambda: login.wall,
        lots=Random(7),
    ) as machines:
        yield machines, script


async def quarantined(machines: Machines, departing: Departing) -> Outcome:
    return await machines.stop_and_quarantine(
        (SHA1, MACHINE), comment="air-agent: effect e1 of action a1", departing=departing
    )


def a_machine(number: str = MACHINE, **more: Any) -> dict[str, Any]:
    """Return a device as its page shows it, cut to what matters."""
    return {
        "@odata.context": "x",
        "id": number,
        "computerDnsName": "dc1.contoso.example",
        "osPlatform": "WindowsServer2022",
        "healthStatus": "Active",
        "machineTags": ["tier0"],
        "isAadJoined": True,
        **more,
    }


def an_action(number: str = "5382f7ea-7557-4ab7-9782-d50480024a4e", **more: Any) -> dict[str, Any]:
    """Return a machine action as its page shows it, cut to what matters."""
    return {
        "id": number,
        "type": "StopAndQuarantineFile",
        "requestor": "air-agent",
        "status": "Pending",
        "machineId": MACHINE,
        "relatedFileInfo": {"fileIdentifier": SHA1, "fileIdentifierType": "Sha1"},
        **more,
    }

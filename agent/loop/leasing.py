"""The lease on an incident: only who has it carries anything out there, or shows anything."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from agent.ports.world import World

LEASE = timedelta(minutes=10)
"""How long an incident stays one agent's after its last call: longer than any call takes, its waits included."""


@asynccontextmanager
async def leased(world: World, incident_id: str) -> AsyncIterator[int | None]:
    """Give the token of a lease on the incident, and end it afterwards; None while another agent has it."""
    now = world.clock.now()
    token = await world.ledger.lease(incident_id, world.replica, now, now + LEASE)
    try:
        yield token
    finally:
        if token is not None:
            await world.ledger.let_go(incident_id, token)

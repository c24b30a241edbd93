"""The lease on an incident: only who has it carries anything out there, or shows anything."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

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


@dataclass(slots=True)
class KeptLease:
    """A lease that one replica keeps for as long as it lives, so that only one does what it stands for."""

    name: str
    length: timedelta
    """How long after its last sign another replica may take over."""
    token: int | None = None
    until: datetime | None = None

    async def keep(self, world: World) -> bool:
        """Take the lease, or renew it once half of it is over; return whether it is ours."""
        now = world.clock.now()
        if self.is_ours(now) and self.until is not None and self.until - now > self.length / 2:
            return True
        until = now + self.length
        self.token = await world.ledger.lease(self.name, world.replica, now, until)
        self.until = until if self.token is not None else None
        return self.token is not None

    def is_ours(self, now: datetime) -> bool:
        """Whether nobody else can have it at this moment."""
        return self.until is not None and now < self.until

    async def let_go(self, world: World) -> None:
        """End it, so that another replica need not wait until it runs out."""
        token, self.token, self.until = self.token, None, None
        if token is not None:
            await world.ledger.let_go(self.name, token)

"""The sign of life that a running agent leaves in the ledger, so that its silence can be told from peace.

It is given between the steps of a pass and while waiting for the next, by the loop itself: a loop that hangs
gives none. A long step leaves decisions and incidents instead, which count as well.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from agent.ports import World

EVERY = timedelta(minutes=1)
"""How far two signs lie apart at least: each is a write to the database."""

LONGEST_STEP = timedelta(minutes=10)
"""How long a step may go on without leaving anything, such as looking up mail where hunting is not granted."""

MISSED = 3
"""Polls that may be missed before an agent is taken for dead."""


@dataclass(slots=True)
class Pulse:
    """What is remembered from one sign to the next."""

    last: datetime | None = None

    async def beat(self, world: World) -> None:
        """Leave a sign of life where the last one is old; a clock that was set back is no reason to wait."""
        now = world.clock.now()
        if self.last is not None and timedelta(0) <= now - self.last < EVERY:
            return
        await world.ledger.mark_alive(now)
        self.last = now


def is_silent(alive: datetime | None, now: datetime, poll_every: timedelta) -> bool:
    """Whether no agent can be running that polls so often, since the newest sign of life is this one."""
    return alive is None or now - alive > MISSED * poll_every + LONGEST_STEP

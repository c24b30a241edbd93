"""Whether looking once more can show anything new: nothing was changed since the last look, and no moment has come.

It spares hundreds of tenants from being looked at every two seconds; whatever it may have missed is seen within `WHOLE`.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from agent.model.errors import LedgerError
from agent.ports.world import World

WHOLE = timedelta(seconds=15)
"""How long nothing is looked at at most: less than half of what a lease lasts that each look may have to renew."""


@dataclass(slots=True)
class Stillness:
    """As it was when the last look began."""

    since: datetime | None = None
    """None where it is to be looked in any case."""
    stamp: object = None
    until: datetime | None = None
    """The first moment at which something is due; None where nothing is."""

    async def begin(self, world: World) -> None:
        """Note how the ledger stands before a look; until `settle` it is to be looked again. Raises LedgerError."""
        self.since, self.until = None, None
        self.stamp = await world.ledger.stamp()

    def settle(self, began: datetime, *due: datetime | None) -> None:
        """Note that a look that began then has done everything there was to do, and when something more is due."""
        if self.stamp is not None:
            self.since = began
            self.until = min((one for one in due if one is not None), default=None)

    async def lasts(self, world: World) -> bool:
        """Whether nothing is to be seen yet that the last look did not see."""
        now = world.clock.now()
        if self.since is None or not timedelta(0) <= now - self.since < WHOLE:
            return False
        if self.until is not None and now >= self.until:
            return False
        try:
            return await world.ledger.stamp() == self.stamp
        except LedgerError:  # it is told where it is looked
            return False

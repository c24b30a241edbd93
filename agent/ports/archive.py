"""What the pages ask of the ledger, beside what the loop asks: all of it reading."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from agent.model.enactment import Record


class Archive(Protocol):
    """One tenant's past and present, in the order in which people look at it.

    Raises LedgerError where the ledger cannot be used.
    """

    async def latest(self) -> datetime | None:
        """Return when a record was last changed; None where there is none. Cheap: it may be asked every second."""
        ...

    async def changed_since(self, moment: datetime, limit: int) -> Sequence[tuple[datetime, Record]]:
        """Return records that were changed at or after this moment, and when, the earliest change first.

        Where more than `limit` were, the earliest of them, and every one that changed at the last moment told.
        """
        ...

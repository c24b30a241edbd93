"""What the pages ask of the ledger, beside what the loop asks: all of it reading."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from agent.model.enactment import Record
from agent.model.history import Decided, Place, Wanted


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

    async def history(
        self, wanted: Wanted, *, before: Place | None = None, limit: int = 100
    ) -> Sequence[Decided]:
        """Return decisions, whoever made them, newest first; those before a place only, where one is named."""
        ...

    async def course(
        self,
        since: datetime,
        *,
        until: datetime | None = None,
        after: Place | None = None,
        limit: int = 1000,
    ) -> Sequence[Decided]:
        """Return decisions from `since` on, oldest first, those that follow a place only; `until` is excluded."""
        ...

    async def reasons(self, numbered: Sequence[tuple[str, int]]) -> Mapping[tuple[str, int], str]:
        """Return why it was decided so, by action and number; what is not there is left out."""
        ...

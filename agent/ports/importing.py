"""What the import of the past asks of the ledger: it writes to the history, and to nothing that the agent acts on."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from agent.model.imported import Imported, Importing, Lives, Outcome


class Imports(Protocol):
    """One tenant's imported proposals, and how far their import has come.

    Every write is durable when its call returns. Raises LedgerError where the ledger cannot be used.
    """

    async def last(self) -> Importing | None:
        """Return how far the newest import has come; None before the first."""
        ...

    async def lives(self, action_ids: Sequence[str]) -> Mapping[str, Lives]:
        """Return what is known of these actions' proposals; actions of which nothing is are left out."""
        ...

    async def bring_in(
        self,
        found: Sequence[Imported],
        again: Sequence[Imported],
        importing: Importing,
        *,
        moves: bool = True,
    ) -> None:
        """Write proposals with their truths, and, where it `moves`, how far the import has come, in one transaction.

        One of `found` replaces what was imported of the same life; it is passed over where the agent has recorded that life
        meanwhile. Those of `again` stand as they are, and are noted to have been found by this import too. A truth that
        is known with more certainty stays.
        """
        ...

    async def outcome(self, importing: Importing) -> Outcome:
        """Return what an import has found, in numbers."""
        ...

    async def imported(self, action_ids: Sequence[str]) -> Mapping[str, tuple[Imported, ...]]:
        """Return the imported proposals of these actions, oldest first; actions without are left out."""
        ...

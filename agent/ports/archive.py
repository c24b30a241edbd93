"""What the pages ask of the ledger, beside what the loop asks: all of it reading."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from agent.model.enactment import State


class Archive(Protocol):
    """One tenant's past and present, in the order in which people look at it.

    Raises LedgerError where the ledger cannot be used.
    """

    async def stamp(self) -> str:
        """Return a text that becomes another with every change of a record, and with all that the audit is told.

        Cheap: it may be asked every second. Changes by processes whose clocks differ by some minutes are seen too.
        """
        ...

    async def open(self) -> Mapping[str, int]:
        """Return the version of every record that is not closed, by its id."""
        ...

    async def standing(
        self, states: Sequence[State], *, ended: Sequence[State], since: datetime
    ) -> Mapping[str, int]:
        """Return the version of every record in these states, by its id; in `ended` ones only if changed since then."""
        ...

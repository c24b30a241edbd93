"""What is to be done next, and what is to be done again."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from agent.model.ahead import Ahead
from agent.model.basis import Basis
from agent.model.enactment import Record, State


class Worklist(Protocol):
    """The part of a ledger that says what waits for the loop, and has it wait again."""

    async def due(
        self, now: datetime, states: Sequence[State], limit: int, *, ahead: Ahead | None = None
    ) -> tuple[Record, ...]:
        """Return records in these states whose `due` has come, earliest deadline first; those that are `ahead` before all others."""
        ...

    async def next_due(self) -> datetime | None:
        """Return the earliest `due` of all; None where nothing is."""
        ...

    async def to_visit(self, limit: int) -> tuple[str, ...]:
        """Return incidents with intended effects or decisions not yet noted, earliest deadline first."""
        ...

    async def bases(
        self, state: State, *, after: Basis | None = None, limit: int = 1000
    ) -> tuple[Basis, ...]:
        """Return what decisions of records in this state rest on, earliest deadline first: those after one, where it is named."""
        ...

    async def turn_back(self, some: Sequence[Basis], now: datetime) -> None:
        """Let these records be seen and not decided, and due at once, in one transaction, or nothing.

        None of them may be intended: that lets go of what was not sent, and goes by `save`.

        Raises:
            Conflict: a record was changed since this was read of it.
        """
        ...

"""What the ledger says is to be done next, and what it has done again."""
# ruff: noqa: D102  # what each method promises stands in `ports.Worklist`, once

from collections.abc import Sequence
from datetime import datetime

from agent.adapters.ledger import due, reads, turning
from agent.adapters.ledger.desk import Desk
from agent.model.ahead import Ahead
from agent.model.basis import Basis
from agent.model.enactment import Record, State


class SqlWorklist:
    """`ports.Worklist` in SQLite or PostgreSQL."""

    def __init__(self, desk: Desk) -> None:
        self._read, self._write = desk.read, desk.write

    async def due(
        self, now: datetime, states: Sequence[State], limit: int, *, ahead: Ahead | None = None
    ) -> tuple[Record, ...]:
        return await self._read(due.due, now, states, limit, ahead)

    async def next_due(self) -> datetime | None:
        return await self._read(due.next_due)

    async def to_visit(self, limit: int) -> tuple[str, ...]:
        return await self._read(reads.to_visit, limit)

    async def bases(
        self, state: State, *, after: Basis | None = None, limit: int = 1000
    ) -> tuple[Basis, ...]:
        return await self._read(turning.bases, state, after, limit)

    async def turn_back(self, some: Sequence[Basis], now: datetime) -> None:
        if some:
            await self._write(turning.turn_back, some, now)

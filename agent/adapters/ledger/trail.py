"""The audit of one ledger: its own chain on the way out, personal values on theirs, and all of it to be checked."""
# ruff: noqa: D102  # what each method promises stands in `ports.Trail`, once

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TypeVar

from sqlalchemy.engine import Connection

from agent.adapters.ledger import auditing, erasing, unshipped
from agent.adapters.ledger.desk import Desk
from agent.adapters.ledger.glances import Ask
from agent.adapters.ledger.told import SqlTold, undecoded
from agent.audit.entries import of_settings
from agent.audit.key import Key
from agent.model.audit import Detail, Head, Link

T = TypeVar("T")


class SqlTrail:
    """`ports.Trail` in SQLite or PostgreSQL; with `glance`, what waits is looked at beside whoever writes."""

    def __init__(self, desk: Desk, glance: Ask | None = None) -> None:
        self._desk = desk
        self._glance = glance

    @property
    def key(self) -> Key:
        """The audit's key, of a ledger that was opened to write."""
        return self._desk.keeper.key

    async def head(self, replica: str) -> Head:
        return await self._desk.read(unshipped.head, self._desk.chain(replica))

    async def unshipped(self, replica: str, limit: int) -> tuple[Link, ...]:
        return await self._desk.read(unshipped.links, self._desk.chain(replica), limit)

    async def waiting(self) -> Mapping[str, datetime]:
        if self._glance is None:
            waiting = await self._desk.read(unshipped.waiting)
        else:
            waiting = (await self._glance()).waiting
        return {self._desk.keeper.name_of(chain): since for chain, since in waiting.items()}

    async def mark_shipped(self, replica: str, number: int, now: datetime) -> None:
        await self._desk.write(unshipped.mark, self._desk.chain(replica), number, now)

    async def tell_settings(self, values: Mapping[str, Detail], now: datetime) -> None:
        keeper = self._desk.keeper
        entry = of_settings(values, keeper.author, now)
        await self._desk.audited(auditing.tell_settings, entry, keeper.chain)

    async def expire(self, before: datetime, now: datetime) -> int:
        return await self._desk.audited(erasing.expire, before, now)

    async def containing(self, text: str) -> Mapping[str, int]:
        return await self._desk.read(erasing.count, text)

    async def erase(self, text: str, by: str, now: datetime) -> int:
        return await self._desk.audited(erasing.erase, text, by, now)

    async def try_out(self) -> None:
        """Make a transaction that writes, and change nothing in it. Raises LedgerError where nothing can be written."""
        await self._desk.write(unshipped.nothing)

    async def look(self, at: Callable[[SqlTold], T]) -> T:
        """Return what is found of the whole audit, as it was at one moment. It runs beside the caller's thread."""

        def look(connection: Connection, tenant_id: str) -> T:
            with undecoded(connection):
                return at(SqlTold(connection, tenant_id))

        return await self._desk.read(look)

"""What the pages ask of one tenant's ledger."""
# ruff: noqa: D102  # what each method promises stands in `ports.Archive`, once

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.engine import Connection

from agent.adapters.ledger import history, reads
from agent.adapters.ledger.desk import Desk
from agent.adapters.ledger.tables import records
from agent.model.enactment import Record
from agent.model.history import Decided, Place, Wanted


class SqlArchive:
    """`ports.Archive` in SQLite or PostgreSQL."""

    def __init__(self, desk: Desk) -> None:
        self._read = desk.read

    async def latest(self) -> datetime | None:
        return await self._read(_latest)

    async def changed_since(self, moment: datetime, limit: int) -> Sequence[tuple[datetime, Record]]:
        return await self._read(_changed_since, moment, limit)

    async def history(
        self, wanted: Wanted, *, before: Place | None = None, limit: int = 100
    ) -> Sequence[Decided]:
        return await self._read(history.newest, wanted, before, limit)

    async def course(
        self,
        since: datetime,
        *,
        until: datetime | None = None,
        after: Place | None = None,
        limit: int = 1000,
    ) -> Sequence[Decided]:
        return await self._read(history.oldest, since, until, after, limit)

    async def reasons(self, numbered: Sequence[tuple[str, int]]) -> Mapping[tuple[str, int], str]:
        return await self._read(history.reasons, numbered)


def _latest(connection: Connection, tenant_id: str) -> datetime | None:
    newest = select(records.c.updated).where(records.c.tenant_id == tenant_id)
    return connection.scalar(newest.order_by(records.c.updated.desc()).limit(1))


def _changed_since(
    connection: Connection, tenant_id: str, moment: datetime, limit: int
) -> tuple[tuple[datetime, Record], ...]:
    changed = select(records.c.updated, records.c.id).where(records.c.tenant_id == tenant_id)
    in_order = changed.order_by(records.c.updated, records.c.id)
    found = list(connection.execute(in_order.where(records.c.updated >= moment).limit(limit)))
    if len(found) == limit:
        last = found[-1].updated
        also = in_order.where(records.c.updated == last, records.c.id > found[-1].id)
        found.extend(connection.execute(also))
    loaded = reads.load(connection, tenant_id, [row.id for row in found])
    return tuple((row.updated, loaded[row.id]) for row in found)

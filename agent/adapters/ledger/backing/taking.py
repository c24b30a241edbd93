"""A backup is taken: every table of a tenant, all as of one moment, while agents write on."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
from sqlalchemy import func, select
from sqlalchemy.engine import Connection

from agent.adapters.ledger.auditing import AGAIN, Keeper, require_key
from agent.adapters.ledger.backing import archive
from agent.adapters.ledger.backing.rows import columns, kept, read
from agent.adapters.ledger.schema import newest
from agent.adapters.ledger.tables import audit_entries, audit_heads, replicas
from agent.audit.key import Key
from agent.model.backup import FORMAT, ChainEnd, Manifest
from agent.model.errors import LedgerError

ALIVE = timedelta(hours=1)
"""How long after its last sign of life a replica is taken to be at work."""

Progress = Callable[[int, int], None]
"""Told how many rows of how many are done."""


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What a backup is to be made of, and where."""

    path: Path
    key: Key
    at: datetime
    version: str


def take(connection: Connection, tenant_id: str, order: Order, progress: Progress) -> Manifest:
    """Write a backup, inside a transaction that sees one moment, and return what it holds.

    Raises:
        LedgerError: the file cannot be written, or the audit was written with another key.
    """
    require_key(connection, Keeper(key=order.key, tenant_id=tenant_id, replica=""))
    told = Counting(progress, _rows(connection, tenant_id))

    def fill(writing: archive.Writing) -> Manifest:
        written = [
            writing.table(str(table.name), columns(table), read(connection, tenant_id, table), told.more)
            for table in kept()
        ]
        return Manifest(
            format=FORMAT,
            version=order.version,
            schema=newest(),
            tenant_id=tenant_id,
            at=order.at,
            key=order.key.fingerprint,
            tables=tuple(written),
            chains=_chains(connection, tenant_id, order.at),
        )

    if told.of == 0:
        raise LedgerError(f"ledger: holds nothing of tenant `{tenant_id}` yet: there is nothing to back up")
    return archive.write(order.path, order.key, tenant_id, fill)


class Counting:
    """How many rows are done, told to whoever waits."""

    def __init__(self, progress: Progress, of: int) -> None:
        self.of = of
        self._done = 0
        self._progress = progress

    def more(self, rows: int) -> None:
        """Count so many more."""
        self._done += rows
        self._progress(self._done, self.of)


def _rows(connection: Connection, tenant_id: str) -> int:
    return sum(
        connection.scalar(select(func.count()).select_from(table).where(table.c.tenant_id == tenant_id)) or 0
        for table in kept()
    )


def _chains(connection: Connection, tenant_id: str, now: datetime) -> tuple[ChainEnd, ...]:
    alive = set(
        connection.scalars(
            select(replicas.c.name).where(replicas.c.tenant_id == tenant_id, replicas.c.alive > now - ALIVE)
        )
    )
    # Where nobody is at work, whoever was last is asked for.
    last = (
        select(audit_entries.c.replica)
        .where(audit_entries.c.tenant_id == tenant_id)
        .order_by(audit_entries.c.at.desc())
        .limit(1)
    )
    newest_one = connection.scalar(last)
    query = select(audit_heads).where(audit_heads.c.tenant_id == tenant_id).order_by(audit_heads.c.replica)
    return tuple(
        ChainEnd(
            replica=row.replica,
            number=row.number,
            mac=row.mac.hex(),
            shipped=row.shipped,
            is_alive=row.closed is None
            and (row.replica == newest_one or row.replica.partition(AGAIN)[0] in alive),
        )
        for row in connection.execute(query)
    )

"""Entries on their way out of the ledger, and how far they have come."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import and_, bindparam, select, update
from sqlalchemy.engine import Connection

from agent.adapters.ledger.tables import audit_entries, audit_heads
from agent.audit.chain import micros
from agent.model.audit import Head, Link

# Asked every few seconds for many tenants: made once.
_FIRST = and_(
    audit_entries.c.tenant_id == audit_heads.c.tenant_id,
    audit_entries.c.replica == audit_heads.c.replica,
    audit_entries.c.number == audit_heads.c.shipped + 1,
)
WAITING = (
    select(audit_heads.c.tenant_id, audit_heads.c.replica, audit_entries.c.at)
    .join_from(audit_heads, audit_entries, _FIRST)
    .where(
        audit_heads.c.tenant_id.in_(bindparam("tenants", expanding=True)),
        audit_heads.c.shipped < audit_heads.c.number,
    )
)

ENDS = select(audit_heads.c.tenant_id, audit_heads.c.replica, audit_heads.c.number).where(
    audit_heads.c.tenant_id.in_(bindparam("tenants", expanding=True))
)


def head(connection: Connection, tenant_id: str, replica: str) -> Head:
    """Return where the chain ends; number 0 where it has not begun."""
    query = select(audit_heads).where(audit_heads.c.tenant_id == tenant_id, audit_heads.c.replica == replica)
    row = connection.execute(query).first()
    if row is None:
        return Head(replica=replica, number=0, mac=b"")
    return Head(replica=replica, number=row.number, mac=row.mac, shipped=row.shipped)


def links(connection: Connection, tenant_id: str, replica: str, limit: int) -> tuple[Link, ...]:
    """Return the entries that were not shipped yet, in their order."""
    query = (
        select(audit_entries)
        .where(
            audit_entries.c.tenant_id == tenant_id,
            audit_entries.c.replica == replica,
            audit_entries.c.number > head(connection, tenant_id, replica).shipped,
        )
        .order_by(audit_entries.c.number)
        .limit(limit)
    )
    return tuple(
        Link(
            replica=replica,
            number=row.number,
            at=micros(row.at),
            event=row.event,
            action_id=row.action_id,
            body=row.body,
            mac=row.mac,
        )
        for row in connection.execute(query)
    )


def waiting(connection: Connection, tenant_id: str) -> Mapping[str, datetime]:
    """Return the moment of the first entry that was not shipped yet, by replica."""
    return waiting_of(connection, [tenant_id])[tenant_id]


def waiting_of(connection: Connection, tenant_ids: Sequence[str]) -> Mapping[str, Mapping[str, datetime]]:
    """Return the same of each of these tenants."""
    found: dict[str, dict[str, datetime]] = {one: {} for one in tenant_ids}
    for row in connection.execute(WAITING, {"tenants": tenant_ids}):
        found[row.tenant_id][row.replica] = row.at
    return found


def ends_of(connection: Connection, tenant_ids: Sequence[str]) -> Mapping[str, frozenset[tuple[str, int]]]:
    """Return of each of these tenants where every chain ends."""
    found: dict[str, set[tuple[str, int]]] = {one: set() for one in tenant_ids}
    for row in connection.execute(ENDS, {"tenants": tenant_ids}):
        found[row.tenant_id].add((row.replica, row.number))
    return {one: frozenset(ends) for one, ends in found.items()}


def mark(connection: Connection, tenant_id: str, replica: str, number: int, now: datetime) -> None:
    """Remember that everything up to this number was shipped; what was remembered already is never taken back."""
    connection.execute(
        update(audit_heads)
        .where(
            audit_heads.c.tenant_id == tenant_id,
            audit_heads.c.replica == replica,
            audit_heads.c.shipped < number,
        )
        .values(shipped=number, shipped_at=now)
    )


def nothing(connection: Connection, tenant_id: str) -> None:
    """Change no row, in a statement that only whoever may write can make."""
    connection.execute(
        update(audit_heads)
        .where(audit_heads.c.tenant_id == tenant_id, audit_heads.c.number < 0)
        .values(number=audit_heads.c.number)
    )

"""Holds, and what replicas say of themselves. Each function runs inside a transaction that the caller has opened."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import msgspec
from sqlalchemy import and_, bindparam, delete, select
from sqlalchemy.engine import Connection

from agent.adapters.ledger import codec
from agent.adapters.ledger.auditing import Book
from agent.adapters.ledger.dialects import inserting
from agent.adapters.ledger.tables import holds, replicas
from agent.adapters.ledger.writes import upsert
from agent.audit.entries import of_hold, of_release
from agent.model.hold import Hold, Replica

REMEMBERED = timedelta(days=30)
"""How long after its last sign of life a replica is shown."""

# Asked every two seconds for many tenants: made once.
STANDING = (
    select(holds)
    .where(holds.c.tenant_id.in_(bindparam("tenants", expanding=True)))
    .order_by(holds.c.since, holds.c.name)
)


def hold(connection: Connection, tenant_id: str, book: Book, one: Hold) -> None:
    """Lay a hold; one of its name that stands already stays, with a new reason where it is of the same hand."""
    row = {"tenant_id": tenant_id, **msgspec.structs.asdict(one)}
    statement = inserting(connection, holds)
    laid = statement.on_conflict_do_update(
        index_elements=[holds.c.tenant_id, holds.c.name],
        set_={"reason": statement.excluded.reason},
        where=and_(holds.c.by == statement.excluded.by, holds.c.reason != statement.excluded.reason),
    )
    if connection.execute(laid.returning(holds.c.name), row).first() is not None:
        book.tell(of_hold(one))


def release(
    connection: Connection, tenant_id: str, book: Book, name: str, by: str, reason: str, now: datetime
) -> bool:
    """End a hold, and return whether there was one."""
    ended = connection.execute(delete(holds).where(holds.c.tenant_id == tenant_id, holds.c.name == name))
    if ended.rowcount > 0:
        book.tell(of_release(name, by, reason, now))
    return ended.rowcount > 0


def standing(connection: Connection, tenant_id: str) -> tuple[Hold, ...]:
    """Return the holds that stand, oldest first."""
    return standing_of(connection, [tenant_id])[tenant_id]


def standing_of(connection: Connection, tenant_ids: Sequence[str]) -> Mapping[str, tuple[Hold, ...]]:
    """Return the holds that stand in each of these tenants, oldest first."""
    found: dict[str, tuple[Hold, ...]] = dict.fromkeys(tenant_ids, ())
    for row in connection.execute(STANDING, {"tenants": tenant_ids}):
        hold = Hold(name=row.name, since=row.since, by=row.by, reason=row.reason)
        found[row.tenant_id] = (*found[row.tenant_id], hold)
    return found


def beat(connection: Connection, tenant_id: str, replica: Replica) -> None:
    """Remember what a replica says of itself, and forget those that have long said nothing."""
    row = {
        "tenant_id": tenant_id,
        "name": replica.name,
        "alive": replica.alive,
        "body": codec.write(replica),
    }
    upsert(connection, replicas, [row], ("alive", "body"))
    connection.execute(
        delete(replicas).where(
            replicas.c.tenant_id == tenant_id, replicas.c.alive < replica.alive - REMEMBERED
        )
    )


def told(connection: Connection, tenant_id: str) -> Sequence[Replica]:
    """Return what every replica last said of itself, by name."""
    query = select(replicas.c.body).where(replicas.c.tenant_id == tenant_id).order_by(replicas.c.name)
    return tuple(codec.read_replica(body) for body in connection.scalars(query))

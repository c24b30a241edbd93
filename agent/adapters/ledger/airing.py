"""What AIR's own rows and the audit's records said of the actions of investigations. Each function runs inside a transaction that the caller has opened."""

from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256

from sqlalchemy import Table, func, select
from sqlalchemy.engine import Connection

from agent.adapters.ledger import codec
from agent.adapters.ledger.claims import chunks
from agent.adapters.ledger.report_tables import audit_actions
from agent.adapters.ledger.tables import air_actions, records
from agent.adapters.ledger.writes import upsert
from agent.model.air import AirAction
from agent.model.pending import ActionKind, PendingAction


def save(connection: Connection, tenant_id: str, actions: Sequence[AirAction]) -> None:
    """Write how actions stand by AIR's own rows, in place of what is there of them."""
    _save(connection, tenant_id, air_actions, actions)


def save_audited(connection: Connection, tenant_id: str, actions: Sequence[AirAction]) -> None:
    """Write how actions stand by the audit's records, in place of what is there of them."""
    _save(connection, tenant_id, audit_actions, actions)


def _save(connection: Connection, tenant_id: str, table: Table, actions: Sequence[AirAction]) -> None:
    rows = {
        (place, one.id): {
            "tenant_id": tenant_id,
            "place": place,
            "id": one.id,
            "at": one.at,
            "body": codec.write(one),
        }
        for one in actions
        for place in map(_digest, one.places)
    }
    if rows:
        upsert(connection, table, [rows[name] for name in sorted(rows)], ("at", "body"))


def found(connection: Connection, tenant_id: str, places: Sequence[str]) -> tuple[AirAction, ...]:
    """Return what AIR's own rows say of the actions in these places, by their ids."""
    return _found(connection, tenant_id, air_actions, places)


def found_audited(connection: Connection, tenant_id: str, places: Sequence[str]) -> tuple[AirAction, ...]:
    """Return what the audit's records say of the actions in these places, by their ids."""
    return _found(connection, tenant_id, audit_actions, places)


def _found(
    connection: Connection, tenant_id: str, table: Table, places: Sequence[str]
) -> tuple[AirAction, ...]:
    bodies: dict[str, bytes] = {}
    for some in chunks(sorted(set(map(_digest, places)))):
        query = select(table.c.id, table.c.body).where(
            table.c.tenant_id == tenant_id, table.c.place.in_(some)
        )
        bodies.update({row.id: row.body for row in connection.execute(query)})
    return tuple(codec.read_air_action(bodies[name]) for name in sorted(bodies))


def proposed(
    connection: Connection, tenant_id: str, kinds: Sequence[ActionKind], since: datetime, until: datetime
) -> tuple[PendingAction, ...]:
    """Return the actions of these kinds whose week has something in common with this time."""
    query = (
        select(records.c.action)
        .where(
            records.c.tenant_id == tenant_id,
            records.c.deadline > since,
            records.c.first_seen < until,
            records.c.kind.in_([str(kind) for kind in kinds]),
        )
        .order_by(records.c.deadline, records.c.id)
    )
    return tuple(codec.read_action(body) for body in connection.scalars(query))


def until(connection: Connection, tenant_id: str) -> datetime | None:
    """Return when the newest was written down."""
    newest: datetime | None = connection.scalar(
        select(func.max(air_actions.c.at)).where(air_actions.c.tenant_id == tenant_id)
    )
    return newest


def _digest(place: str) -> str:
    return sha256(place.encode()).hexdigest()

"""What AIR's own rows said of the actions of investigations. Each function runs inside a transaction that the caller has opened."""

from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256

from sqlalchemy import func, select
from sqlalchemy.engine import Connection

from agent.adapters.ledger import codec
from agent.adapters.ledger.claims import chunks
from agent.adapters.ledger.tables import air_actions
from agent.adapters.ledger.writes import upsert
from agent.model.air import AirAction


def save(connection: Connection, tenant_id: str, actions: Sequence[AirAction]) -> None:
    """Write how actions stand, in place of what is there of them."""
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
        upsert(connection, air_actions, [rows[name] for name in sorted(rows)], ("at", "body"))


def found(connection: Connection, tenant_id: str, places: Sequence[str]) -> tuple[AirAction, ...]:
    """Return the actions in these places, by their ids."""
    bodies: dict[str, bytes] = {}
    for some in chunks(sorted(set(map(_digest, places)))):
        query = select(air_actions.c.id, air_actions.c.body).where(
            air_actions.c.tenant_id == tenant_id, air_actions.c.place.in_(some)
        )
        bodies.update({row.id: row.body for row in connection.execute(query)})
    return tuple(codec.read_air_action(bodies[name]) for name in sorted(bodies))


def until(connection: Connection, tenant_id: str) -> datetime | None:
    """Return when the newest was written down."""
    newest: datetime | None = connection.scalar(
        select(func.max(air_actions.c.at)).where(air_actions.c.tenant_id == tenant_id)
    )
    return newest


def _digest(place: str) -> str:
    return sha256(place.encode()).hexdigest()

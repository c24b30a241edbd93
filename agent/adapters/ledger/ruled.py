"""The decisions of one action without their facts, of which there may be megabytes."""

from sqlalchemy import select
from sqlalchemy.engine import Connection

from agent.adapters.ledger import codec
from agent.adapters.ledger.tables import decisions
from agent.model.ruled import Ruled


def ruled(connection: Connection, tenant_id: str, action_id: str, limit: int) -> tuple[Ruled, ...]:
    """Return an action's decisions, newest first."""
    query = (
        select(decisions.c.number, decisions.c.at, decisions.c.body)
        .where(decisions.c.tenant_id == tenant_id, decisions.c.action_id == action_id)
        .order_by(decisions.c.number.desc())
        .limit(limit)
    )
    return tuple(codec.read_ruled(row.body, row.number, row.at) for row in connection.execute(query))

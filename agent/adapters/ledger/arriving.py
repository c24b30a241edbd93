"""When news of incidents came, as far as incidents are remembered."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.engine import Connection

from agent.adapters.ledger.tables import incidents


def arrivals(connection: Connection, tenant_id: str, within: timedelta) -> Sequence[datetime]:
    """Return the moments at which news were saved, from so long before the last one on, oldest first, each once."""
    theirs = incidents.c.tenant_id == tenant_id
    last = connection.scalar(select(func.max(incidents.c.seen_at)).where(theirs))
    if last is None:
        return ()
    query = (
        select(incidents.c.seen_at)
        .where(theirs, incidents.c.seen_at >= last - within)
        .distinct()
        .order_by(incidents.c.seen_at)
    )
    return tuple(connection.scalars(query))

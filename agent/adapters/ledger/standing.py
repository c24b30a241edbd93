"""Which records stand where, in the narrow form in which pages ask for it."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.engine import Connection

from agent.adapters.ledger.tables import records
from agent.model.enactment import State


def standing(
    connection: Connection,
    tenant_id: str,
    states: Sequence[State],
    ended: Sequence[State],
    since: datetime | None,
) -> Mapping[str, int]:
    """Return the versions of records in these states, and of those that ended in others lately.

    A ledger has many that ended once. So that only those changed lately are looked at, their state stands in an
    expression, which no index has.
    """
    narrow = select(records.c.id, records.c.version).where(records.c.tenant_id == tenant_id)
    there = narrow.where(records.c.state.in_([str(state) for state in states]))
    found = {row.id: row.version for row in connection.execute(there)}
    if since is None:
        return found
    lately = narrow.where(
        records.c.updated >= since, records.c.state.concat("").in_([str(state) for state in ended])
    )
    return found | {row.id: row.version for row in connection.execute(lately)}

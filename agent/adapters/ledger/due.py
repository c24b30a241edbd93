"""What is due in the ledger. Each function runs inside a transaction that the caller has opened."""

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, literal_column, or_, select
from sqlalchemy.engine import Connection

from agent.adapters.ledger.reads import BUILT, in_order
from agent.adapters.ledger.tables import records
from agent.model.ahead import Ahead
from agent.model.enactment import Record, State


def due(
    connection: Connection,
    tenant_id: str,
    now: datetime,
    states: Sequence[State],
    limit: int,
    ahead: Ahead | None = None,
) -> tuple[Record, ...]:
    """Return records whose time has come."""
    return in_order(connection, tenant_id, select_due(tenant_id, now, states, limit, ahead))


def select_due(
    tenant_id: str, now: datetime, states: Sequence[State], limit: int, ahead: Ahead | None = None
) -> Select[Any]:
    """Return the ids of records whose time has come.

    SQLite would rather walk all records, or all of a state, in the order of their deadlines. State and
    deadline stand in expressions, which no index has, so that only those that are due are looked at.
    """
    return (
        select(records.c.id)
        .where(
            records.c.tenant_id == tenant_id,
            records.c.due <= now,
            records.c.state.concat("").in_([str(state) for state in states]),
        )
        .order_by(*_ahead(ahead), literal_column("records.deadline + 0"), records.c.id)
        .limit(limit)
    )


def _ahead(ahead: Ahead | None) -> tuple[ColumnElement[int], ...]:
    """Return what is sorted by first."""
    if ahead is None:
        return ()
    is_ahead = or_(
        records.c.state.in_([str(state) for state in ahead.states]),
        and_(records.c.due > ahead.came_after, records.c.decision_digest.is_(None)),
        records.c.deadline < ahead.ends_before,
    )
    return (case((is_ahead, 0), else_=1),)


def next_due(connection: Connection, tenant_id: str) -> datetime | None:
    """Return the earliest `due`."""
    return connection.scalar(select_next_due(tenant_id))


@lru_cache(maxsize=BUILT)
def select_next_due(tenant_id: str) -> "Select[datetime]":
    """Return the query for the earliest `due`."""
    return (
        select(records.c.due)
        .where(records.c.tenant_id == tenant_id, records.c.due.is_not(None))
        .order_by(records.c.due)
        .limit(1)
    )

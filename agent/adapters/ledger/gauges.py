"""What a ledger tells of itself every few seconds: sums over what is open, never over what has ended.

Every query goes by an index whose entries are as many as there is work, however old and large the ledger is: records by
their state and deadline, calls that have left, pages that are open, notices that wait. Only `ended` goes through all
that has ended; whoever asks that lets time pass in between.
"""

from collections import Counter
from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import case, func, literal_column, select
from sqlalchemy.engine import Connection

from agent.adapters.ledger import holding, keeping, reads, unshipped
from agent.adapters.ledger.desk import Desk
from agent.adapters.ledger.page_tables import notices, pages
from agent.adapters.ledger.tables import effects, records
from agent.model.enactment import CLOSED, OPEN, State
from agent.model.hold import guard_of
from agent.model.telemetry import Sums, Waiting


class SqlMeters:
    """`ports.Meters` in SQLite or PostgreSQL."""

    def __init__(self, desk: Desk) -> None:
        self._read = desk.read

    async def sums(self, now: datetime, risk_until: datetime, waiting: Collection[State]) -> Sums:
        """Return what is open, and what of it ends before `risk_until`."""
        return await self._read(sums, now, risk_until, waiting)

    async def ended(self) -> Mapping[State, int]:
        """Return how many actions have come to each end."""
        return await self._read(counted, CLOSED)


def sums(
    connection: Connection,
    tenant_id: str,
    now: datetime,
    risk_until: datetime,
    waiting: Collection[State],
) -> Sums:
    """Return what is open, as of one moment."""
    waits, since = _notices(connection, tenant_id, now)
    first = unshipped.waiting(connection, tenant_id).values()
    return Sums(
        at=now,
        open=counted(connection, tenant_id, OPEN),
        waiting=_waiting(connection, tenant_id, now, risk_until, waiting),
        under_way=_under_way(connection, tenant_id),
        pages=_pages(connection, tenant_id),
        notices=waits,
        notices_since=since,
        watermark=reads.cursor(connection, tenant_id),
        unshipped=min(first, default=None),
        holds=Counter(guard_of(hold.name) for hold in holding.standing(connection, tenant_id)),
        alarms=Counter(alarm.name.split(" ")[0] for alarm in keeping.standing(connection, tenant_id)),
    )


def counted(connection: Connection, tenant_id: str, states: Collection[State]) -> Mapping[State, int]:
    """Return how many records are in each of these states; states with none are left out."""
    query = (
        select(records.c.state, func.count())
        .where(records.c.tenant_id == tenant_id, records.c.state.in_(sorted(states)))
        .group_by(records.c.state)
    )
    return {State(state): count for state, count in connection.execute(query)}


def _waiting(
    connection: Connection, tenant_id: str, now: datetime, until: datetime, states: Collection[State]
) -> Mapping[State, Waiting]:
    """Return how many of the records in these states end before then, and when the first of them does."""
    query = (
        select(
            records.c.state,
            func.count(case((records.c.deadline <= until, 1))),
            func.min(records.c.deadline),
        )
        .where(
            records.c.tenant_id == tenant_id,
            records.c.state.in_(sorted(states)),
            records.c.deadline > now,
        )
        .group_by(records.c.state)
    )
    found = {
        State(state): Waiting(at_risk=at_risk, deadline=first)
        for state, at_risk, first in connection.execute(query)
    }
    return {state: found.get(state, Waiting()) for state in states}


def _under_way(connection: Connection, tenant_id: str) -> int:
    query = select(func.count()).where(
        effects.c.tenant_id == tenant_id, literal_column("effects.went = 'sent'")
    )
    return connection.scalar(query.select_from(effects)) or 0


def _pages(connection: Connection, tenant_id: str) -> int:
    query = select(func.count()).where(pages.c.tenant_id == tenant_id, pages.c.closed.is_(None))
    return connection.scalar(query.select_from(pages)) or 0


def _notices(connection: Connection, tenant_id: str, now: datetime) -> tuple[int, datetime | None]:
    """Return how many notices wait, and since when the first of them has been due."""
    query = select(func.count(), func.min(notices.c.due)).where(
        notices.c.tenant_id == tenant_id, literal_column("notices.delivery = 'waiting'")
    )
    count, first = connection.execute(query).one()
    return count, first if first is not None and first <= now else None

"""Searches of the audit. Each function runs inside a transaction that the caller has opened."""

from datetime import datetime
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.engine import Connection

from agent.adapters.ledger.failures import conflicting
from agent.adapters.ledger.report_tables import audit_searches
from agent.model.audit_search import AuditSearch
from agent.model.errors import Conflict

OVERTAKEN = "another agent on the same ledger searches the audit already"


def save(connection: Connection, tenant_id: str, one: AuditSearch, before: AuditSearch | None) -> None:
    """Write how a search stands, if it stands as it did before."""
    values = {
        "asked": one.asked,
        "since": one.since,
        "until": one.until,
        "query_id": one.query_id,
        "ended": one.ended,
        "words": one.words,
    }
    if before is None:
        with conflicting(OVERTAKEN):
            connection.execute(insert(audit_searches).values(tenant_id=tenant_id, name=one.name, **values))
        return
    column = audit_searches.c
    as_it_was = (
        column.tenant_id == tenant_id,
        column.name == one.name,
        column.asked == before.asked,
        column.query_id.is_not_distinct_from(before.query_id),
        column.ended.is_not_distinct_from(before.ended),
    )
    if connection.execute(update(audit_searches).where(*as_it_was).values(**values)).rowcount != 1:
        raise Conflict(OVERTAKEN)


def since(connection: Connection, tenant_id: str, moment: datetime) -> tuple[AuditSearch, ...]:
    """Return those asked for at or after this moment, newest first."""
    column = audit_searches.c
    query = (
        select(audit_searches)
        .where(column.tenant_id == tenant_id, column.asked >= moment)
        .order_by(column.asked.desc(), column.name.desc())
    )
    return tuple(map(_search, connection.execute(query)))


def _search(row: Any) -> AuditSearch:
    return AuditSearch(
        name=row.name,
        asked=row.asked,
        since=row.since,
        until=row.until,
        query_id=row.query_id,
        ended=row.ended,
        words=row.words,
    )

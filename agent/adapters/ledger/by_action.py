"""The history of one tenant, action by action. Each function runs inside a transaction that the caller has opened.

A part is as long as the index says, and whole actions: so that what is read at once is little, wherever in a history of many
years it lies, and however little of it is wanted.
"""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ColumnElement, and_, exists, func, or_, select
from sqlalchemy.engine import Connection

from agent.adapters.ledger.claims import chunks
from agent.adapters.ledger.history_tables import history
from agent.adapters.ledger.narrow import NARROW, decided
from agent.adapters.ledger.report_tables import truths
from agent.adapters.ledger.tables import records
from agent.adapters.ledger.truths import between
from agent.model.enactment import State
from agent.model.history import Stretch
from agent.model.pending import ActionKind

_ORDER = (history.c.action_id, history.c.at, history.c.number, history.c.ended)


def stretch(
    connection: Connection, tenant_id: str, since: datetime | None, after: str, limit: int
) -> Stretch:
    """Return one part."""
    last = connection.scalar(
        select(history.c.action_id)
        .where(history.c.tenant_id == tenant_id, history.c.action_id > after)
        .order_by(*_ORDER)
        .offset(limit - 1)
        .limit(1)
    )
    query = select(*NARROW).where(history.c.tenant_id == tenant_id, history.c.action_id > after)
    if last is not None:
        query = query.where(history.c.action_id <= last)
    if since is not None:
        query = query.where(_lately(since))
    found = decided(connection.execute(query.order_by(*_ORDER)).all())
    unknown = {one.action_id for one in found if one.kind is ActionKind.UNKNOWN}
    return Stretch(
        decided=found,
        truths=between(connection, tenant_id, after, last),
        moved=moved(connection, tenant_id, unknown),
        last=last,
    )


def moved(connection: Connection, tenant_id: str, action_ids: Collection[str]) -> frozenset[str]:
    """Return which of these actions go on under another id: those of unknown kind that were closed for it."""
    found: set[str] = set()
    for some in chunks(sorted(set(action_ids))):
        query = select(records.c.id).where(
            records.c.tenant_id == tenant_id,
            records.c.id.in_(some),
            records.c.kind == str(ActionKind.UNKNOWN),
            records.c.state == str(State.SUPERSEDED),
        )
        found.update(connection.scalars(query))
    return frozenset(found)


def length(connection: Connection, tenant_id: str) -> int:
    """Return how many decisions there are."""
    query = select(func.count()).select_from(history).where(history.c.tenant_id == tenant_id)
    return connection.scalar(query) or 0


def _lately(since: datetime) -> ColumnElement[bool]:
    """Whether anything of the action is from that moment on; looked up in indexes alone."""
    later, known = history.alias(), truths.alias()
    return or_(
        history.c.at >= since,
        exists().where(
            and_(
                later.c.tenant_id == history.c.tenant_id,
                later.c.action_id == history.c.action_id,
                later.c.at >= since,
            )
        ),
        exists().where(
            and_(
                known.c.tenant_id == history.c.tenant_id,
                known.c.action_id == history.c.action_id,
                known.c.at >= since,
            )
        ),
    )

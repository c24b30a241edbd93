"""The history of one tenant, action by action. Each function runs inside a transaction that the caller has opened.

A part is so many actions. An index alone says which come next and which of them are wanted: so what is read at once is
little, however many years the history has, and however little of it is wanted.
"""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import func, select, true
from sqlalchemy.engine import Connection

from agent.adapters.ledger import truths
from agent.adapters.ledger.claims import chunks
from agent.adapters.ledger.history import BY_ACTION, in_turn
from agent.adapters.ledger.history_tables import history
from agent.adapters.ledger.narrow import NARROW, decided
from agent.adapters.ledger.tables import records
from agent.model.enactment import State
from agent.model.history import Decided, Stretch
from agent.model.pending import ActionKind


def stretch(
    connection: Connection, tenant_id: str, since: datetime | None, after: str, limit: int
) -> Stretch:
    """Return one part."""
    is_later = func.max(history.c.at) >= since if since is not None else true()
    passed = connection.execute(
        select(history.c.action_id, func.count(), is_later)
        .where(history.c.tenant_id == tenant_id, history.c.action_id > after)
        .group_by(history.c.action_id)
        .order_by(history.c.action_id)
        .limit(limit)
    ).all()
    action_ids = [action_id for action_id, _, _ in passed]
    later = {action_id for action_id, _, is_wanted in passed if is_wanted}
    if since is not None and len(later) < len(passed):
        later.update(truths.known_since(connection, tenant_id, since, after, action_ids[-1]))
        action_ids = [action_id for action_id in action_ids if action_id in later]
    is_whole = len(action_ids) == len(passed)
    known = truths.between if is_whole else truths.of_actions
    found = _of(connection, tenant_id, action_ids, is_whole=is_whole)
    unknown = {one.action_id for one in found if one.kind is ActionKind.UNKNOWN}
    return Stretch(
        decided=found,
        truths=known(connection, tenant_id, action_ids),
        moved=moved(connection, tenant_id, unknown),
        passed=sum(count for _, count, _ in passed),
        last=passed[-1][0] if len(passed) == limit else None,
    )


def _of(
    connection: Connection, tenant_id: str, action_ids: Sequence[str], *, is_whole: bool
) -> tuple[Decided, ...]:
    """Return everything that the history has of these actions; `is_whole` where it has none between them."""
    if not action_ids:
        return ()
    if not is_whole:
        return tuple(in_turn(connection, tenant_id, action_ids))
    query = select(*NARROW).where(
        history.c.tenant_id == tenant_id,
        history.c.action_id >= action_ids[0],
        history.c.action_id <= action_ids[-1],
    )
    return decided(connection.execute(query.order_by(*BY_ACTION)).all())


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

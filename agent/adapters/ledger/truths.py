"""What people and Defender did about proposals. Each function runs inside a transaction that the caller has opened."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import and_, delete, func, or_, select
from sqlalchemy.engine import Connection

from agent.adapters.ledger.claims import chunks
from agent.adapters.ledger.history import lines
from agent.adapters.ledger.narrow import TRUTH, truth
from agent.adapters.ledger.report_tables import truths
from agent.adapters.ledger.tables import cursors, records
from agent.adapters.ledger.writes import upsert
from agent.model.pending import LIFETIME, ActionKind
from agent.model.truth import Truth, Unknown

CHANGES = ("verb", "unknown", "source", "certainty", "at", "people")


def save(connection: Connection, tenant_id: str, found: Sequence[Truth]) -> None:
    """Write what is known of proposals, in place of what is there of them, also where they were thought to have begun at another moment.

    Two that began within a week of each other are one, of which there is one truth.
    """
    rows = {
        (one.action_id, one.first_seen): {
            "tenant_id": tenant_id,
            "action_id": one.action_id,
            "first_seen": one.first_seen,
            "verb": None if one.verb is None else str(one.verb),
            "unknown": None if one.unknown is None else str(one.unknown),
            "source": str(one.source),
            "certainty": str(one.certainty),
            "at": one.at,
            "people": lines(one.by),
        }
        for one in found
    }
    for some in chunks(sorted(rows)):
        same = [
            and_(
                truths.c.action_id == action_id,
                truths.c.first_seen > first_seen - LIFETIME,
                truths.c.first_seen < first_seen + LIFETIME,
                truths.c.first_seen != first_seen,
            )
            for action_id, first_seen in some
        ]
        connection.execute(delete(truths).where(truths.c.tenant_id == tenant_id, or_(*same)))
    if rows:
        upsert(connection, truths, [rows[name] for name in sorted(rows)], CHANGES)


def of_actions(
    connection: Connection, tenant_id: str, action_ids: Sequence[str]
) -> Mapping[str, tuple[Truth, ...]]:
    """Return what is known of these actions' proposals, oldest first; actions of which nothing is are left out."""
    found: dict[str, tuple[Truth, ...]] = {}
    for some in chunks(sorted(set(action_ids))):
        query = (
            select(*TRUTH)
            .where(truths.c.tenant_id == tenant_id, truths.c.action_id.in_(some))
            .order_by(truths.c.action_id, truths.c.first_seen)
        )
        found |= _by_action(connection.execute(query).all())
    return found


def ended(
    connection: Connection,
    tenant_id: str,
    kinds: Sequence[ActionKind],
    since: datetime,
    after: str,
    limit: int,
) -> tuple[str, ...]:
    """Return actions of these kinds of which something became known to have happened at or after `since`, in order."""
    query = (
        select(truths.c.action_id)
        .distinct()
        .join(records, and_(records.c.tenant_id == truths.c.tenant_id, records.c.id == truths.c.action_id))
        .where(
            truths.c.tenant_id == tenant_id,
            truths.c.at >= since,
            truths.c.action_id > after,
            records.c.kind.in_(sorted(map(str, kinds))),
        )
        .order_by(truths.c.action_id)
        .limit(limit)
    )
    return tuple(connection.scalars(query))


def untold(
    connection: Connection, tenant_id: str, why: Sequence[Unknown], since: datetime, until: datetime
) -> datetime | None:
    """Return when the earliest proposal was first seen that ended from `since` to `until`, and is unknown for such a reason."""
    earliest: datetime | None = connection.scalar(
        select(func.min(truths.c.first_seen)).where(
            truths.c.tenant_id == tenant_id,
            truths.c.at >= since,
            truths.c.at < until,
            truths.c.unknown.in_(sorted(map(str, why))),
        )
    )
    return earliest


def worked_until(connection: Connection, tenant_id: str) -> datetime | None:
    """Return up to where the history was gone through."""
    return connection.scalar(select(cursors.c.truths_until).where(cursors.c.tenant_id == tenant_id))


def mark(connection: Connection, tenant_id: str, moment: datetime) -> None:
    """Remember up to where the history was gone through."""
    upsert(connection, cursors, [{"tenant_id": tenant_id, "truths_until": moment}], ("truths_until",))


def between(
    connection: Connection, tenant_id: str, action_ids: Sequence[str]
) -> Mapping[str, tuple[Truth, ...]]:
    """Return the same of actions in the order of their ids, of which all from the first to the last are named: at once."""
    if not action_ids:
        return {}
    query = select(*TRUTH).where(
        truths.c.tenant_id == tenant_id,
        truths.c.action_id >= action_ids[0],
        truths.c.action_id <= action_ids[-1],
    )
    return _by_action(connection.execute(query.order_by(truths.c.action_id, truths.c.first_seen)).all())


def known_since(
    connection: Connection, tenant_id: str, since: datetime, after: str, last: str
) -> tuple[str, ...]:
    """Return actions whose ids follow one, up to another, of which something is known to have happened at or after `since`."""
    query = select(truths.c.action_id).where(
        truths.c.tenant_id == tenant_id,
        truths.c.action_id > after,
        truths.c.action_id <= last,
        truths.c.at >= since,
    )
    return tuple(connection.scalars(query))


def _by_action(rows: Iterable[Any]) -> dict[str, tuple[Truth, ...]]:
    found: dict[str, tuple[Truth, ...]] = {}
    for row in rows:
        one = truth(row)
        earlier = found.get(one.action_id)
        found[one.action_id] = (one,) if earlier is None else (*earlier, one)
    return found

"""Policies that fell back to observing, and how far it was looked for why.

Each function runs inside a transaction that the caller has opened.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import select, update
from sqlalchemy.engine import Connection

from agent.adapters.ledger.auditing import Book
from agent.adapters.ledger.dialects import inserting
from agent.adapters.ledger.reads import effect
from agent.adapters.ledger.report_tables import fallbacks, lookbacks
from agent.adapters.ledger.tables import approvals, effects
from agent.adapters.ledger.writes import upsert
from agent.audit.entries import of_fallback, of_reinstated
from agent.model.enactment import Effect, EffectKind, Went
from agent.model.fallback import Fallback


def fall_back(
    connection: Connection, tenant_id: str, book: Book, found: Sequence[Fallback]
) -> tuple[Fallback, ...]:
    """Have these policies observe, and return those that did not yet: of one policy one fallback stands at a time."""
    new: list[Fallback] = []
    for one in found:
        row = {"tenant_id": tenant_id, **msgspec.structs.asdict(one), "ended": None, "ended_by": None}
        statement = inserting(connection, fallbacks).on_conflict_do_nothing().returning(fallbacks.c.policy)
        if connection.execute(statement, row).first() is not None:
            book.tell(of_fallback(one, book.author))
            new.append(one)
    return tuple(new)


def end(
    connection: Connection, tenant_id: str, book: Book, policy: str, by: str, reason: str, now: datetime
) -> bool:
    """Let a policy count again, and return whether it had fallen back."""
    ended = connection.execute(
        update(fallbacks)
        .where(fallbacks.c.tenant_id == tenant_id, fallbacks.c.policy == policy, fallbacks.c.ended.is_(None))
        .values(ended=now, ended_by=by)
    )
    if ended.rowcount > 0:
        book.tell(of_reinstated(policy, by, reason, now))
    return ended.rowcount > 0


def every(connection: Connection, tenant_id: str, *, is_standing: bool) -> tuple[Fallback, ...]:
    """Return every fallback, oldest first; only those that stand, where that is asked."""
    query = select(fallbacks).where(fallbacks.c.tenant_id == tenant_id)
    if is_standing:
        query = query.where(fallbacks.c.ended.is_(None))
    rows = connection.execute(query.order_by(fallbacks.c.since, fallbacks.c.policy))
    return tuple(_fallback(row) for row in rows)


def _fallback(row: Any) -> Fallback:
    return Fallback(
        policy=row.policy,
        since=row.since,
        action_id=row.action_id,
        words=row.words,
        revision=row.revision,
        ended=row.ended,
        ended_by=row.ended_by or "",
    )


def deletions(connection: Connection, tenant_id: str, since: datetime, until: datetime) -> tuple[Effect, ...]:
    """Return what policies had deleted of mail, sent after `since` and not after `until`; oldest first."""
    automatic = select(approvals.c.policy).where(
        approvals.c.tenant_id == effects.c.tenant_id,
        approvals.c.at == effects.c.intended_at,
        approvals.c.action_id == effects.c.action_id,
        approvals.c.observed.is_(None),
    )
    query = (
        select(effects)
        .where(
            effects.c.tenant_id == tenant_id,
            effects.c.sent_at > since,
            effects.c.sent_at <= until,
            effects.c.kind == str(EffectKind.SOFT_DELETE),
            effects.c.undoes.is_(None),
            effects.c.went.in_([str(Went.DONE), str(Went.UNKNOWN)]),
            automatic.exists(),
        )
        .order_by(effects.c.sent_at, effects.c.id)
    )
    return tuple(effect(row) for row in connection.execute(query))


def looked_back(connection: Connection, tenant_id: str) -> datetime | None:
    """Return up to which moment it was looked whether deletions stand."""
    return connection.scalar(select(lookbacks.c.until).where(lookbacks.c.tenant_id == tenant_id))


def mark_looked_back(connection: Connection, tenant_id: str, moment: datetime) -> None:
    """Remember up to which moment it was looked."""
    upsert(connection, lookbacks, [{"tenant_id": tenant_id, "until": moment}], ("until",))

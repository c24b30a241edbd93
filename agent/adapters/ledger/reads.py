"""What is asked of the ledger. Each function runs inside a transaction that the caller has opened.

Lists are cut by narrow index entries first, and only what is left is read with its bodies. A query that is asked in
every pass and holds nothing of its own is built once: that takes longer than to ask it.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    Subquery,
    and_,
    bindparam,
    case,
    func,
    literal,
    literal_column,
    select,
    tuple_,
    union_all,
)
from sqlalchemy.engine import Connection, Row

from agent.adapters.ledger.claims import chunks
from agent.adapters.ledger.codec import (
    read_action,
    read_decision,
    read_judged,
    read_notes,
    read_plan,
    read_targets,
    read_texts,
)
from agent.adapters.ledger.columns import Key, Moment
from agent.adapters.ledger.tables import approvals, cursors, decisions, effects, incidents, records, replicas
from agent.model.decision import Decision
from agent.model.enactment import Approval, Effect, EffectKind, Record, Spent, State, Went
from agent.model.past import Judged

BUILT = 32
"""Queries of each kind that are kept: one for each tenant."""


def cursor(connection: Connection, tenant_id: str) -> datetime | None:
    """Return the watermark."""
    return connection.scalar(select(cursors.c.watermark).where(cursors.c.tenant_id == tenant_id))


def swept(connection: Connection, tenant_id: str) -> datetime | None:
    """Return when the last whole sweep began."""
    return connection.scalar(select(cursors.c.swept).where(cursors.c.tenant_id == tenant_id))


def alive(connection: Connection, tenant_id: str) -> datetime | None:
    """Return the newest sign of life, decision or reading of an incident."""
    found = (
        connection.scalar(
            select(column).where(column.table.c.tenant_id == tenant_id).order_by(column.desc()).limit(1)
        )
        for column in (replicas.c.alive, decisions.c.at, incidents.c.seen_at)
    )
    return max((one for one in found if one is not None), default=None)


def versions(connection: Connection, tenant_id: str, incident_ids: Sequence[str]) -> Mapping[str, str]:
    """Return the versions in which incidents were last saved."""
    found: dict[str, str] = {}
    for some in chunks(incident_ids):
        query = select(incidents.c.id, incidents.c.version).where(
            incidents.c.tenant_id == tenant_id, incidents.c.id.in_(some)
        )
        found.update((row.id, row.version) for row in connection.execute(query))
    return found


def load(
    connection: Connection,
    tenant_id: str,
    action_ids: Sequence[str],
    read: Callable[[bytes], Decision] = read_decision,
) -> Mapping[str, Record]:
    """Return records by their action; `read` says how much of a decision is read."""
    return {
        row.id: record(row, read)
        for some in chunks(action_ids)
        for row in connection.execute(whole_records(tenant_id).where(records.c.id.in_(some)))
    }


def to_visit(connection: Connection, tenant_id: str, limit: int) -> tuple[str, ...]:
    """Return incidents that are to be written to."""
    return tuple(connection.scalars(select_to_visit(tenant_id, limit)))


@lru_cache(maxsize=BUILT)
def select_to_visit(tenant_id: str, limit: int) -> Select[Any]:
    """Return the query for incidents that are to be written to.

    The conditions of the partial indexes stand in it word for word, or SQLite would not use them.
    """
    noted = select(records.c.incident_id, records.c.deadline).where(
        records.c.tenant_id == tenant_id, literal_column("records.is_to_visit = 1")
    )
    intended = (
        select(records.c.incident_id, records.c.deadline)
        .select_from(effects)
        .join(records, and_(records.c.tenant_id == effects.c.tenant_id, records.c.id == effects.c.action_id))
        .where(effects.c.tenant_id == tenant_id, literal_column("effects.went = 'intended'"))
    )
    both = union_all(noted, intended).subquery()
    earliest = func.min(both.c.deadline)
    return (
        select(both.c.incident_id)
        .group_by(both.c.incident_id)
        .order_by(earliest, both.c.incident_id)
        .limit(limit)
    )


def of_incident(connection: Connection, tenant_id: str, incident_id: str) -> tuple[Record, ...]:
    """Return the records of one incident."""
    ids = select(records.c.id).where(records.c.tenant_id == tenant_id, records.c.incident_id == incident_id)
    return in_order(connection, tenant_id, ids.order_by(records.c.deadline, records.c.id))


def listed(
    connection: Connection, tenant_id: str, states: Sequence[State], limit: int, offset: int
) -> tuple[Record, ...]:
    """Return records by their deadline."""
    return in_order(connection, tenant_id, select_listed(tenant_id, states, limit, offset))


def select_listed(tenant_id: str, states: Sequence[State], limit: int, offset: int) -> Select[Any]:
    """Return the ids of one page of records.

    Each state gives its own beginning from the index; asked for all at once, either database would sort
    everything that is in them.
    """
    entries = select(records.c.id, records.c.deadline).where(records.c.tenant_id == tenant_id)
    entries = entries.order_by(records.c.deadline, records.c.id)
    if not states:
        return entries.limit(limit).offset(offset)
    beginnings = [
        select(entries.where(records.c.state == str(state)).limit(limit + offset).subquery())
        for state in dict.fromkeys(states)
    ]
    merged = union_all(*beginnings).subquery()
    return select(merged.c.id).order_by(merged.c.deadline, merged.c.id).limit(limit).offset(offset)


def counts(connection: Connection, tenant_id: str) -> Mapping[State, int]:
    """Return how many records are in each state."""
    query = (
        select(records.c.state, func.count())
        .where(records.c.tenant_id == tenant_id)
        .group_by(records.c.state)
    )
    return {State(state): count for state, count in connection.execute(query)}


def decided(
    connection: Connection, tenant_id: str, action_id: str | None, since: datetime | None, limit: int
) -> tuple[Decision, ...]:
    """Return decisions, newest first.

    One action has few of them: its own are looked at, never those of all actions since that moment. Hence
    the expression, which no index has.
    """
    query = select(decisions.c.body).where(decisions.c.tenant_id == tenant_id).limit(limit)
    at: ColumnElement[datetime] = decisions.c.at
    if action_id is None:
        query = query.order_by(decisions.c.at.desc(), decisions.c.number.desc(), decisions.c.action_id)
    else:
        at = literal_column("decisions.at + 0", Moment)
        query = query.where(decisions.c.action_id == action_id).order_by(decisions.c.number.desc())
    if since is not None:
        query = query.where(at >= since)
    return tuple(read_decision(body) for body in connection.scalars(query))


def planned(
    connection: Connection, tenant_id: str, action_ids: Sequence[str]
) -> Mapping[str, tuple[Effect, ...]]:
    """Return the effects of each action, but for those of what observing policies would have approved."""
    found: dict[str, list[Effect]] = {}
    for some in chunks(sorted(set(action_ids))):
        bound = {"of_tenant": tenant_id, "of_actions": some}
        for row in connection.execute(_PLANNED, bound):
            found.setdefault(row.action_id, []).append(effect(row))
    return {action_id: tuple(planned) for action_id, planned in found.items()}


_PLANNED = (
    select(effects)
    .where(
        effects.c.tenant_id == bindparam("of_tenant"),
        effects.c.action_id.in_(bindparam("of_actions", expanding=True)),
        effects.c.went != str(Went.SHADOW),
    )
    .order_by(effects.c.action_id, effects.c.ordinal)
)


def judged(
    connection: Connection, tenant_id: str, since: datetime | None, after: Judged | None, limit: int
) -> tuple[Judged, ...]:
    """Return decisions without their words, oldest first."""
    query = (
        select(decisions.c.action_id, decisions.c.number, decisions.c.at, decisions.c.body)
        .where(decisions.c.tenant_id == tenant_id)
        .order_by(decisions.c.at, decisions.c.action_id, decisions.c.number)
        .limit(limit)
    )
    if since is not None:
        query = query.where(decisions.c.at >= since)
    if after is not None:
        place = tuple_(decisions.c.at, decisions.c.action_id, decisions.c.number)
        query = query.where(
            place > tuple_(literal(after.at, Moment), literal(after.action_id, Key), literal(after.number))
        )
    return tuple(
        read_judged(row.body, row.action_id, row.number, row.at) for row in connection.execute(query)
    )


def approved(connection: Connection, tenant_id: str, since: datetime) -> tuple[Approval, ...]:
    """Return automatic approvals, oldest first."""
    query = (
        select(approvals)
        .where(approvals.c.tenant_id == tenant_id, approvals.c.at >= since)
        .order_by(approvals.c.at, approvals.c.policy, approvals.c.action_id)
    )
    return tuple(
        Approval(
            policy=row.policy,
            action_id=row.action_id,
            at=row.at,
            messages=row.messages,
            is_observed=bool(row.observed),
        )
        for row in connection.execute(query)
    )


def spent(
    connection: Connection, tenant_id: str, policy: str, since: datetime, apart_from: str, observed: bool
) -> Spent:
    """Return what one policy has approved; an action counts once, however often it was approved.

    What would only have been approved counts where it is asked for, and of each action once: it was never sent, so that
    the same messages are approved again with it.
    """
    within = (approvals.c.tenant_id == tenant_id, approvals.c.policy == policy, approvals.c.at >= since)
    real = select(
        approvals.c.action_id.label("action_id"), func.sum(approvals.c.messages).label("messages")
    ).where(*within, approvals.c.observed.is_(None))
    real = real.group_by(approvals.c.action_id)
    if not observed:
        return _summed(connection, real.subquery(), apart_from)
    once = select(approvals.c.action_id, func.max(approvals.c.messages)).where(
        *within, approvals.c.observed.is_not(None), approvals.c.action_id != apart_from
    )
    return _summed(connection, union_all(real, once.group_by(approvals.c.action_id)).subquery(), apart_from)


def _summed(connection: Connection, some: Subquery, apart_from: str) -> Spent:
    others = case((some.c.action_id != apart_from, some.c.action_id))
    query = select(func.count(others.distinct()), func.coalesce(func.sum(some.c.messages), 0))
    actions, messages = connection.execute(query).one()
    return Spent(actions=actions, messages=int(messages))


@lru_cache(maxsize=BUILT)
def whole_records(tenant_id: str) -> Select[Any]:
    """Return the query for records with their bodies and the decision that is in force."""
    in_force = and_(
        decisions.c.tenant_id == records.c.tenant_id,
        decisions.c.action_id == records.c.id,
        decisions.c.number == records.c.decisions,
        records.c.decision_digest.is_not(None),
    )
    return (
        select(
            records.c.id,
            records.c.version,
            records.c.state,
            records.c.due,
            records.c.is_noted,
            records.c.action,
            records.c.plan,
            records.c.notes,
            decisions.c.body.label("decision"),
        )
        .select_from(records)
        .outerjoin(decisions, in_force)
        .where(records.c.tenant_id == tenant_id)
    )


def record(row: Row[Any], read: Callable[[bytes], Decision] = read_decision) -> Record:
    """Return the record that a row of `whole_records` holds."""
    notes = read_notes(row.notes)
    return Record(
        action=read_action(row.action),
        state=State(row.state),
        due=row.due,
        decision=None if row.decision is None else read(row.decision),
        plan=None if row.plan is None else read_plan(row.plan),
        confirmation=notes.confirmation,
        why=notes.why,
        is_noted=bool(row.is_noted),
        undone=notes.undone,
        lapse=notes.lapse,
        discounted=notes.discounted,
        asked_since=notes.asked_since,
        worked_before=notes.worked_before,
        life=notes.life,
        version=row.version,
    )


def in_order(connection: Connection, tenant_id: str, ids: Select[Any]) -> tuple[Record, ...]:
    """Return the records with these ids, in their order.

    In two steps: asked for in one, SQLite walks all records in that order and picks out those with the ids.
    """
    found = tuple(connection.scalars(ids))
    loaded = load(connection, tenant_id, found)
    return tuple(loaded[action_id] for action_id in found)


def effect(row: Row[Any]) -> Effect:
    """Return the effect that a row holds."""
    return Effect(
        id=row.id,
        action_id=row.action_id,
        incident_id=row.incident_id,
        targets=read_targets(row.targets),
        went=Went(row.went),
        attempts=row.attempts,
        intended_at=row.intended_at,
        sent_at=row.sent_at,
        settled_at=row.settled_at,
        detail=row.detail,
        bulk_id=row.bulk_id,
        kind=EffectKind(row.kind),
        before=() if row.before is None else read_texts(row.before),
        senders_copy=bool(row.senders_copy),
        undoes=row.undoes,
        request_id=row.request_id,
        sent_by=row.sent_by,
    )

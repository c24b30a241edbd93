"""The history of one tenant: written with what it tells of, and read newest or oldest first.

Each function runs inside a transaction that the caller has opened. A page is read along the table's key, from where the
last one ended, and what it is narrowed by is looked at on the way: nothing is sorted, and no body is decoded.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, insert, literal, or_, select, tuple_
from sqlalchemy.engine import Connection

from agent.adapters.ledger import codec
from agent.adapters.ledger.claims import chunks
from agent.adapters.ledger.columns import Key, Moment
from agent.adapters.ledger.history_tables import history
from agent.adapters.ledger.narrow import NARROW, decided
from agent.adapters.ledger.tables import decisions, records
from agent.model.decision import Decision
from agent.model.enactment import Record
from agent.model.facts import Facts
from agent.model.history import Decided, Place, Wanted
from agent.model.pending import PendingAction

_PLACE = (history.c.at, history.c.action_id, history.c.number, history.c.ended)

BY_ACTION = (history.c.action_id, history.c.at, history.c.number, history.c.ended)


def row(tenant_id: str, one: Decided, record: Record) -> dict[str, Any]:
    """Return the row of a decision; `record` is of its action, as it is saved with it."""
    decision = None if one.ended is not None else record.decision
    answered = () if decision is None else decision.answered
    return {
        "tenant_id": tenant_id,
        "at": one.at,
        "action_id": one.action_id,
        "number": one.number,
        "ended": str(one.ended or ""),
        "kind": str(one.kind),
        "incident_id": one.incident_id,
        "first_seen": one.first_seen,
        "deadline": one.deadline,
        "verb": None if one.verb is None else str(one.verb),
        "decider": str(one.by),
        "guard": one.guard,
        "policies": lines(one.policies),
        "people": lines(one.people),
        "persons": lines(text.casefold() for each in answered for text in (each.name, each.object_id)),
        "answered": one.answered,
        "shadow": None if one.shadow is None else str(one.shadow),
        "shadow_policies": lines(one.shadow_policies),
        "status": one.status,
        "revision": one.revision or None,
        "shadow_guard": one.shadow_guard,
        "targets": one.targets,
        "messages": one.messages,
        "is_native": int(one.is_native),
        "is_imported": int(one.is_imported),
        "words": searched(record, decision),
    }


def searched(record: Record, decision: Decision | None) -> str:
    """Return everything of a decision in which words are looked for, without its case."""
    action = record.action
    said = (record.why,) if decision is None else (decision.reason, *decision.policies)
    names = () if decision is None else (one.name for one in decision.answered)
    incident = action.incident
    return "\n".join((action.id, action.label, incident.display_name or "", *said, *names)).casefold()


def save(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Write rows."""
    if rows:
        connection.execute(insert(history), list(rows))


def newest(
    connection: Connection, tenant_id: str, wanted: Wanted, before: Place | None, limit: int
) -> tuple[Decided, ...]:
    """Return decisions, newest first: those that come before a place, where one is named."""
    query = select(*NARROW).where(history.c.tenant_id == tenant_id, *_narrowed(wanted))
    if before is not None:
        query = query.where(tuple_(*_PLACE) < _literal(before))
    query = query.order_by(*(column.desc() for column in _PLACE)).limit(limit)
    return decided(connection.execute(query).all())


def oldest(
    connection: Connection,
    tenant_id: str,
    since: datetime,
    until: datetime | None,
    after: Place | None,
    limit: int,
) -> tuple[Decided, ...]:
    """Return decisions, oldest first: those that follow a place, where one is named."""
    query = select(*NARROW).where(history.c.tenant_id == tenant_id, history.c.at >= since)
    if until is not None:
        query = query.where(history.c.at < until)
    if after is not None:
        query = query.where(tuple_(*_PLACE) > _literal(after))
    return decided(connection.execute(query.order_by(*_PLACE).limit(limit)).all())


def of_actions(
    connection: Connection, tenant_id: str, action_ids: Sequence[str]
) -> Mapping[str, tuple[Decided, ...]]:
    """Return everything the history has of these actions, oldest first; actions of which it has nothing are left out."""
    found: dict[str, list[Decided]] = {}
    for one in in_turn(connection, tenant_id, sorted(set(action_ids))):
        found.setdefault(one.action_id, []).append(one)
    return {action_id: tuple(rows) for action_id, rows in found.items()}


def in_turn(connection: Connection, tenant_id: str, action_ids: Sequence[str]) -> Iterator[Decided]:
    """Give the same of actions that are in the order of their ids, one action after the other."""
    for some in chunks(action_ids):
        query = select(*NARROW).where(history.c.tenant_id == tenant_id, history.c.action_id.in_(some))
        yield from decided(connection.execute(query.order_by(*BY_ACTION)).all())


def by_people(
    connection: Connection, tenant_id: str, since: datetime, after: Place | None, limit: int
) -> tuple[Decided, ...]:
    """Return decisions of people and endings from `since` on, oldest first: those that follow a place, where one is named."""
    is_one = or_(history.c.ended != "", history.c.people.is_not(None))
    query = select(*NARROW).where(history.c.tenant_id == tenant_id, history.c.at >= since, is_one)
    if after is not None:
        query = query.where(tuple_(*_PLACE) > _literal(after))
    return decided(connection.execute(query.order_by(*_PLACE).limit(limit)))


def actions(connection: Connection, tenant_id: str, action_ids: Sequence[str]) -> Mapping[str, PendingAction]:
    """Return pending actions by their id."""
    found: dict[str, PendingAction] = {}
    for some in chunks(sorted(set(action_ids))):
        query = select(records.c.id, records.c.action).where(records.c.tenant_id == tenant_id)
        for one in connection.execute(query.where(records.c.id.in_(some))):
            found[one.id] = codec.read_action(one.action)
    return found


def reasons(
    connection: Connection, tenant_id: str, numbered: Sequence[tuple[str, int]], would: bool = False
) -> Mapping[tuple[str, int], str]:
    """Return the reasons of decisions, by their action and number; with `would`, of what would have been decided."""
    bodies = _bodies(connection, tenant_id, numbered)
    return {place: codec.read_reason(body, would=would) for place, body in bodies}


def facts(
    connection: Connection, tenant_id: str, numbered: Sequence[tuple[str, int]]
) -> Mapping[tuple[str, int], Facts]:
    """Return the facts of decisions, by their action and number."""
    return {place: codec.read_facts(body) for place, body in _bodies(connection, tenant_id, numbered)}


def _bodies(
    connection: Connection, tenant_id: str, numbered: Sequence[tuple[str, int]]
) -> Iterator[tuple[tuple[str, int], bytes]]:
    """Give the bodies of decisions, with their action and number."""
    wanted = set(numbered)
    for some in chunks(sorted({action_id for action_id, _ in wanted})):
        for one in connection.execute(_query(tenant_id, some, {number for _, number in wanted})):
            if (one.action_id, one.number) in wanted:
                yield (one.action_id, one.number), one.body


def _query(tenant_id: str, action_ids: Sequence[str], numbers: Iterable[int]) -> Select[Any]:
    return select(decisions.c.action_id, decisions.c.number, decisions.c.body).where(
        decisions.c.tenant_id == tenant_id,
        decisions.c.action_id.in_(action_ids),
        decisions.c.number.in_(sorted(numbers)),
    )


def _narrowed(wanted: Wanted) -> list[ColumnElement[bool]]:
    """Return what a decision must be to be wanted."""
    column = history.c
    exact = (
        (column.kind, wanted.kind),
        (column.verb, wanted.verb),
        (column.ended, wanted.ended),
        (column.decider, wanted.by),
        (column.guard, wanted.guard),
        (column.incident_id, wanted.incident),
    )
    parts = (
        (column.policies, f"\n{wanted.policy}\n" if wanted.policy else ""),
        (column.persons, wanted.person.casefold()),
        (column.words, wanted.words.casefold()),
    )
    found: list[ColumnElement[bool]] = [one == str(value) for one, value in exact if value]
    found += [one.contains(part, autoescape=True) for one, part in parts if part]
    if wanted.since is not None:
        found.append(column.at >= wanted.since)
    if wanted.until is not None:
        found.append(column.at < wanted.until)
    return found


def _literal(place: Place) -> Any:
    return tuple_(
        literal(place.at, Moment),
        literal(place.action_id, Key),
        literal(place.number),
        literal(str(place.ended or ""), Key),
    )


def lines(texts: Iterable[str]) -> str | None:
    """Return several texts as they stand in one column, one on each line; None for none."""
    told = [" ".join(text.splitlines()) for text in texts]
    return "\n" + "\n".join(told) + "\n" if told else None

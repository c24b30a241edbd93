"""Proposals that were imported, and how far that has come: beside the history, and apart from all that the agent acts on."""
# ruff: noqa: D102  # what each method promises stands in `ports.Imports`, once

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import delete, func, literal, or_, select, tuple_, update
from sqlalchemy.engine import Connection

from agent.adapters.ledger import codec, history
from agent.adapters.ledger import truths as truths_of
from agent.adapters.ledger.claims import chunks
from agent.adapters.ledger.columns import Key, Moment
from agent.adapters.ledger.desk import Desk
from agent.adapters.ledger.history_tables import history as told
from agent.adapters.ledger.report_tables import imported, imports, truths
from agent.adapters.ledger.tables import records
from agent.adapters.ledger.writes import upsert
from agent.model.decision import Verb
from agent.model.enactment import Record, State
from agent.model.history import Ending, as_ended, taken
from agent.model.imported import Imported, Importing, Lives, Outcome, outcome_of
from agent.model.pending import LIFETIME, are_one_proposal
from agent.model.truth import Certainty, Truth, Unknown

CHANGES = ("deadline", "seen", "ended", "ended_at", "status", "action", "decision")

SURE = {Certainty.UNKNOWN: 0, Certainty.LIKELY: 1, Certainty.CERTAIN: 2}
"""How sure each certainty is."""

Span = tuple[datetime, datetime]


class SqlImports:
    """`ports.Imports` in SQLite or PostgreSQL."""

    def __init__(self, desk: Desk) -> None:
        self._read, self._write = desk.read, desk.write

    async def last(self) -> Importing | None:
        return await self._read(_last)

    async def lives(self, action_ids: Sequence[str]) -> Mapping[str, Lives]:
        return await self._read(_lives, action_ids)

    async def bring_in(
        self,
        found: Sequence[Imported],
        again: Sequence[Imported],
        importing: Importing,
        *,
        moves: bool = True,
    ) -> None:
        await self._write(_bring_in, found, again, importing, moves)

    async def outcome(self, importing: Importing) -> Outcome:
        return await self._read(_outcome, importing.until)

    async def imported(self, action_ids: Sequence[str]) -> Mapping[str, tuple[Imported, ...]]:
        return await self._read(of_actions, action_ids)


def _last(connection: Connection, tenant_id: str) -> Importing | None:
    query = select(imports.c.body).where(imports.c.tenant_id == tenant_id)
    body = connection.scalar(query.order_by(imports.c.until.desc(), imports.c.since).limit(1))
    return None if body is None else codec.read_importing(body)


def _lives(connection: Connection, tenant_id: str, action_ids: Sequence[str]) -> Mapping[str, Lives]:
    recorded = _recorded(connection, tenant_id, action_ids)
    brought = of_actions(connection, tenant_id, action_ids)
    return {
        name: Lives(recorded=tuple(sorted(recorded.get(name, ()))), imported=brought.get(name, ()))
        for name in sorted({*recorded, *brought})
    }


def _recorded(connection: Connection, tenant_id: str, action_ids: Sequence[str]) -> dict[str, set[Span]]:
    """Return the lives that the agent itself has recorded, now or before."""
    found: dict[str, set[Span]] = {}
    for some in chunks(sorted(set(action_ids))):
        standing = select(records.c.id, records.c.first_seen, records.c.deadline).where(
            records.c.tenant_id == tenant_id, records.c.id.in_(some)
        )
        past = (
            select(told.c.action_id, told.c.first_seen, told.c.deadline)
            .distinct()
            .where(
                told.c.tenant_id == tenant_id,
                told.c.action_id.in_(some),
                or_(told.c.is_imported.is_(None), told.c.is_imported == 0),
            )
        )
        for query in (standing, past):
            for name, begun, ended in connection.execute(query):
                found.setdefault(name, set()).add((begun, ended))
    return found


def of_actions(
    connection: Connection, tenant_id: str, action_ids: Sequence[str]
) -> Mapping[str, tuple[Imported, ...]]:
    """Return the imported proposals of these actions, oldest first, with what is known of them by now.

    One that awaited approval again, and is the agent's since, may be known to have begun at another moment.
    """
    known = truths_of.of_actions(connection, tenant_id, action_ids)
    found: dict[str, tuple[Imported, ...]] = {}
    for some in chunks(sorted(set(action_ids))):
        query = (
            select(imported)
            .where(imported.c.tenant_id == tenant_id, imported.c.action_id.in_(some))
            .order_by(imported.c.action_id, imported.c.first_seen)
        )
        for row in connection.execute(query):
            truth = _truth_of(row, known.get(row.action_id, ()))
            if truth is not None:
                found[row.action_id] = (*found.get(row.action_id, ()), _imported(row, truth))
    return found


def _truth_of(row: Any, known: Sequence[Truth]) -> Truth | None:
    """Return what is known of an imported proposal, of all that is known of its action."""
    same = (one for one in known if abs(one.first_seen - row.first_seen) < LIFETIME)
    return min(same, key=lambda one: abs(one.first_seen - row.first_seen), default=None)


def _imported(row: Any, truth: Truth) -> Imported:
    return Imported(
        action=codec.read_action(row.action),
        decision=codec.read_decision(row.decision),
        ended=Ending(row.ended),
        ended_at=row.ended_at,
        status=row.status,
        truth=truth,
    )


def _bring_in(
    connection: Connection,
    tenant_id: str,
    found: Sequence[Imported],
    again: Sequence[Imported],
    importing: Importing,
    moves: bool,
) -> None:
    ids = [one.action.id for one in (*found, *again)]
    lives = _lives(connection, tenant_id, ids)
    fresh = [one for one in found if not _is_recorded(one, lives.get(one.action.id))]
    renewed = [one for one in again if not _is_recorded(one, lives.get(one.action.id))]
    _forget(connection, tenant_id, _replaced(fresh, lives))
    rows = {one.life: _row(tenant_id, one, importing) for one in fresh}
    if rows:
        upsert(connection, imported, [rows[name] for name in sorted(rows)], CHANGES)
        history.save(connection, [each for one in fresh for each in _told(tenant_id, one)])
    _note(connection, tenant_id, again, importing)
    truths_of.save(connection, tenant_id, _surer([*fresh, *renewed], lives))
    if moves:
        _move(connection, tenant_id, importing)


def _is_recorded(one: Imported, known: Lives | None) -> bool:
    spans = () if known is None else known.recorded
    return any(_overlaps(one, begun, ended) for begun, ended in spans)


def _overlaps(one: Imported, begun: datetime, ended: datetime) -> bool:
    return are_one_proposal(one.action.first_seen, one.action.deadline, begun, ended)


def _replaced(fresh: Sequence[Imported], lives: Mapping[str, Lives]) -> list[Imported]:
    """Return what was imported of the same lives before."""
    return [
        known
        for one in fresh
        if one.action.id in lives
        for known in lives[one.action.id].imported
        if _overlaps(one, known.action.first_seen, known.action.deadline)
    ]


def _forget(connection: Connection, tenant_id: str, replaced: Sequence[Imported]) -> None:
    for some in chunks(sorted({one.life for one in replaced})):
        lives = [tuple_(literal(name, Key), literal(begun, Moment)) for name, begun in some]
        for table in (imported, truths):
            place = tuple_(table.c.action_id, table.c.first_seen)
            connection.execute(delete(table).where(table.c.tenant_id == tenant_id, place.in_(lives)))
        connection.execute(
            delete(told).where(
                told.c.tenant_id == tenant_id,
                tuple_(told.c.action_id, told.c.first_seen).in_(lives),
                told.c.is_imported == 1,
            )
        )


def _row(tenant_id: str, one: Imported, importing: Importing) -> dict[str, Any]:
    return {
        "tenant_id": tenant_id,
        "action_id": one.action.id,
        "first_seen": one.action.first_seen,
        "deadline": one.action.deadline,
        "seen": importing.until,
        "ended": str(one.ended),
        "ended_at": one.ended_at,
        "status": one.status,
        "action": codec.write(one.action),
        "decision": codec.pack(codec.write_decision(one.decision)),
    }


def _told(tenant_id: str, one: Imported) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the two rows of the history: what would have been decided, and how it ended."""
    record = Record(action=one.action, state=State.SUPERSEDED, due=None, decision=one.decision)
    decided = msgspec.structs.replace(taken(record, one.decision, 0), is_imported=True)
    ending = as_ended(one.ended, record, 0, one.ended_at)
    ended = msgspec.structs.replace(ending, is_imported=True, status=one.status)
    return history.row(tenant_id, decided, record), history.row(tenant_id, ended, record)


def _note(connection: Connection, tenant_id: str, again: Sequence[Imported], importing: Importing) -> None:
    for some in chunks(sorted({one.life for one in again})):
        lives = [tuple_(literal(name, Key), literal(begun, Moment)) for name, begun in some]
        place = tuple_(imported.c.action_id, imported.c.first_seen)
        mine = update(imported).where(imported.c.tenant_id == tenant_id, place.in_(lives))
        connection.execute(mine.values(seen=importing.until))


def _surer(found: Sequence[Imported], lives: Mapping[str, Lives]) -> list[Truth]:
    """Return the truths that are not known with more certainty already."""
    known = {
        one.action.id: [each.truth for each in lives[one.action.id].imported]
        for one in found
        if one.action.id in lives
    }
    surer = []
    for one in found:
        same = [
            each
            for each in known.get(one.action.id, ())
            if _overlaps(one, each.first_seen, each.first_seen + LIFETIME)
        ]
        best = max(same, key=lambda each: SURE[each.certainty], default=None)
        if best is not None and SURE[best.certainty] >= SURE[one.truth.certainty]:
            surer.append(msgspec.structs.replace(best, first_seen=one.action.first_seen))
        else:
            surer.append(one.truth)
    return surer


def _move(connection: Connection, tenant_id: str, importing: Importing) -> None:
    row = {
        "tenant_id": tenant_id,
        "since": importing.since,
        "until": importing.until,
        "body": codec.write(importing),
    }
    upsert(connection, imports, [row], ("body",))
    connection.execute(
        delete(imports).where(imports.c.tenant_id == tenant_id, imports.c.until < importing.until)
    )


def _outcome(connection: Connection, tenant_id: str, until: datetime) -> Outcome:
    query = (
        select(truths.c.verb, truths.c.unknown, func.count())
        .join(
            imported,
            (imported.c.tenant_id == truths.c.tenant_id)
            & (imported.c.action_id == truths.c.action_id)
            & (imported.c.first_seen == truths.c.first_seen),
        )
        .where(imported.c.tenant_id == tenant_id, imported.c.seen == until)
        .group_by(truths.c.verb, truths.c.unknown)
    )
    return outcome_of(
        {
            (None if verb is None else Verb(verb), None if why is None else Unknown(why)): count
            for verb, why, count in connection.execute(query)
        }
    )

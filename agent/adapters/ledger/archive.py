"""What the pages ask of one tenant's ledger."""
# ruff: noqa: D102  # what each method promises stands in `ports.Archive`, once

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.engine import Connection

from agent.adapters.ledger import by_action, codec, delivering, history, importing, reads
from agent.adapters.ledger.desk import Desk
from agent.adapters.ledger.ruled import ruled
from agent.adapters.ledger.standing import standing
from agent.adapters.ledger.tables import audit_heads, records
from agent.model.decision import Decision
from agent.model.enactment import Record, State
from agent.model.facts import Facts
from agent.model.history import Decided, Delivered, Place, Stretch, Wanted
from agent.model.pending import PendingAction
from agent.model.ruled import Ruled

APART = timedelta(minutes=15)
"""How far the clocks of two processes may be apart, and how long one transaction may last, for every change to be seen."""


class SqlArchive:
    """`ports.Archive` in SQLite or PostgreSQL."""

    def __init__(self, desk: Desk) -> None:
        self._read = desk.read

    async def stamp(self) -> str:
        return await self._read(_stamp)

    async def standing(
        self, states: Sequence[State], *, ended: Sequence[State] = (), since: datetime | None = None
    ) -> Mapping[str, int]:
        return await self._read(standing, states, ended, since)

    async def history(
        self, wanted: Wanted, *, before: Place | None = None, limit: int = 100
    ) -> Sequence[Decided]:
        return await self._read(history.newest, wanted, before, limit)

    async def course(
        self,
        since: datetime,
        *,
        until: datetime | None = None,
        after: Place | None = None,
        limit: int = 1000,
    ) -> Sequence[Decided]:
        return await self._read(history.oldest, since, until, after, limit)

    async def by_action(
        self, *, since: datetime | None = None, after: str = "", limit: int = 1000
    ) -> Stretch:
        return await self._read(by_action.stretch, since, after, limit)

    async def moved(self, action_ids: Sequence[str]) -> frozenset[str]:
        return await self._read(by_action.moved, action_ids)

    async def length(self) -> int:
        return await self._read(by_action.length)

    async def actions(self, action_ids: Sequence[str]) -> Mapping[str, PendingAction]:
        return await self._read(_actions, action_ids)

    async def short(self, action_ids: Sequence[str]) -> Mapping[str, Record]:
        return await self._read(reads.load, action_ids, codec.read_bare)

    async def delivered(self, since: datetime) -> Sequence[Delivered]:
        return await self._read(delivering.delivered, since)

    async def reasons(
        self, numbered: Sequence[tuple[str, int]], *, would: bool = False
    ) -> Mapping[tuple[str, int], str]:
        return await self._read(_reasons, numbered, would)

    async def facts(self, numbered: Sequence[tuple[str, int]]) -> Mapping[tuple[str, int], Facts]:
        return await self._read(_facts, numbered)

    async def ruled(self, action_id: str, *, limit: int = 100) -> Sequence[Ruled]:
        return await self._read(ruled, action_id, limit)


def _actions(
    connection: Connection, tenant_id: str, action_ids: Sequence[str]
) -> Mapping[str, PendingAction]:
    """Return what is recorded of actions; of those that are not, what was imported last."""
    found = dict(history.actions(connection, tenant_id, action_ids))
    rest = [one for one in action_ids if one not in found]
    brought = importing.of_actions(connection, tenant_id, rest) if rest else {}
    return found | {name: lives[-1].action for name, lives in brought.items()}


def _reasons(
    connection: Connection, tenant_id: str, numbered: Sequence[tuple[str, int]], would: bool
) -> Mapping[tuple[str, int], str]:
    """Return the reasons of decisions; of what was imported where that is one proposal of its action only."""
    found = dict(history.reasons(connection, tenant_id, [one for one in numbered if one[1]], would))
    brought = _imported(connection, tenant_id, numbered)
    return found | {(name, 0): _reason(decision, would) for name, decision in brought.items()}


def _facts(
    connection: Connection, tenant_id: str, numbered: Sequence[tuple[str, int]]
) -> Mapping[tuple[str, int], Facts]:
    """Return the facts of decisions; of what was imported where that is one proposal of its action only."""
    found = dict(history.facts(connection, tenant_id, [one for one in numbered if one[1]]))
    brought = _imported(connection, tenant_id, numbered)
    return found | {(name, 0): decision.facts for name, decision in brought.items()}


def _imported(
    connection: Connection, tenant_id: str, numbered: Sequence[tuple[str, int]]
) -> Mapping[str, Decision]:
    """Return what was decided on imported proposals, by actions that have no number, where there is one of the action only."""
    unnumbered = [name for name, number in numbered if not number]
    brought = importing.of_actions(connection, tenant_id, unnumbered) if unnumbered else {}
    return {name: lives[0].decision for name, lives in brought.items() if len(lives) == 1}


def _reason(decision: Decision, would: bool) -> str:
    return decision.shadow.reason if would and decision.shadow is not None else decision.reason


def _stamp(connection: Connection, tenant_id: str) -> str:
    """Return the ends of the audit's chains, and of what changed lately how much it is and how often it changed.

    The newest moment alone would not do: a process whose clock is behind writes an earlier one.
    """
    told = connection.scalar(
        select(func.sum(audit_heads.c.number)).where(audit_heads.c.tenant_id == tenant_id)
    )
    newest = connection.scalar(
        select(records.c.updated)
        .where(records.c.tenant_id == tenant_id)
        .order_by(records.c.updated.desc())
        .limit(1)
    )
    if newest is None:
        return f"{told or 0}"
    lately = select(func.count(), func.sum(records.c.version)).where(
        records.c.tenant_id == tenant_id, records.c.updated >= newest - APART
    )
    count, versions = connection.execute(lately).one()
    return f"{told or 0} {newest.isoformat()} {count} {versions}"

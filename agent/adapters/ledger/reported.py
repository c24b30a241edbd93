"""How the report of each period was sent."""
# ruff: noqa: D102  what each method promises stands in `ports.ReportLog`, once

from collections.abc import Sequence
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.engine import Connection

from agent.adapters.ledger.desk import Desk
from agent.adapters.ledger.failures import conflicting
from agent.adapters.ledger.report_tables import reported
from agent.model.errors import Conflict
from agent.model.schedule import OVER, Reported, Stage


class SqlReportLog:
    """`ports.ReportLog` in SQLite or PostgreSQL."""

    def __init__(self, desk: Desk) -> None:
        self._read, self._write = desk.read, desk.write

    async def reported(self, period: str) -> Reported | None:
        return await self._read(_of_period, period)

    async def unfinished(self) -> Sequence[Reported]:
        return await self._read(_unfinished)

    async def write(self, reported: Reported, before: Stage | None) -> None:
        await self._write(_written, reported, before)


def _of_period(connection: Connection, tenant_id: str, period: str) -> Reported | None:
    query = select(reported).where(reported.c.tenant_id == tenant_id, reported.c.period == period)
    row = connection.execute(query).one_or_none()
    return None if row is None else _one(row)


def _unfinished(connection: Connection, tenant_id: str) -> Sequence[Reported]:
    query = (
        select(reported)
        .where(reported.c.tenant_id == tenant_id, reported.c.stage.not_in(sorted(OVER)))
        .order_by(reported.c.first, reported.c.period)
    )
    return tuple(_one(row) for row in connection.execute(query))


def _written(connection: Connection, tenant_id: str, one: Reported, before: Stage | None) -> None:
    values = {
        "stage": str(one.stage),
        "at": one.at,
        "attempts": one.attempts,
        "first": one.first,
        "due": one.due,
        "why": one.why,
    }
    if before is None:
        with conflicting(f"the report of {one.period} was begun by another agent"):
            connection.execute(insert(reported).values(tenant_id=tenant_id, period=one.period, **values))
        return
    changed = connection.execute(
        update(reported)
        .where(
            reported.c.tenant_id == tenant_id,
            reported.c.period == one.period,
            reported.c.stage == str(before),
        )
        .values(**values)
    )
    if changed.rowcount != 1:
        raise Conflict(f"the report of {one.period} was taken on by another agent")


def _one(row: Any) -> Reported:
    return Reported(
        period=row.period,
        stage=Stage(row.stage),
        at=row.at,
        attempts=row.attempts,
        first=row.first,
        due=row.due,
        why=row.why,
    )

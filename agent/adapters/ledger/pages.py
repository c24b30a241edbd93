"""Pages and the outbox of one tenant's ledger."""
# ruff: noqa: D102  # what each method promises stands in `ports.Pages`, once

from collections.abc import Mapping, Sequence
from datetime import datetime

from agent.adapters.ledger import paging
from agent.adapters.ledger.desk import Desk
from agent.model.enactment import State
from agent.model.escalation import Page, Posted


class SqlPages:
    """`ports.Pages` in SQLite or PostgreSQL."""

    def __init__(self, desk: Desk) -> None:
        self._read, self._write, self._audited = desk.read, desk.write, desk.audited

    async def standing(self, states: Sequence[State], now: datetime) -> Mapping[str, int]:
        return await self._read(paging.standing, states, now)

    async def open(self) -> tuple[Page, ...]:
        return await self._read(paging.open_pages)

    async def page(self, page_id: str) -> Page | None:
        return await self._read(paging.page, page_id)

    async def of_action(self, action_id: str) -> tuple[Page, ...]:
        return await self._read(paging.of_action, action_id)

    async def save(
        self, pages: Sequence[Page], notices: Sequence[Posted] = (), *, overtaken: Sequence[str] = ()
    ) -> None:
        await self._write(paging.save, pages, notices, overtaken)

    async def due(self, now: datetime, limit: int, *, apart_from: Sequence[str] = ()) -> tuple[Posted, ...]:
        return await self._read(paging.due, now, limit, apart_from)

    async def collected(self, channel: str) -> tuple[Posted, ...]:
        return await self._read(paging.collected, channel)

    async def waiting(self) -> int:
        return await self._read(paging.waiting)

    async def posted(self, *page_ids: str) -> tuple[Posted, ...]:
        return await self._read(paging.posted, page_ids)

    async def settle(self, posted: Posted, now: datetime) -> bool:
        return await self._audited(paging.settle, posted, now)

    async def loud_since(self, since: datetime) -> Mapping[str, datetime]:
        return await self._read(paging.loud_since, since)

    async def next_due(self) -> datetime | None:
        return await self._read(paging.next_due)

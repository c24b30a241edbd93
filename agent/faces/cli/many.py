"""What one command does in each of many tenants: some at a time, and one that fails keeps no other from its turn."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from agent.adapters.ledger.ledger import SqlLedger
from agent.composing_fleet import open_ledgers
from agent.model.errors import AgentError
from agent.settings.roster import FleetSettings
from agent.settings.subjects import Settings

T = TypeVar("T")

AT_ONCE = 8
"""Tenants in which it is done at the same time."""

Work = Callable[[str, Settings, SqlLedger], Awaitable[T]]


async def in_each(
    found: FleetSettings, work: Work[T], failed: Callable[[str, Settings | None, str], T], *, read_only: bool
) -> list[T]:
    """Return what comes of it in each tenant, in the order of names; `failed` makes it of why it could not be done.

    Raises:
        LedgerError: the ledgers lie in one place that cannot be opened.
    """
    seats = asyncio.Semaphore(AT_ONCE)
    async with open_ledgers(found, read_only=read_only) as opened:

        async def do(name: str, settings: Settings) -> T:
            try:
                async with seats, opened(settings) as ledger:
                    return await work(name, settings, ledger)
            except AgentError as error:
                return failed(name, settings, "; ".join(str(error).splitlines()))

        async def one(name: str, settings: Settings | None, problem: str) -> T:
            if settings is None:
                return failed(name, None, "; ".join(problem.splitlines()))
            return await do(name, settings)

        return list(
            await asyncio.gather(*(one(each.name, each.settings, each.problem) for each in found.tenants))
        )

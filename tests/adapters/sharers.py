"""Replicas that share tenants in a database whose clock can be set forward: all that it remembers becomes older."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import psycopg

from agent.adapters.ledger.columns import metadata
from agent.adapters.ledger.share_tables import oldest
from agent.adapters.ledger.shares import LEASE, SqlShares, open_shares

TENANTS = tuple(f"00000000-0000-0000-0000-{number:012d}" for number in range(6))


@dataclass
class Seconds:
    """This process's own clock."""

    now: float = 1000.0

    def monotonic(self) -> float:
        return self.now


@dataclass
class Hall:
    """One database, and everybody who shares its tenants."""

    url: str
    stack: AsyncExitStack
    seconds: Seconds = field(default_factory=Seconds)
    instances: int = 0

    async def join(self, replica: str) -> SqlShares:
        """Let a process of this name join, until the end of the test."""
        return await self.stack.enter_async_context(self.visit(replica))

    @asynccontextmanager
    async def visit(self, replica: str) -> AsyncIterator[SqlShares]:
        self.instances += 1
        async with open_shares(
            self.url,
            replica,
            instance=f"instance {self.instances}",
            version="1",
            lease=LEASE,
            monotonic=self.seconds.monotonic,
        ) as shares:
            yield shares

    def pass_time(self, seconds: float) -> None:
        """Let so much time go by, here and in the database."""
        self.seconds.now += seconds
        by = int(seconds * 1_000_000)
        self.do(f"UPDATE shares SET since = since - {by}, until = until - {by}")
        self.do(f"UPDATE members SET started = started - {by}, until = until - {by}")

    def clear(self) -> None:
        """Empty every table: to make a database takes longer than most tests."""
        names = sorted(set(metadata.tables) - {oldest.name})
        self.do(f"TRUNCATE {', '.join(names)}")

    def do(self, statement: str) -> list[tuple[Any, ...]]:
        """Do something to the database, as somebody else."""
        with self.session() as session:
            cursor = session.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def session(self) -> psycopg.Connection[Any]:
        return psycopg.connect(self.url.replace("postgresql+psycopg", "postgresql"), autocommit=True)


async def owned(shares: SqlShares, tenants: Sequence[str] = TENANTS) -> list[str]:
    """Renew, and return whose tenants are ours."""
    return sorted(await shares.renew(tenants))

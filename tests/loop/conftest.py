"""A world of fakes around a real ledger."""

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from agent.adapters.ledger import glances
from agent.loop.leasing import LEASE
from agent.loop.lookout import Lookout
from agent.loop.passing import one_pass
from agent.loop.perform import Turn
from agent.loop.report import PassReport
from agent.loop.run import load, start
from agent.loop.visit import visit
from agent.model.enactment import Record, State
from agent.model.pace import Pace
from agent.ports.ledger import Ledger
from agent.ports.world import World
from agent.settings.guarding import Guards
from agent.settings.guards import rails_of
from tests.clock import ManualClock
from tests.fakes import FakeDefender, FakeDirectory, FakeEnactor, FakeShelf
from tests.ledgers import open_ledger
from tests.makers import NOW, TENANT

APPROVE = """
policy: small-malicious
description: Soft-delete small malicious clusters.
owner: soc@contoso.example
for: [softDeleteCluster]
mode: enforce
match:
  evidence.verdict: malicious
  cluster.mailboxCount: {atMost: 200}
decide: approve
"""


class Bench:
    """The fakes by their own types, and the passes to drive them."""

    def __init__(self, ledger: Ledger) -> None:
        self.clock = ManualClock(NOW)
        self.defender = FakeDefender(self.clock)
        self.enactor = FakeEnactor(self.defender)
        self.directory = FakeDirectory()
        self.world = World(
            tenant_id=TENANT,
            clock=self.clock,
            defender=self.defender,
            enactor=self.enactor,
            ledger=ledger,
            shelf=FakeShelf(approve=APPROVE),
            directory=self.directory,
            targets=self.enactor.targets,
            pace=Pace(),
            rails=rails_of(Guards()),
        )

    def with_policies(self, **policies: str) -> None:
        self.world = replace(self.world, shelf=FakeShelf(**policies))

    def with_rails(self, **values: object) -> None:
        """Go by the usual guard rails, but for these."""
        self.world = replace(self.world, rails=msgspec.structs.replace(self.world.rails, **values))

    def observing(self) -> None:
        self.world = replace(self.world, enactor=None)

    def enforcing(self) -> None:
        self.world = replace(self.world, enactor=self.enactor)

    async def run_pass(self) -> PassReport:
        """Start and make one pass, as a process would that was just started."""
        import asyncio

        policies = await load(self.world)
        await start(self.world, policies)
        report = PassReport(began=self.clock.now())
        await one_pass(self.world, policies, asyncio.Event(), report)
        return report

    async def lookout(self) -> Lookout:
        """Return a lookout that has looked just now."""
        lookout = Lookout(self.world)
        await lookout.look()
        return lookout

    async def visit(self, incident_id: str, report: PassReport, under_way: set[str] | None = None) -> None:
        """Visit one incident under the policies as they are."""
        import asyncio

        policies, lookout = await load(self.world), await self.lookout()
        stop = asyncio.Event()
        await visit(self.world, policies, incident_id, stop, report, lookout, under_way=under_way)

    async def turn(self, incident_id: str) -> Turn:
        """Take the lease on an incident, and return the turn that it gives."""
        import asyncio

        now = self.clock.now()
        token = await self.world.ledger.lease(incident_id, self.world.replica, now, now + LEASE)
        assert token is not None
        report, policies = PassReport(began=now), await load(self.world)
        return Turn(incident_id, token, asyncio.Event(), report, policies, await self.lookout())

    async def records(self) -> list[Record]:
        return list(await self.world.ledger.listed())

    async def only(self) -> Record:
        (record,) = await self.records()
        return record

    async def states(self) -> list[State]:
        return [record.state for record in await self.records()]


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    url = f"sqlite:///{tmp_path / 'data' / 'ledger.db'}"
    async with open_ledger(url, TENANT, together=glances.files()) as ledger:
        yield Bench(ledger)


@pytest.fixture
def advance(bench: Bench) -> Callable[..., None]:
    return bench.clock.advance

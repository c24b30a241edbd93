"""A ledger on disk and a Defender that shows as many clusters as are asked for: what scale is measured with."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import datetime

from agent.loop.passing import one_pass
from agent.loop.report import PassReport
from agent.loop.run import load
from agent.model.defender import Incident, Mail
from agent.model.pace import Pace
from agent.model.page import Page
from agent.ports.host import Clock
from agent.ports.ledger import Ledger
from agent.ports.world import World
from agent.settings.guarding import Guards
from agent.settings.guards import rails_of
from tests.fakes import FakeDefender, FakeDirectory, FakeShelf, FakeTargets
from tests.loop.conftest import APPROVE
from tests.makers import TENANT, a_cluster, a_copy, an_alert, an_incident

IN_AN_INCIDENT, ON_A_PAGE = 5, 50


class Waiting(FakeDefender):
    """Shows so many clusters, from a number on, made as they are asked for."""

    def __init__(self, clock: Clock, first: int, actions: int) -> None:
        super().__init__(clock)
        self.first, self.actions = first, actions

    async def incidents_since(self, since: datetime, until: datetime | None = None) -> AsyncIterator[Page]:
        whole = IN_AN_INCIDENT * ON_A_PAGE
        for begin in range(self.first, self.first + self.actions, whole):
            end = min(begin + whole, self.first + self.actions)
            numbers = range(begin, end, IN_AN_INCIDENT)
            yield Page(incidents=tuple(_incident(number) for number in numbers))

    async def mail(self, network_message_ids: Sequence[str]) -> Mail:
        return Mail(messages=tuple(a_copy(int(message[-12:])) for message in network_message_ids))


def _incident(first: int) -> Incident:
    alerts = [
        an_alert(a_cluster(query=f"Urls:{n}", first=n * 10, messages=5), id=f"a{n}", incident_id=str(first))
        for n in range(first, first + IN_AN_INCIDENT)
    ]
    return an_incident(*alerts, id=str(first))


async def a_pass(ledger: Ledger, defender: FakeDefender) -> None:
    world = a_world(ledger, defender)
    report = PassReport(began=world.clock.now())
    await one_pass(world, await load(world), asyncio.Event(), report)
    assert not report.problems, report.problems


def a_world(ledger: Ledger, defender: FakeDefender, shelf: str = APPROVE) -> World:
    return World(
        tenant_id=TENANT,
        clock=defender.clock,
        defender=defender,
        enactor=None,
        ledger=ledger,
        shelf=FakeShelf(approve=shelf),
        targets=FakeTargets(defender.clock),
        directory=FakeDirectory(),
        pace=Pace(),
        rails=rails_of(Guards()),
    )

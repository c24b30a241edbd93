"""Requires of a tenant that is cut off while a call is on the wire: nothing of it goes on, and the call is never made again."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import pytest

from agent.loop import run as loop
from agent.loop.report import PassReport
from agent.loop.tending import Orders, Tended
from agent.model.enactment import Effect, Outcome, State, Went
from agent.model.tenancy import Tenancy
from agent.ports.defender import Departing
from agent.ports.world import World
from tests.clock import ManualClock
from tests.fakes import FakeEnactor
from tests.fleets import Running, a_fleet, until
from tests.loop.conftest import Bench
from tests.makers import TENANT, a_cluster, a_copy, an_alert, an_incident


class Wire(FakeEnactor):
    """Calls leave, and the first never comes back. `applies` says whether it was applied all the same."""

    def __init__(self, bench: Bench, *, applies: bool) -> None:
        super().__init__(bench.defender)
        self.applies = applies
        self.left = asyncio.Event()
        self.calls: list[str] = []
        self.gone = 0
        """Calls that were broken off."""

    async def enact(self, effect: Effect, *, name: str, departing: Departing) -> Outcome:
        if self.left.is_set():
            self.calls.append(effect.id)
            return await super().enact(effect, name=name, departing=departing)
        await departing()
        self.calls.append(effect.id)
        if self.applies:
            self._apply(effect)
        self.left.set()
        try:
            await asyncio.Event().wait()
        finally:
            self.gone += 1
        raise AssertionError("nobody ends the wait")


class Standing(ManualClock):
    """Stands still, whoever waits."""

    async def sleep_until(self, moment: datetime) -> None:
        await asyncio.Event().wait()


def a_tenant(bench: Bench, wire: Wire, passed: list[PassReport]) -> Running:
    async def tend(one: Tended, world: World, orders: Orders) -> None:
        await loop.run(world, stop=orders.stop, hold=orders.hold, on_pass=passed.append, vitals=one.vitals)

    bench.defender.show(an_incident(an_alert(a_cluster(messages=3), id="a")))
    bench.defender.deliver(*(a_copy(number) for number in range(1, 4)))
    world = replace(bench.world, enactor=wire, clock=Standing(bench.clock.now()))
    running = a_fleet(world, tend=tend)
    running.roster.tenancies["adatum"] = Tenancy(name="adatum", tenant_id=TENANT, digest="1")
    running.shares.tokens = {TENANT: 1}
    return running


async def went(bench: Bench) -> Sequence[Went]:
    (record,) = await bench.world.ledger.listed()
    return [effect.went for effect in await bench.world.ledger.effects(record.action.id)]


@pytest.mark.parametrize("applies", [True, False])
async def test_a_call_that_was_cut_off_is_read_back_by_the_next_owner_and_never_made_again(
    bench: Bench, *, applies: bool
) -> None:
    wire = Wire(bench, applies=applies)
    passed: list[PassReport] = []
    running = a_tenant(bench, wire, passed)
    await running.begin()
    await until(wire.left.is_set)
    assert await went(bench) == [Went.SENT]

    running.shares.tokens.clear()  # it is another replica's from now on
    await running.seconds.advance(6)
    await until(lambda: running.fleet.tended["adatum"].life is None)
    cut_off = await went(bench), wire.gone, set(running.roster.open_now)
    running.shares.tokens[TENANT] = 2  # and this process is the next to have it
    await running.seconds.advance(6)
    await until(lambda: running.roster.opened == ["adatum", "adatum"])
    await until(lambda: bool(passed))
    after = await went(bench)
    await running.end()
    (record,) = await bench.world.ledger.listed()

    assert cut_off == ([Went.SENT], 1, set())
    assert after == [Went.UNKNOWN]
    assert len(wire.calls) == 1, "it is read back, never made again"
    assert record.state in {State.UNKNOWN, State.CONFIRMED}
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_a_stop_waits_for_the_call_that_is_on_the_wire(bench: Bench) -> None:
    wire = Wire(bench, applies=True)
    running = a_tenant(bench, wire, [])
    await running.begin()
    await until(wire.left.is_set)

    running.orders.stop.set()
    await running.seconds.advance(60)
    during = running.fleet.tended["adatum"].life is not None, wire.gone

    assert during == (True, 0)
    assert running.task is not None
    running.task.cancel()
    await until(running.task.done)
    assert await went(bench) == [Went.SENT]

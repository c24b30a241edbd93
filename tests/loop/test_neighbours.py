"""Tenants of one process, of which some fail, are throttled or flood: the others keep their pace, and never hear of it."""

import asyncio
import gc
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

from structlog.testing import capture_logs

from agent.compose import open_simulated
from agent.loop import run as loop
from agent.loop.fleet import Fleet
from agent.loop.report import PassReport
from agent.loop.tending import Orders, Tended
from agent.loop.turns import Turns
from agent.loop.waits import beside
from agent.model.enactment import State
from agent.model.pace import Pace
from agent.model.tenancy import Condition, Share, Tenancy
from agent.ports.fleet import Alone
from agent.ports.world import Desk, World
from agent.settings.subjects import LedgerPlace, Policies, Settings, Tenant
from agent.simulator.app import Simulator, build
from agent.simulator.faults import Faults, RetryAfter, Rule, throttled
from agent.simulator.several import tenant_ids
from agent.simulator.switches import Switches
from agent.simulator.tenant import burst
from tests.clock import ManualClock
from tests.fleets import Seconds, a_fleet, until
from tests.flooding import Flood, Metronome
from tests.loop.conftest import APPROVE, Bench
from tests.makers import NOW, TENANT
from tests.simulated import noon

HEALTHY, THROTTLED, LOCKED_OUT, BROKEN = "healthy", "throttled", "locked-out", "broken"
IDS = dict(zip((HEALTHY, THROTTLED, LOCKED_OUT, BROKEN), tenant_ids(4), strict=True))
PASSES = 12


class Street:
    """Fulfils Roster: each tenant is simulated in this process, on a clock of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.apps: dict[str, Simulator] = {}
        self.clocks: dict[str, ManualClock] = {}
        self._settle(HEALTHY, Switches(throttle_per_minute=None), None)
        always = Rule(fault=throttled(RetryAfter.SECONDS), path="/v1.0/.*", on=None)
        self._settle(THROTTLED, Switches(), Faults(rules=[always]))
        self._settle(LOCKED_OUT, Switches(token_tenant=IDS[BROKEN]), None)
        self._settle(BROKEN, Switches(), None)

    def _settle(self, name: str, switches: Switches, faults: Faults | None) -> None:
        state = burst(len(self.apps) + 1, noon(), actions=3, messages_each=2)
        state.tenant_id = IDS[name]
        self.clocks[name] = ManualClock(noon())
        self.apps[name] = build(state, switches, faults, self.clocks[name])
        policies = self.folder / name / "policies"
        policies.mkdir(parents=True)
        text = APPROVE if name != BROKEN else APPROVE.replace("decide: approve", "decide: perhaps")
        (policies / "small-malicious.yaml").write_text(text.strip())

    async def look(self) -> Sequence[Tenancy]:
        return [Tenancy(name=name, tenant_id=tenant_id, digest="1") for name, tenant_id in IDS.items()]

    def settings(self, tenancy: Tenancy) -> Settings:
        folder = self.folder / tenancy.name
        return Settings(
            tenant=Tenant(id=tenancy.tenant_id),
            policies=Policies(directory=folder / "policies"),
            ledger=LedgerPlace(url=f"sqlite:///{folder / 'data' / 'ledger.db'}"),
        )

    def open(self, tenancy: Tenancy, _share: Share | None) -> AbstractAsyncContextManager[World]:
        name = tenancy.name
        return open_simulated(self.settings(tenancy), self.apps[name], self.clocks[name], pace=Pace())

    @asynccontextmanager
    async def desk(self, tenancy: Tenancy, _share: Share | None) -> AsyncIterator[Desk]:
        async with self.open(tenancy, None) as world:
            yield world


async def test_each_tenant_is_alone_with_its_trouble(tmp_path: Path) -> None:
    """One is asked for patience for ever, one cannot log in, and one has policies that do not load."""
    street, orders, seconds = Street(tmp_path), Orders(), Seconds()
    passed: dict[str, list[PassReport]] = {name: [] for name in IDS}
    states: Counter[State] = Counter()

    async def tend(one: Tended, world: World, asked: Orders) -> None:
        await loop.run(world, stop=asked.stop, on_pass=passed[one.name].append, vitals=one.vitals)
        states.update(await world.ledger.counts())

    fleet = Fleet(street, Alone("agent"), orders, tend, elapsed=seconds.elapsed, pause=seconds.pause)
    with capture_logs() as lines:
        running = asyncio.create_task(fleet.go())
        await until(lambda: len(passed[HEALTHY]) >= PASSES and len(passed[THROTTLED]) >= 3)
        conditions = {name: one.condition for name, one in fleet.tended.items()}
        problems = {name: one.problem for name, one in fleet.tended.items()}
        orders.stop.set()
        await seconds.advance(1)
        await running

    assert conditions == {
        HEALTHY: Condition.RUNNING,
        THROTTLED: Condition.RUNNING,
        LOCKED_OUT: Condition.FAILED,
        BROKEN: Condition.FAILED,
    }
    assert "the token is for tenant" in problems[LOCKED_OUT]
    assert "`perhaps`" in problems[BROKEN]
    assert [problem for report in passed[HEALTHY] for problem in report.problems] == []
    assert any(report.is_unavailable for report in passed[THROTTLED])
    assert [report.appeared for report in passed[THROTTLED] if report.appeared] == []
    assert sum(states.values()) == 3, "those of the healthy one"
    began = [report.began for report in passed[HEALTHY]][1:]
    assert {after - before for before, after in pairwise(began)} == {Pace().poll_every}
    named = {line["tenant"] for line in lines if line["log_level"] == "error" and "tenant" in line}
    assert named == {LOCKED_OUT, BROKEN}


async def test_a_tenant_that_floods_leaves_the_others_their_turns(bench: Bench) -> None:
    """All of it is judged as one batch, in which nothing waits for anything: the others have their turns all the same."""
    actions, clock = 600, ManualClock(NOW)
    pace = Pace(judge_at_once=actions)
    flooded = replace(bench.world, clock=clock, defender=Flood(clock, actions), pace=pace, enactor=None)
    decided: list[int] = []

    async def tend(_one: Tended, world: World, asked: Orders) -> None:
        def on_pass(report: PassReport) -> None:
            decided.append(report.decided)
            asked.stop.set()

        await loop.run(world, stop=asked.stop, on_pass=on_pass)

    running, metronome = a_fleet(flooded, "flooded", tend=tend, is_lasting=False), Metronome()
    running.roster.tenancies["flooded"] = Tenancy(name="flooded", tenant_id=TENANT, digest="1")
    running.shares.tokens = {TENANT: 1}
    gc.disable()  # what a collection takes hangs on everything else that was tested before
    try:
        with capture_logs():
            async with beside(metronome.keep()):
                await running.fleet.go()
    finally:
        gc.enable()

    assert decided == [actions]
    assert metronome.longest < metronome.whole / 2, (metronome.longest, metronome.whole)


async def test_who_asks_for_turns_gives_way_after_each_slice_and_not_before() -> None:
    turns, others = Turns(seconds=0.0), []

    async def other() -> None:
        others.append(1)

    task = asyncio.create_task(other())
    await Turns(seconds=3600.0).give_way()
    before = list(others)
    await turns.give_way()

    assert (before, others) == ([], [1])
    await task

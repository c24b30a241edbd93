"""A ledger that is lost and restored from an older backup: nothing is sent twice, told twice or lost.

The loop, the ledger and the adapters are the real ones, in front of the simulator in this process.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest

from agent.adapters.endpoint.connect import open_endpoint
from agent.adapters.ledger.backing.restoring import Order, Source, restore
from agent.adapters.ledger.backing.taking import Order as Taking
from agent.adapters.ledger.backing.taking import take
from agent.audit.lines import read_lines
from agent.audit.verify import verify
from agent.audit.witness import shipped
from agent.judge.rails.restored import RESTORED
from agent.loop.cycle import judge_due
from agent.loop.passing import Memory, one_pass
from agent.loop.poll import poll
from agent.loop.report import PassReport
from agent.loop.run import load, start
from agent.loop.shipping import Shipping
from agent.model.audit import Verdict
from agent.model.backup import Checked
from agent.model.enactment import Record, State, Went
from agent.model.errors import AgentError
from agent.model.hold import KILL_SWITCH
from agent.ports.world import World
from agent.simulator import names
from agent.simulator.app import build
from agent.simulator.switches import Switches
from tests.clock import ManualClock
from tests.durability.crashes import PACE, Login
from tests.durability.reckoning import KEY, Seen
from tests.durability.scenes import Arrival, Tenant, shelf
from tests.ledgers import begin, open_ledger
from tests.metadata import in_process
from tests.simulated import URL, noon, open_world

MINUTE = timedelta(minutes=1)


def quiet(_words: str, _done: int, _of: int) -> None:
    """Tell nobody."""


@dataclass
class Stage:
    """A tenant and a clock, which outlive every ledger."""

    folder: Path
    clock: ManualClock = field(default_factory=lambda: ManualClock(noon()))

    def __post_init__(self) -> None:
        self.tenant = Tenant(7, self.clock.now())
        switches = Switches(
            throttle_per_minute=None,
            machine_calls_per_minute=None,
            rows_after=MINUTE,
            effect_after=timedelta(hours=2),
        )
        self.app = build(self.tenant.state, switches, None, self.clock)
        self.url = f"sqlite:///{self.folder / 'data' / 'ledger.db'}"
        self.shipped = self.folder / "audit.jsonl"
        self.backup = self.folder / "backup.zip"

    def admit(self, *kinds: str) -> list[Arrival]:
        return [self.tenant.admit(kind, self.clock.now() - MINUTE) for kind in kinds]

    @asynccontextmanager
    async def world(self) -> AsyncIterator[World]:
        def login() -> Login:
            return Login(self.app, self.clock)

        async with (
            open_endpoint(
                clock=self.clock,
                url=URL,
                tenant_id=names.TENANT_ID,
                credential=login,
                transport=in_process(self.app, sound=False),
            ) as machines,
            open_world(
                self.url,
                self.clock,
                login=login,
                shelf=shelf(),
                pace=PACE,
                transport=in_process(self.app, sound=False),
                machines=machines,
                requests_per_minute=PACE.requests_per_minute,
                audit=(KEY, self.shipped),
            ) as world,
        ):
            yield world

    async def live(self, passes: int, *, every: timedelta = MINUTE, ships: bool = True) -> None:
        """Let an agent start, and make so many passes. One that does not ship beside ships only what it must."""
        async with self.world() as world:
            policies = await load(world)
            await start(world, policies)
            memory, shipping = Memory(), Shipping()
            for _ in range(passes):
                with suppress(AgentError):
                    await one_pass(
                        world, policies, asyncio.Event(), PassReport(began=self.clock.now()), memory
                    )
                if ships:
                    await shipping.go(world)
                self.clock.advance(every)

    async def back_up(self) -> None:
        order = Taking(path=self.backup, key=KEY, at=self.clock.now(), version="test")
        async with open_ledger(self.url, names.TENANT_ID, read_only=True) as ledger:
            await ledger.as_of_now(
                lambda connection, tenant: take(connection, tenant, order, lambda *_: None)
            )

    def lose(self) -> None:
        for path in (self.folder / "data").iterdir():
            if path.name != "audit.key":
                path.unlink()

    def restore(self, *, is_known: bool) -> Checked:
        begin(self.url)
        files = (self.shipped,) if is_known else None
        source = Source(path=self.backup, key=KEY, tenant_id=names.TENANT_ID, files=files)
        return restore(source, Order(url=self.url, replica="agent", by="olga", at=self.clock.now()), quiet)

    async def release(self) -> None:
        async with open_ledger(self.url, names.TENANT_ID, as_it_is=True, key=KEY) as ledger:
            assert await ledger.release(KILL_SWITCH, "olga", "looked", self.clock.now())

    async def records(self) -> Mapping[str, Record]:
        """Return records by their incidents."""
        async with open_ledger(self.url, names.TENANT_ID, read_only=True) as ledger:
            return {one.action.incident.id: one for one in await ledger.listed(limit=100)}

    async def verdict(self) -> Verdict:
        with self.shipped.open("rb") as lines:
            copy = shipped("the file", KEY, names.TENANT_ID, read_lines(lines))
        async with open_ledger(self.url, names.TENANT_ID, read_only=True) as ledger:
            return await ledger.trail.look(
                lambda told: verify(told, KEY, names.TENANT_ID, copies=[copy], are_all=True)
            )

    @property
    def seen(self) -> Seen:
        return Seen.of(self.app.state)

    @property
    def applied(self) -> Counter[tuple[str, ...]]:
        return Counter((write.effect, *pair) for write in self.seen.writes for pair in write.pairs)

    def told_twice(self) -> list[str]:
        return [
            thing for thing, comments in self.seen.comments.items() if len(comments) != len(set(comments))
        ]


KINDS = ("cluster", "rule", "user", "file", "reject")


def wanted(arrivals: list[Arrival]) -> set[tuple[str, ...]]:
    return {tuple(target) for arrival in arrivals for target in arrival.targets}


async def lost_and_restored(stage: Stage, *, is_known: bool) -> tuple[list[Arrival], list[Arrival], Checked]:
    """Let an agent do some things, be backed up, do more, and lose its ledger; return what came before and after."""
    before = stage.admit("cluster", "file")
    await stage.live(2)
    await stage.back_up()
    after = stage.admit(*KINDS)
    await stage.live(2, ships=False)
    assert stage.applied.keys() == wanted([*before, *after]), "all of it was sent before the ledger is lost"
    stage.lose()
    return before, after, stage.restore(is_known=is_known)


@pytest.mark.parametrize("is_known", [True, False])
async def test_nothing_is_done_or_told_twice_after_a_restore(tmp_path: Path, is_known: bool) -> None:
    """When it is released the mail is still on its way out, and of revoked sessions and quarantined files nothing shows."""
    stage = Stage(tmp_path)
    before, after, checked = await lost_and_restored(stage, is_known=is_known)
    writes, comments = len(stage.seen.writes), stage.seen.comments

    await stage.live(2)
    held = (len(stage.seen.writes), stage.seen.comments)
    await stage.release()
    await stage.live(2)
    asked = await stage.records()
    stage.clock.advance(timedelta(hours=2))
    new = stage.admit("cluster")
    await stage.live(3, every=timedelta(hours=3))

    records, found = await stage.records(), await stage.verdict()
    assert checked.holds
    assert bool(checked.since.unknown) is not is_known
    assert held == (writes, comments), "while it is held nothing is written at all"
    assert set(stage.applied.values()) == {1}
    assert stage.applied.keys() == wanted([*before, *after, *new]), "what is new is carried out as ever"
    assert stage.told_twice() == []
    assert {arrival.incident_id for arrival in (*before, *after, *new)} <= records.keys()
    assert records[new[0].incident_id].state is State.CONFIRMED
    told = {kind: asked[arrival.incident_id] for kind, arrival in zip(KINDS, after, strict=True)}
    for kind in ("cluster", "file") if is_known else ("cluster", "user", "file"):
        _is_with_a_person(told[kind], is_known=is_known)
    assert found.faults == ()
    assert [one.replica for one in found.chains] == ["agent", "agent~20260901T120400Z"]
    assert any(" calls are in the audit alone" in words for words in found.restored) is is_known


def _is_with_a_person(record: Record, *, is_known: bool) -> None:
    assert record.decision is not None
    assert record.plan is not None
    if is_known:
        assert record.state is State.HANDED_OFF
        assert "so a person has to look" in record.plan.why or "a person has to look what" in record.plan.why
    else:
        assert (record.state, record.decision.guard) == (State.HELD, RESTORED)
        assert "is not known: look in the Action center whether this was" in record.decision.reason


async def test_what_was_intended_in_the_backup_and_sent_since_is_not_sent_again(tmp_path: Path) -> None:
    """The backup is from between the plan and its call."""
    stage = Stage(tmp_path)
    stage.admit("cluster", "rule")
    async with stage.world() as world:
        policies = await load(world)
        await start(world, policies)
        report = PassReport(began=stage.clock.now())
        await poll(world, report, asyncio.Event())
        await judge_due(world, policies, report, asyncio.Event())
        await Shipping().go(world)
    await stage.back_up()
    await stage.live(2)
    sent = Counter(stage.applied)
    stage.lose()
    stage.restore(is_known=False)

    async with open_ledger(stage.url, names.TENANT_ID, read_only=True) as ledger:
        went = {
            effect.went
            for record in await ledger.listed()
            for effect in await ledger.effects(record.action.id)
        }
    await stage.release()
    await stage.live(3, every=timedelta(hours=5))

    assert sent
    assert went == {Went.UNKNOWN}
    assert stage.applied == sent


async def test_what_an_earlier_restore_did_not_know_is_not_known_to_a_later_one_of_the_same_backup(
    tmp_path: Path,
) -> None:
    """The audit was lost with the ledger, and what was shipped since begins anew with all that the backup had."""
    stage = Stage(tmp_path)
    before = stage.admit("cluster")
    await stage.live(2)
    await stage.back_up()
    after = stage.admit(*KINDS)
    await stage.live(2, ships=False)
    stage.lose()
    stage.shipped.unlink()
    stage.restore(is_known=False)
    await stage.live(1)
    stage.lose()

    checked = stage.restore(is_known=True)
    await stage.release()
    await stage.live(2)

    assert "an earlier restore" in checked.since.unknown
    assert set(stage.applied.values()) == {1}
    assert stage.applied.keys() == wanted([*before, *after])


async def test_what_a_ledger_that_was_set_back_has_forgotten_does_not_leave_again(tmp_path: Path) -> None:
    """A database that fails over to a copy without the last changes: nobody restored anything, and nobody knows of it."""
    stage = Stage(tmp_path)
    stage.admit("cluster", "file")
    async with stage.world() as world:
        policies = await load(world)
        await start(world, policies)
        report = PassReport(began=stage.clock.now())
        await poll(world, report, asyncio.Event())
        await judge_due(world, policies, report, asyncio.Event())
        await Shipping().go(world)
    copy = (tmp_path / "data" / "ledger.db").read_bytes()
    await stage.live(1)
    sent = Counter(stage.applied)
    stage.lose()
    (tmp_path / "data" / "ledger.db").write_bytes(copy)
    (tmp_path / "data" / "ledger.db").chmod(0o600)

    await stage.live(2)

    assert sent
    assert stage.applied == sent

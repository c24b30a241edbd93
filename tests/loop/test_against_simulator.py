"""The loop and the real Graph adapter against the simulator: every switch, every fault, exactly once."""

from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest

from agent.model.enactment import Record, State, Way, Went
from agent.simulator import tenant
from agent.simulator.faults import sour
from agent.simulator.switches import Switches, every_position
from tests.fakes import FakeShelf
from tests.loop.conftest import APPROVE
from tests.simulated import Simulated, a_simulated, described, noon

POSITIONS = every_position()
SHELF = FakeShelf(approve=APPROVE)
SHOWS_NOTHING = {"only the alert shows pending", "no mail"}
"""Positions in which no cluster can be approved: people get it."""


async def approved(simulated: Simulated) -> set[tuple[str, str]]:
    """Return every target that is to leave its mailbox by what was decided, sent or not."""
    targets: set[tuple[str, str]] = set()
    for record in (await simulated.records()).values():
        effects = await simulated.world.ledger.effects(record.action.id)
        targets |= {pair for effect in effects if effect.went is not Went.DROPPED for pair in effect.targets}
    return targets


async def unsure(simulated: Simulated) -> set[tuple[str, str]]:
    """Return the targets of calls of which nobody knows whether they were applied."""
    targets: set[tuple[str, str]] = set()
    for record in (await simulated.records()).values():
        effects = await simulated.world.ledger.effects(record.action.id)
        targets |= {pair for effect in effects if effect.went is Went.UNKNOWN for pair in effect.targets}
    return targets


def removed(simulated: Simulated) -> Counter[tuple[str, str]]:
    return Counter({(m.lower(), r.lower()): n for (m, r), n in simulated.app.state.remediated.items()})


@pytest.mark.parametrize("name", POSITIONS)
async def test_in_every_position_of_every_switch_each_message_goes_once(name: str, tmp_path: Path) -> None:
    burst = tenant.burst(3, noon(), actions=5, per_incident=3, messages_each=3)

    async with a_simulated(burst, tmp_path, switches=POSITIONS[name], shelf=SHELF) as simulated:
        await simulated.live(timedelta(hours=1), every=timedelta(minutes=20))
        await simulated.live(timedelta(hours=12), every=timedelta(hours=1))
        records = await simulated.records()
        gone = removed(simulated)
        states = Counter(record.state for record in records.values())

    if name in SHOWS_NOTHING:
        assert not gone
        assert states[State.ESCALATED] + states[State.SUPERSEDED] == len(records)
        return
    assert len(gone) == 15
    assert set(gone.values()) == {1}
    assert states[State.CONFIRMED] == 5, described(records)


async def test_without_hunting_messages_are_looked_up_one_by_one(tmp_path: Path) -> None:
    burst = tenant.burst(3, noon(), actions=2, messages_each=3)

    async with a_simulated(burst, tmp_path, switches=POSITIONS["no hunting"], shelf=SHELF) as simulated:
        await simulated.run_pass()

        assert simulated.asked("hunting") == 0
        assert simulated.asked("analyzedEmails") == 6
        assert len(removed(simulated)) == 6


async def test_without_hunting_too_many_messages_are_handed_off_with_that_reason(tmp_path: Path) -> None:
    burst = tenant.burst(3, noon(), actions=1, messages_each=40)
    shelf = FakeShelf(approve=APPROVE.replace("  cluster.mailboxCount: {atMost: 200}\n", ""))

    async with a_simulated(burst, tmp_path, switches=POSITIONS["no hunting"], shelf=shelf) as simulated:
        await simulated.run_pass()
        (record,) = (await simulated.records()).values()

        assert record.plan is not None
        assert record.plan.way is Way.HAND_OFF
        assert "hunting is not granted" in record.plan.why
        assert simulated.asked("analyzedEmails") == 0


@pytest.mark.parametrize("seed", range(6))
async def test_under_faults_nothing_is_lost_and_nothing_doubled(seed: int, tmp_path: Path) -> None:
    burst = tenant.burst(seed, noon(), actions=12, per_incident=2, messages_each=4)

    async with a_simulated(
        burst, tmp_path, faults=sour(seed), shelf=SHELF, checked=False, requests_per_minute=120
    ) as simulated:
        await simulated.live(timedelta(hours=4), every=timedelta(minutes=7))
        await simulated.live(timedelta(hours=10), every=timedelta(minutes=30))
        records = await simulated.records()
        gone, wanted, unheard = removed(simulated), await approved(simulated), await unsure(simulated)

    assert len([r for r in records.values() if r.action.kind == "softDeleteCluster"]) == 12, described(
        records
    )
    assert set(gone.values()) <= {1}
    assert set(gone) <= wanted
    assert wanted - set(gone) <= unheard
    assert len(wanted) == 48
    assert {r.state for r in records.values() if set(pairs_of(r)) & (wanted - set(gone))} <= {State.UNKNOWN}


def pairs_of(record: Record) -> list[tuple[str, str]]:
    plan = record.plan
    return [pair for effect in plan.effects for pair in effect.targets] if plan is not None else []


async def test_fifty_open_actions_and_nothing_new_cost_two_requests_a_pass_at_most(tmp_path: Path) -> None:
    burst = tenant.burst(1, noon(), actions=50, messages_each=2)
    shelf = FakeShelf(approve=APPROVE.replace("atMost: 200", "atMost: 1"))

    async with a_simulated(burst, tmp_path, shelf=shelf) as simulated:
        await simulated.live(timedelta(minutes=20))
        before = simulated.asked()
        reports = await simulated.live(timedelta(minutes=10))

        assert len(await simulated.records()) == 50
        assert simulated.asked() - before <= 2 * len(reports)


@pytest.mark.parametrize(("per_incident", "most"), [(1, 5), (5, 2)])
async def test_requests_for_each_cluster_are_few(per_incident: int, most: int, tmp_path: Path) -> None:
    burst = tenant.burst(1, noon(), actions=5, per_incident=per_incident, messages_each=90)

    async with a_simulated(burst, tmp_path, shelf=SHELF) as simulated:
        await simulated.run_pass()

        assert len(removed(simulated)) == 5 * 99
        assert simulated.asked() - simulated.asked("incidents") <= most * 5


async def test_a_budget_of_sixty_a_minute_is_never_passed(tmp_path: Path) -> None:
    burst = tenant.burst(1, noon(), actions=40, messages_each=2)

    async with a_simulated(burst, tmp_path, shelf=SHELF) as simulated:
        await simulated.live(timedelta(minutes=10))
        moments = [r.at for r in simulated.app.state.requests if r.kind != "token"]

    assert len(removed(simulated)) == 80
    for first, last in zip(moments, moments[60:], strict=False):
        assert last - first >= timedelta(minutes=1)


async def test_words_and_types_nobody_published_stop_nothing(tmp_path: Path) -> None:
    strange = Switches(unheard_words=True)

    async with a_simulated(
        tenant.seed(1, noon()), tmp_path, switches=strange, shelf=SHELF, checked=False
    ) as simulated:
        report = await simulated.run_pass()

        assert not report.is_unavailable
        assert len(await simulated.records()) >= 60
        assert removed(simulated)

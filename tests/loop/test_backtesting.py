"""Backtests over what the real loop decided against the simulator."""

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from agent.adapters.ledger.codec import write_decision
from agent.judge.parse import parse_set
from agent.loop.backtesting import Question, backtest
from agent.loop.policies import InForce
from agent.loop.replaying import replay
from agent.loop.run import load
from agent.model.backtest import Backtest, Fate
from agent.model.decision import Verb
from agent.model.policy import PolicySet
from agent.simulator import tenant
from agent.simulator.faults import sour
from tests.fakes import FakeShelf
from tests.loop.conftest import Bench
from tests.makers import a_cluster, a_copy, an_alert, an_incident
from tests.past import LIMITED, all_again, limited, lived, shipped
from tests.simulated import Simulated, a_simulated, noon


def the_set(shelf: FakeShelf) -> PolicySet:
    return parse_set(shelf.files())


async def looked_back(
    simulated: Simulated,
    after: FakeShelf,
    before: FakeShelf | None = None,
    *,
    since: datetime | None = None,
    enforces_observers: bool | None = None,
    words: int | None = None,
) -> Backtest:
    world = simulated.world
    question = Question(
        after=the_set(after),
        after_name="after",
        before=None if before is None else the_set(before),
        since=since,
        enforces_observers=world.enforces_observers if enforces_observers is None else enforces_observers,
        words=words,
    )
    return await backtest(world.ledger, question)


@pytest.mark.parametrize("observes", [True, False])
async def test_a_night_under_the_shipped_set_comes_out_the_same_and_flips_nothing(
    tmp_path: Path, observes: bool
) -> None:
    shelf = shipped()
    async with a_simulated(tenant.seed(1, noon()), tmp_path, shelf=shelf, observes=observes) as simulated:
        await lived(simulated)

        again = await all_again(simulated)
        found = await looked_back(simulated, shelf)

    assert len(again) == found.totals.decisions >= 60
    assert [one for one in again if not one.is_same] == []
    assert any(one.recorded.guard is not None for one in again)
    assert {one.recorded.verb for one in again} == set(Verb)
    assert (found.flips, found.unsaid) == ((), ())
    assert found.totals.between == {}


@pytest.mark.parametrize("seed", range(2))
async def test_a_set_that_reached_its_limits_under_faults_flips_nothing_over_its_own_ledger(
    tmp_path: Path, seed: int
) -> None:
    burst = tenant.burst(seed, noon(), actions=16, per_incident=2, messages_each=7)
    async with a_simulated(
        burst, tmp_path, faults=sour(seed), shelf=limited(), checked=False, enforces_observers=False
    ) as simulated:
        await lived(simulated, 6)

        alone = await looked_back(simulated, limited())
        late = await looked_back(simulated, limited(), since=noon() + timedelta(minutes=45))
        beside = await looked_back(simulated, limited(), limited())

        decisions = await simulated.world.ledger.decisions(limit=10_000)
    assert any(one.guard is not None for one in decisions)
    assert any(one.weighed and one.guard is None for one in decisions)
    assert 0 < late.totals.decisions < alone.totals.decisions == len(decisions)
    assert [len(one.flips) + len(one.unsaid) for one in (alone, late, beside)] == [0, 0, 0]


async def test_a_wider_limit_lets_exactly_so_many_more_through(tmp_path: Path) -> None:
    burst = tenant.burst(1, noon(), actions=16, messages_each=2)
    wider = FakeShelf(limited=LIMITED.replace("4/h", "7/h"))
    narrower = FakeShelf(limited=LIMITED.replace("4/h", "1/h"))
    async with a_simulated(burst, tmp_path, shelf=limited(), enforces_observers=False) as simulated:
        await simulated.run_pass()

        more = await looked_back(simulated, wider)
        fewer = await looked_back(simulated, narrower)
        both = await looked_back(simulated, narrower, wider)

        first = min(
            (await simulated.records()).values(), key=lambda one: (one.action.deadline, one.action.id)
        )
    assert more.totals.between == {"held -> approve": 3}
    assert (more.totals.messages_more, more.totals.held_fewer) == (6, 3)
    assert fewer.totals.between == {"approve -> held": 3}
    assert (fewer.totals.messages_fewer, fewer.totals.held_more) == (6, 3)
    assert both.totals.between == {"approve -> held": 6}
    assert first.action.id not in {one.action_id for one in fewer.flips}
    assert {one.by for one in (*more.flips, *fewer.flips, *both.flips)} == {("limited",)}
    assert (more.totals.estimated, fewer.totals.estimated) == (3, 0)


async def test_a_flip_tells_both_reasons_the_label_and_who_makes_the_difference(tmp_path: Path) -> None:
    burst = tenant.burst(1, noon(), actions=3, messages_each=2)
    stricter = FakeShelf(limited=LIMITED.replace("atMost: 200", "atMost: 1"))
    async with a_simulated(burst, tmp_path, shelf=limited(), enforces_observers=False) as simulated:
        await simulated.run_pass()

        found = await looked_back(simulated, stricter, words=2)

    flip = found.flips[0]
    assert found.totals.between == {"approve -> escalate": 3}
    assert (flip.before.fate, flip.after.fate, flip.by) == (Fate.APPROVE, Fate.ESCALATE, ("limited",))
    assert flip.label.startswith("https://burst-")
    assert flip.reason_before.startswith("approve by `limited`: `evidence.verdict` is malicious;")
    assert "`cluster.mailboxCount` is 2, at most 1 asked" in flip.reason_after
    assert [bool(one.reason_after) for one in found.flips] == [True, True, False]
    assert all(one.label for one in found.flips)


async def test_observing_policies_count_only_where_they_are_asked_to(tmp_path: Path) -> None:
    burst = tenant.burst(1, noon(), actions=3, messages_each=4)
    async with a_simulated(burst, tmp_path, shelf=limited(), enforces_observers=False) as simulated:
        await simulated.run_pass()

        as_written = await looked_back(simulated, limited())
        all_count = await looked_back(simulated, limited(), enforces_observers=True)

    assert as_written.totals.flips == 0
    assert all_count.totals.between == {"approve -> escalate": 3}
    assert {one.after.policies for one in all_count.flips} == {("limited", "observing")}


async def test_policies_that_changed_on_the_way_are_told_against_what_was_decided_then(
    tmp_path: Path,
) -> None:
    burst = tenant.burst(1, noon(), actions=4, messages_each=2)
    rejecting = FakeShelf(limited=LIMITED.replace("decide: approve", "decide: reject").split("limits")[0])
    async with a_simulated(burst, tmp_path, shelf=rejecting, enforces_observers=False) as simulated:
        await simulated.run_pass()
        simulated.world = replace(simulated.world, shelf=limited())
        simulated.policies = await load(simulated.world)
        await simulated.live(timedelta(minutes=5))

        now = await looked_back(simulated, limited())
        then = await looked_back(simulated, rejecting)

    assert now.totals.between == {"reject -> approve": 4}
    assert then.totals.between == {"approve -> reject": 4}
    assert {one.number for one in now.flips} == {1}
    assert {one.number for one in then.flips} == {2}


async def test_an_empty_ledger_has_nothing_to_tell(tmp_path: Path) -> None:
    async with a_simulated(tenant.burst(1, noon(), actions=1), tmp_path, shelf=limited()) as simulated:
        found = await looked_back(simulated, limited())

    assert (found.totals.decisions, found.first, found.last) == (0, None, None)


GUARDED = LIMITED.split("limits")[0].replace("decide:", "  recipients: {noneIn: $vip}\ndecide:")
GROUP = "99999999-2222-4333-8444-555555555555"
FED = f"""
list: vip
type: addresses
owner: soc@contoso.example
source: {{group: {GROUP}}}
refresh: 1h
stale: 1d
"""


async def test_members_of_groups_are_kept_with_the_set_that_went_by_them(bench: Bench) -> None:
    """Anna joins the group after her mail was decided on: the record stays what it was, a backtest goes by today."""
    shelf = FakeShelf(**{"limited": GUARDED, "lists/vip": FED})
    bench.world = replace(bench.world, shelf=shelf)
    bench.directory.groups[GROUP] = ("ceo@contoso.example",)
    bench.defender.show(an_incident(an_alert(a_cluster(messages=1))))
    bench.defender.deliver(a_copy(1))
    await bench.run_pass()
    before = await bench.world.ledger.members()
    bench.directory.groups[GROUP] = ("anna@contoso.example", "ceo@contoso.example")
    bench.clock.advance(timedelta(hours=1))
    await bench.run_pass()
    after = await bench.world.ledger.members()

    again = await replay(bench.world.ledger, await bench.only(), write_decision)
    sets = [InForce(shelf.files(), dict(members)).judge.policy_set for members in (before, after)]
    found = await backtest(bench.world.ledger, Question(before=sets[0], after=sets[1], after_name="now"))

    assert [one.is_same for one in again] == [True] * len(again)
    assert len({one.recorded.revision for one in again}) == len(again)
    assert any(name.endswith("vip.members") for name in sets[0].files)
    assert [(one.before.fate, one.after.fate) for one in found.flips] == [(Fate.APPROVE, Fate.ESCALATE)]
    assert found.unsaid == ()


async def test_a_list_that_was_not_fed_then_cannot_be_said_and_is_named(bench: Bench) -> None:
    bench.with_policies(limited=LIMITED)
    bench.defender.show(an_incident(an_alert(a_cluster(messages=1))))
    bench.defender.deliver(a_copy(1))
    await bench.run_pass()

    fed = the_set(FakeShelf(**{"limited": GUARDED, "lists/vip": FED}))
    found = await backtest(bench.world.ledger, Question(after=fed, after_name="now"))

    (unsaid,) = found.unsaid
    assert (unsaid.facts, unsaid.policies) == (("list.vip.refreshed",), ("limited",))
    assert unsaid.label == "https://bad.example/login"
    assert (found.totals.flips, found.totals.unsaid) == (0, 1)

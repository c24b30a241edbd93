"""While the agent observes, caps, limits, the brake and claims act as they would; and nothing of it counts once it is real."""

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta

import msgspec
import pytest

from agent.loop.lookout import Lookout
from agent.loop.paging import Paging
from agent.loop.run import load
from agent.model.decision import Unit, Verb
from agent.model.defender import MailboxConfigurationEvidence
from agent.model.enactment import EffectKind, Record, State, Way, Went
from agent.model.hold import BRAKE, KILL_SWITCH, Hold
from agent.model.rails import Cap
from tests.judge.plans.scenes import forwarding
from tests.loop.conftest import APPROVE, Bench
from tests.loop.test_brake import storm
from tests.loop.test_kinds import with_a_rule
from tests.makers import NOW, a_cluster, a_copy, an_alert, an_incident

H = timedelta(hours=1)
SECOND = timedelta(seconds=1)
FEW = Cap(name="actions_per_hour", unit=Unit.ACTIONS, count=2, window=H)
MAIL = Cap(name="messages_per_day", unit=Unit.MESSAGES, count=5, window=24 * H)
KINDS = frozenset({"disableForwarding"})
LIMITED = APPROVE + "limits: {actions: 2/h, messages: 100/d}\n"


def capped(bench: Bench, *caps: Cap) -> None:
    bench.with_rails(caps=caps, brake_floor=1_000)


def overlapping(bench: Bench) -> None:
    """Show a cluster of three messages, and one of the same messages in another incident."""
    for name, query in (("1", "a"), ("2", "b")):
        alert = an_alert(a_cluster(query=query), id=f"alert-{name}", incident_id=name)
        bench.defender.show(an_incident(alert, id=name))
    bench.defender.deliver(*(a_copy(number) for number in (1, 2, 3)))


async def decisions(bench: Bench) -> int:
    return len(await bench.world.ledger.decisions())


async def guards(bench: Bench) -> Counter[str | None]:
    return Counter(one.decision.guard for one in await bench.records() if one.decision is not None)


def planned(record: Record) -> Sequence[Went]:
    return [effect.went for effect in record.plan.effects] if record.plan is not None else []


@pytest.mark.parametrize(("count", "held"), [(2, 0), (3, 1)])
async def test_a_cap_holds_what_would_pass_it(bench: Bench, count: int, held: int) -> None:
    bench.observing()
    capped(bench, FEW)
    storm(bench, count)

    await bench.run_pass()

    assert await guards(bench) == Counter({None: 2} | ({"actions_per_hour": held} if held else {}))
    assert not bench.enactor.applied


@pytest.mark.parametrize(("messages", "guard"), [(2, None), (3, "messages_per_day")])
async def test_a_cap_of_messages_counts_what_others_would_have_taken(
    bench: Bench, messages: int, guard: str | None
) -> None:
    bench.observing()
    capped(bench, MAIL)
    first = an_alert(a_cluster(query="a", messages=3), id="a")
    later = an_alert(a_cluster(query="b", first=10, messages=messages), id="b", incident_id="2")
    bench.defender.show(an_incident(first))
    bench.defender.deliver(*(a_copy(number) for number in (1, 2, 3, 10, 11, 12)))
    await bench.run_pass()
    bench.defender.show(an_incident(later, id="2"))

    await bench.run_pass()

    assert sorted(await guards(bench), key=str) == sorted({None, guard}, key=str)


@pytest.mark.parametrize(("count", "held"), [(2, 0), (3, 1)])
async def test_a_limit_of_a_policy_holds_what_would_pass_it(bench: Bench, count: int, held: int) -> None:
    bench.observing()
    bench.with_policies(approve=LIMITED)
    storm(bench, 1)
    await bench.run_pass()

    storm(bench, count - 1, first=2)
    await bench.run_pass()

    assert (await guards(bench))["limits of small-malicious"] == held


@pytest.mark.parametrize(("count", "held"), [(50, 0), (51, 1)])
async def test_the_brake_holds_what_is_beyond_the_band_and_lays_no_hold(
    bench: Bench, count: int, held: int
) -> None:
    bench.observing()
    bench.with_rails(caps=(Cap(name="actions_per_hour", unit=Unit.ACTIONS, count=50, window=H),))
    storm(bench, count)

    await bench.run_pass()

    assert (await guards(bench))[BRAKE] == held
    assert await bench.world.ledger.holds() == ()
    assert await bench.world.ledger.alarms() == ()


async def test_the_brake_that_would_be_on_ends_by_itself_after_its_hour(bench: Bench) -> None:
    bench.observing()
    bench.with_rails(caps=(), brake_floor=3)
    storm(bench, 4)
    await bench.run_pass()
    storm(bench, 1, first=10)
    await bench.run_pass()
    still = await guards(bench)

    bench.clock.advance(H + SECOND)
    await bench.run_pass()

    assert still == {None: 3, BRAKE: 2}
    assert await guards(bench) == {None: 5}


async def test_what_the_brake_would_have_held_asks_a_person_once_it_is_real(bench: Bench) -> None:
    bench.observing()
    bench.with_rails(caps=(), brake_floor=3)
    storm(bench, 4)
    await bench.run_pass()

    bench.clock.advance(SECOND)
    bench.enforcing()
    await bench.run_pass()

    assert await guards(bench) == {BRAKE: 4}
    assert [one.name for one in await bench.world.ledger.holds()] == [BRAKE]
    assert not bench.enactor.applied


async def test_a_person_s_hold_holds_what_would_be_done_too(bench: Bench) -> None:
    bench.observing()
    storm(bench, 1)
    await bench.world.ledger.hold(Hold(name=KILL_SWITCH, since=NOW, by="anna", reason="a drill"))

    await bench.run_pass()

    assert await guards(bench) == {KILL_SWITCH: 1}


async def test_what_another_would_have_taken_is_not_taken_twice(bench: Bench) -> None:
    bench.observing()
    overlapping(bench)

    await bench.run_pass()

    first, second = sorted(await bench.records(), key=lambda one: one.state is State.DEDUPLICATED)
    assert (first.state, planned(first)) == (State.DECIDED, [Went.OBSERVED])
    assert second.plan is not None
    assert (second.state, second.plan.effects, second.plan.duplicate_of) == (
        State.DEDUPLICATED,
        (),
        first.action.id,
    )
    assert [one.decision.targets for one in (first, second) if one.decision is not None] == [3, 0]


async def test_a_duplicate_stays_one_after_the_hour_for_nothing_was_taken(bench: Bench) -> None:
    bench.observing()
    overlapping(bench)
    await bench.run_pass()
    before = await decisions(bench)

    for _ in range(3):
        bench.clock.advance(H + SECOND)
        await bench.run_pass()

    assert sorted(await bench.states()) == sorted([State.DECIDED, State.DEDUPLICATED])
    assert await decisions(bench) == before


async def test_more_messages_of_the_same_are_planned_beside_those_that_would_have_gone(bench: Bench) -> None:
    bench.observing()
    overlapping(bench)
    await bench.run_pass()
    wider = an_alert(a_cluster(query="c", messages=4), id="alert-3", incident_id="3")
    bench.defender.show(an_incident(wider, id="3"))
    bench.defender.deliver(a_copy(4))

    await bench.run_pass()

    record = next(one for one in await bench.records() if one.action.incident.id == "3")
    assert record.decision is not None
    assert record.plan is not None
    assert record.decision.targets == 1
    assert "3 more would have been sent before" in record.plan.why


async def test_a_rule_that_another_would_have_turned_off_is_a_person_s(bench: Bench) -> None:
    with_a_rule(bench)
    evidence = forwarding().evidence
    assert isinstance(evidence, MailboxConfigurationEvidence)
    other = msgspec.structs.replace(evidence, configuration_type="mailForwardingRule")
    bench.defender.show(an_incident(an_alert(evidence, id="a"), an_alert(other, id="b")))
    bench.observing()

    await bench.run_pass()

    plans = [one.plan for one in await bench.records() if one.plan is not None and one.action.kind in KINDS]
    assert Counter(plan.way for plan in plans) == {Way.REMEDIATE: 1, Way.HAND_OFF: 1}
    assert any("would have done this before" in plan.why for plan in plans)


async def test_once_it_is_real_what_was_only_observed_counts_for_nothing(bench: Bench) -> None:
    bench.observing()
    bench.with_policies(approve=LIMITED)
    capped(bench, FEW, MAIL)
    storm(bench, 3)
    await bench.run_pass()
    observed = await guards(bench)

    bench.clock.advance(SECOND)
    bench.enforcing()
    await bench.run_pass()

    sent = [one for one in await bench.world.ledger.given(NOW - H) if one.went is Went.DONE]
    spent = await bench.world.ledger.spent("small-malicious", NOW - H)
    assert observed == {None: 2, "actions_per_hour": 1}
    assert await guards(bench) == observed
    assert len(sent) == 2
    assert (spent.actions, spent.messages) == (2, 2)


async def test_a_claim_that_was_only_observed_covers_nothing_real(bench: Bench) -> None:
    bench.observing()
    overlapping(bench)
    await bench.run_pass()

    bench.clock.advance(SECOND)
    bench.enforcing()
    await bench.run_pass()

    assert bench.enactor.removed.total() == 3
    assert sorted(await bench.states()) == sorted([State.SENT, State.DEDUPLICATED])


async def test_what_would_have_been_approved_is_not_held_later_nor_written_again(bench: Bench) -> None:
    bench.observing()
    capped(bench, FEW)
    storm(bench, 1)
    await bench.run_pass()
    bench.clock.advance(12 * H - 5 * SECOND)
    storm(bench, 2, first=2)
    await bench.run_pass()
    before = await decisions(bench)

    for _ in range(3):
        bench.clock.advance(10 * SECOND)
        await bench.run_pass()

    assert await guards(bench) == {None: 3}
    assert await decisions(bench) == before


async def test_a_cluster_that_grew_counts_each_message_once(bench: Bench) -> None:
    bench.observing()
    capped(bench, Cap(name="messages_per_day", unit=Unit.MESSAGES, count=4, window=24 * H))
    bench.defender.show(an_incident(an_alert(a_cluster(messages=3))))
    bench.defender.deliver(*(a_copy(number) for number in (1, 2, 3)))
    await bench.run_pass()
    bench.clock.advance(SECOND)
    grown = an_alert(a_cluster(messages=4), updated=NOW)
    bench.defender.show(an_incident(grown, updated=NOW))
    bench.defender.deliver(a_copy(4))

    await bench.run_pass()

    record = await bench.only()
    assert record.decision is not None
    assert (record.decision.verb, record.decision.guard, record.decision.targets) == (Verb.APPROVE, None, 4)


async def test_what_is_approved_and_what_is_held_say_how_many_targets_they_have(bench: Bench) -> None:
    capped(bench, Cap(name="messages_per_day", unit=Unit.MESSAGES, count=3, window=24 * H))
    first = an_alert(a_cluster(query="a", messages=3), id="a")
    second = an_alert(a_cluster(query="b", first=10, messages=2), id="b", incident_id="2")
    bench.defender.show(an_incident(first), an_incident(second, id="2"))
    bench.defender.deliver(*(a_copy(number) for number in (1, 2, 3, 10, 11)))

    await bench.run_pass()

    told = {
        one.decision.guard: one.decision.targets for one in await bench.records() if one.decision is not None
    }
    assert sorted(told.items(), key=str) in (
        sorted({None: 3, "messages_per_day": 2}.items(), key=str),
        sorted({None: 2, "messages_per_day": 3}.items(), key=str),
    )


async def test_nobody_is_paged_while_observing(bench: Bench) -> None:
    bench.observing()

    assert Paging.of(bench.world, await load(bench.world), Lookout(bench.world)) is None


def test_every_kind_of_claim_is_apart_from_what_is_real() -> None:
    assert not {f"{kind} {went}" for kind in EffectKind for went in Went} & set(EffectKind)

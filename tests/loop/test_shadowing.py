"""What observing policies would have done beside those that enforce: guarded and counted, and nothing real is touched."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest

from agent.judge.past.again import decide_again, differences
from agent.loop.run import load
from agent.model.decision import Decision, Unit, Verb
from agent.model.defender import MailboxConfigurationEvidence
from agent.model.enactment import Record, State, Went
from agent.model.errors import Unavailable
from agent.model.hold import BRAKE
from agent.model.rails import Cap
from tests.judge.plans.scenes import forwarding
from tests.loop.conftest import APPROVE, Bench
from tests.loop.test_brake import storm
from tests.loop.test_kinds import APPROVE as APPROVE_KIND
from tests.loop.test_kinds import show
from tests.makers import NOW, a_cluster, a_copy, an_alert, an_incident

H = timedelta(hours=1)
SECOND = timedelta(seconds=1)
WATCHING = APPROVE.replace("small-malicious", "watching").replace("mode: enforce", "mode: observe")


def cap(count: int, unit: Unit = Unit.ACTIONS) -> Cap:
    return Cap(name=f"{unit}_capped", unit=unit, count=count, window=H)


def watched(bench: Bench, *caps: Cap, watching: str = WATCHING, **others: str) -> None:
    bench.with_policies(watching=watching, **others)
    bench.with_rails(caps=caps, brake_floor=1_000)


async def decided(bench: Bench) -> list[Decision]:
    return [one.decision for one in await bench.records() if one.decision is not None]


async def shadow_guards(bench: Bench) -> Counter[str | None]:
    return Counter(one.shadow_guard for one in await decided(bench) if one.shadow is not None)


async def acting(bench: Bench) -> Record:
    return next(one for one in await bench.records() if one.action.kind == "disableForwarding")


async def test_it_says_what_it_would_have_taken_and_takes_nothing(bench: Bench) -> None:
    watched(bench)
    bench.defender.show(an_incident(an_alert(a_cluster(messages=3))))
    bench.defender.deliver(*(a_copy(number) for number in (1, 2, 3)))

    await bench.run_pass()

    record = await bench.only()
    assert record.decision is not None
    assert record.decision.shadow is not None
    assert (record.decision.verb, record.decision.shadow.verb) == (Verb.ESCALATE, Verb.APPROVE)
    assert (record.decision.shadow_guard, record.decision.targets) == (None, 3)
    assert (await bench.world.ledger.effects(record.action.id), bench.enactor.applied) == ((), Counter())
    assert [one.went for one in await bench.world.ledger.given(NOW - H)] == [Went.SHADOW]


@pytest.mark.parametrize(("count", "held"), [(2, 0), (3, 1)])
async def test_a_cap_would_have_held_what_would_pass_it(bench: Bench, count: int, held: int) -> None:
    watched(bench, cap(2))
    storm(bench, count)

    await bench.run_pass()

    assert await shadow_guards(bench) == Counter({None: 2} | ({"actions_capped": held} if held else {}))


async def test_what_it_would_have_taken_counts_after_a_restart_and_for_another_replica(bench: Bench) -> None:
    watched(bench, cap(2))
    storm(bench, 2)
    await bench.run_pass()

    bench.world = replace(bench.world, replica="other")
    storm(bench, 1, first=10)
    await bench.run_pass()

    assert await shadow_guards(bench) == {None: 2, "actions_capped": 1}


@pytest.mark.parametrize(("limit", "held"), [(2, 1), (3, 0)])
async def test_its_own_limit_would_have_held_what_would_pass_it(bench: Bench, limit: int, held: int) -> None:
    watched(bench, watching=f"{WATCHING}limits: {{actions: {limit}/h}}\n")
    storm(bench, 2)
    await bench.run_pass()
    storm(bench, 1, first=10)

    await bench.run_pass()

    assert (await shadow_guards(bench))["limits of watching"] == held


async def test_real_amounts_count_for_it_and_its_own_never_for_real_ones(bench: Bench) -> None:
    """The policy that observes is for clusters of one message, the one that enforces for those of two."""
    watched(
        bench,
        cap(2),
        watching=WATCHING.replace("atMost: 200", "atMost: 1"),
        approve=APPROVE.replace("atMost: 200", "atLeast: 2"),
    )
    storm(bench, 1)
    await bench.run_pass()
    larger = [a_cluster(query=f"f{n}", first=n, messages=2) for n in (50, 52)]
    bench.defender.show(an_incident(an_alert(*larger, id="larger", incident_id="larger"), id="larger"))
    bench.defender.deliver(*(a_copy(number) for number in (50, 51, 52, 53)))
    bench.clock.advance(SECOND)
    await bench.run_pass()
    storm(bench, 1, first=20)

    await bench.run_pass()

    assert bench.enactor.removed.total() == 4
    assert Counter(one.guard for one in await decided(bench)) == {None: 4}
    assert await shadow_guards(bench) == {None: 1, "actions_capped": 1}


async def test_the_brake_would_have_held_a_surge_of_it_and_opens_for_nothing(bench: Bench) -> None:
    watched(bench)
    bench.with_rails(caps=(), brake_floor=3)
    storm(bench, 5)

    await bench.run_pass()

    assert await shadow_guards(bench) == {None: 3, BRAKE: 2}
    assert (await bench.world.ledger.holds(), await bench.world.ledger.alarms()) == ((), ())


async def test_what_it_would_have_taken_before_it_would_not_take_twice(bench: Bench) -> None:
    watched(bench)
    for name in ("1", "2"):
        alert = an_alert(a_cluster(query=name), id=name, incident_id=name)
        bench.defender.show(an_incident(alert, id=name))
    bench.defender.deliver(*(a_copy(number) for number in (1, 2, 3)))

    await bench.run_pass()

    assert sorted(one.targets or 0 for one in await decided(bench)) == [0, 3]


async def test_judged_again_it_is_neither_held_nor_written_nor_counted_again(bench: Bench) -> None:
    watched(bench, cap(1))
    storm(bench, 1)
    await bench.run_pass()
    bench.clock.advance(12 * H - 5 * SECOND)
    storm(bench, 1, first=10)
    await bench.run_pass()
    before = len(await bench.world.ledger.decisions())

    for _ in range(3):
        bench.clock.advance(10 * SECOND)
        await bench.run_pass()

    assert await shadow_guards(bench) == {None: 2}
    assert len(await bench.world.ledger.decisions()) == before
    assert len(await bench.world.ledger.given(NOW - H)) == 2


async def test_what_a_cap_would_have_held_would_be_approved_once_it_lets_go(bench: Bench) -> None:
    watched(bench, cap(1))
    storm(bench, 2)
    await bench.run_pass()
    before = await shadow_guards(bench)

    bench.clock.advance(12 * H + SECOND)
    await bench.run_pass()

    assert before == {None: 1, "actions_capped": 1}
    assert await shadow_guards(bench) == {None: 2}
    assert len(await bench.world.ledger.decisions()) == 3


async def test_a_policy_that_is_added_to_watch_has_its_say_about_what_waits_already(bench: Bench) -> None:
    bench.with_policies(never=APPROVE.replace("atMost: 200", "atMost: 0"))
    storm(bench, 1)
    await bench.run_pass()
    before = (await decided(bench))[0].shadow

    bench.with_policies(never=APPROVE.replace("atMost: 200", "atMost: 0"), watching=WATCHING)
    await bench.run_pass()

    (decision,) = await decided(bench)
    assert before is None
    assert decision.shadow is not None
    assert (decision.shadow.verb, decision.targets) == (Verb.APPROVE, 1)


async def test_beside_a_policy_that_approves_the_same_nothing_is_counted_twice(bench: Bench) -> None:
    watched(bench, cap(2), approve=APPROVE)
    storm(bench, 2)

    await bench.run_pass()

    assert bench.enactor.removed.total() == 2
    assert await shadow_guards(bench) == {None: 2}
    assert {one.went for one in await bench.world.ledger.given(NOW - H)} == {Went.DONE}
    assert (await bench.world.ledger.spent("watching", NOW - H)).actions == 0
    assert (await bench.world.ledger.spent("watching", NOW - H, observed=True)).actions == 2


async def test_once_it_enforces_what_it_would_have_taken_counts_for_nothing(bench: Bench) -> None:
    watched(bench, cap(2), watching=f"{WATCHING}limits: {{actions: 2/h}}\n")
    storm(bench, 2)
    await bench.run_pass()

    bench.clock.advance(SECOND)
    watched(bench, cap(2), watching=f"{WATCHING}limits: {{actions: 2/h}}\n".replace("observe", "enforce"))
    await bench.run_pass()

    assert bench.enactor.removed.total() == 2
    assert await bench.states() == [State.SENT, State.SENT]


async def test_beside_a_policy_that_rejects_it_is_planned_all_the_same(bench: Bench) -> None:
    evidence = forwarding().evidence
    assert isinstance(evidence, MailboxConfigurationEvidence)
    show(bench, evidence)
    approving = APPROVE_KIND.format(kind="disableForwarding")
    bench.with_policies(
        watching=approving.replace("enforce", "observe").replace("match:", "priority: 5\nmatch:"),
        rejecting=approving.replace("approve-", "reject-").replace("decide: approve", "decide: reject"),
    )

    await bench.run_pass()

    record = await acting(bench)
    assert record.decision is not None
    assert (record.decision.verb, record.decision.targets) == (Verb.REJECT, 1)
    assert not bench.enactor.applied


async def test_an_account_that_cannot_be_read_for_it_keeps_nothing_real_from_being_decided(
    bench: Bench,
) -> None:
    evidence = forwarding().evidence
    assert isinstance(evidence, MailboxConfigurationEvidence)
    show(bench, evidence)
    bench.with_policies(watching=APPROVE_KIND.format(kind="disableForwarding").replace("enforce", "observe"))
    find = bench.enactor.targets.find

    async def away(asked: object) -> object:
        if type(asked).__name__ == "OfAccount":
            raise Unavailable("graph: 503")
        return await find(asked)  # type: ignore[arg-type]

    bench.enactor.targets.find = away  # type: ignore[method-assign,assignment]

    await bench.run_pass()

    record = await acting(bench)
    assert record.decision is not None
    assert (record.state, record.decision.shadow_guard) == (State.ESCALATED, "protected")


async def test_where_no_policy_only_observes_nothing_is_read_for_it(bench: Bench) -> None:
    evidence = forwarding().evidence
    assert isinstance(evidence, MailboxConfigurationEvidence)
    show(bench, evidence)
    bench.with_policies(
        rejecting=APPROVE_KIND.format(kind="disableForwarding").replace("decide: approve", "decide: reject")
    )
    asked = []
    find = bench.enactor.targets.find

    async def counting(what: object) -> object:
        asked.append(what)
        return await find(what)  # type: ignore[arg-type]

    bench.enactor.targets.find = counting  # type: ignore[method-assign,assignment]

    await bench.run_pass()

    assert asked == []


async def test_it_is_decided_again_to_the_same_bytes(bench: Bench) -> None:
    watched(bench, cap(1))
    storm(bench, 2)
    await bench.run_pass()
    judge = (await load(bench.world)).judge

    for record in await bench.records():
        assert record.decision is not None
        again = decide_again(judge, record.action, record.decision)

        assert differences(record.decision, again) == ()
        assert again == record.decision

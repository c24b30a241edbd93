"""One pending action through its life, pass by pass."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta

import msgspec
import pytest
from sqlalchemy import event

from agent.loop import passing
from agent.loop.lookout import Lookout, keeping_lookout
from agent.loop.passing import Memory, one_pass
from agent.loop.policies import InForce
from agent.loop.reloading import Reloading
from agent.loop.report import PassReport
from agent.loop.run import load, run, start
from agent.model.enactment import EffectSeen, Outcome, PendingSeen, State, Way, Went
from agent.model.errors import Unavailable
from agent.ports.world import World
from tests.loop.conftest import APPROVE, Bench
from tests.makers import NOW, a_cluster, a_copy, an_alert, an_incident

M = timedelta(minutes=1)


def seen(bench: Bench, *, messages: int = 3) -> None:
    """Show one incident with one cluster whose messages lie in one mailbox each."""
    bench.defender.show(an_incident(an_alert(a_cluster(messages=messages))))
    bench.defender.deliver(*(a_copy(n) for n in range(1, messages + 1)))


async def test_an_approved_cluster_is_deleted_once_noted_and_confirmed(bench: Bench) -> None:
    seen(bench)

    await bench.run_pass()
    sent = await bench.only()
    bench.clock.advance(5 * M)
    await bench.run_pass()
    confirmed = await bench.only()

    assert sent.state is State.SENT
    assert confirmed.state is State.CONFIRMED
    assert confirmed.confirmation.effect is EffectSeen.CONFIRMED
    assert set(bench.enactor.removed.values()) == {1}
    assert len(bench.enactor.removed) == 3
    assert [incident for incident, _ in bench.enactor.comments] == ["1"]
    assert bench.enactor.tags == {"1": ("air-agent:approved",)}


async def test_our_own_writes_are_not_news(bench: Bench) -> None:
    seen(bench)
    await bench.run_pass()
    incident = bench.defender.incidents["1"]
    bench.defender.show(
        msgspec.structs.replace(incident, last_update_date_time=NOW, version="after our comment")
    )

    await bench.run_pass()

    assert len(bench.enactor.comments) == 1
    assert len(await bench.world.ledger.decisions()) == 1


async def test_five_decisions_of_one_incident_share_one_comment_and_one_change_of_tags(bench: Bench) -> None:
    alerts = [an_alert(a_cluster(query=f"Urls:{n}", first=n, messages=1), id=f"a{n}") for n in range(1, 6)]
    bench.defender.show(an_incident(*alerts))
    bench.defender.deliver(*(a_copy(n) for n in range(1, 6)))

    await bench.run_pass()

    assert len(bench.enactor.removed) == 5
    assert len(bench.enactor.comments) == 1
    assert bench.defender.asked == {"rows": 1, "incidents": 1, "mail": 1, "incident": 1}


async def test_nothing_new_costs_one_request_and_a_process_that_begins_one_for_rows(bench: Bench) -> None:
    seen(bench)
    bench.with_policies(approve=APPROVE.replace("atMost: 200", "atMost: 1"))
    await bench.run_pass()
    bench.defender.asked.clear()

    await bench.run_pass()

    assert bench.defender.asked == {"rows": 1, "incidents": 1}


async def test_while_observing_nothing_is_written(bench: Bench) -> None:
    seen(bench)
    bench.observing()

    await bench.run_pass()

    record = await bench.only()
    assert record.state is State.DECIDED
    assert record.plan is not None
    assert [effect.went for effect in record.plan.effects] == [Went.OBSERVED]
    assert not bench.enactor.removed
    assert not bench.enactor.comments


async def test_a_person_who_was_quicker_supersedes(bench: Bench) -> None:
    seen(bench)
    await bench.run_pass()
    bench.observing()
    other = an_alert(a_cluster(query="Urls:2", first=9, messages=1), id="b", incident_id="2")
    bench.defender.show(an_incident(other, id="2"))
    bench.defender.deliver(a_copy(9))
    await bench.run_pass()
    done = an_alert(
        a_cluster(query="Urls:2", first=9, messages=1, status="remediated"),
        id="b",
        incident_id="2",
        updated=NOW,
    )
    bench.defender.show(an_incident(done, id="2", updated=NOW))

    await bench.run_pass()

    assert sorted(await bench.states()) == sorted([State.SENT, State.SUPERSEDED])


async def test_evidence_that_changed_between_decision_and_sending_voids_the_approval(bench: Bench) -> None:
    seen(bench)
    incidents_since = bench.defender.incident

    async def grown(incident_id: str) -> object:
        bench.defender.incident = incidents_since  # type: ignore[method-assign]
        bench.defender.deliver(a_copy(4))
        return an_incident(an_alert(a_cluster(messages=4), updated=NOW), updated=NOW)

    bench.defender.incident = grown  # type: ignore[method-assign,assignment]

    await bench.run_pass()
    voided = await bench.only()
    bench.clock.advance(timedelta(seconds=1))
    await bench.run_pass()

    assert voided.state is State.SEEN
    assert not [
        went for went in (await bench.world.ledger.effects(voided.action.id)) if went.went is Went.SENT
    ]
    assert len(bench.enactor.removed) == 4
    assert set(bench.enactor.removed.values()) == {1}


async def test_a_decision_elsewhere_right_before_sending_sends_nothing(bench: Bench) -> None:
    seen(bench)

    async def decided(incident_id: str) -> object:
        return an_incident(an_alert(a_cluster(status="declined"), updated=NOW), updated=NOW)

    bench.defender.incident = decided  # type: ignore[method-assign,assignment]

    await bench.run_pass()

    assert await bench.states() == [State.SUPERSEDED]
    assert not bench.enactor.removed
    (effect,) = await bench.world.ledger.effects((await bench.only()).action.id)
    assert effect.went is Went.DROPPED


@pytest.mark.parametrize(("left", "state"), [(1, State.SENT), (0, State.EXPIRED), (-1, State.EXPIRED)])
async def test_nothing_is_approved_at_or_after_the_deadline(bench: Bench, left: int, state: State) -> None:
    created = NOW - timedelta(days=7) + timedelta(seconds=left)
    bench.defender.show(an_incident(an_alert(a_cluster(created=created), created=created)))
    bench.defender.deliver(*(a_copy(n) for n in range(1, 4)))

    await bench.run_pass()

    assert await bench.states() == [state]
    assert bool(bench.enactor.removed) is (state is State.SENT)


async def test_what_people_leave_expires_and_is_nobodys_no(bench: Bench) -> None:
    seen(bench)
    bench.with_policies(approve=APPROVE.replace("atMost: 200", "atMost: 1"))
    await bench.run_pass()
    escalated = await bench.only()
    bench.clock.advance(timedelta(days=7))

    await bench.run_pass()

    assert escalated.state is State.ESCALATED
    expired = await bench.only()
    assert expired.state is State.EXPIRED
    assert expired.confirmation.pending is PendingSeen.EXPIRED


async def test_past_its_limit_a_policy_holds_and_names_itself(bench: Bench) -> None:
    bench.with_policies(approve=APPROVE + "limits: {actions: 2/h}\n")
    for n in range(1, 4):
        alert = an_alert(a_cluster(query=f"Urls:{n}", first=n, messages=1), id=f"a{n}", incident_id=str(n))
        bench.defender.show(an_incident(alert, id=str(n)))
        bench.defender.deliver(a_copy(n))

    await bench.run_pass()

    records = await bench.records()
    held = [record for record in records if record.state is State.HELD]
    assert len(held) == 1
    assert len(bench.enactor.removed) == 2
    assert held[0].decision is not None
    assert held[0].decision.guard is not None
    assert "small-malicious" in held[0].decision.guard
    assert "2" in held[0].decision.reason


async def test_messages_count_against_a_limit_too(bench: Bench) -> None:
    bench.with_policies(approve=APPROVE + "limits: {messages: 3/d}\n")
    seen(bench)
    other = an_alert(a_cluster(query="Urls:2", first=9, messages=1), id="b", incident_id="2")
    bench.defender.show(an_incident(other, id="2"))
    bench.defender.deliver(a_copy(9))

    await bench.run_pass()

    assert sorted(await bench.states()) == sorted([State.HELD, State.SENT])


async def test_a_cluster_whose_messages_another_covers_is_deduplicated_and_judged_anew(bench: Bench) -> None:
    seen(bench)
    await bench.run_pass()
    bench.defender.deliver(*(a_copy(n) for n in range(1, 4)))
    twin = an_alert(a_cluster(query="Subject:x", messages=2), id="b", incident_id="2")
    bench.defender.show(an_incident(twin, id="2", updated=NOW))

    await bench.run_pass()
    first = [record for record in await bench.records() if record.action.incident.id == "2"]
    bench.clock.advance(timedelta(hours=1, seconds=2))
    await bench.run_pass()
    later = [record for record in await bench.records() if record.action.incident.id == "2"]

    assert first[0].state is State.DEDUPLICATED
    assert first[0].plan is not None
    assert first[0].plan.duplicate_of is not None
    assert later[0].state is State.HANDED_OFF
    assert set(bench.enactor.removed.values()) == {1}


async def test_part_of_a_cluster_that_another_covers_is_not_sent_again(bench: Bench) -> None:
    seen(bench)
    await bench.run_pass()
    bench.defender.deliver(*(a_copy(n) for n in range(1, 6)))
    twin = an_alert(a_cluster(query="Subject:x", messages=5), id="b", incident_id="2")
    bench.defender.show(an_incident(twin, id="2", updated=NOW))

    await bench.run_pass()

    assert len(bench.enactor.removed) == 5
    assert set(bench.enactor.removed.values()) == {1}


async def test_two_clusters_of_one_pass_do_not_claim_the_same_message(bench: Bench) -> None:
    alerts = [an_alert(a_cluster(query=f"Subject:{n}", messages=3), id=f"a{n}") for n in range(2)]
    bench.defender.show(an_incident(*alerts))
    bench.defender.deliver(*(a_copy(n) for n in range(1, 4)))

    await bench.run_pass()

    assert sorted(await bench.states()) == sorted([State.SENT, State.DEDUPLICATED])
    assert set(bench.enactor.removed.values()) == {1}


async def test_mail_that_is_gone_already_needs_no_call(bench: Bench) -> None:
    bench.defender.show(an_incident(an_alert(a_cluster(messages=1))))
    bench.defender.deliver(a_copy(1, location="others"))

    await bench.run_pass()

    record = await bench.only()
    assert record.state is State.CONFIRMED
    assert record.confirmation.pending is PendingSeen.OPEN
    assert not bench.enactor.removed


async def test_unresolved_messages_never_approve(bench: Bench) -> None:
    bench.defender.show(an_incident(an_alert(a_cluster(messages=2))))
    bench.defender.deliver(a_copy(1))

    await bench.run_pass()

    assert await bench.states() == [State.ESCALATED]
    assert not bench.enactor.removed


async def test_what_is_too_much_to_look_up_is_handed_to_people_with_that_reason(bench: Bench) -> None:
    bench.defender.can_hunt, bench.defender.resolves = False, 2
    bench.with_policies(approve=APPROVE.replace("  cluster.mailboxCount: {atMost: 200}\n", ""))
    seen(bench)

    await bench.run_pass()

    record = await bench.only()
    assert record.state is State.HANDED_OFF
    assert record.plan is not None
    assert record.plan.way is Way.HAND_OFF
    assert "hunting is not granted" in record.plan.why
    assert bench.defender.asked["mail"] == 0


async def test_a_refusal_goes_to_a_person(bench: Bench) -> None:
    seen(bench)
    bench.enactor.next_outcomes = [Outcome(went=Went.REFUSED, detail="403 licence missing")]

    await bench.run_pass()
    bench.clock.advance(timedelta(hours=13))
    await bench.run_pass()

    record = await bench.only()
    assert record.state is State.REFUSED
    assert "403 licence missing" in record.why
    assert not bench.enactor.removed


async def test_a_call_nobody_heard_of_is_read_back_and_never_sent_again(bench: Bench) -> None:
    seen(bench)
    bench.enactor.next_outcomes = ["lost"]

    await bench.run_pass()
    unknown = await bench.only()
    await bench.run_pass()
    bench.clock.advance(5 * M)
    await bench.run_pass()

    assert unknown.state is State.UNKNOWN
    assert (await bench.only()).state is State.CONFIRMED
    assert set(bench.enactor.removed.values()) == {1}


async def test_a_call_that_was_lost_before_it_was_applied_ends_with_a_person(bench: Bench) -> None:
    seen(bench)
    bench.enactor.next_outcomes = [Outcome(went=Went.UNKNOWN, detail="504")]

    await bench.run_pass()
    for _ in range(5):
        bench.clock.advance(timedelta(hours=4))
        await bench.run_pass()

    record = await bench.only()
    assert record.state is State.UNKNOWN
    assert record.due is None
    assert "3 of 3 still in mailboxes" in record.confirmation.words
    assert not bench.enactor.removed


async def test_a_call_that_was_definitely_not_applied_is_made_again(bench: Bench) -> None:
    seen(bench)
    bench.enactor.next_outcomes = [Unavailable("429", until=NOW + timedelta(seconds=5))]

    await bench.run_pass()

    assert (await bench.only()).state is State.SENT
    assert set(bench.enactor.removed.values()) == {1}


async def test_a_long_wait_leaves_the_call_intended_for_later(bench: Bench) -> None:
    seen(bench)
    bench.enactor.next_outcomes = [Unavailable("429", until=NOW + timedelta(minutes=3))]

    with pytest.raises(Unavailable):
        await bench.run_pass()
    waiting = await bench.only()
    bench.clock.advance(3 * M)
    await bench.run_pass()

    assert waiting.state is State.INTENDED
    assert (await bench.only()).state is State.SENT
    assert set(bench.enactor.removed.values()) == {1}


async def test_a_running_agent_survives_outages_and_stops_when_asked(bench: Bench) -> None:
    seen(bench)
    bench.defender.down = True
    stop = asyncio.Event()
    passes = []

    def on_pass(report: object) -> None:
        passes.append(report)
        bench.defender.down = len(passes) < 3
        if len(passes) == 5:
            stop.set()

    await run(bench.world, stop=stop, on_pass=on_pass)

    assert len(passes) == 5
    assert set(bench.enactor.removed.values()) == {1}


async def test_a_pass_in_which_nothing_happens_asks_the_ledger_little(bench: Bench) -> None:
    """A process looks after hundreds of tenants, and most passes of most of them find nothing to do."""
    seen(bench)
    policies, memory = await load(bench.world), Memory()
    await start(bench.world, policies)

    async def go() -> None:
        await one_pass(bench.world, policies, asyncio.Event(), PassReport(began=bench.clock.now()), memory)
        bench.clock.advance(timedelta(minutes=1))

    for _ in range(3):
        await go()
    begun: list[object] = []
    engine = bench.world.ledger._desk._reading  # type: ignore[attr-defined]
    event.listen(engine.engine, "begin", begun.append)

    await go()

    assert 0 < len(begun) <= 19, "it was 31 when fallbacks were asked for before each step"


@dataclass(slots=True, kw_only=True)
class WaitsForTheSolver(Reloading):
    """Policies that are shown to be safe only once the loop has said three times that it waits."""

    lookout: Lookout

    async def go(self, world: World, policies: InForce) -> bool:
        del policies
        while self.lookout.vitals.signs_given < 4:  # noqa: ASYNC110  signs are counted, and no event
            await asyncio.sleep(0)
        self.looked = world.clock.now()
        return False


async def test_who_waits_for_the_solver_does_not_stand_still(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another tenant's policies may be looked into before: an agent that waits is not to be begun anew for it."""
    monkeypatch.setattr(passing, "SIGN_EVERY", 0.0)
    policies = await load(bench.world)
    async with keeping_lookout(bench.world) as lookout:
        memory = Memory(reloading=WaitsForTheSolver(lookout=lookout))
        report = PassReport(began=bench.clock.now())

        await one_pass(bench.world, policies, asyncio.Event(), report, memory, lookout)

    assert lookout.vitals.signs_given >= 4

"""Ways in which deletions were once lost, limits passed or work stuck: each must stay closed."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest

from agent.judge.gather import gather
from agent.loop import cycle
from agent.loop.passing import Memory, one_pass
from agent.loop.report import PassReport
from agent.loop.rounds import Rounds
from agent.loop.run import load
from agent.model.defender import Incident, Mail
from agent.model.enactment import EffectSeen, Outcome, State, Went
from agent.model.errors import LedgerError, Malformed, Unavailable
from agent.model.facts import Facts
from agent.model.pending import PendingAction
from tests.loop.conftest import APPROVE, Bench
from tests.makers import NOW, a_cluster, a_copy, an_alert, an_incident

M = timedelta(minutes=1)


def one(
    bench: Bench, incident: str, *, first: int, messages: int, status: str = "pendingApproval", **more: object
) -> None:
    """Show one incident with one cluster, and its mail where it is new."""
    cluster = a_cluster(query=f"Urls:{incident}", first=first, messages=messages, status=status)
    alert = an_alert(cluster, id=f"a{incident}", incident_id=incident, updated=bench.clock.now())
    bench.defender.show(an_incident(alert, id=incident, updated=bench.clock.now(), **more))  # type: ignore[arg-type]
    for number in range(first, first + messages):
        if a_copy(number).pair not in bench.defender.copies:
            bench.defender.deliver(a_copy(number))


async def record_of(bench: Bench, incident: str) -> object:
    (found,) = [r for r in await bench.records() if r.action.incident.id == incident]
    return found


async def test_what_one_cluster_left_to_another_is_taken_up_when_that_one_is_dropped(bench: Bench) -> None:
    one(bench, "1", first=1, messages=3)
    one(bench, "2", first=3, messages=3)
    whole = bench.defender.incident

    async def declined(incident_id: str) -> Incident | None:
        if incident_id == "1":
            bench.clock.advance(timedelta(seconds=1))
            one(bench, "1", first=1, messages=3, status="declined")
        return await whole(incident_id)

    bench.defender.incident = declined  # type: ignore[method-assign]
    await bench.run_pass()
    bench.defender.incident = whole  # type: ignore[method-assign]

    for _ in range(4):
        bench.clock.advance(10 * M)
        await bench.run_pass()

    assert set(bench.enactor.removed) == {a_copy(n).pair for n in (3, 4, 5)}
    states = {r.action.incident.id: r.state for r in await bench.records()}
    assert states == {"1": State.SUPERSEDED, "2": State.CONFIRMED}


@pytest.mark.parametrize("went", [Went.DONE, Went.UNKNOWN])
async def test_what_was_sent_is_followed_though_the_week_ends_before_the_rest(
    bench: Bench, went: Went
) -> None:
    one(bench, "1", first=1, messages=150)
    first = Outcome(went=went, detail="504")
    bench.enactor.next_outcomes = [first, Unavailable("503", until=NOW + timedelta(days=8))]
    with pytest.raises(Unavailable):
        await bench.run_pass()

    bench.clock.advance(timedelta(days=7))
    await bench.run_pass()
    record = await bench.only()

    if went is Went.UNKNOWN:
        assert record.state is State.UNKNOWN
        assert "not known" in record.why
    else:
        assert record.state is State.EXPIRED
        assert "100 copies were sent for deletion before" in record.why
    assert len(bench.enactor.removed) == (100 if went is Went.DONE else 0)


async def test_an_unknown_outcome_is_not_forgotten_when_the_cluster_grows_and_is_escalated(
    bench: Bench,
) -> None:
    one(bench, "1", first=1, messages=3)
    bench.enactor.next_outcomes = ["lost"]
    await bench.run_pass()
    bench.clock.advance(M)
    one(bench, "1", first=1, messages=300)

    await bench.run_pass()
    grown = await bench.only()
    bench.clock.advance(5 * M)
    await bench.run_pass()
    looked = await bench.only()

    assert grown.state is State.ESCALATED
    assert "not known" in grown.why
    assert looked.state is State.ESCALATED
    assert looked.confirmation.effect is EffectSeen.CONFIRMED


@pytest.mark.parametrize("status", [None, "unknownFutureValue", "an unheard word", "gone"])
async def test_nothing_is_sent_unless_the_second_reading_shows_it_pending(
    bench: Bench, status: str | None
) -> None:
    one(bench, "1", first=1, messages=3)

    async def changed(incident_id: str) -> Incident:
        alerts = (
            ()
            if status == "gone"
            else (an_alert(a_cluster(query="Urls:1", status=status), id="a1", updated=NOW),)
        )
        return an_incident(*alerts, updated=NOW)

    bench.defender.incident = changed  # type: ignore[method-assign]

    await bench.run_pass()

    assert not bench.enactor.removed
    assert (await bench.records())[0].state in {State.ESCALATED, State.SUPERSEDED}


async def test_a_limit_counts_what_is_added_when_an_approval_is_judged_again(bench: Bench) -> None:
    bench.with_policies(approve=APPROVE + "limits: {messages: 10/d}\n")
    one(bench, "1", first=1, messages=3)
    bench.enactor.next_outcomes = [Unavailable("429", until=NOW + 4 * M)]
    with pytest.raises(Unavailable):
        await bench.run_pass()
    bench.defender.deliver(*(a_copy(1, recipient=f"user{n}@contoso.example") for n in range(100)))

    bench.clock.advance(4 * M)
    await bench.run_pass()

    assert await bench.states() == [State.HELD]
    assert not bench.enactor.removed


async def test_an_approval_that_was_never_sent_does_not_use_up_the_limit(bench: Bench) -> None:
    bench.with_policies(approve=APPROVE + "limits: {actions: 1/h}\n")
    one(bench, "1", first=1, messages=3)
    bench.enactor.next_outcomes = [Unavailable("429", until=NOW + 4 * M)]
    with pytest.raises(Unavailable):
        await bench.run_pass()
    bench.clock.advance(M)
    one(bench, "1", first=1, messages=3, status="declined")
    one(bench, "2", first=10, messages=2)

    bench.clock.advance(4 * M)
    await bench.run_pass()

    states = {r.action.incident.id: r.state for r in await bench.records()}
    assert states == {"1": State.SUPERSEDED, "2": State.SENT}


async def test_two_clusters_of_one_query_in_one_alert_are_both_meant(bench: Bench) -> None:
    alert = an_alert(a_cluster(messages=3), a_cluster(messages=2, first=4))
    bench.defender.show(an_incident(alert))
    bench.defender.deliver(*(a_copy(n) for n in range(1, 6)))

    await bench.run_pass()

    assert len(bench.enactor.removed) == 5


async def test_of_two_clusters_of_one_query_the_pending_one_is_not_hidden(bench: Bench) -> None:
    alert = an_alert(a_cluster(messages=3), a_cluster(messages=2, first=4, status="remediated"))
    bench.defender.show(an_incident(alert))
    bench.defender.deliver(*(a_copy(n) for n in range(1, 6)))

    await bench.run_pass()

    assert len(bench.enactor.removed) == 3


async def test_fewer_messages_than_defender_counted_are_not_all_of_them(bench: Bench) -> None:
    cluster = msgspec.structs.replace(a_cluster(messages=3), email_count=500)
    bench.defender.show(an_incident(an_alert(cluster)))
    bench.defender.deliver(*(a_copy(n) for n in range(1, 4)))

    await bench.run_pass()

    assert await bench.states() == [State.ESCALATED]


async def test_a_clock_set_back_does_not_make_an_old_look_fresh(bench: Bench) -> None:
    one(bench, "1", first=1, messages=3)
    bench.enactor.next_outcomes = [Unavailable("429", until=NOW + timedelta(hours=1))]
    with pytest.raises(Unavailable):
        await bench.run_pass()
    bench.clock.advance(-timedelta(hours=1))
    bench.defender.asked.clear()

    await bench.run_pass()

    assert bench.defender.asked["mail"] >= 1


async def test_one_incident_that_always_fails_stops_neither_judging_nor_the_others(bench: Bench) -> None:
    one(bench, "1", first=1, messages=3)
    await bench.run_pass()
    whole = bench.defender.incident

    async def poisoned(incident_id: str) -> Incident | None:
        if incident_id == "1":
            raise Unavailable("graph: read incident: 500")
        return await whole(incident_id)

    bench.defender.incident = poisoned  # type: ignore[method-assign]
    bench.defender.incidents["1"] = an_incident(an_alert(id="other"), id="1")
    bench.clock.advance(timedelta(hours=2))
    one(bench, "2", first=10, messages=2)

    await bench.run_pass()

    assert (await record_of(bench, "2")).state is State.SENT  # type: ignore[attr-defined]


async def test_one_message_that_cannot_be_read_takes_no_other_with_it(bench: Bench) -> None:
    for n in range(1, 5):
        one(bench, str(n), first=n * 10, messages=2)
    whole = bench.defender.mail

    async def poisoned(messages: object) -> Mail:
        if a_copy(20).network_message_id in list(messages):  # type: ignore[call-overload]
            raise Malformed("graph: look up mail: the page's link repeats")
        return await whole(messages)  # type: ignore[arg-type]

    bench.defender.mail = poisoned  # type: ignore[method-assign,assignment]

    await bench.run_pass()

    states = {r.action.incident.id: r.state for r in await bench.records()}
    assert states == {"1": State.SENT, "2": State.ESCALATED, "3": State.SENT, "4": State.SENT}


async def test_incidents_that_fail_do_not_starve_those_with_later_deadlines(bench: Bench) -> None:
    bench.with_rails(caps=(), brake_floor=60)
    for n in range(1, 61):
        one(bench, str(n), first=n * 10, messages=1)
    whole = bench.defender.incident

    async def mostly_bad(incident_id: str) -> Incident | None:
        if int(incident_id) <= 50:
            raise Malformed("an alert of it cannot be read")
        return await whole(incident_id)

    bench.defender.incident = mostly_bad  # type: ignore[method-assign]

    await bench.run_pass()

    assert len(bench.enactor.removed) == 10


async def test_an_incident_that_fails_again_and_again_is_left_alone_ever_longer(bench: Bench) -> None:
    one(bench, "1", first=1, messages=1)
    tries = 0

    async def bad(incident_id: str) -> Incident | None:
        nonlocal tries
        tries += 1
        raise Malformed("an alert of it cannot be read")

    bench.defender.incident = bad  # type: ignore[method-assign]
    policies, rounds = await load(bench.world), Rounds()
    for _ in range(60):
        await one_pass(
            bench.world, policies, asyncio.Event(), PassReport(began=bench.clock.now()), Memory(rounds=rounds)
        )
        bench.clock.advance(M)

    assert 4 <= tries <= 8


async def test_what_was_merged_away_without_its_alert_goes_to_a_person_and_not_round_and_round(
    bench: Bench,
) -> None:
    one(bench, "1", first=1, messages=3)
    bench.enactor.next_outcomes = [Unavailable("429", until=NOW + M)]
    with pytest.raises(Unavailable):
        await bench.run_pass()
    bench.clock.advance(M)
    bench.defender.show(
        an_incident(id="1", status="redirected", redirect="2", updated=bench.clock.now()),
        an_incident(id="2", updated=bench.clock.now()),
    )

    await bench.run_pass()
    await bench.run_pass()

    record = await bench.only()
    assert record.state is State.ESCALATED
    assert "a person has to look" in record.why
    assert await bench.world.ledger.to_visit(10) == ()
    assert [incident for incident, _ in bench.enactor.comments] == ["2"]


async def test_approvals_judged_again_together_do_not_fill_their_own_limit(bench: Bench) -> None:
    bench.with_policies(approve=APPROVE + "limits: {actions: 5/h}\n")
    for n in range(1, 6):
        one(bench, str(n), first=n * 10, messages=1)
    bench.enactor.next_outcomes = [Unavailable("429", until=NOW + 4 * M)]
    with pytest.raises(Unavailable):
        await bench.run_pass()

    bench.clock.advance(4 * M)
    await bench.run_pass()

    assert set(await bench.states()) == {State.SENT}


async def test_the_same_thing_proposed_again_after_its_week_is_judged_anew(bench: Bench) -> None:
    one(bench, "1", first=1, messages=3, status="pendingApproval")
    bench.with_policies(approve=APPROVE.replace("atMost: 200", "atMost: 1"))
    await bench.run_pass()
    bench.clock.advance(timedelta(hours=1))
    one(bench, "1", first=1, messages=3, status="declined")
    await bench.run_pass()

    bench.clock.advance(timedelta(days=30))
    now = bench.clock.now()
    again = an_alert(
        a_cluster(query="Urls:1", messages=3, created=now),
        id="new",
        incident_id="9",
        created=now,
        updated=now,
    )
    bench.defender.show(an_incident(again, id="9", updated=now))
    await bench.run_pass()

    record = await bench.only()
    assert record.state is State.ESCALATED
    assert record.action.incident.id == "9"
    assert record.action.deadline == now + timedelta(days=7)


async def test_a_call_that_waited_beyond_the_deadline_does_not_leave(bench: Bench) -> None:
    created = NOW - timedelta(days=7) + timedelta(seconds=90)
    cluster = a_cluster(messages=150, created=created)
    bench.defender.show(an_incident(an_alert(cluster, created=created)))
    bench.defender.deliver(*(a_copy(n) for n in range(1, 151)))
    real = bench.enactor.enact
    left = []

    async def slow(effect: object, *, name: str, departing: object) -> Outcome:
        bench.clock.advance(M)
        outcome = await real(effect, name=name, departing=departing)  # type: ignore[arg-type]
        left.append(bench.clock.now())
        return outcome

    bench.enactor.enact = slow  # type: ignore[method-assign]

    await bench.run_pass()
    await bench.run_pass()

    assert left == [NOW + M]
    assert await bench.states() == [State.EXPIRED]


async def test_a_ledger_that_fails_in_one_visit_leaves_no_call_of_another_unsettled(bench: Bench) -> None:
    for n in range(1, 4):
        one(bench, str(n), first=n * 10, messages=1)
    whole = bench.world.ledger.of_incident

    async def broken(incident_id: str) -> object:
        if incident_id == "3" and bench.enactor.removed:
            raise LedgerError("disk full")
        return await whole(incident_id)

    bench.world.ledger.of_incident = broken  # type: ignore[method-assign,assignment]
    with pytest.raises(LedgerError):
        await bench.run_pass()
    bench.world.ledger.of_incident = whole  # type: ignore[method-assign]

    for record in await bench.records():
        effects = await bench.world.ledger.effects(record.action.id)
        assert Went.SENT not in {effect.went for effect in effects}


async def test_one_action_that_cannot_be_judged_goes_to_a_person_and_keeps_no_other(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    one(bench, "1", first=10, messages=1)
    one(bench, "2", first=20, messages=1)

    def failing(action: PendingAction, mail: Mail | None, now: datetime, **more: Any) -> Facts:
        if action.incident.id == "1":
            raise ValueError("a bug")
        return gather(action, mail, now, **more)

    monkeypatch.setattr(cycle, "gather", failing)

    await bench.run_pass()

    states = {r.action.incident.id: (r.state, r.why) for r in await bench.records()}
    assert states["2"][0] is State.SENT
    assert states["1"][0] is State.ESCALATED
    assert "could not be judged" in states["1"][1]


async def test_a_gap_in_hunting_is_looked_at_again(bench: Bench) -> None:
    one(bench, "1", first=1, messages=3)
    missing = bench.defender.copies.pop(a_copy(2).pair)
    await bench.run_pass()
    gap = await bench.states()

    bench.defender.deliver(missing)
    bench.clock.advance(31 * M)
    await bench.run_pass()

    assert gap == [State.ESCALATED]
    assert await bench.states() == [State.SENT]


async def test_what_defender_closes_after_a_contradiction_is_looked_at_once_more(bench: Bench) -> None:
    one(bench, "1", first=1, messages=3)
    bench.enactor.removes_mail = False
    await bench.run_pass()
    for _ in range(5):
        bench.clock.advance(timedelta(hours=4))
        await bench.run_pass()
    contradicted = await bench.states()
    for number in (1, 2, 3):
        bench.defender.deliver(a_copy(number, location="others"))
    one(bench, "1", first=1, messages=3, status="remediated")

    await bench.run_pass()

    assert contradicted == [State.CONTRADICTED]
    assert await bench.states() == [State.CONFIRMED]


async def test_new_policies_judge_what_waits_and_enforcing_takes_up_what_was_observed(bench: Bench) -> None:
    one(bench, "1", first=1, messages=3)
    bench.observing()
    await bench.run_pass()
    observed = await bench.states()

    bench.enforcing()
    bench.clock.advance(M)
    await bench.run_pass()

    assert observed == [State.DECIDED]
    assert await bench.states() == [State.SENT]
    assert len(bench.enactor.comments) == 1


async def test_time_alone_can_change_a_decision(bench: Bench) -> None:
    late = """
policy: late
description: Approves what has waited.
owner: soc@contoso.example
for: [softDeleteCluster]
mode: enforce
match:
  action.firstSeen: {olderThan: 5d}
decide: approve
"""
    bench.with_policies(late=late)
    one(bench, "1", first=1, messages=3)
    await bench.run_pass()
    early = await bench.states()

    for _ in range(11):
        bench.clock.advance(timedelta(hours=12))
        await bench.run_pass()

    assert early == [State.ESCALATED]
    assert await bench.states() == [State.CONFIRMED]
    assert len(await bench.world.ledger.decisions()) == 2
    assert len(bench.enactor.comments) == 2


async def test_a_note_that_is_refused_is_tried_again_when_it_is_granted(bench: Bench) -> None:
    one(bench, "1", first=1, messages=1)
    real = bench.enactor.comment

    async def refused(incident_id: str, text: str, *, departing: object) -> Outcome:
        return Outcome(went=Went.REFUSED, detail="403: grant SecurityIncident.ReadWrite.All")

    bench.enactor.comment = refused  # type: ignore[method-assign]
    report = await bench.run_pass()
    bench.enactor.comment = real  # type: ignore[method-assign]

    await bench.run_pass()

    assert any("SecurityIncident.ReadWrite.All" in problem for problem in report.problems)
    assert len(bench.enactor.comments) == 1


async def test_a_reason_that_many_incidents_have_is_told_once(bench: Bench) -> None:
    for number in range(1, 6):
        one(bench, str(number), first=number * 10, messages=1)

    async def refused(incident_id: str, text: str, *, departing: object) -> Outcome:
        return Outcome(
            went=Went.REFUSED, detail="405 (a recording takes no writes)" + "!" * (incident_id == "3")
        )

    bench.enactor.comment = refused  # type: ignore[method-assign]
    report = await bench.run_pass()

    assert len(report.problems) == 2
    (together,) = [one for one in report.problems if one.startswith("4 incidents (")]
    assert together.endswith(" and 1 more): could not be annotated: 405 (a recording takes no writes)")
    assert "incident 3: could not be annotated: 405 (a recording takes no writes)!" in report.problems


async def test_a_stop_in_the_middle_of_a_poll_leaves_the_watermark(bench: Bench) -> None:
    one(bench, "1", first=1, messages=1)
    stop = asyncio.Event()
    stop.set()

    await one_pass(bench.world, await load(bench.world), stop, PassReport(began=NOW))

    assert await bench.world.ledger.cursor() is None

"""A rejection: told on the incident and on its alerts, classified, and watched until it ends."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import msgspec
import pytest

from agent.loop.annotating import annotate
from agent.loop.report import PassReport
from agent.model.decision import Classification, Verb
from agent.model.enactment import EffectSeen, Outcome, State, Went
from agent.ports.defender import Departing
from tests.loop.conftest import APPROVE, Bench
from tests.makers import NOW, a_cluster, a_copy, an_alert, an_incident

REJECT = APPROVE.replace("decide: approve", "decide: reject").replace("small-malicious", "reject-small")
FALSE = "classification: {classification: falsePositive, determination: notMalicious}\n"
H = timedelta(hours=1)


def seen(bench: Bench, status: str = "pendingApproval", *, minutes: int = 0) -> None:
    """Show an incident with one alert whose cluster stands so; what was written to it stays."""
    before = bench.defender.incidents.get("1")
    alert = an_alert(a_cluster(status=status), updated=NOW + timedelta(minutes=minutes))
    incident = an_incident(alert, updated=NOW + timedelta(minutes=minutes))
    if before is not None:
        kept = {
            name: getattr(before.alerts[0], name) for name in ("comments", "classification", "determination")
        }
        incident = msgspec.structs.replace(
            incident,
            comments=before.comments,
            custom_tags=before.custom_tags,
            alerts=(msgspec.structs.replace(alert, **kept),),
        )
    bench.defender.show(incident)
    bench.defender.deliver(*(a_copy(n) for n in range(1, 4)))


async def test_a_rejection_is_told_on_incident_and_alert_and_classified_once(bench: Bench) -> None:
    bench.with_policies(reject=REJECT + FALSE)
    seen(bench)

    await bench.run_pass()
    await bench.run_pass()

    record = await bench.only()
    assert record.decision is not None
    assert (record.state, record.is_noted) == (State.REJECTED, True)
    assert [one for one, _ in bench.enactor.comments] == ["1"]
    assert bench.enactor.tags == {"1": ("air-agent:rejected",)}
    assert [one for one, _ in bench.enactor.alert_comments] == ["alert-1"]
    assert "Classified as falsePositive (notMalicious)." in bench.enactor.alert_comments[0][1]
    assert bench.enactor.classified == {
        "alert-1": Classification(classification="falsePositive", determination="notMalicious")
    }
    assert not bench.enactor.removed


async def test_a_decision_keeps_what_its_policies_name_and_they_may_differ(bench: Bench) -> None:
    other = REJECT.replace("reject-small", "reject-too") + FALSE.replace("falsePositive", "truePositive")
    bench.with_policies(reject=REJECT + FALSE, other=other, third=REJECT.replace("reject-small", "third"))
    seen(bench)

    await bench.run_pass()

    (decision,) = await bench.world.ledger.decisions()
    assert [one.classification for one in decision.classifications or ()] == ["falsePositive", "truePositive"]
    assert bench.enactor.classified == {}
    assert "a person classifies" in bench.enactor.comments[0][1]
    assert "a person classifies" in bench.enactor.alert_comments[0][1]


async def test_what_a_limit_holds_concludes_nothing(bench: Bench) -> None:
    bench.with_policies(
        approve=APPROVE + FALSE.replace("falsePositive", "truePositive") + "limits: {messages: 1/h}\n"
    )
    seen(bench)

    await bench.run_pass()

    (decision,) = await bench.world.ledger.decisions()
    assert (decision.verb, decision.classifications) == (Verb.ESCALATE, ())
    assert bench.enactor.classified == {}
    assert bench.enactor.alert_comments == []


async def test_an_alert_that_somebody_classified_is_left_alone(bench: Bench) -> None:
    bench.with_policies(reject=REJECT + FALSE)
    seen(bench)
    incident = bench.defender.incidents["1"]
    taken = msgspec.structs.replace(incident.alerts[0], classification="truePositive")
    bench.defender.show(msgspec.structs.replace(incident, alerts=(taken,)))

    await bench.run_pass()

    assert bench.enactor.classified == {}
    assert "It was classified as truePositive before" in bench.enactor.alert_comments[0][1]


async def test_a_note_that_the_alert_refuses_is_tried_again_and_the_incident_is_not_told_twice(
    bench: Bench,
) -> None:
    bench.with_policies(reject=REJECT + FALSE)
    seen(bench)
    bench.enactor.alerts_refuse = "403: grant SecurityAlert.ReadWrite.All"

    report = await bench.run_pass()
    before = await bench.only()
    bench.enactor.alerts_refuse = ""
    await bench.run_pass()

    assert not before.is_noted
    assert any("grant SecurityAlert.ReadWrite.All" in one for one in report.problems)
    assert (await bench.only()).is_noted
    assert len(bench.enactor.comments) == 1
    assert len(bench.enactor.alert_comments) == 1


async def test_one_alert_that_refuses_does_not_keep_the_others_from_being_told(bench: Bench) -> None:
    bench.with_policies(reject=REJECT)
    alerts = [an_alert(a_cluster(), id=f"a{n}") for n in range(3)]
    bench.defender.show(an_incident(*alerts))
    bench.defender.deliver(*(a_copy(n) for n in range(1, 4)))
    bench.enactor.alerts_refuse = "403"
    report = PassReport(began=NOW)
    await bench.run_pass()

    bench.enactor.alerts_refuse = ""
    await bench.visit("1", report)

    assert [one for one, _ in bench.enactor.alert_comments] == ["a0", "a1", "a2"]


async def test_an_alert_in_another_incident_that_carries_the_evidence_is_told_too(bench: Bench) -> None:
    bench.with_policies(reject=REJECT)
    bench.defender.show(
        an_incident(an_alert(a_cluster(), id="a1")),
        an_incident(an_alert(a_cluster(), id="a2", incident_id="2"), id="2"),
    )
    bench.defender.deliver(*(a_copy(n) for n in range(1, 4)))

    await bench.run_pass()

    assert len(await bench.records()) == 1
    assert sorted(one for one, _ in bench.enactor.alert_comments) == ["a1", "a2"]


async def test_while_observing_a_rejection_writes_nothing(bench: Bench) -> None:
    bench.with_policies(reject=REJECT + FALSE)
    seen(bench)
    bench.observing()

    await bench.run_pass()

    assert await bench.states() == [State.DECIDED]
    assert (bench.enactor.comments, bench.enactor.alert_comments, bench.enactor.classified) == ([], [], {})


@pytest.mark.parametrize(
    ("status", "state"), [("declined", State.CONFIRMED), ("remediated", State.SUPERSEDED)]
)
async def test_a_rejection_is_watched_until_a_person_decides(bench: Bench, status: str, state: State) -> None:
    bench.with_policies(reject=REJECT)
    seen(bench)
    await bench.run_pass()
    bench.clock.advance(H)
    seen(bench, status, minutes=60)

    await bench.run_pass()

    record = await bench.only()
    assert record.state is state
    assert record.confirmation.effect is (EffectSeen.CONFIRMED if state is State.CONFIRMED else None)


async def test_a_rejection_that_nobody_carries_out_expires(bench: Bench) -> None:
    bench.with_policies(reject=REJECT)
    seen(bench)
    await bench.run_pass()
    bench.clock.advance(timedelta(days=7))

    await bench.run_pass()

    assert await bench.states() == [State.EXPIRED]


async def test_a_rejection_stands_when_it_is_judged_again_and_is_told_once(bench: Bench) -> None:
    bench.with_policies(reject=REJECT)
    seen(bench)
    await bench.run_pass()

    for _ in range(3):
        bench.clock.advance(13 * H)
        await bench.run_pass()

    assert await bench.states() == [State.REJECTED]
    assert len(bench.enactor.comments) == len(bench.enactor.alert_comments) == 1


def merged(bench: Bench) -> None:
    """Show an incident that was merged into another one; each had a cluster."""
    first = an_alert(a_cluster(query="one"), id="a1", incident_id="1")
    second = an_alert(a_cluster(query="two", first=4), id="a2", incident_id="2")
    bench.defender.show(an_incident(first), an_incident(second, id="2"))
    bench.defender.deliver(*(a_copy(n) for n in range(1, 7)))


async def prepared(bench: Bench) -> None:
    """Decide both while nothing can be written, and merge their incidents afterwards."""
    bench.with_policies(reject=REJECT)
    merged(bench)
    bench.enactor.lacks = {}
    bench.observing()
    await bench.run_pass()
    bench.enforcing()
    for record in await bench.records():
        rejected = msgspec.structs.replace(record, state=State.REJECTED)
        await bench.world.ledger.save([rejected], now=bench.clock.now())
    alerts = [one for incident in bench.defender.incidents.values() for one in incident.alerts]
    moved = [msgspec.structs.replace(one, incident_id="2") for one in alerts]
    bench.defender.show(an_incident(status="redirected", redirect="2"), an_incident(*moved, id="2"))


async def test_two_visits_of_a_merged_incident_and_its_target_write_each_comment_once(bench: Bench) -> None:
    await prepared(bench)
    under_way: set[str] = set()
    report = PassReport(began=NOW)

    async with asyncio.TaskGroup() as group:
        for incident in ("1", "2", "1"):
            group.create_task(bench.visit(incident, report, under_way))
    await bench.visit("1", report, under_way)

    written = "\n".join(text for _, text in bench.enactor.comments)
    records = await bench.records()
    assert all(record.is_noted for record in records)
    assert [written.count(record.action.id) for record in records] == [1, 1]
    assert {incident for incident, _ in bench.enactor.comments} == {"2"}
    assert sorted(one for one, _ in bench.enactor.alert_comments) == ["a1", "a2"]


async def test_an_incident_that_another_agent_is_at_is_left_to_it(bench: Bench) -> None:
    await prepared(bench)
    other = replace(bench.world, replica="other")
    token = await other.ledger.lease("2", "other", bench.clock.now(), bench.clock.now() + H)
    report = PassReport(began=NOW)

    await bench.visit("1", report)
    await bench.visit("2", report)
    left = list(bench.enactor.comments)
    await other.ledger.let_go("2", token or 0)
    await bench.visit("1", report)

    assert left == []
    assert len(bench.enactor.comments) == 1


async def test_a_comment_of_which_nobody_knows_is_looked_for_by_its_marker(bench: Bench) -> None:
    bench.with_policies(reject=REJECT)
    seen(bench)
    write = bench.enactor.comment_alert

    async def lost(alert_id: str, text: str, *, departing: Departing) -> Outcome:
        await write(alert_id, text, departing=departing)
        return Outcome(went=Went.UNKNOWN, detail="504")

    bench.enactor.comment_alert = lost  # type: ignore[method-assign]
    report = await bench.run_pass()
    before = await bench.only()
    await bench.run_pass()

    assert any("may not have been annotated: 504" in one for one in report.problems)
    assert (before.is_noted, (await bench.only()).is_noted) == (False, True)
    assert len(bench.enactor.alert_comments) == 1


async def test_observing_annotates_nothing_whatever_is_to_be_told(bench: Bench) -> None:
    await prepared(bench)
    bench.observing()
    turn = await bench.turn("2")

    await annotate(bench.world, bench.defender.incidents["2"], await bench.records(), turn)

    assert (turn.report.noted, bench.enactor.comments, bench.enactor.alert_comments) == (0, [], [])

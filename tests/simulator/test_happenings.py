"""What follows from a remediation, a person, a merge or time, in every position of the switches."""

from datetime import timedelta

import pytest

from agent.simulator import happenings
from agent.simulator.mail import INBOX, QUARANTINE, SOFT_DELETED
from agent.simulator.making import Maker
from agent.simulator.names import ECHO_TITLE
from agent.simulator.switches import Closes, Switches, every_position
from tests.simulator.worlds import EMAILS, INCIDENTS, NOW, Caller, caller, tenant


def places(graph: Caller) -> set[str]:
    return {copy.location for copy in graph.state.post.all()}


def alert_id(graph: Caller) -> str:
    return next(iter(graph.state.alerts))


async def test_mail_moves_only_when_the_remediation_takes_effect() -> None:
    graph = caller(switches=Switches(effect_after=timedelta(minutes=2)))

    await graph.remediate(graph.pairs())
    graph.later(minutes=1, seconds=59)
    before = places(graph)
    graph.later(seconds=1)

    assert before == {INBOX}
    assert places(graph) == {SOFT_DELETED}


async def test_moved_mail_is_analysed_as_being_elsewhere() -> None:
    graph = caller()

    await graph.remediate(graph.pairs())
    graph.later(minutes=3)

    found = (await graph.get(EMAILS)).json()["value"]
    assert {one["latestDelivery"]["location"] for one in found} == {"others"}
    assert {one["originalDelivery"]["location"] for one in found} == {"inbox_folder"}
    assert found[0]["timelineEvents"][1]["eventType"] == "air"


async def test_a_rerun_cancels_the_action_and_resolves_the_alert_once_the_mail_is_gone() -> None:
    graph = caller(switches=Switches(closes_after=Closes.MINUTES))

    await graph.remediate(graph.pairs())
    graph.later(minutes=11)
    waiting = await graph.evidence()
    graph.later(minutes=3)

    assert waiting["remediationStatus"] == "pendingApproval"
    assert (await graph.evidence())["remediationStatus"] == "remediated"
    alert = await graph.alert()
    assert (alert["investigationState"], alert["status"]) == ("successfullyRemediated", "resolved")
    assert alert["resolvedDateTime"] == alert["lastUpdateDateTime"]


@pytest.mark.parametrize(
    ("closes", "still"), [(Closes.HOURS, "remediated"), (Closes.NEVER, "pendingApproval")]
)
async def test_a_rerun_comes_hours_later_or_never(closes: Closes, still: str) -> None:
    graph = caller(switches=Switches(closes_after=closes))

    await graph.remediate(graph.pairs())
    graph.later(hours=2)
    early = (await graph.evidence())["remediationStatus"]
    graph.later(hours=2)

    assert early == "pendingApproval"
    assert (await graph.evidence())["remediationStatus"] == still


async def test_a_cluster_stays_pending_while_one_copy_is_left() -> None:
    graph = caller(tenant(1, messages=3))
    *most, last = graph.pairs()

    await graph.remediate(most)
    graph.later(hours=1)
    partly = (await graph.evidence())["remediationStatus"]
    await graph.remediate([last])
    graph.later(hours=1)

    assert partly == "pendingApproval"
    assert (await graph.evidence())["remediationStatus"] == "remediated"


async def test_an_alert_is_resolved_only_when_its_last_action_closes() -> None:
    graph = caller(tenant(1, clusters=2))
    first = set(next(graph.state.open_proposals()).messages)

    await graph.remediate([pair for pair in graph.pairs() if pair[0] in first])
    graph.later(hours=1)

    alert = await graph.alert()
    assert [one["remediationStatus"] for one in alert["evidence"]] == ["remediated", "pendingApproval"]
    assert alert["investigationState"] == "pendingApproval"


@pytest.mark.parametrize("advances", [True, False])
async def test_a_change_of_evidence_is_news_only_where_the_switch_says_so(advances: bool) -> None:
    graph = caller(switches=Switches(evidence_change_advances=advances))
    before = (await graph.get(INCIDENTS)).json()["value"][0]["lastUpdateDateTime"]

    await graph.remediate(graph.pairs())
    graph.later(hours=1)

    after = (await graph.get(INCIDENTS, expand="alerts")).json()["value"][0]
    assert after["alerts"][0]["evidence"][0]["remediationStatus"] == "remediated"
    assert (after["lastUpdateDateTime"] != before) is advances
    assert (after["alerts"][0]["lastUpdateDateTime"] != before) is advances


async def test_a_remediation_can_raise_an_alert_of_its_own_which_closes_as_well() -> None:
    graph = caller(switches=Switches(remediation_alerts=True))

    await graph.remediate(graph.pairs())
    graph.later(minutes=6)
    echo = (await graph.get(INCIDENTS, expand="alerts")).json()["value"][0]
    graph.later(hours=1)

    assert echo["displayName"] == echo["alerts"][0]["title"] == ECHO_TITLE
    assert echo["alerts"][0]["evidence"][0]["remediationStatus"] == "pendingApproval"
    assert not list(graph.state.open_proposals())


async def test_without_the_switch_no_alert_is_raised() -> None:
    graph = caller()

    await graph.remediate(graph.pairs())
    graph.later(hours=1)

    assert len((await graph.get(INCIDENTS)).json()["value"]) == 1


@pytest.mark.parametrize("word", ["pendingApproval", "unremediated", "declined"])
async def test_after_seven_days_the_investigation_is_terminated(word: str) -> None:
    graph = caller(tenant(1, age=timedelta(days=6, hours=23)), Switches(expired_evidence=word))

    graph.later(minutes=59, seconds=59)
    before = await graph.alert()
    graph.later(seconds=1)

    after = await graph.alert()
    assert before["investigationState"] == "pendingApproval"
    assert after["investigationState"] == "terminatedBySystem"
    assert after["evidence"][0]["remediationStatus"] == word
    assert not list(graph.state.open_proposals())


async def test_what_expired_is_not_cancelled_afterwards() -> None:
    graph = caller(tenant(1, age=timedelta(days=7, hours=1)))

    await graph.remediate(graph.pairs())
    graph.later(hours=2)

    assert (await graph.evidence())["remediationStatus"] == "pendingApproval"


async def test_a_person_approves_and_the_mail_goes() -> None:
    graph = caller(switches=Switches(closes_after=Closes.NEVER))

    decided = {"alertId": alert_id(graph), "evidence": 0, "verb": "approve"}
    answer = await graph.http.post("/simulator/people", json=decided)
    running = (await graph.evidence())["remediationStatus"]
    graph.later(minutes=3)

    assert answer.status_code == 204
    assert running == "running"
    assert (await graph.evidence())["remediationStatus"] == "remediated"
    assert places(graph) == {SOFT_DELETED}


async def test_a_person_rejects_and_the_mail_stays() -> None:
    graph = caller()
    graph.state.plan(NOW + timedelta(minutes=3), happenings.person_rejects(alert_id(graph), 0))

    graph.later(hours=1)

    assert (await graph.evidence())["remediationStatus"] == "declined"
    assert places(graph) == {INBOX}


async def test_a_person_cannot_decide_what_is_decided() -> None:
    graph = caller()
    graph.state.plan(NOW, happenings.person_rejects(alert_id(graph), 0))
    graph.state.plan(NOW, happenings.person_approves(alert_id(graph), 0))

    graph.later(hours=1)

    assert (await graph.evidence())["remediationStatus"] == "declined"
    assert places(graph) == {INBOX}


@pytest.mark.parametrize(
    "asked", [{}, {"alertId": "x", "evidence": 0, "verb": "approve"}, {"verb": "undo"}, "approve"]
)
async def test_a_decision_about_nothing_is_refused(asked: object) -> None:
    graph = caller()

    assert (await graph.http.post("/simulator/people", json=asked)).status_code == 400


async def test_purged_mail_closes_the_action_without_any_remediation() -> None:
    graph = caller()
    graph.state.plan(NOW, happenings.zap(graph.pairs()))

    graph.later(minutes=15)

    assert (await graph.evidence())["remediationStatus"] == "remediated"
    assert places(graph) == {QUARANTINE}


async def test_a_merged_incident_points_to_the_one_that_has_its_alerts_now() -> None:
    graph = caller(tenant(2))
    loser, winner = graph.state.incidents
    graph.state.plan(NOW + timedelta(minutes=1), happenings.merge(loser, winner))

    graph.later(minutes=2)

    gone = (await graph.get(f"{INCIDENTS}/{loser}", expand="alerts")).json()
    left = (await graph.get(f"{INCIDENTS}/{winner}", expand="alerts")).json()
    assert (gone["status"], gone["redirectIncidentId"], gone["alerts"]) == ("redirected", winner, [])
    assert [alert["incidentId"] for alert in left["alerts"]] == [winner, winner]
    assert gone["lastUpdateDateTime"] == left["lastUpdateDateTime"] == "2026-09-01T08:01:00Z"


async def test_a_growing_cluster_names_more_messages_and_counts_them() -> None:
    graph = caller(tenant(1, messages=3))
    letter = next(graph.state.post.all()).letter
    more = Maker(8, NOW).copies(letter, 4, NOW, location=INBOX)
    graph.state.plan(NOW + timedelta(minutes=1), happenings.grow(alert_id(graph), 0, more))

    before = await graph.evidence()
    graph.later(minutes=2)
    after = await graph.evidence()

    assert (before["emailCount"], after["emailCount"]) == (3, 7)
    assert after["networkMessageIds"][:3] == before["networkMessageIds"]
    assert len(graph.pairs()) == 7


async def test_beyond_the_limit_of_active_remediations_one_is_accepted_and_never_carried_out() -> None:
    graph = caller(tenant(1, messages=3), Switches(active_remediations=2))

    answers = [await graph.remediate([pair]) for pair in graph.pairs()]
    graph.later(hours=1)

    assert [answer.status_code for answer in answers] == [202, 202, 202]
    assert sorted(copy.location for copy in graph.state.post.all()) == [INBOX, SOFT_DELETED, SOFT_DELETED]


async def test_remediating_what_is_gone_changes_nothing_more() -> None:
    graph = caller()

    await graph.remediate(graph.pairs())
    graph.later(minutes=5)
    moved = {copy.moved for copy in graph.state.post.all()}
    await graph.remediate([*graph.pairs(), ("nobody", "knows@contoso.example")])
    graph.later(minutes=5)

    assert {copy.moved for copy in graph.state.post.all()} == moved


def test_each_position_turns_one_switch_and_all_are_different() -> None:
    positions = every_position()

    assert len(set(map(repr, positions.values()))) == len(positions) >= 12
    assert positions["default"] == Switches()

"""What hunting tells of investigations: one row for each change, late, with who decided what."""

import json
from datetime import timedelta
from typing import Any

import pytest

from agent.simulator import happenings
from agent.simulator.investigating import ACTION_TYPES, OTHER_TYPE, TYPES
from agent.simulator.mail import INBOX
from agent.simulator.making import Maker, person
from agent.simulator.moments import text
from agent.simulator.names import PORTAL_PERSON
from agent.simulator.nouns import Act
from agent.simulator.state import State
from agent.simulator.switches import Closes, Switches
from agent.simulator.tenant import seed
from tests.simulator.worlds import NOW, Caller, caller, staffed, tenant

QUERY = """CloudAppEvents
| where Timestamp >= datetime({since})
| where ActionType == "AirInvestigationData"
| extend Record = tostring(RawEventData)
| project Timestamp, Size = strlen(Record), Record = iff(strlen(Record) > {most}, "", Record)
| top {top} by Timestamp asc"""
LONG_AGO = "2026-08-10T00:00:00.000000Z"
PLAIN = 'CloudAppEvents | where ActionType == "AirInvestigationData"'


def ready(state: State, **switches: Any) -> Caller:
    """Return somebody who hunts where rows come at once."""
    return caller(state, Switches(rows_after=timedelta(), **switches))


async def rows(
    graph: Caller, *, since: str = LONG_AGO, most: int = 1_000_000, top: int = 100
) -> list[dict[str, Any]]:
    """Return the rows as the agent asks for them."""
    answer = await graph.hunt(QUERY.format(since=since, most=most, top=top))
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["results"]
    return found


async def records(graph: Caller, alert_id: str | None = None) -> list[dict[str, Any]]:
    found = [json.loads(row["Record"]) for row in await rows(graph)]
    return [one for one in found if alert_id is None or alert_id[2:] in json.dumps(one)]


def actions(record: dict[str, Any]) -> list[dict[str, Any]]:
    return [json.loads(one) for one in record["Actions"]]


def alert_of(graph: Caller, name: str) -> str:
    [incident] = [one["id"] for one in graph.state.incidents.values() if one["displayName"] == name]
    return next(str(one["id"]) for one in graph.state.alerts.values() if one["incidentId"] == incident)


async def test_a_pending_cluster_is_told_with_its_query_and_messages() -> None:
    graph = ready(tenant(1))
    evidence = await graph.evidence()

    [record] = await records(graph)

    [action] = actions(record)
    assert record["Status"] == "Pending Action"
    assert json.loads(record["Data"])["Status"] == "Pending"
    assert (action["ActionType"], action["ActionStatus"]) == ("EmailRemediation", "Pending")
    assert (action["ActionApproval"], action["ApprovedBy"], action["EndTimeUtc"]) == (None, None, None)
    assert action["RelatedAlertIds"] == [(await graph.alert())["providerAlertId"]]
    assert action["Entities"][0]["Query"] == evidence["query"]
    assert action["Entities"][0]["NetworkMessageIds"] == evidence["networkMessageIds"]


@pytest.mark.parametrize(
    ("name", "kind", "entity"),
    [
        ("Sends spam from two countries", "DisableUser", "account"),
        ("Password found in a leak", "ForcePasswordReset", "account"),
        ("Session was stolen", "RevokeUserSessions", "account"),
        ("Inbox rule that forwards", "TurnOffExternalMailForwarding", "mailbox"),
        ("Delegate nobody knows", "RemoveMailDelegation", "mailbox"),
        ("Loader on a file server", "QuarantineFile", "file"),
    ],
)
async def test_each_kind_is_named_with_what_it_acts_on(name: str, kind: str, entity: str) -> None:
    graph = ready(staffed())

    [record] = await records(graph, alert_of(graph, name))

    [action] = actions(record)
    assert action["ActionType"] == kind
    assert action["Entities"][0]["Type"] == entity


async def test_an_account_is_named_by_every_name_it_has() -> None:
    graph = ready(staffed())
    somebody = person(311)
    user = graph.user(somebody)

    [record] = await records(graph, alert_of(graph, "Spreads on premises"))

    entity = actions(record)[0]["Entities"][0]
    assert entity["AadUserId"] == user["id"]
    assert entity["Sid"] == user["onPremisesSecurityIdentifier"]
    assert f"{entity['Name']}@{entity['UPNSuffix']}" == entity["UserPrincipalName"] == somebody


async def test_nothing_is_named_for_a_user_whose_evidence_alone_waits() -> None:
    graph = ready(seed(1, NOW))
    alert_id = alert_of(graph, "User who may be compromised")
    [change] = [one for one in graph.state.changes if one.alert_id == alert_id]

    since = text(change.at - timedelta(seconds=1))
    found = [json.loads(row["Record"]) for row in await rows(graph, since=since)]

    [record] = [one for one in found if "carla.costa" in one["Data"]]
    assert record["Actions"] == []
    assert record["Status"] == "Pending Action"


async def decide(graph: Caller, verb: str, **more: str) -> None:
    alert_id = next(iter(graph.state.alerts))
    asked = {"alertId": alert_id, "evidence": 0, "verb": verb, **more}
    assert (await graph.http.post("/simulator/people", json=asked)).status_code == 204


async def test_who_approves_in_the_portal_is_told_at_once_and_the_end_when_it_is_done() -> None:
    graph = ready(tenant(1), closes_after=Closes.NEVER)

    graph.later(minutes=1)
    await decide(graph, "approve", by="ann@contoso.example", comment="clear case")
    graph.later(minutes=5)

    _, running, done = await records(graph)
    assert (running["Status"], actions(running)[0]["ActionStatus"]) == ("Running", "Running")
    assert actions(running)[0]["EndTimeUtc"] is None
    for record in (running, done):
        [action] = actions(record)
        assert (action["ActionApproval"], action["ApprovedBy"]) == ("Approved", "ann@contoso.example")
        assert action["ApproverComment"] == "clear case"
    assert (done["Status"], json.loads(done["Data"])["Status"]) == ("Remediated", "Resolved")
    assert actions(done)[0]["ActionStatus"] == "Completed"
    assert actions(done)[0]["EndTimeUtc"] == text(NOW + timedelta(minutes=3))


async def test_who_rejects_in_the_portal_is_told() -> None:
    graph = ready(tenant(1))

    graph.later(minutes=1)
    await decide(graph, "reject")

    [_, record] = await records(graph)
    [action] = actions(record)
    assert (action["ActionApproval"], action["ApprovedBy"]) == ("Declined", PORTAL_PERSON)
    assert action["ActionStatus"] == "Completed"


async def test_what_ends_without_anybody_names_nobody() -> None:
    graph = ready(tenant(1))

    await graph.remediate(graph.pairs())
    graph.later(minutes=15)

    *_, record = await records(graph)
    [action] = actions(record)
    assert (action["ActionStatus"], action["ActionApproval"], action["ApprovedBy"]) == (
        "Completed",
        None,
        None,
    )


async def test_a_week_that_is_over_is_told_too() -> None:
    graph = ready(tenant(1, age=timedelta(days=6, hours=23)))

    graph.later(hours=2)

    *_, record = await records(graph)
    assert record["Status"] == "Terminated by System"


async def test_a_cluster_that_grew_is_told_as_it_was_each_time() -> None:
    graph = ready(tenant(1, messages=3))
    letter = next(graph.state.post.all()).letter
    more = Maker(8, NOW).copies(letter, 4, NOW, location=INBOX)
    graph.state.plan(NOW + timedelta(minutes=1), happenings.grow(next(iter(graph.state.alerts)), 0, more))

    graph.later(minutes=2)

    counts = [actions(one)[0]["Entities"][0]["MailCount"] for one in await records(graph)]
    assert counts == [3, 7]


@pytest.mark.parametrize(("minutes", "seen"), [(14, 1), (15, 2)])
async def test_a_row_comes_late(minutes: int, seen: int) -> None:
    graph = caller(tenant(1), Switches(rows_after=timedelta(minutes=15)))

    await decide(graph, "reject")
    graph.later(minutes=minutes)

    assert len(await rows(graph)) == seen


@pytest.mark.parametrize(("seconds", "seen"), [(0, 1), (1, 0)])
async def test_only_rows_of_the_asked_time_are_given(seconds: int, seen: int) -> None:
    graph = ready(tenant(1))
    [change] = graph.state.changes

    found = await rows(graph, since=text(change.at + timedelta(seconds=seconds)))

    assert len(found) == seen


async def test_the_first_rows_are_the_oldest_and_no_more_than_asked_for() -> None:
    graph = ready(tenant(5))

    everything, some = await rows(graph), await rows(graph, top=2)

    assert [row["Timestamp"] for row in everything] == sorted(row["Timestamp"] for row in everything)
    assert some == everything[:2]
    assert len(everything) == 5


async def test_a_record_that_is_too_large_gives_its_size_alone() -> None:
    graph = ready(tenant(1))

    [whole], [none] = await rows(graph), await rows(graph, most=100)

    assert none == {**whole, "Record": ""}
    assert whole["Size"] == len(whole["Record"]) > 100


@pytest.mark.parametrize(
    ("stage", "seen"),
    [
        ("where Timestamp > ago(2h)", 1),
        ("where Timestamp > ago(30m)", 0),
        ("where ingestion_time() > ago(50m)", 1),
        ("where ingestion_time() > ago(40m)", 0),
        ("where Timestamp > ago(2h) and Timestamp < ago(90m)", 0),
        ("take 0", 0),
        ("sort by Timestamp desc | limit 5", 1),
    ],
)
async def test_times_of_both_kinds_are_understood(stage: str, seen: int) -> None:
    graph = caller(tenant(1), Switches(rows_after=timedelta(minutes=15)))

    answer = await graph.hunt(f"{PLAIN} | {stage}")

    assert len(answer.json()["results"]) == seen


@pytest.mark.parametrize("as_text", [True, False])
async def test_the_record_is_an_object_or_a_text(as_text: bool) -> None:
    graph = ready(tenant(1), rows_hold_text=as_text)

    [row] = (await graph.hunt(PLAIN)).json()["results"]

    assert isinstance(row["RawEventData"], str if as_text else dict)
    assert row["ActionType"] == "AirInvestigationData"


@pytest.mark.parametrize(
    "query",
    [
        "CloudAppEvents",
        'CloudAppEvents | where ActionType == "New-InboxRule"',
        f"{PLAIN} | where Timestamp > yesterday",
        f"{PLAIN} | where Timestamp > datetime(soon)",
        f"{PLAIN} | project Colour",
        f"{PLAIN} | project x = strlen(RawEventData, 1)",
        f"{PLAIN} | project x = iff(RawEventData, 1, 2)",
        f"{PLAIN} | summarize count()",
    ],
)
async def test_what_is_outside_the_grammar_is_refused(query: str) -> None:
    graph = ready(tenant(1))

    assert (await graph.hunt(query)).status_code == 400


async def test_a_tenant_may_lack_the_table() -> None:
    graph = ready(tenant(1), air_table=False)

    answer = await graph.hunt(PLAIN)

    assert answer.status_code == 400
    assert "CloudAppEvents" in answer.json()["error"]["message"]


async def test_every_row_of_the_demo_tenant_can_be_read() -> None:
    graph = ready(seed(1, NOW))
    graph.later(hours=2)

    found = (await graph.hunt(PLAIN)).json()["results"]

    kinds = {action["ActionType"] for row in found for action in actions(row["RawEventData"])}
    types = {row["RawEventData"]["InvestigationType"] for row in found}
    assert len(found) >= 80
    assert kinds == set(ACTION_TYPES.values())
    assert types == {*TYPES.values(), OTHER_TYPE}
    assert set(ACTION_TYPES) == set(Act)

"""The one form of hunting that the simulator understands, and what it refuses."""

import json

import pytest

from agent.simulator.hunting import LOCATIONS, SOFT_DELETED_WORD
from tests.simulator.worlds import HUNTING, Caller, caller, tenant

COLUMNS = (
    "NetworkMessageId, RecipientEmailAddress, SenderFromAddress, SenderMailFromAddress, SenderIPv4, Subject, "
    "EmailDirection, DeliveryAction, DeliveryLocation, LatestDeliveryLocation, ThreatTypes, DetectionMethods, "
    "AuthenticationDetails, Timestamp, PostDeliveryLocation = DeliveryLocation1, PostDeliveryAction = ActionType"
)


def whole_query(messages: list[str]) -> str:
    """Return the query as the agent sends it."""
    return (
        f"let ids = dynamic({json.dumps(messages)});\n"
        "EmailEvents\n"
        "| where Timestamp > ago(30d)\n"
        "| where NetworkMessageId in (ids)\n"
        "| join kind=leftouter (EmailPostDeliveryEvents | where Timestamp > ago(30d) "
        "| where NetworkMessageId in (ids) | summarize arg_max(Timestamp, DeliveryLocation, ActionType, "
        "ActionResult) by NetworkMessageId, RecipientEmailAddress) on NetworkMessageId, RecipientEmailAddress\n"
        f"| project {COLUMNS}\n"
        "| take 100001"
    )


def messages(graph: Caller) -> list[str]:
    return list(next(graph.state.open_proposals()).messages)


async def test_one_query_gives_every_copy_of_many_messages() -> None:
    graph = caller(tenant(2, messages=25))

    answer = (await graph.hunt(whole_query(messages(graph)))).json()

    assert [column["name"] for column in answer["schema"]][-2:] == [
        "PostDeliveryLocation",
        "PostDeliveryAction",
    ]
    assert len(answer["results"]) == 27
    row = answer["results"][0]
    assert row.keys() == {column["name"] for column in answer["schema"]}
    assert row["DeliveryLocation"] == row["LatestDeliveryLocation"] == "Inbox/folder"
    assert row["EmailDirection"] == "Inbound"
    assert row["ThreatTypes"] == "Phish"
    assert json.loads(row["AuthenticationDetails"]) == {
        "SPF": "pass",
        "DKIM": "none",
        "DMARC": "fail",
        "CompAuth": "fail",
    }
    assert row["PostDeliveryLocation"] is None


async def test_mail_that_was_moved_shows_where_and_by_what() -> None:
    graph = caller(tenant(1))
    first, *rest = graph.pairs()

    await graph.remediate([first])
    graph.later(minutes=3)

    rows = (await graph.hunt(whole_query(messages(graph)))).json()["results"]
    moved = next(row for row in rows if row["NetworkMessageId"].lower() == first[0])
    assert moved["DeliveryLocation"] == "Inbox/folder"
    assert moved["LatestDeliveryLocation"] == moved["PostDeliveryLocation"] == SOFT_DELETED_WORD
    assert moved["PostDeliveryAction"] == "Manual Remediation"
    assert [row["PostDeliveryLocation"] for row in rows].count(None) == len(rest)


@pytest.mark.parametrize(
    "form",
    [
        'EmailEvents | where NetworkMessageId in ("{0}")',
        'EmailEvents | where NetworkMessageId in~ ("{0}", "nobody knows this") | take 5',
        'EmailEvents | where NetworkMessageId has_any ("{0}") | project Subject, Place = LatestDeliveryLocation',
        'let wanted = dynamic(["{0}"]);EmailEvents|where NetworkMessageId in (wanted)|limit 1',
        'EmailEvents | where Timestamp > ago(24h) | where NetworkMessageId in ("{0}") | project Subject',
    ],
)
async def test_shorter_forms_are_understood(form: str) -> None:
    graph = caller(tenant(1))

    answer = await graph.hunt(form.format(messages(graph)[0]))

    assert answer.status_code == 200
    assert len(answer.json()["results"]) == 1


@pytest.mark.parametrize(
    "query",
    [
        "",
        "DeviceProcessEvents",
        "EmailEvents",
        "EmailEvents | take 5",
        'EmailEvents | where Subject == "x"',
        "EmailEvents | where NetworkMessageId in (unheard)",
        'EmailEvents | where NetworkMessageId in ("a" "b")',
        'EmailEvents | where NetworkMessageId in ("a") | project Colour',
        'EmailEvents | where NetworkMessageId in ("a") | project ActionType',
        'EmailEvents | where NetworkMessageId in ("a") | order by Timestamp',
        "let ids = dynamic([1]);EmailEvents | where NetworkMessageId in (ids)",
    ],
)
async def test_what_is_outside_the_grammar_is_refused(query: str) -> None:
    graph = caller(tenant(1))

    assert (await graph.hunt(query)).status_code == 400


async def test_take_and_time_limit_the_rows() -> None:
    graph = caller(tenant(1, messages=8))
    listed = json.dumps(messages(graph))[1:-1]

    taken = await graph.hunt(f"EmailEvents | where NetworkMessageId in ({listed}) | take 3")
    recent = await graph.hunt(
        f"EmailEvents | where Timestamp > ago(1h) | where NetworkMessageId in ({listed})"
    )

    assert len(taken.json()["results"]) == 3
    assert recent.json()["results"] == []


async def test_names_of_the_body_are_taken_in_either_case() -> None:
    graph = caller(tenant(1))
    query = f'EmailEvents | where NetworkMessageId in ("{messages(graph)[0]}")'

    lower = await graph.http.post(HUNTING, json={"query": query, "timespan": "P30D"})
    other = await graph.http.post(
        "/v1.0/security/microsoft.graph.security.runHuntingQuery", json={"Query": query}
    )

    assert lower.json()["results"] == other.json()["results"] != []


def test_every_place_has_a_word_of_its_own() -> None:
    assert len(set(LOCATIONS.values())) == len(LOCATIONS) == 8

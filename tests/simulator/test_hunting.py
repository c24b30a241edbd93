"""The one form of hunting that the simulator understands, and what it refuses."""

import json
from datetime import timedelta

import pytest

from agent.simulator.hunting import LOCATIONS, SOFT_DELETED_WORD
from agent.simulator.mail import Click
from agent.simulator.switches import Switches
from agent.simulator.tenant import seed
from tests.simulator.worlds import HUNTING, NOW, Caller, caller, tenant

COLUMNS = (
    "NetworkMessageId, RecipientEmailAddress, SenderFromAddress, SenderMailFromAddress, SenderIPv4, Subject, "
    "EmailDirection, DeliveryAction, DeliveryLocation, LatestDeliveryLocation, ThreatTypes, DetectionMethods, "
    "AuthenticationDetails, Timestamp, PostDeliveryLocation = DeliveryLocation1, PostDeliveryAction = ActionType"
)


UNION = (
    "| union (UrlClickEvents | where Timestamp > ago(30d) | where NetworkMessageId in~ (ids) "
    '| extend Through = tostring(IsClickedThrough) in~ ("1", "true") '
    "| summarize Through = max(toint(Through)), "
    'Blocked = min(toint(ActionType in~ ("ClickBlocked", "ClickBlockedByTenantPolicy") and not(Through))) '
    "by NetworkMessageId = tolower(NetworkMessageId), Clicker = tolower(AccountUpn), "
    "Click = iff(isempty(ReportId), tostring(Timestamp), ReportId) "
    "| summarize Clicks = count(), ClicksAllowed = countif(Blocked == 0), ClicksThrough = countif(Through == 1) "
    "by NetworkMessageId, Clicker)\n"
)


def whole_query(messages: list[str], *, union: str = "") -> str:
    """Return the query as the agent sends it; with `UNION` it also asks who clicked."""
    return (
        f"let ids = dynamic({json.dumps(messages)});\n"
        "EmailEvents\n"
        "| where Timestamp > ago(30d)\n"
        "| where NetworkMessageId in (ids)\n"
        "| join kind=leftouter (EmailPostDeliveryEvents | where Timestamp > ago(30d) "
        "| where NetworkMessageId in (ids) | summarize arg_max(Timestamp, DeliveryLocation, ActionType, "
        "ActionResult) by NetworkMessageId, RecipientEmailAddress) on NetworkMessageId, RecipientEmailAddress\n"
        f"| project {COLUMNS}\n"
        f"{union}"
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
    assert len(set(LOCATIONS.values())) == len(LOCATIONS) == 9


# Clicks


def click(graph: Caller, at: int, action: str, report: str, *, through: bool = False, by: str = "") -> None:
    """Let somebody click in a message: its recipient, or whoever is named."""
    message, recipient = graph.pairs()[at]
    moment = graph.clock.now() - timedelta(minutes=1)
    graph.state.post.click(
        [Click(message.upper(), by or recipient, moment, action, report, is_through=through)]
    )


async def clicked(graph: Caller) -> list[tuple[str, int, int, int]]:
    """Return account, clicks, those allowed and those past a warning, of every row that tells of clicks."""
    answer = await graph.hunt(whole_query(messages(graph), union=UNION))
    assert answer.status_code == 200, answer.text
    return [
        (row["Clicker"], row["Clicks"], row["ClicksAllowed"], row["ClicksThrough"])
        for row in answer.json()["results"]
        if row["Clicks"] is not None
    ]


async def test_clicks_come_as_one_row_for_each_account_beside_the_copies() -> None:
    graph = caller(tenant(1))
    for report in ("1", "2", "3"):
        click(graph, 0, "ClickAllowed", report)
    click(graph, 0, "ClickBlocked", "4", by="A.Nother@contoso.example")
    recipient = graph.pairs()[0][1]

    answer = (await graph.hunt(whole_query(messages(graph), union=UNION))).json()

    assert [one["name"] for one in answer["schema"]][-4:] == [
        "Clicker",
        "Clicks",
        "ClicksAllowed",
        "ClicksThrough",
    ]
    assert [row["Clicks"] for row in answer["results"]] == [None, None, None, 3, 1]
    assert [row["RecipientEmailAddress"] != "" for row in answer["results"]] == [True] * 3 + [False] * 2
    assert await clicked(graph) == [(recipient, 3, 3, 0), ("a.nother@contoso.example", 1, 0, 0)]


@pytest.mark.parametrize(
    ("action", "allowed"),
    [
        ("ClickAllowed", 1),
        ("ClickBlocked", 0),
        ("clickblockedbytenantpolicy", 0),
        ("UrlErrorPage", 1),
        ("UrlScanInProgress", 1),
        ("SomethingNew", 1),
    ],
)
async def test_what_is_not_a_block_counts_as_allowed(action: str, allowed: int) -> None:
    graph = caller(tenant(1))
    click(graph, 0, action, "1")

    assert [row[1:] for row in await clicked(graph)] == [(1, allowed, 0)]


async def test_a_click_past_a_warning_is_one_click_with_its_warning() -> None:
    graph = caller(tenant(1))
    click(graph, 0, "ClickBlocked", "1")
    click(graph, 0, "ClickBlocked", "1", through=True)
    click(graph, 0, "ClickBlocked", "2")

    assert [row[1:] for row in await clicked(graph)] == [(2, 1, 1)]


async def test_without_the_table_the_query_is_refused_and_without_clicks_it_is_not() -> None:
    graph = caller(tenant(1), Switches(click_table=False))

    refused = await graph.hunt(whole_query(messages(graph), union=UNION))
    taken = await graph.hunt(whole_query(messages(graph)))

    assert refused.status_code == 400
    assert "named 'UrlClickEvents'" in refused.json()["error"]["message"]
    assert taken.status_code == 200


@pytest.mark.parametrize(
    "union",
    [
        "| union (UrlClickEvents)\n",
        UNION.replace("UrlClickEvents", "UrlClicks"),
        UNION.replace("ago(30d)", "ago(1y)"),
        UNION.replace("(ids)", "(unheard)"),
        UNION.replace("in~ (ids)", "== ids"),
        UNION.replace("count()", "dcount(Click)"),
        UNION.replace("by NetworkMessageId, Clicker)", "by NetworkMessageId)"),
    ],
)
async def test_clicks_asked_for_in_another_form_are_refused(union: str) -> None:
    graph = caller(tenant(1))

    assert (await graph.hunt(whole_query(messages(graph), union=union))).status_code == 400


async def test_rows_of_clicks_count_towards_what_is_taken() -> None:
    graph = caller(tenant(1))
    click(graph, 0, "ClickAllowed", "1")
    query = whole_query(messages(graph), union=UNION)

    answer = await graph.hunt(query.replace("take 100001", "take 3"))

    assert len(answer.json()["results"]) == 3


def test_the_demo_has_clicks_that_were_blocked_allowed_and_went_past_a_warning() -> None:
    state = seed(1, NOW)
    found = [
        click
        for proposal in state.proposals
        for message in proposal.messages
        for click in state.post.clicks_in(message)
    ]
    addresses = {copy.recipient for copy in state.post.all()}

    assert {(one.action, one.is_through) for one in found} == {
        ("ClickBlocked", False),
        ("ClickAllowed", False),
        ("ClickBlocked", True),
    }
    assert {one.account in addresses for one in found} == {True, False}
    assert all(one.at <= NOW for one in found)

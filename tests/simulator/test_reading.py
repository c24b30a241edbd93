"""Incidents, alerts and mail as Graph answers them: options, pages, hidden words."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.simulator.moments import text, ticks
from agent.simulator.odata import INCIDENTS as INCIDENT_RESOURCE
from agent.simulator.odata import BadRequest, filtered
from agent.simulator.paging import Place, mint, place
from agent.simulator.switches import Switches, Top
from tests.simulator.worlds import ALERTS, EMAILS, INCIDENTS, NOW, caller, ids, tenant


async def test_incidents_come_last_updated_first_and_without_alerts_unless_asked() -> None:
    graph = caller(tenant(3))

    plain = (await graph.get(INCIDENTS)).json()["value"]
    expanded = (await graph.get(INCIDENTS, expand="alerts")).json()["value"]

    moments = [ticks(one["lastUpdateDateTime"]) for one in plain]
    assert moments == sorted(moments, reverse=True)
    assert all("alerts" not in one for one in plain)
    assert [len(one["alerts"][0]["evidence"]) for one in expanded] == [1, 1, 1]


async def test_a_list_without_top_has_fifty_on_a_page_and_a_link_that_leads_to_the_rest() -> None:
    graph = caller(tenant(120))

    first = await graph.get(INCIDENTS, count="true")
    everything = await graph.listed(INCIDENTS, expand="alerts")

    assert len(first.json()["value"]) == 50
    assert first.json()["@odata.count"] == 120
    assert len({one["id"] for one in everything}) == 120
    assert all(one["alerts"] for one in everything)


@pytest.mark.parametrize(
    ("top", "asked", "got"),
    [(Top.CAPPED, "49", 49), (Top.CAPPED, "50", 50), (Top.CAPPED, "51", 50), (Top.ACCEPTED, "51", 51)],
)
async def test_a_page_is_as_long_as_the_switch_lets_it_be(top: Top, asked: str, got: int) -> None:
    graph = caller(tenant(60), Switches(top=top))

    answer = await graph.get(INCIDENTS, top=asked)

    assert len(answer.json()["value"]) == got


async def test_top_can_be_refused_while_lists_without_it_go_on() -> None:
    graph = caller(tenant(2), Switches(top=Top.REFUSED))

    assert (await graph.get(INCIDENTS, top="50")).status_code == 400
    assert (await graph.get(ALERTS, top="50")).status_code == 400
    assert len(ids(await graph.get(INCIDENTS))) == 2


async def test_skip_leaves_out_as_many_as_it_says() -> None:
    graph = caller(tenant(5))

    everything = ids(await graph.get(INCIDENTS))

    assert ids(await graph.get(INCIDENTS, skip="2", top="2")) == everything[2:4]
    assert ids(await graph.get(INCIDENTS, skip="5")) == []


async def test_a_link_keeps_filter_and_expansion() -> None:
    graph = caller(tenant(60))
    since = text(NOW - timedelta(hours=2))

    first = await graph.get(INCIDENTS, filter=f"lastUpdateDateTime ge {since}", expand="alerts", top="50")
    second = await graph.http.get(first.json()["@odata.nextLink"])

    assert first.json()["@odata.nextLink"].startswith(f"http://127.0.0.1:8000{INCIDENTS}?")
    assert len(second.json()["value"]) == 10
    assert all(one["alerts"] for one in second.json()["value"])


@pytest.mark.parametrize("token", ["", "x", "NTAuMC4x", "50"])
async def test_a_link_that_was_tampered_with_is_refused(token: str) -> None:
    graph = caller(tenant(2))

    assert (await graph.get(INCIDENTS, skiptoken=token)).status_code == 400


@given(st.integers(0, 10**6), st.integers(0, 9))
def test_a_token_leads_back_to_its_place(offset: int, hops: int) -> None:
    assert place({"$skiptoken": mint(Place(offset, hops))}) == Place(offset, hops)


async def test_the_watermark_finds_what_was_updated_at_its_very_moment() -> None:
    graph = caller(tenant(3))
    found = (await graph.get(INCIDENTS)).json()["value"]
    middle = found[1]["lastUpdateDateTime"]

    at_or_after = await graph.get(INCIDENTS, filter=f"lastUpdateDateTime ge {middle}")
    after = await graph.get(INCIDENTS, filter=f"lastUpdateDateTime gt {middle}")

    assert ids(at_or_after) == [found[0]["id"], found[1]["id"]]
    assert ids(after) == [found[0]["id"]]


@pytest.mark.parametrize(
    ("path", "condition", "count"),
    [
        (INCIDENTS, "status eq 'active'", 2),
        (INCIDENTS, "status ne 'active'", 0),
        (INCIDENTS, "severity eq 'informational' and status eq 'active'", 2),
        (INCIDENTS, "assignedTo eq null", 2),
        (INCIDENTS, "assignedTo eq 'O''Neill@contoso.example'", 0),
        (INCIDENTS, "classification eq 'unknown' and determination eq 'unknown'", 2),
        (
            INCIDENTS,
            "createdDateTime ge 2026-01-01T00:00:00Z and createdDateTime lt 2027-01-01T00:00:00.5Z",
            2,
        ),
        (ALERTS, "serviceSource eq 'microsoftDefenderForOffice365'", 2),
        (ALERTS, "serviceSource eq 'microsoftSentinel'", 0),
        (ALERTS, "status eq 'inProgress'", 2),
    ],
)
async def test_documented_filters_are_answered(path: str, condition: str, count: int) -> None:
    graph = caller(tenant(2))

    answer = await graph.get(path, filter=condition)

    assert answer.status_code == 200
    assert len(answer.json()["value"]) == count


@pytest.mark.parametrize(
    "condition",
    [
        "investigationState eq 'pendingApproval'",
        "customTags eq 'x'",
        "serviceSource eq 'microsoftSentinel'",
        "status eq 'open'",
        "status eq active",
        "status gt 'active'",
        "lastUpdateDateTime ge '2026-08-20T00:00:00Z'",
        "lastUpdateDateTime ge 2026-08-20",
        "lastUpdateDateTime ge 2026-13-20T00:00:00Z",
        "lastUpdateDateTime ge yesterday",
        "status eq 'active' or status eq 'resolved'",
        "status eq 'active' and",
        "status eq",
        "(status eq 'active')",
        "status eq 'active",
        "startswith(displayName,'x')",
        "'status' eq 'active'",
        "",
    ],
)
async def test_filters_that_no_page_shows_are_refused_in_graphs_form(condition: str) -> None:
    graph = caller(tenant(1))

    answer = await graph.get(INCIDENTS, filter=condition)

    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "BadRequest"
    assert {"date", "request-id", "client-request-id"} == answer.json()["error"]["innerError"].keys()


@pytest.mark.parametrize(
    ("path", "option", "value"),
    [
        (INCIDENTS, "orderby", "lastUpdateDateTime"),
        (INCIDENTS, "select", "id"),
        (INCIDENTS, "search", "x"),
        (INCIDENTS, "expand", "comments"),
        (INCIDENTS, "top", "0"),
        (INCIDENTS, "top", "-1"),
        (INCIDENTS, "top", "many"),
        (INCIDENTS, "count", "yes"),
        (ALERTS, "expand", "alerts"),
        (ALERTS, "orderby", "createdDateTime"),
        (EMAILS, "skip", "1"),
        (EMAILS, "orderby", "loggedDateTime"),
        (EMAILS, "filter", "subject eq 'x'"),
        (EMAILS, "filter", "networkMessageId ne 'x'"),
    ],
)
async def test_options_that_no_page_shows_are_refused(path: str, option: str, value: str) -> None:
    graph = caller(tenant(1))

    answer = await graph.get(path, **{option: value})

    assert answer.status_code == 400


@given(st.text(max_size=60))
def test_no_filter_breaks_the_parser(condition: str) -> None:
    try:
        passes = filtered(condition, INCIDENT_RESOURCE)
    except BadRequest:
        return

    assert passes({"status": "active", "lastUpdateDateTime": text(NOW)}) in (True, False)


async def test_words_that_came_later_are_hidden_unless_asked_for() -> None:
    graph = caller(tenant(1))
    path = f"{ALERTS}/{next(iter(graph.state.alerts))}"

    asked = (await graph.get(path)).json()
    not_asked = (await graph.http.get(path)).json()

    assert asked["evidence"][0]["remediationStatus"] == "pendingApproval"
    assert not_asked["evidence"][0]["remediationStatus"] == "unknownFutureValue"
    assert not_asked["investigationState"] == "pendingApproval"


async def test_cluster_evidence_can_hide_what_only_the_alert_shows() -> None:
    graph = caller(tenant(1), Switches(cluster_shows_pending=False))

    alert = await graph.alert()

    assert alert["evidence"][0]["remediationStatus"] == "active"
    assert alert["investigationState"] == "pendingApproval"


async def test_what_is_not_there_is_not_found() -> None:
    graph = caller(tenant(1))

    for path in (f"{INCIDENTS}/4711", f"{ALERTS}/fa4711"):
        answer = await graph.get(path)
        assert answer.status_code == 404
        assert answer.json()["error"]["code"] == "ResourceNotFound"


async def test_a_path_or_verb_that_graph_does_not_have_is_an_error_in_graphs_form() -> None:
    graph = caller(tenant(1))
    bare = graph.http._transport._inner  # type: ignore[attr-defined]
    graph.http._transport = bare

    assert (await graph.http.get("/v1.0/security/pendingActions")).json()["error"][
        "code"
    ] == "ResourceNotFound"
    assert (await graph.http.delete(f"{INCIDENTS}/1")).json()["error"]["code"] == "MethodNotAllowed"


async def test_one_incident_is_read_as_it_is_now() -> None:
    graph = caller(tenant(2))
    one = ids(await graph.get(INCIDENTS))[1]

    answer = await graph.get(f"{INCIDENTS}/{one}", expand="alerts")

    assert answer.json()["id"] == one
    assert [alert["incidentId"] for alert in answer.json()["alerts"]] == [one]


async def test_analysed_mail_is_found_by_message_and_recipient() -> None:
    graph = caller(tenant(1, messages=12))
    message, recipient = graph.pairs()[9]

    both = await graph.get(EMAILS, filter=f"networkMessageId eq '{message}'")
    one = await graph.get(
        EMAILS, filter=f"networkMessageId eq '{message}' and recipientEmailAddress eq '{recipient}'"
    )

    assert len(both.json()["value"]) == 2
    assert [found["recipientEmailAddress"].lower() for found in one.json()["value"]] == [recipient]
    assert one.json()["value"][0]["latestDelivery"]["location"] == "inbox_folder"


async def test_analysed_mail_is_found_by_time_and_paged() -> None:
    graph = caller(tenant(1, messages=120))

    everything = await graph.listed(EMAILS)
    early = await graph.http.get(EMAILS, params={"endTime": "2026-08-31"})
    today = await graph.http.get(
        EMAILS, params={"startTime": "2026-09-01", "endTime": "2026-09-02T00:00:00Z"}
    )
    wrong = await graph.http.get(EMAILS, params={"startTime": "last week"})

    assert len(everything) == len(graph.pairs())
    assert early.json()["value"] == []
    assert len(today.json()["value"]) == 50
    assert wrong.status_code == 400


async def test_a_page_stays_the_same_bytes_until_something_changes() -> None:
    graph = caller(tenant(2))
    one = ids(await graph.get(INCIDENTS))[0]

    before = [(await graph.get(INCIDENTS, expand="alerts")).content for _ in range(2)]
    await graph.comment(f"{INCIDENTS}/{one}", "changed")
    after = await graph.get(INCIDENTS, expand="alerts")

    assert before[0] == before[1] != after.content
    assert after.json()["value"][0]["comments"][0]["comment"] == "changed"

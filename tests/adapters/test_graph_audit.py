"""The search of the audit: begun once, looked at, and read like AIR's own rows."""

from datetime import timedelta
from typing import Any

import httpx
import msgspec
import pytest

from agent.adapters.graph.auditlog import MOST_PAGES, NAMED, RECORD_TYPES
from agent.model.audit_search import AuditFound, Searching
from agent.model.errors import Malformed, Refused, Unavailable
from tests.adapters.graphs import ALL_ROLES, Login, Script, Step, no, opened
from tests.clock import NOON

GRANTED = (*ALL_ROLES, "AuditLogsQuery.Read.All")
SINCE, UNTIL = NOON - timedelta(days=2), NOON
QUERIES = "http://127.0.0.1:9/v1.0/security/auditLog/queries"


def answer(found: Any, status: int = 200) -> httpx.Response:
    return httpx.Response(status, json=found)


def page(*records: Any, link: str | None = None) -> httpx.Response:
    more = {} if link is None else {"@odata.nextLink": link}
    return answer({"value": list(records), **more})


def a_record(*actions: Any, **more: Any) -> dict[str, Any]:
    data = {"InvestigationId": "urn:1", "Actions": [msgspec.json.encode(one).decode() for one in actions]}
    return {
        "createdDateTime": "2026-09-01T10:00:00Z",
        "auditLogRecordType": "AirInvestigation",
        "auditData": {"@odata.type": "#microsoft.graph.security.airInvestigationData", **data},
        **more,
    }


def an_action(approval: str = "Approved", by: str | None = "Ann") -> dict[str, Any]:
    entity = {"Type": "url", "Url": "https://bad.example/"}
    return {"ActionId": "a", "ActionApproval": approval, "ApprovedBy": by, "Entities": [entity]}


async def begun(*steps: Step) -> tuple[str | None, Script]:
    async with opened(*steps, login=Login(roles=GRANTED)) as (graph, script):
        return await graph.audit_log.search("ours", SINCE, UNTIL), script


async def found(*steps: Step) -> AuditFound:
    async with opened(*steps, login=Login(roles=GRANTED)) as (graph, _):
        return await graph.audit_log.found("q1")


async def test_without_the_permission_it_is_said_which_is_missing() -> None:
    async with opened(login=Login(roles=ALL_ROLES)) as (graph, script):
        assert graph.audit_log.missing() == (
            "the audit is not searched: grant AuditLogsQuery.Read.All to the app registration"
        )
    async with opened(login=Login(roles=GRANTED)) as (graph, _):
        assert graph.audit_log.missing() == ""
    assert not script.requests


async def test_a_search_names_itself_its_time_and_the_types_of_air() -> None:
    query_id, script = await begun(answer({"id": "q1", "status": "notStarted"}, 201))

    (request,) = script.requests
    assert (query_id, request.method, str(request.url)) == ("q1", "POST", QUERIES)
    assert msgspec.json.decode(request.content) == {
        "displayName": "ours",
        "filterStartDateTime": SINCE.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "filterEndDateTime": UNTIL.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "recordTypeFilters": list(RECORD_TYPES),
    }


async def test_a_search_of_which_nobody_knows_whether_it_began_is_not_begun_twice() -> None:
    query_id, script = await begun(no(503))

    assert query_id is None
    assert len(script.requests) == 1


async def test_a_search_that_is_refused_says_what_to_grant() -> None:
    with pytest.raises(Refused, match=r"graph: search audit: 403.*AuditLogsQuery.Read.All"):
        await begun(no(403))


@pytest.mark.parametrize("body", [[], {}, {"id": ""}, {"id": 1}])
async def test_an_answer_without_an_id_is_no_search(body: Any) -> None:
    with pytest.raises(Malformed):
        await begun(answer(body, 201))


async def test_a_search_is_found_by_its_name_on_any_page() -> None:
    more = f"{QUERIES}?$skiptoken=x"
    pages = (
        page({"id": "q0", "displayName": "theirs"}, link=more),
        page({"id": "q1", "displayName": "ours"}),
    )
    async with opened(*pages, page(), login=Login(roles=GRANTED)) as (graph, _):
        assert await graph.audit_log.find("ours") == "q1"
        assert await graph.audit_log.find("ours") is None


@pytest.mark.parametrize(
    ("word", "far"),
    [
        ("notStarted", Searching.UNDER_WAY),
        ("running", Searching.UNDER_WAY),
        ("unknownFutureValue", Searching.UNDER_WAY),
        (None, Searching.UNDER_WAY),
        ("succeeded", Searching.SUCCEEDED),
        ("failed", Searching.FAILED),
        ("cancelled", Searching.FAILED),
    ],
)
async def test_how_far_it_has_come_is_read_from_its_status(word: str | None, far: Searching) -> None:
    async with opened(answer({"id": "q1", "status": word}), login=Login(roles=GRANTED)) as (graph, _):
        assert await graph.audit_log.how_far("q1") is far


async def test_a_search_that_is_not_there_any_more_has_failed() -> None:
    async with opened(no(404), login=Login(roles=GRANTED)) as (graph, _):
        assert await graph.audit_log.how_far("q1") is Searching.FAILED


async def test_records_are_read_like_airs_own_rows_to_the_last_page() -> None:
    more = f"{QUERIES}/q1/records?$skiptoken=x"

    read = await found(page(a_record(an_action()), link=more), page(a_record(an_action("Declined", "Bo"))))

    assert (read.records, read.unreadable) == (2, ())
    assert [(one.approval, one.approved_by, one.keys) for one in read.actions] == [
        ("Declined", "Bo", ("url:https://bad.example/",))
    ]


@pytest.mark.parametrize("data", ["text", "whole"])
async def test_audit_data_may_be_text_and_hold_actions_in_any_case(data: str) -> None:
    record = a_record(an_action())
    held = {name.upper(): value for name, value in record["auditData"].items()}
    record["auditData"] = msgspec.json.encode(held).decode() if data == "text" else held

    read = await found(page(record))

    assert [one.approved_by for one in read.actions] == ["Ann"]


@pytest.mark.parametrize(
    "record",
    [
        a_record(an_action(), auditLogRecordType="ExchangeAdmin"),
        a_record(),
        {**a_record(), "auditData": {"@odata.type": "#microsoft.graph.security.airInvestigationData"}},
    ],
)
async def test_what_is_not_of_air_or_says_nothing_is_passed_over(record: dict[str, Any]) -> None:
    read = await found(page(record))

    assert (read.actions, read.unreadable, read.records) == ((), (), 1)


async def test_what_cannot_be_read_is_told_and_hides_nothing() -> None:
    bad = {**a_record(), "auditData": None}

    read = await found(page(*[bad] * (NAMED + 2), a_record(an_action(), auditLogRecordType=None)))

    assert len(read.actions) == 1
    assert read.unreadable[0] == "AIR's record of 2026-09-01 10:00Z the record is not a JSON object"
    assert read.unreadable[-1] == "and 2 more such records of the audit"


async def test_more_than_is_taken_is_said() -> None:
    pages = [page(a_record(), link=f"{QUERIES}/q1/records?$skiptoken={one}") for one in range(MOST_PAGES)]

    read = await found(*pages)

    assert read.records == MOST_PAGES
    assert read.unreadable == (f"only {MOST_PAGES} records of an audit search are read: there are more",)


async def test_an_outage_is_told_as_one() -> None:
    with pytest.raises(Unavailable):
        await found(*[no(503)] * 10)


async def test_the_sample_of_the_documentation_names_who_approved() -> None:
    from tests.adapters.test_graph_air import SAMPLE

    rows = msgspec.json.decode(SAMPLE.read_bytes())["results"]
    records = [
        {"createdDateTime": one["Timestamp"], "auditData": msgspec.json.decode(one["Record"])} for one in rows
    ]

    read = await found(page(*records))

    assert any(one.approved_by for one in read.actions)

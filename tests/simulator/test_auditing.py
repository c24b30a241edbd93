"""The search of the audit takes its time, and finds who decided what in the portal."""

import json
from datetime import timedelta
from typing import Any

import httpx
import pytest

from agent.simulator import happenings
from agent.simulator.auditing import MOST_AT_ONCE, MOST_IN_A_DAY
from agent.simulator.names import ALL_ROLES
from agent.simulator.switches import Switches
from tests.simulator.worlds import NOW, Caller, caller, tenant

QUERIES = "/v1.0/security/auditLog/queries"
SEARCHED = Switches(roles=ALL_ROLES, throttle_per_minute=None)


def a_caller(**more: Any) -> Caller:
    """Return one in front of a tenant in which somebody declines the only action after five minutes."""
    state = tenant()
    (alert,) = state.alerts
    state.plan(NOW + timedelta(minutes=5), happenings.person_rejects(alert, 0, "dora@contoso.example", "no"))
    fields = {name: getattr(SEARCHED, name) for name in SEARCHED.__struct_fields__}
    return caller(state, Switches(**{**fields, **more}))


async def search(graph: Caller, **body: Any) -> httpx.Response:
    return await graph.http.post(QUERIES, json=body)


async def found(graph: Caller, **body: Any) -> list[dict[str, Any]]:
    """Search, wait, and return the records."""
    begun = await search(graph, **body)
    assert begun.status_code == 201
    graph.later(minutes=10)
    return await graph.listed(f"{QUERIES}/{begun.json()['id']}/records")


def words(records: list[dict[str, Any]]) -> list[tuple[str | None, str | None]]:
    """Return what each record's only action says: the approval, and of whom."""
    actions = [json.loads(one["auditData"]["Actions"][0]) for one in records]
    return [(one["ActionApproval"], one["ApprovedBy"]) for one in actions]


async def test_a_search_goes_through_its_states_and_then_has_the_records() -> None:
    graph = a_caller()
    graph.later(hours=1)
    begun = (await search(graph, displayName="ours", recordTypeFilters=["AirInvestigation"])).json()
    where = f"{QUERIES}/{begun['id']}"
    early = await graph.listed(f"{where}/records")
    graph.later(minutes=2)
    later = (await graph.get(where)).json()["status"]
    graph.later(minutes=4)

    assert (begun["status"], early, later) == ("notStarted", [], "running")
    assert (await graph.get(where)).json()["status"] == "succeeded"
    assert words(await graph.listed(f"{where}/records")) == [
        (None, None),
        ("Declined", "dora@contoso.example"),
    ]
    assert [one["displayName"] for one in await graph.listed(QUERIES)] == ["ours"]
    assert (await graph.get(f"{QUERIES}/x")).status_code == 404


async def test_only_what_was_in_the_audit_by_then_and_is_of_the_time_asked_for_is_found() -> None:
    graph = a_caller()
    graph.later(minutes=49)
    soon = await found(graph)
    later = await found(graph)
    after = await found(graph, filterStartDateTime="2026-09-01T08:00:00Z")
    before = await found(graph, filterEndDateTime="2026-09-01T08:00:00Z")

    assert [len(one) for one in (soon, later, after, before)] == [1, 2, 1, 1]
    assert await found(graph, recordTypeFilters=["AirManualInvestigation"]) == []


async def test_a_tenant_without_such_records_finds_none() -> None:
    graph = a_caller(audit_records=False)
    graph.later(hours=2)

    assert await found(graph) == []


async def test_no_more_are_taken_than_microsoft_lets_one_tenant_begin() -> None:
    graph = a_caller()
    statuses = [(await search(graph)).status_code for _ in range(MOST_AT_ONCE + 1)]
    graph.later(hours=1)
    for _ in range(3):
        statuses += [(await search(graph)).status_code for _ in range(MOST_AT_ONCE)]
        graph.later(hours=1)

    assert statuses.count(201) == MOST_IN_A_DAY
    assert statuses[MOST_AT_ONCE] == 429
    assert (await search(graph)).status_code == 429
    graph.later(days=1)
    graph.log_in()
    assert (await search(graph)).status_code == 201


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b'{"displayName": 1}',
        b'{"filterStartDateTime": "soon"}',
        b'{"filterStartDateTime": "2026-09-01T08:00:00"}',
        b'{"recordTypeFilters": ["airInvestigation"]}',
        b'{"recordTypeFilters": "AirInvestigation"}',
    ],
)
async def test_a_search_of_another_form_is_refused(body: bytes) -> None:
    graph = a_caller()
    graph.http._transport = httpx.ASGITransport(graph.app)

    assert (await graph.http.post(QUERIES, content=body)).status_code == 400

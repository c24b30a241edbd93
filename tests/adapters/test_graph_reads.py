"""Reading: which answers are repeated, how long for, and what each refusal says."""

import asyncio
import gzip
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import msgspec
import pytest

from agent.adapters.microsoft.clouds import simulator
from agent.model.errors import Malformed, Refused, Unavailable
from agent.model.page import Page
from tests.adapters.graphs import (
    ALL_ROLES,
    SIMULATED,
    Login,
    Script,
    Step,
    an_incident,
    http,
    no,
    opened,
    page,
    says,
    serving,
)
from tests.clock import NOON, ManualClock

SINCE = datetime(2026, 9, 1, 11, 0, 0, 123456, tzinfo=UTC)
BASE = f"{SIMULATED.graph}/v1.0/security"


async def walk(*steps: Step, clock: ManualClock | None = None, **more: Any) -> tuple[list[Page], Script]:
    async with opened(*steps, clock=clock, **more) as (graph, script):
        return [found async for found in graph.defender.incidents_since(SINCE)], script


def ids(pages: list[Page]) -> list[str]:
    return [incident.id for found in pages for incident in found.incidents]


async def test_incidents_are_asked_for_as_the_page_documents_it() -> None:
    pages, script = await walk(page(an_incident()))

    (request,) = script.requests
    assert request.url.path == "/v1.0/security/incidents"
    assert dict(request.url.params) == {
        "$filter": "lastUpdateDateTime ge 2026-09-01T11:00:00.123456Z",
        "$expand": "alerts",
        "$top": "50",
    }
    assert request.headers["prefer"] == "include-unknown-enum-members"
    assert request.headers["authorization"].startswith("Bearer ")
    assert request.headers["client-request-id"]
    assert ids(pages) == ["29"]


async def test_what_was_updated_between_two_moments_is_asked_for_without_the_second() -> None:
    async with opened(page(an_incident()), page({"id": "a"})) as (graph, script):
        _ = [found async for found in graph.defender.incidents_since(SINCE, SINCE + timedelta(days=1))]
        _ = [found async for found in graph.defender.alerts_since(SINCE, SINCE + timedelta(days=1))]

    between = "lastUpdateDateTime ge 2026-09-01T11:00:00.123456Z and lastUpdateDateTime lt 2026-09-02T11:00:00.123456Z"
    assert [request.url.params["$filter"] for request in script.requests] == [between, between]


async def test_alerts_are_asked_for_without_expanding() -> None:
    async with opened(page({"id": "a"})) as (graph, script):
        pages = [found async for found in graph.defender.alerts_since(SINCE)]

    (request,) = script.requests
    assert request.url.path == "/v1.0/security/alerts_v2"
    assert dict(request.url.params) == {
        "$filter": "lastUpdateDateTime ge 2026-09-01T11:00:00.123456Z",
        "$top": "50",
    }
    assert request.headers["prefer"] == "include-unknown-enum-members"
    assert [alert.id for alert in pages[0].alerts] == ["a"]


async def test_one_incident_is_read_with_its_alerts() -> None:
    async with opened(says(200, an_incident(alerts=[{"id": "a"}]))) as (graph, script):
        found = await graph.defender.incident("29")

    assert found is not None
    assert found.alerts[0].id == "a"
    assert str(script.requests[0].url) == f"{BASE}/incidents/29?%24expand=alerts"
    assert script.requests[0].headers["prefer"] == "include-unknown-enum-members"


async def test_an_incident_that_is_not_there_is_none() -> None:
    async with opened(no(404)) as (graph, _):
        assert await graph.defender.incident("29") is None


async def test_a_redirected_incident_is_returned_as_such() -> None:
    async with opened(says(200, an_incident(status="redirected", redirectIncidentId="30"))) as (
        graph,
        script,
    ):
        found = await graph.defender.incident("29")

    assert found is not None
    assert found.redirect_incident_id == "30"
    assert len(script.requests) == 1


@pytest.mark.parametrize(
    "hostile", ["", ".", "..", "../alerts_v2", "1/comments", "1?x=1", "1#", "%2e%2e", "1\n", "é"]
)
async def test_a_hostile_id_reaches_no_other_path(hostile: str) -> None:
    async with opened(page()) as (graph, script):
        with pytest.raises(Malformed, match="is not an incident's id"):
            await graph.defender.incident(hostile)

    assert script.requests == []


@pytest.mark.parametrize("status", [200, 206])
async def test_a_part_of_a_page_is_used_and_is_not_whole(status: int) -> None:
    pages, _ = await walk(page(an_incident(), status=status))

    assert ids(pages) == ["29"]
    assert pages[0].is_whole is (status == 200)


async def test_a_part_of_an_incident_is_not_acted_on() -> None:
    async with opened(says(206, an_incident())) as (graph, _):
        with pytest.raises(Malformed):
            await graph.defender.incident("29")


# Repeats


@pytest.mark.parametrize("status", [423, 429, 500, 502, 503, 504, 509])
async def test_a_passing_failure_is_repeated(status: int) -> None:
    clock = ManualClock()

    pages, script = await walk(no(status), no(status), page(an_incident()), clock=clock)

    assert ids(pages) == ["29"]
    assert len(script.requests) == 3
    assert timedelta(seconds=1) < clock.now() - NOON < timedelta(seconds=8)


@pytest.mark.parametrize(
    "error",
    [
        httpx.ConnectError("x"),
        httpx.ConnectTimeout("x"),
        httpx.ReadTimeout("x"),
        httpx.ReadError("x"),
        httpx.RemoteProtocolError("x"),
        httpx.PoolTimeout("x"),
        TimeoutError(),
        ConnectionResetError(),
    ],
)
async def test_a_broken_connection_is_repeated_and_at_last_unavailable(error: Exception) -> None:
    pages, _ = await walk(error, page(an_incident()))
    assert ids(pages) == ["29"]

    async with opened(error) as (graph, script):
        with pytest.raises(Unavailable, match="graph: read incident: ") as caught:
            await graph.defender.incident("29")

    assert len(script.requests) == 5
    assert caught.value.until is None
    assert "127.0.0.1" not in str(caught.value)


@pytest.mark.parametrize("status", [502, 503, 504])
async def test_a_lasting_failure_is_unavailable_after_five_tries(status: int) -> None:
    async with opened(no(status, "serviceNotAvailable", "later", request_id="abc")) as (graph, script):
        with pytest.raises(Unavailable) as caught:
            await graph.defender.incident("29")

    assert len(script.requests) == 5
    assert (
        str(caught.value) == f"graph: read incident: {status} (serviceNotAvailable: later) [request-id abc]"
    )


@pytest.mark.parametrize(
    ("header", "least", "most"),
    [
        ("3", 3.0, 3.0),
        ("0.249", 0.249, 0.249),
        ("Tue, 01 Sep 2026 12:00:06 GMT", 6.0, 6.0),
        ("10", 10.0, 10.0),
    ]
    + [(junk, 0.5, 8.0) for junk in ("soon", "-4", "0", "", "Tue, 01 Sep 2026 11:00:00 GMT")],
)
async def test_a_short_wait_is_slept_and_then_repeated(header: str, least: float, most: float) -> None:
    clock = ManualClock()

    pages, _ = await walk(no(429, retry_after=header), page(an_incident()), clock=clock)

    assert ids(pages) == ["29"]
    assert least <= (clock.now() - NOON).total_seconds() <= most


@pytest.mark.parametrize(
    ("header", "minutes"),
    [("11", 11 / 60), ("180", 3), ("899", 899 / 60), ("99999999", 15), ("Tue, 01 Sep 2026 12:05:00 GMT", 5)],
)
@pytest.mark.parametrize("status", [429, 503])
async def test_a_long_wait_parks_the_tenant_instead_of_sleeping(
    status: int, header: str, minutes: float
) -> None:
    clock = ManualClock()
    until = NOON + timedelta(minutes=minutes)

    async with opened(no(status, retry_after=header), page(an_incident()), clock=clock) as (graph, script):
        with pytest.raises(Unavailable) as told:
            await graph.defender.incident("29")
        with pytest.raises(Unavailable) as parked:
            await graph.defender.incident("30")
        assert clock.now() == NOON
        assert len(script.requests) == 1
        clock.advance(until - NOON)
        await anext(graph.defender.incidents_since(SINCE))

    assert told.value.until == parked.value.until == until
    assert len(script.requests) == 2


async def test_one_caller_that_is_throttled_holds_the_others_back() -> None:
    clock = ManualClock()
    when: list[tuple[str, datetime]] = []

    def noted(step: httpx.Response) -> Step:
        def answer(request: httpx.Request) -> httpx.Response:
            when.append((request.url.path[-2:], clock.now()))
            return httpx.Response(step.status_code, headers=step.headers, content=step.content)

        return answer

    async with opened(noted(no(429, retry_after="5")), noted(says(200, an_incident())), clock=clock) as (
        graph,
        _,
    ):
        await asyncio.gather(graph.defender.incident("29"), graph.defender.incident("30"))

    assert all(moment >= NOON + timedelta(seconds=5) for _, moment in when[1:])


@pytest.mark.parametrize("body", [b"<html>gateway</html>", b"", b'{"value": [', b'{"no": "value"}'])
async def test_a_page_that_nobody_can_read_is_asked_for_again_and_then_malformed(body: bytes) -> None:
    pages, _ = await walk(says(200, body), page(an_incident()))
    assert ids(pages) == ["29"]

    async with opened(says(200, body)) as (graph, script):
        with pytest.raises(Malformed, match="graph: list incidents: "):
            await anext(graph.defender.incidents_since(SINCE))
    assert len(script.requests) == 5


@pytest.mark.parametrize("status", [302, 204, 418])
async def test_answers_that_graph_never_gives_are_not_repeated(status: int) -> None:
    async with opened(says(status, headers={"Location": "http://login.example/"})) as (graph, script):
        with pytest.raises((Malformed, Refused)):
            await graph.defender.incident("29")

    assert len(script.requests) == 1


async def test_an_aged_link_begins_the_walk_anew() -> None:
    async with opened(page(an_incident(), link=f"{BASE}/incidents?$skiptoken=1"), no(410)) as (graph, _):
        pages = graph.defender.incidents_since(SINCE)
        await anext(pages)
        with pytest.raises(Unavailable):
            await anext(pages)


# Refusals


async def test_a_bad_request_says_graphs_code_and_first_line_only() -> None:
    message = "Invalid filter clause\n\x1b[31mA second line"

    async with opened(no(400, "BadRequest", message)) as (graph, script):
        with pytest.raises(Refused) as caught:
            await graph.defender.incident("29")

    assert str(caught.value) == "graph: read incident: 400 (BadRequest: Invalid filter clause)"
    assert len(script.requests) == 1


async def test_a_long_message_is_cut() -> None:
    async with opened(no(400, "x" * 500, "y" * 5000)) as (graph, _):
        with pytest.raises(Refused) as caught:
            await graph.defender.incident("29")

    assert len(str(caught.value)) < 400


@pytest.mark.parametrize("body", [b"<html>", b"", b"[]", b'{"error": "text"}', b'{"error": {"code": 5}}'])
async def test_an_error_body_of_any_shape_is_only_a_status(body: bytes) -> None:
    async with opened(says(400, body)) as (graph, _):
        with pytest.raises(Refused, match=r"^graph: read incident: 400$"):
            await graph.defender.incident("29")


@pytest.mark.parametrize(
    ("has_role", "mend"),
    [
        (False, "grant SecurityIncident.Read.All to the app"),
        (True, "SecurityIncident.Read.All is granted: check the licence"),
    ],
)
async def test_a_403_names_the_permission_or_else_the_licence(has_role: bool, mend: str) -> None:
    login = Login(roles=ALL_ROLES if has_role else [])

    async with opened(no(403, "Forbidden", ""), login=login) as (graph, script):
        with pytest.raises(Refused, match=mend):
            await anext(graph.defender.incidents_since(SINCE))

    assert len(script.requests) == 1


async def test_each_read_names_its_own_permission() -> None:
    async with opened(no(403), login=Login(roles=[])) as (graph, _):
        with pytest.raises(Refused, match=r"grant SecurityAlert\.Read\.All"):
            await anext(graph.defender.alerts_since(SINCE))
        with pytest.raises(Refused, match=r"grant SecurityAnalyzedMessage\.Read\.All"):
            await graph.defender.mail(["73ca4154-58d8-43d0-a890-08dc18c52e6d"])


# Budget and bytes


async def test_every_try_is_paid_from_the_budget() -> None:
    clock = ManualClock()

    pages, script = await walk(no(502), no(502), page(an_incident()), clock=clock, requests_per_minute=2)

    assert ids(pages) == ["29"]
    assert len(script.requests) == 3
    assert clock.now() - NOON == timedelta(seconds=60)


async def test_a_body_cut_off_in_its_compression_is_asked_for_again() -> None:
    whole = gzip.compress(msgspec.json.encode({"value": [an_incident()]}))
    answers = [http(whole[:-9], "Content-Encoding: gzip"), http(whole, "Content-Encoding: gzip")]

    async def answer(request: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(answers.pop(0))

    async with serving(answer) as server:
        cloud = simulator(f"http://127.0.0.1:{server.port}")
        async with opened(cloud=cloud, transport=httpx.AsyncHTTPTransport()) as (graph, _):
            found = await anext(graph.defender.incidents_since(SINCE))

    assert found.incidents[0].id == "29"
    assert len(server.received) == 2


async def test_hardly_any_line_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")

    await walk(page(an_incident()))

    assert caplog.records == []

"""Paging: links followed verbatim to their end, and nowhere else; pages made smaller where they must be."""

from datetime import UTC, datetime
from typing import Any

import pytest

from agent.model.errors import Malformed, Refused, Unavailable
from agent.model.page import Page
from tests.adapters.graphs import (
    SIMULATED,
    Script,
    Step,
    an_incident,
    no,
    opened,
    page,
)

SINCE = datetime(2026, 9, 1, 11, 0, 0, 123456, tzinfo=UTC)
BASE = f"{SIMULATED.graph}/v1.0/security"


async def walk(*steps: Step, **more: Any) -> tuple[list[Page], Script]:
    async with opened(*steps, **more) as (graph, script):
        return [found async for found in graph.defender.incidents_since(SINCE)], script


def ids(pages: list[Page]) -> list[str]:
    return [incident.id for found in pages for incident in found.incidents]


# Paging


async def test_links_are_followed_verbatim_past_empty_pages() -> None:
    link = f"{BASE}/incidents?$filter=a%20b&$skiptoken=c%2Fd%3D"
    second = f"{BASE}/incidents?$skiptoken=e"

    pages, script = await walk(page(an_incident("1"), link=link), page(link=second), page(an_incident("3")))

    assert [request.url.raw_path.decode() for request in script.requests[1:]] == [
        "/v1.0/security/incidents?$filter=a%20b&$skiptoken=c%2Fd%3D",
        "/v1.0/security/incidents?$skiptoken=e",
    ]
    assert all(request.headers["prefer"] for request in script.requests)
    assert ids(pages) == ["1", "3"]


@pytest.mark.parametrize(
    "link",
    [
        "https://127.0.0.1:9/v1.0/security/incidents",
        "http://127.0.0.1:10/v1.0/security/incidents",
        "http://127.0.0.1/v1.0/security/incidents",
        "http://localhost:9/v1.0/security/incidents",
        "http://127.0.0.1:9@evil.example/v1.0/security/incidents",
        "http://user@127.0.0.1:9/v1.0/security/incidents",
        "http://127.0.0.1:9/beta/security/incidents",
        "http://127.0.0.1:9/v1.0/../beta/security/incidents",
        "http://127.0.0.1:9/v1.0/%2e%2e/beta/security/incidents",
        "http://evil.example/v1.0/security/incidents",
        "/v1.0/security/incidents",
        "http://127.0.0.1:99999/v1.0/",
        "nonsense",
    ],
)
async def test_a_link_that_leads_elsewhere_is_not_followed(link: str) -> None:
    async with opened(page(an_incident(), link=link)) as (graph, script):
        pages = graph.defender.incidents_since(SINCE)
        first = await anext(pages)
        with pytest.raises(Malformed, match="link to the next page"):
            await anext(pages)

    assert first.incidents
    assert len(script.requests) == 1


@pytest.mark.parametrize("circle", [1, 2, 3])
async def test_links_that_go_in_a_circle_are_not_followed_for_ever(circle: int) -> None:
    links = [f"{BASE}/incidents?$skiptoken={n}" for n in range(circle)]
    steps = [page(an_incident(), link=links[n % circle]) for n in range(circle + 2)]

    async with opened(*steps) as (graph, script):
        pages = []
        with pytest.raises(Malformed, match="list incidents: the link to the next page repeats itself"):
            pages = [found async for found in graph.defender.incidents_since(SINCE)]

    assert pages == []
    assert len(script.requests) == circle + 1


# Page sizes


@pytest.mark.parametrize(
    "failures", [[no(400, "BadRequest", "The limit of '10' for Top query")], [no(500)] * 5]
)
async def test_a_page_size_that_is_refused_is_made_smaller_and_remembered(failures: list[Step]) -> None:
    async with opened(*failures, page(an_incident())) as (graph, script):
        for _ in range(2):
            await anext(graph.defender.incidents_since(SINCE))

    tops = [request.url.params.get("$top") for request in script.requests]
    assert tops == ["50"] * len(failures) + ["20", "20"]


async def test_at_last_the_page_size_is_left_to_graph() -> None:
    _, script = await walk(no(400), no(400), page(an_incident()))

    assert [request.url.params.get("$top") for request in script.requests] == ["50", "20", None]


async def test_a_refusal_of_every_page_size_is_a_refusal_and_is_not_remembered() -> None:
    async with opened(no(400, "BadRequest", "bad filter")) as (graph, script):
        for _ in range(2):
            with pytest.raises(Refused, match="bad filter"):
                await anext(graph.defender.incidents_since(SINCE))

    assert [request.url.params.get("$top") for request in script.requests] == ["50", "20", None] * 2


async def test_503s_do_not_make_pages_smaller() -> None:
    async with opened(*[no(503)] * 5, page(an_incident())) as (graph, script):
        with pytest.raises(Unavailable):
            await anext(graph.defender.incidents_since(SINCE))

    assert {request.url.params.get("$top") for request in script.requests} == {"50"}


async def test_500s_on_a_later_page_make_the_next_walk_smaller() -> None:
    link = f"{BASE}/incidents?$skiptoken=1"
    steps = [page(an_incident(), link=link), *[no(500)] * 5, page(an_incident())]

    async with opened(*steps) as (graph, script):
        with pytest.raises(Unavailable):
            [found async for found in graph.defender.incidents_since(SINCE)]
        await anext(graph.defender.incidents_since(SINCE))

    assert script.requests[-1].url.params["$top"] == "20"


async def test_alerts_and_incidents_have_steps_of_their_own() -> None:
    async with opened(no(400), page(an_incident())) as (graph, script):
        await anext(graph.defender.incidents_since(SINCE))
        await anext(graph.defender.alerts_since(SINCE))

    assert [request.url.params.get("$top") for request in script.requests] == ["50", "20", "50"]

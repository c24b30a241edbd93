"""What is recorded of an exchange, and what is not let through."""

import json
from datetime import timedelta

import httpx
import pytest

from agent.adapters.graph.recorder import FirstOnly, Recorder, Writes
from agent.adapters.microsoft.transport import Transport, Truncated
from agent.model.recording import Exchange
from tests.clock import NOON, ManualClock

LIST = "https://graph.microsoft.com/v1.0/security/incidents"


def page(*ids: int, link: str | None = "next") -> bytes:
    more = {"@odata.nextLink": link} if link else {}
    return json.dumps({"value": [{"id": str(number)} for number in ids], **more}).encode()


def recording(handler: httpx.MockTransport, kept: list[Exchange]) -> httpx.AsyncClient:
    clock = ManualClock()

    def keep(one: Exchange) -> None:
        kept.append(one)
        clock.advance(timedelta(seconds=1))

    return httpx.AsyncClient(transport=Recorder(Transport(handler), now=clock.now, keep=keep))


async def test_an_exchange_is_kept_whole_and_inflated_and_handed_on() -> None:
    import gzip

    kept: list[Exchange] = []
    headers = {"content-encoding": "gzip", "request-id": "1"}
    answer = httpx.MockTransport(
        lambda _: httpx.Response(200, headers=headers, content=gzip.compress(page(1)))
    )

    async with recording(answer, kept) as http:
        response = await http.get(LIST, params={"$top": "5"}, headers={"authorization": "Bearer zqx"})

    assert response.json()["value"] == [{"id": "1"}]
    (one,) = kept
    assert (one.method, one.target, one.status, one.body) == (
        "GET",
        "/v1.0/security/incidents?%24top=5",
        200,
        page(1),
    )
    assert one.at == NOON
    assert "zqx" not in repr(one)


async def test_a_hunting_query_is_kept() -> None:
    kept: list[Exchange] = []

    async with recording(httpx.MockTransport(lambda _: httpx.Response(200, content=b"{}")), kept) as http:
        await http.post(
            "https://graph.microsoft.com/v1.0/security/runHuntingQuery", json={"query": "EmailEvents"}
        )

    assert json.loads(kept[0].asked) == {"query": "EmailEvents"}


async def test_refusals_are_kept_and_handed_on() -> None:
    kept: list[Exchange] = []
    answer = httpx.MockTransport(lambda _: httpx.Response(429, headers={"retry-after": "2"}, content=b"slow"))

    async with recording(answer, kept) as http:
        response = await http.get(LIST)

    assert (response.status_code, response.headers["retry-after"], response.content) == (429, "2", b"slow")
    assert (kept[0].status, kept[0].headers["retry-after"], kept[0].body) == (429, "2", b"slow")


async def test_a_connection_that_breaks_is_kept_as_that() -> None:
    kept: list[Exchange] = []

    def breaking(_: httpx.Request) -> httpx.Response:
        raise httpx.ReadError("broken")

    async with recording(httpx.MockTransport(breaking), kept) as http:
        with pytest.raises(httpx.ReadError):
            await http.get(LIST)

    assert [(one.status, one.body) for one in kept] == [(0, b"")]


async def test_half_a_body_is_kept_as_a_connection_that_broke() -> None:
    import gzip

    kept: list[Exchange] = []
    half = gzip.compress(page(*range(200)))[:-9]
    answer = httpx.MockTransport(
        lambda _: httpx.Response(200, headers={"content-encoding": "gzip"}, content=half)
    )

    async with recording(answer, kept) as http:
        with pytest.raises(Truncated):
            await http.get(LIST)

    assert [one.status for one in kept] == [0]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1.0/security/collaboration/analyzedEmails/remediate"),
        ("POST", "/v1.0/security/incidents/1/comments"),
        ("PATCH", "/v1.0/security/incidents/1"),
        ("POST", "/v1.0/security/runHuntingQuery/remediate"),
        ("DELETE", "/v1.0/security/incidents/1"),
        ("PUT", "/v1.0/users/1"),
    ],
)
async def test_nothing_but_reading_is_let_through(method: str, path: str) -> None:
    sent: list[httpx.Request] = []
    kept: list[Exchange] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(200)

    async with recording(httpx.MockTransport(answer), kept) as http:
        with pytest.raises(Writes):
            await http.request(method, f"https://graph.microsoft.com{path}", json={})

    assert not sent
    assert not kept


@pytest.mark.parametrize(
    ("most", "pages"),
    [
        (5, [([1, 2, 3], "next"), ([4, 5], None)]),
        (3, [([1, 2, 3], None)]),
        (2, [([1, 2], None)]),
        (100, [([1, 2, 3], "next"), ([4, 5, 6], "next")]),
    ],
)
async def test_lists_end_after_so_many_and_lead_no_further(
    most: int, pages: list[tuple[list[int], str | None]]
) -> None:
    bodies = iter([page(1, 2, 3), page(4, 5, 6)])
    inner = httpx.MockTransport(lambda _: httpx.Response(200, content=next(bodies)))

    async with httpx.AsyncClient(transport=FirstOnly(inner, most)) as http:
        found = [(await http.get(LIST)).json() for _ in pages]

    told = [([int(one["id"]) for one in page["value"]], page.get("@odata.nextLink")) for page in found]
    assert told == pages


@pytest.mark.parametrize(("status", "body"), [(200, b"<html>"), (200, b'{"value": 3}'), (503, page(1, 2))])
async def test_what_is_no_page_is_left_as_it_is(status: int, body: bytes) -> None:
    inner = httpx.MockTransport(lambda _: httpx.Response(status, content=body))

    async with httpx.AsyncClient(transport=FirstOnly(inner, 1)) as http:
        assert (await http.get(LIST)).content == body

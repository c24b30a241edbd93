"""A recording, played: the same answers in the same order, nothing that was not recorded, and no writes."""

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import httpx
import pytest

from agent.adapters.graph.hunting import query
from agent.model.recording import Exchange, Manifest, Recording
from agent.scrub.links import PLACE
from agent.simulator import names
from agent.simulator.clock import RealClock, StandingClock, epoch_for
from agent.simulator.faults import Reset
from agent.simulator.replay import Replay
from tests.makers import NOW, message_id

TENANT = "00000000-0000-4000-8000-000000000001"
LIST = "/v1.0/security/incidents"
HUNT = "/v1.0/security/runHuntingQuery"


def an_exchange(
    target: str = LIST, body: Any = None, *, status: int = 200, asked: str = "", **headers: str
) -> Exchange:
    return Exchange(
        at=NOW,
        method="POST" if asked else "GET",
        target=target,
        asked=asked,
        status=status,
        headers={name.replace("_", "-"): value for name, value in headers.items()},
        body=body
        if isinstance(body, bytes)
        else json.dumps(body if body is not None else {"value": []}).encode(),
    )


def a_hunt(*numbers: int, rows: Sequence[Any] | None = None) -> Exchange:
    found = (
        [{"NetworkMessageId": message_id(n), "Subject": f"text {n}"} for n in numbers]
        if rows is None
        else rows
    )
    body = {"schema": [{"name": "Subject", "type": "String"}], "results": found}
    return an_exchange(HUNT, body, asked=asking(*numbers))


def asking(*numbers: int) -> str:
    return json.dumps({"Query": query([message_id(n) for n in numbers])})


def a_recording(*exchanges: Exchange, grants: Sequence[str] = tuple(names.ALL_ROLES)) -> Recording:
    manifest = Manifest(
        agent="0",
        at=NOW,
        scope="everything",
        cloud="global",
        tenant=TENANT,
        grants=tuple(grants),
        exchanges=len(exchanges),
        statuses={},
        incidents=0,
        actions={},
        decisions={},
        replayed={},
        replaced={},
    )
    return Recording(manifest=manifest, exchanges=exchanges)


@asynccontextmanager
async def played(*exchanges: Exchange, logs_in: bool = True) -> AsyncIterator[httpx.AsyncClient]:
    app = Replay(a_recording(*exchanges), StandingClock(NOW))
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://127.0.0.1:8000"
    ) as client:
        if logs_in:
            form = {
                "grant_type": "client_credentials",
                "client_id": names.CLIENT_ID,
                "client_secret": names.CLIENT_SECRET,
                "scope": "http://127.0.0.1:8000/.default",
            }
            answer = await client.post(f"/{TENANT}/oauth2/v2.0/token", data=form)
            client.headers["authorization"] = f"Bearer {answer.json()['access_token']}"
        yield client


async def test_answers_come_in_their_order_and_the_last_from_then_on() -> None:
    first = an_exchange(status=429, retry_after="2")
    async with played(first, an_exchange(body={"value": [1]}), an_exchange(body={"value": [2]})) as client:
        answers = [await client.get(LIST) for _ in range(4)]

    assert [one.status_code for one in answers] == [429, 200, 200, 200]
    assert answers[0].headers["retry-after"] == "2"
    assert [one.json()["value"] for one in answers[1:]] == [[1], [2], [2]]


async def test_moments_and_sizes_of_pages_do_not_tell_questions_apart() -> None:
    asked = f"{LIST}?$filter=lastUpdateDateTime%20ge%202026-09-01T00:00:00.000000Z&$top=50&$expand=alerts"
    later = f"{LIST}?%24expand=alerts&%24filter=lastUpdateDateTime+ge+2027-01-01T00:00:00.5Z&%24top=20"

    async with played(an_exchange(asked, {"value": [7]})) as client:
        assert (await client.get(later)).json() == {"value": [7]}


async def test_pages_are_told_apart_by_their_tokens_and_links_lead_here() -> None:
    link = f"{PLACE}{LIST}?$expand=alerts&$skiptoken=token1"
    pages = (
        an_exchange(f"{LIST}?$expand=alerts", {"value": [1], "@odata.nextLink": link}),
        an_exchange(f"{LIST}?$expand=alerts&$skiptoken=token1", {"value": [2]}),
    )

    async with played(*pages) as client:
        first = (await client.get(f"{LIST}?$expand=alerts")).json()
        second = await client.get(first["@odata.nextLink"])

    assert first["@odata.nextLink"].startswith("http://127.0.0.1:8000/v1.0/")
    assert second.json() == {"value": [2]}


async def test_what_is_broken_stays_broken_to_the_byte() -> None:
    async with played(an_exchange(body=b'{"value": [{"id": "1', content_type="application/json")) as client:
        answer = await client.get(LIST)

    assert answer.content == b'{"value": [{"id": "1'
    assert answer.headers["content-type"] == "application/json"


async def test_a_connection_that_broke_breaks() -> None:
    async with played(an_exchange(status=0, body=b"")) as client:
        with pytest.raises(Reset):
            await client.get(LIST)


@pytest.mark.parametrize(
    "target",
    [f"{LIST}?$skiptoken=token9", "/v1.0/security/alerts_v2/fa1", "/v1.0/users/1", "/simulator/status"],
)
async def test_what_was_not_recorded_is_said_not_to_be(target: str) -> None:
    async with played(an_exchange()) as client:
        answer = await client.get(target)

    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "notRecorded"
    assert "was not asked like this in the recording" in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", f"{LIST}/1/comments"),
        ("PATCH", f"{LIST}/1"),
        ("POST", "/v1.0/security/collaboration/analyzedEmails/remediate"),
        ("DELETE", f"{LIST}/1"),
        ("PUT", LIST),
    ],
)
async def test_a_recording_takes_no_writes(method: str, path: str) -> None:
    async with played(an_exchange()) as client:
        answer = await client.request(method, path, json={})

    assert answer.status_code == 405
    assert answer.json()["error"]["message"] == "a recording takes no writes"


async def test_nobody_reads_it_without_a_token() -> None:
    async with played(an_exchange(), logs_in=False) as client:
        assert (await client.get(LIST)).status_code == 401


async def test_the_login_wants_the_recorded_tenant_and_the_secret() -> None:
    async with played(an_exchange(), logs_in=False) as client:
        form = {
            "grant_type": "client_credentials",
            "client_id": names.CLIENT_ID,
            "client_secret": "no",
            "scope": "x",
        }
        wrong = await client.post(f"/{TENANT}/oauth2/v2.0/token", data=form)
        other = await client.post(f"/{names.TENANT_ID}/oauth2/v2.0/token", data=form)

    assert (wrong.status_code, other.status_code) == (401, 400)


# Put together


async def test_messages_may_be_hunted_for_in_other_company() -> None:
    async with played(a_hunt(1, 2), a_hunt(3)) as client:
        answer = await client.post(HUNT, content=asking(3, 1))

    assert [row["Subject"] for row in answer.json()["results"]] == ["text 1", "text 3"]
    assert answer.json()["schema"] == [{"name": "Subject", "type": "String"}]


async def test_a_message_that_had_no_row_has_none() -> None:
    async with played(a_hunt(1, 2, rows=[{"networkmessageid": message_id(1).upper()}])) as client:
        answer = await client.post(HUNT, content=asking(2))

    assert answer.json()["results"] == []


async def test_messages_that_nobody_hunted_for_are_not_made_up() -> None:
    async with played(a_hunt(1, 2)) as client:
        answer = await client.post(HUNT, content=asking(1, 9))

    assert answer.status_code == 404
    assert "a hunting query over `EmailEvents` was not asked like this" in answer.json()["error"]["message"]


async def test_another_table_is_another_question() -> None:
    asked = json.dumps({"query": f'UrlClickEvents | where NetworkMessageId == "{message_id(1)}"'})

    async with played(a_hunt(1)) as client:
        assert (await client.post(HUNT, content=asked)).status_code == 404


async def test_an_incident_of_a_page_can_be_read_by_itself() -> None:
    page = {"value": [{"id": "7", "alerts": [{"id": "a"}]}, {"id": "8"}]}

    async with played(an_exchange(f"{LIST}?$expand=alerts", page)) as client:
        found, none = await client.get(f"{LIST}/7?$expand=alerts"), await client.get(f"{LIST}/9")
        alerts = await client.get(
            "/v1.0/security/alerts_v2?$filter=lastUpdateDateTime ge 2026-09-01T00:00:00Z"
        )

    assert found.json() == {"id": "7", "alerts": [{"id": "a"}]}
    assert none.status_code == 404
    assert alerts.json() == {"value": [{"id": "a"}]}


async def test_incidents_that_were_read_by_themselves_make_a_page() -> None:
    single = an_exchange(f"{LIST}/7?$expand=alerts", {"id": "7", "status": "active"})

    async with played(single) as client:
        listed = await client.get(
            f"{LIST}?$expand=alerts&$filter=lastUpdateDateTime ge 2026-09-01T00:00:00Z&$top=50"
        )

    assert listed.json() == {"value": [{"id": "7", "status": "active"}]}


async def test_a_page_that_was_recorded_is_not_put_together() -> None:
    failing = an_exchange(status=503, body={"error": {}})
    single = an_exchange(f"{LIST}/7", {"id": "7"})

    async with played(failing, single) as client:
        assert (await client.get(LIST)).status_code == 503


# Time


@pytest.mark.parametrize("rate", [0.1, 0.5, 2.0, 60.0])
def test_time_begins_where_it_was_recorded(rate: float) -> None:
    real = NOW + timedelta(days=30)

    epoch = epoch_for(NOW, real, rate)

    assert abs(epoch + (real - epoch) * rate - NOW) < timedelta(milliseconds=1)
    later = real + timedelta(minutes=1)
    passed = (epoch + (later - epoch) * rate) - NOW
    assert abs(passed - rate * timedelta(minutes=1)) < timedelta(milliseconds=1)


def test_the_clock_of_the_server_begins_there_too() -> None:
    from agent.adapters.host import SystemClock

    clock = RealClock(epoch_for(NOW, SystemClock().now(), 0.5), 0.5)

    assert timedelta(0) <= clock.now() - NOW < timedelta(seconds=5)


async def test_a_standing_clock_moves_by_waits_alone() -> None:
    clock = StandingClock(NOW)

    await clock.sleep_until(NOW + timedelta(hours=1))
    await clock.sleep_until(NOW)

    assert clock.now() == NOW + timedelta(hours=1)

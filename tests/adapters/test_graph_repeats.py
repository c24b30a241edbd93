"""Writes again: only what was definitely not applied, and a deletion only by whoever counts its departures."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx
import pytest

from agent.adapters.microsoft.clouds import simulator
from agent.model.enactment import Went
from agent.model.errors import Conflict, Held, Refused, Unavailable
from tests.adapters.graphs import (
    EFFECTS,
    NOTES,
    WRITES,
    Departures,
    Login,
    Write,
    http,
    no,
    opened,
    says,
    serving,
    soft_delete,
)
from tests.clock import NOON, ManualClock

ACCEPTED = says(
    202, headers={"Location": 'https://security.microsoft.com/x?filters={"bulkId":["b-1"]}&tid=t'}
)


# Repeats


@pytest.mark.parametrize("write", NOTES)
async def test_a_throttled_note_is_repeated_after_the_wait(write: Write) -> None:
    clock, departing = ManualClock(), Departures()

    async with opened(no(429, retry_after="4"), says(200, {"id": "29"}), clock=clock) as (graph, script):
        outcome = await write(graph, departing)

    assert outcome.went is Went.DONE
    assert len(script.requests) == departing.count == 2
    assert clock.now() - NOON == timedelta(seconds=4)


@pytest.mark.parametrize("write", EFFECTS)
@pytest.mark.parametrize(("header", "least", "most"), [("4", 4.0, 4.0), ("junk", 0.4, 8.0)])
async def test_a_throttled_effect_is_given_back_with_the_moment(
    write: Write, header: str, least: float, most: float
) -> None:
    """Its departure is written down, so that whoever wrote it must put it back before it leaves again."""
    departing = Departures()

    async with opened(no(429, retry_after=header)) as (graph, script):
        with pytest.raises(Unavailable) as caught:
            await write(graph, departing)

    assert caught.value.until is not None
    assert least <= (caught.value.until - NOON).total_seconds() <= most
    assert len(script.requests) == departing.count == 1


@pytest.mark.parametrize("write", WRITES)
async def test_a_long_wait_parks_the_tenant(write: Write) -> None:
    departing = Departures()

    async with opened(no(429, retry_after="120")) as (graph, script):
        for _ in range(2):
            with pytest.raises(Unavailable) as caught:
                await write(graph, departing)

    assert caught.value.until == NOON + timedelta(seconds=120)
    assert len(script.requests) == departing.count == 1


@pytest.mark.parametrize("write", NOTES)
async def test_throttling_without_end_is_unavailable(write: Write) -> None:
    async with opened(no(429)) as (graph, script):
        with pytest.raises(Unavailable):
            await write(graph, Departures())

    assert len(script.requests) == 5


@pytest.mark.parametrize("write", NOTES)
async def test_a_note_is_repeated_once_with_a_new_token(write: Write) -> None:
    login = Login()

    async with opened(no(401), says(200, {"id": "29"}), login=login) as (graph, script):
        outcome = await write(graph, Departures())

    assert outcome.went is Went.DONE
    assert login.given == 2
    first, second = (request.headers["authorization"] for request in script.requests)
    assert first != second


@pytest.mark.parametrize("write", EFFECTS)
async def test_an_effect_turned_away_may_be_repeated_at_once_with_a_new_token(write: Write) -> None:
    login, departing = Login(), Departures()

    async with opened(no(401), says(204), login=login) as (graph, script):
        with pytest.raises(Unavailable) as caught:
            await write(graph, departing)
        outcome = await write(graph, departing)

    assert caught.value.until == NOON
    assert outcome.went is Went.DONE
    assert login.given == departing.count == len(script.requests) == 2


@pytest.mark.parametrize("write", NOTES)
async def test_a_second_401_ends_the_repeats(write: Write) -> None:
    async with opened(no(401)) as (graph, script):
        with pytest.raises(Unavailable, match="the token is not accepted") as caught:
            await write(graph, Departures())

    assert caught.value.until is None
    assert len(script.requests) == 2


@pytest.mark.parametrize("write", EFFECTS)
async def test_an_effect_turned_away_twice_is_not_to_be_repeated_at_once(write: Write) -> None:
    async with opened(no(401)) as (graph, _):
        untils = []
        for _ in range(2):
            with pytest.raises(Unavailable) as caught:
                await write(graph, Departures())
            untils.append(caught.value.until)

    assert untils == [NOON, None]


@pytest.mark.parametrize("write", WRITES)
async def test_a_login_that_says_no_leaves_the_write_unsent(write: Write) -> None:
    login, departing = Login(), Departures()

    async with opened(ACCEPTED, login=login) as (graph, script):
        login.wall += 7200
        login.error = Refused("login: AADSTS7000222: the client secret has expired: make a new one")
        with pytest.raises(Unavailable, match="AADSTS7000222"):
            await write(graph, departing)

    assert script.requests == []
    assert departing.count == 0


@pytest.mark.parametrize("write", WRITES)
async def test_a_connection_that_is_refused_is_tried_again_and_then_unavailable(write: Write) -> None:
    async def never(request: bytes, writer: asyncio.StreamWriter) -> None:
        raise AssertionError

    async with serving(never) as server:
        cloud = simulator(f"http://127.0.0.1:{server.port}")
    clock, departing = ManualClock(), Departures()

    async with opened(cloud=cloud, transport=httpx.AsyncHTTPTransport(), clock=clock) as (graph, _):
        with pytest.raises(Unavailable, match="no connection"):
            await write(graph, departing)

    assert departing.count == 0
    assert len(clock.waits) == 4


@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize(
    "error",
    [
        Conflict("not intended"),
        Held("killSwitch", "held"),
        Refused("odd"),
        OSError("disk full"),
        httpx.ConnectError("odd"),
    ],
)
async def test_an_objection_to_departing_comes_through_as_it_is(write: Write, error: Exception) -> None:
    departing = Departures(error=error)

    async with opened(ACCEPTED) as (graph, script):
        with pytest.raises(type(error)) as caught:
            await write(graph, departing)

    assert caught.value is error
    assert script.requests == []
    assert departing.count == 1


@pytest.mark.parametrize("write", WRITES)
async def test_on_real_connections_a_reset_is_unknown_and_sent_once(write: Write) -> None:
    async def reset(request: bytes, writer: asyncio.StreamWriter) -> None:
        writer.transport.abort()

    departing = Departures()
    async with serving(reset) as server:
        cloud = simulator(f"http://127.0.0.1:{server.port}")
        async with opened(cloud=cloud, transport=httpx.AsyncHTTPTransport()) as (graph, _):
            outcome = await write(graph, departing)

    assert outcome.went is Went.UNKNOWN
    assert len(server.received) == departing.count == 1


@pytest.mark.parametrize("write", WRITES)
async def test_on_real_connections_a_truncated_answer_is_unknown(write: Write) -> None:
    async def truncated(request: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(http(b'{"id"', length=50))
        writer.close()

    async with serving(truncated) as server:
        cloud = simulator(f"http://127.0.0.1:{server.port}")
        async with opened(cloud=cloud, transport=httpx.AsyncHTTPTransport()) as (graph, _):
            outcome = await write(graph, Departures())

    assert outcome.went is Went.UNKNOWN


async def test_a_deletion_waits_for_the_budget_before_it_departs() -> None:
    clock = ManualClock()
    left: list[Any] = []

    async def departing() -> None:
        left.append(clock.now())

    async with opened(ACCEPTED, clock=clock, requests_per_minute=1) as (graph, _):
        for _ in range(2):
            await soft_delete(graph, departing)

    assert left == [NOON, NOON + timedelta(seconds=60)]

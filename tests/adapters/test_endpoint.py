"""Defender for Endpoint: a file is quarantined once or not at all, and how that stands is read."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx
import msgspec
import pytest

from agent.adapters.endpoint.connect import PER_HOUR, PER_MINUTE
from agent.model.enactment import EffectKind, Outcome, Went
from agent.model.errors import Conflict, Malformed, Refused, Unavailable
from agent.model.targets import Device, OfDevice, Quarantine
from tests.adapters.endpoints import URL, a_machine, an_action, opened_machines, quarantined
from tests.adapters.graphs import (
    ENDPOINT_ROLES,
    GUID,
    MACHINE,
    SHA1,
    Departures,
    Login,
    Step,
    enacting,
    no,
    opened,
    page,
    says,
    serving,
)
from tests.clock import NOON, ManualClock

ACTION = "5382f7ea-7557-4ab7-9782-d50480024a4e"
TAKEN = says(201, an_action())


# Writing


async def test_a_quarantine_is_the_documented_request_and_nothing_else() -> None:
    login, departing = Login(roles=ENDPOINT_ROLES), Departures()

    async with opened_machines(TAKEN, login=login) as (machines, script):
        outcome = await quarantined(machines, departing)

    (request,) = script.requests
    assert (request.method, str(request.url)) == (
        "POST",
        f"{URL}/api/machines/{MACHINE}/StopAndQuarantineFile",
    )
    assert script.bodies == [{"Comment": "air-agent: effect e1 of action a1", "Sha1": SHA1}]
    assert request.headers["content-type"] == request.headers["accept"] == "application/json"
    assert outcome == Outcome(
        went=Went.DONE,
        detail="taken on by Defender for Endpoint",
        bulk_id=ACTION,
        client_request_id=request.headers["client-request-id"],
    )
    assert departing.count == 1


async def test_the_token_is_for_defender_for_endpoint_and_its_own() -> None:
    asked: list[tuple[str, ...]] = []

    class Noting(Login):
        async def get_token(self, *scopes: str, claims: str | None = None, **options: Any) -> Any:
            asked.append(scopes)
            return await super().get_token(*scopes, claims=claims, **options)

    async with opened_machines(TAKEN, login=Noting(roles=ENDPOINT_ROLES)) as (machines, script):
        await quarantined(machines, Departures())
        await quarantined(machines, Departures())

    assert asked == [("https://api.securitycenter.microsoft.com/.default",)]
    assert len({request.headers["authorization"] for request in script.requests}) == 1


@pytest.mark.parametrize(
    ("answer", "went"),
    [
        (TAKEN, Went.DONE),
        (says(200, an_action()), Went.DONE),
        (says(201, {}), Went.DONE),
        (says(201), Went.UNKNOWN),
        (no(400, "ActiveRequestAlreadyExists"), Went.REFUSED),
        (no(403), Went.REFUSED),
        (no(404), Went.REFUSED),
        (no(409), Went.REFUSED),
        (no(408), Went.UNKNOWN),
        (no(500), Went.UNKNOWN),
        (no(502), Went.UNKNOWN),
        (no(503, retry_after="1"), Went.UNKNOWN),
        (no(504), Went.UNKNOWN),
        (says(201, b"<html>gateway</html>"), Went.UNKNOWN),
        (says(302, headers={"Location": "http://login.example/"}), Went.UNKNOWN),
        (httpx.ReadTimeout("x"), Went.UNKNOWN),
        (httpx.RemoteProtocolError("x"), Went.UNKNOWN),
    ],
)
async def test_one_answer_settles_a_quarantine(answer: Step, went: Went) -> None:
    departing = Departures()

    async with opened_machines(answer) as (machines, script):
        outcome = await quarantined(machines, departing)

    assert outcome.went is went
    assert outcome.detail
    assert len(script.requests) == departing.count == 1


async def test_a_quarantine_without_an_id_says_so_and_one_that_is_refused_says_why() -> None:
    refused = no(400, "ActiveRequestAlreadyExists", "at work", request_id="r-9")
    async with opened_machines(says(201, {}, {"request-id": "r-1"}), refused) as (machines, script):
        first = await quarantined(machines, Departures())
        second = await quarantined(machines, Departures())

    assert first == Outcome(
        went=Went.DONE,
        detail="taken on by Defender for Endpoint, without an id to look it up by",
        request_id="r-1",
        client_request_id=script.requests[0].headers["client-request-id"],
    )
    assert second.detail == (
        "defender for endpoint: stop and quarantine file: 400 (ActiveRequestAlreadyExists: at work)"
    )
    assert second.request_id == "r-9"


async def test_a_throttled_quarantine_is_given_back_with_the_moment() -> None:
    departing = Departures()

    async with opened_machines(no(429, retry_after="4")) as (machines, script):
        with pytest.raises(
            Unavailable, match="defender for endpoint: stop and quarantine file: 429"
        ) as caught:
            await quarantined(machines, departing)

    assert caught.value.until == NOON + timedelta(seconds=4)
    assert len(script.requests) == departing.count == 1


async def test_a_quarantine_turned_away_may_be_repeated_at_once_with_a_new_token() -> None:
    login, departing = Login(roles=ENDPOINT_ROLES), Departures()

    async with opened_machines(no(401), TAKEN, login=login) as (machines, script):
        with pytest.raises(Unavailable):
            await quarantined(machines, departing)
        outcome = await quarantined(machines, departing)

    assert outcome.went is Went.DONE
    assert login.given == departing.count == len(script.requests) == 2


@pytest.mark.parametrize("error", [Refused("login: AADSTS7000222: expired"), OSError("no network")])
async def test_a_login_that_fails_leaves_the_quarantine_unsent(error: Exception) -> None:
    login, departing = Login(roles=ENDPOINT_ROLES, error=error), Departures()

    async with opened_machines(TAKEN, login=login) as (machines, script):
        with pytest.raises(Unavailable, match="login"):
            await quarantined(machines, departing)

    assert script.requests == []
    assert departing.count == 0


async def test_another_tenants_token_is_never_shown() -> None:
    departing = Departures()
    async with opened_machines(TAKEN, login=Login(roles=ENDPOINT_ROLES, tid=GUID)) as (machines, script):
        with pytest.raises(Unavailable, match=f"for tenant `{GUID}`"):
            await quarantined(machines, departing)

    assert script.requests == []
    assert departing.count == 0


async def test_an_objection_to_departing_comes_through_as_it_is() -> None:
    error = Conflict("not intended")
    async with opened_machines(TAKEN) as (machines, script):
        with pytest.raises(Conflict) as caught:
            await quarantined(machines, Departures(error=error))

    assert caught.value is error
    assert script.requests == []


async def test_on_real_connections_a_reset_is_unknown_and_sent_once() -> None:
    async def reset(request: bytes, writer: asyncio.StreamWriter) -> None:
        writer.transport.abort()

    departing = Departures()
    async with serving(reset) as server:
        url = f"http://127.0.0.1:{server.port}"
        async with opened_machines(url=url, transport=httpx.AsyncHTTPTransport()) as (machines, _):
            outcome = await quarantined(machines, departing)

    assert outcome.went is Went.UNKNOWN
    assert len(server.received) == departing.count == 1


@pytest.mark.parametrize("hostile", ["", "..", "a/b", f"{MACHINE}/x", "x?y", f"{SHA1} ", "é", f"{SHA1}\n"])
async def test_a_hostile_file_or_device_is_refused_unsent(hostile: str) -> None:
    departing = Departures()
    async with opened_machines(TAKEN) as (machines, script):
        for target in ((hostile, MACHINE), (SHA1, hostile)):
            outcome = await machines.stop_and_quarantine(target, comment="c", departing=departing)
            assert outcome.went is Went.REFUSED
        for reading in (machines.device(hostile), machines.quarantine(hostile)):
            with pytest.raises(Malformed, match="is not a"):
                await reading

    assert script.requests == []
    assert departing.count == 0


@pytest.mark.parametrize("sha1", ["a" * 39, "a" * 41, "g" * 40, "a" * 64])
async def test_only_a_sha1_names_a_file(sha1: str) -> None:
    async with opened_machines(TAKEN) as (machines, script):
        outcome = await machines.stop_and_quarantine((sha1, MACHINE), comment="c", departing=Departures())

    assert outcome.went is Went.REFUSED
    assert script.requests == []


async def test_the_budget_is_its_own_by_the_minute_and_by_the_hour() -> None:
    clock = ManualClock()

    async with opened_machines(says(200, a_machine()), clock=clock) as (machines, script):
        for _ in range(PER_HOUR):
            await machines.device(MACHINE)
        with pytest.raises(Unavailable, match="the 1500 requests of this hour are spent"):
            await machines.device(MACHINE)

    assert len(script.requests) == PER_HOUR
    assert clock.now() - NOON == timedelta(minutes=PER_HOUR // PER_MINUTE - 1)


# Reading


async def test_a_device_is_as_it_is_shown() -> None:
    async with opened_machines(says(200, a_machine())) as (machines, script):
        device = await machines.device(MACHINE.upper())

    assert str(script.requests[0].url) == f"{URL}/api/machines/{MACHINE.upper()}"
    assert device == Device(
        id=MACHINE,
        name="dc1.contoso.example",
        os_platform="WindowsServer2022",
        health_status="Active",
        tags=("tier0",),
    )


async def test_what_is_left_out_of_a_device_is_none() -> None:
    async with opened_machines(says(200, {"id": MACHINE, "machineTags": None})) as (machines, _):
        assert await machines.device(MACHINE) == Device(id=MACHINE)


@pytest.mark.parametrize(
    ("action", "found"),
    [
        (an_action(), Quarantine(id=ACTION, status="Pending", sha1=SHA1, machine_id=MACHINE)),
        (an_action(status="Succeeded", relatedFileInfo=None), Quarantine(id=ACTION, status="Succeeded", machine_id=MACHINE)),
        (an_action(relatedFileInfo={"fileIdentifier": "f", "fileIdentifierType": "Sha256"}), Quarantine(id=ACTION, status="Pending", machine_id=MACHINE)),
        (an_action(status=None, machineId=None), Quarantine(id=ACTION, status=None, sha1=SHA1)),
        (an_action(type="Isolate"), None),
    ],
)  # fmt: skip
async def test_a_quarantine_stands_as_the_api_says(action: Any, found: Quarantine | None) -> None:
    async with opened_machines(says(200, action)) as (machines, script):
        assert await machines.quarantine(ACTION) == found

    assert str(script.requests[0].url) == f"{URL}/api/machineactions/{ACTION}"


async def test_what_is_not_there_is_none() -> None:
    async with opened_machines(no(404, "ResourceNotFound")) as (machines, _):
        assert await machines.device(MACHINE) is None
        assert await machines.quarantine(ACTION) is None


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (says(200, a_machine("c" * 40)), Malformed, "another device came than was asked for"),
        (says(200, a_machine(machineTags="tier0")), Malformed, "read device: cannot be read"),
        (says(200, []), Malformed, "read device: cannot be read"),
        (says(206, a_machine()), Malformed, "only a part came"),
        (says(200, b"<html>"), Malformed, "the answer is HTML"),
        (no(403), Refused, r"Machine\.Read\.All is granted: check the licence"),
        (no(500), Unavailable, "defender for endpoint: read device: 500"),
        (httpx.ConnectError("down"), Unavailable, "no connection"),
    ],
)
async def test_whatever_goes_wrong_there_is_no_device(
    answer: Step, kind: type[Exception], words: str
) -> None:
    async with opened_machines(answer) as (machines, _):
        with pytest.raises(kind, match=words):
            await machines.device(MACHINE)


# Beside Graph


async def test_graphs_enactor_and_targets_reach_it() -> None:
    answers = (TAKEN, says(200, a_machine()), says(200, an_action()))
    async with (
        opened_machines(*answers) as (machines, script),
        opened(page(), machines=machines) as (graph, other),
    ):
        outcome = await enacting(EffectKind.QUARANTINE_FILE)(graph, Departures())
        device = await graph.targets.find(OfDevice(id=MACHINE))
        quarantine = await graph.targets.quarantine(ACTION)

    assert outcome.bulk_id == ACTION
    assert msgspec.json.decode(script.requests[0].content)["Comment"] == "air-agent: effect e1 of action a1"
    assert isinstance(device, Device)
    assert quarantine is not None
    assert other.requests == []

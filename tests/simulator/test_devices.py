"""Defender for Endpoint: devices, taking a file away, and tokens of its own."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from agent.simulator import names
from agent.simulator.faults import Fault, Faults, Rule, What
from agent.simulator.suspects import AWAY, SERVER, WORKSTATION
from agent.simulator.switches import Switches
from tests.simulator.worlds import INCIDENTS, Caller, caller, staffed

SAMPLE = Path(__file__).parent.parent / "samples" / "endpoint" / "machineactions-list.response.json"


def sha1_on(graph: Caller, name: str = "Stealer on a workstation") -> str:
    found: str = graph.evidence_of(name)["fileDetails"]["sha1"]
    return found


async def status_of(graph: Caller, action_id: str) -> str:
    found: str = (await graph.endpoint("GET", f"/api/machineactions/{action_id}")).json()["status"]
    return found


async def test_a_device_is_found_by_id_and_by_name() -> None:
    graph = caller(staffed())

    by_id = (await graph.endpoint("GET", f"/api/machines/{SERVER}")).json()
    by_name = (await graph.endpoint("GET", "/api/machines/files-02.contoso.example")).json()
    missing = await graph.endpoint("GET", f"/api/machines/{'0' * 40}")

    assert by_id == by_name
    assert (by_id["osPlatform"], by_id["healthStatus"]) == ("WindowsServer2022", "Active")
    assert (missing.status_code, missing.json()["error"]["code"]) == (404, "ResourceNotFound")
    assert missing.json()["error"].keys() == {"code", "message", "target"}


async def test_devices_come_in_pages() -> None:
    graph = caller(staffed())

    first = (await graph.endpoint("GET", "/api/machines", params={"$top": "1"})).json()
    second = (await graph.endpoint("GET", first["@odata.nextLink"])).json()

    assert [one["id"] for one in (*first["value"], *second["value"])] == [WORKSTATION, SERVER]


async def test_a_machine_action_is_as_in_microsofts_sample() -> None:
    graph = caller(staffed())
    sample: dict[str, Any] = msgspec.json.decode(SAMPLE.read_bytes())["value"][2]
    sample["lastUpdateDateTimeUtc"] = sample.pop("lastUpdateTimeUtc")

    answer = await graph.quarantine(WORKSTATION, sha1_on(graph).upper())

    found = answer.json()
    del found["@odata.context"]
    assert answer.status_code == 201
    assert found.keys() == sample.keys()
    assert found["relatedFileInfo"] == {"fileIdentifier": sha1_on(graph), "fileIdentifierType": "Sha1"}
    assert (found["type"], found["status"]) == ("StopAndQuarantineFile", "Pending")


async def test_a_file_is_taken_away_step_by_step_and_its_action_closes() -> None:
    graph = caller(staffed(), Switches(effect_after=timedelta(minutes=4)))
    sha1 = sha1_on(graph)

    action = (await graph.quarantine(WORKSTATION, sha1)).json()
    seen = []
    for _ in range(3):
        seen.append(await status_of(graph, action["id"]))
        graph.later(minutes=2)
    graph.later(minutes=15)

    assert seen == ["Pending", "InProgress", "Succeeded"]
    assert graph.state.applied == {("stopAndQuarantineFile", sha1, WORKSTATION): 1}
    assert graph.evidence_of("Stealer on a workstation")["remediationStatus"] == "remediated"


@pytest.mark.parametrize(("health", "status"), [("Inactive", "TimeOut"), ("NoSensorData", "Failed")])
async def test_a_device_that_does_not_answer_ends_otherwise(health: str, status: str) -> None:
    graph = caller(staffed())
    name = "Miner on a device that is away"
    graph.state.machines.known[AWAY]["healthStatus"] = health

    action = (await graph.quarantine(AWAY, sha1_on(graph, name))).json()
    graph.later(hours=5)

    assert await status_of(graph, action["id"]) == status
    assert graph.evidence_of(name)["remediationStatus"] == "pendingApproval"


async def test_a_file_that_is_not_on_the_device_cannot_be_taken_away() -> None:
    graph = caller(staffed())

    action = (await graph.quarantine(SERVER, sha1_on(graph))).json()
    graph.later(minutes=5)

    assert await status_of(graph, action["id"]) == "Failed"


async def test_one_file_is_taken_away_by_one_action_at_a_time() -> None:
    graph = caller(staffed())
    sha1 = sha1_on(graph)

    first = await graph.quarantine(WORKSTATION, sha1)
    second = await graph.quarantine(WORKSTATION, sha1)
    graph.later(minutes=5)
    third = await graph.quarantine(WORKSTATION, sha1)

    assert [first.status_code, second.status_code, third.status_code] == [201, 400, 201]
    assert second.json()["error"]["code"] == "ActiveRequestAlreadyExists"
    assert graph.state.applied == {("stopAndQuarantineFile", sha1, WORKSTATION): 2}


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"Sha1": "a" * 40}, "MissingRequiredParameter"),
        ({"Comment": " ", "Sha1": "a" * 40}, "MissingRequiredParameter"),
        ({"Comment": "x"}, "MissingRequiredParameter"),
        ({"Comment": "x", "Sha1": "a" * 64}, "InvalidHashValue"),
        ({"Comment": "x", "Sha1": "a" * 40, "Colour": "red"}, "InvalidRequestBody"),
    ],
)
async def test_a_request_of_another_form_is_refused(body: dict[str, str], code: str) -> None:
    graph = caller(staffed())

    answer = await graph.endpoint("POST", f"/api/machines/{SERVER}/StopAndQuarantineFile", json=body)

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, code)
    assert not graph.state.applied


async def test_only_windows_can_do_it() -> None:
    graph = caller(staffed())
    graph.state.machines.known[SERVER]["osPlatform"] = "Linux"

    answer = await graph.quarantine(SERVER, "a" * 40)

    assert answer.json()["error"]["code"] == "OsPlatformNotSupported"


async def test_actions_are_found_again_by_device_and_kind() -> None:
    graph = caller(staffed())
    action = (await graph.quarantine(WORKSTATION, sha1_on(graph))).json()
    await graph.quarantine(SERVER, sha1_on(graph, "Loader on a file server"))
    words = f"machineId eq '{WORKSTATION}' and type eq 'StopAndQuarantineFile'"

    found = (await graph.endpoint("GET", "/api/machineactions", params={"$filter": words})).json()["value"]
    everything = (await graph.endpoint("GET", "/api/machineactions")).json()["value"]

    assert [one["id"] for one in found] == [action["id"]]
    assert [one["machineId"] for one in everything] == [SERVER, WORKSTATION]


GRAPH, OWN, ENDPOINT = (
    "https://graph.microsoft.com",
    "http://127.0.0.1:8000",
    "https://api.security.microsoft.com",
)


@pytest.mark.parametrize(
    ("audience", "of_graph", "of_endpoint"),
    [
        (GRAPH, 200, 401),
        (OWN, 200, 401),
        (ENDPOINT, 401, 200),
        ("https://api.securitycenter.microsoft.com", 401, 200),
        ("https://graph.microsoft.com.attacker.example", 401, 401),
        ("http://127.0.0.1:9000", 401, 401),
    ],
)
async def test_a_token_is_good_for_the_api_that_it_is_for(
    audience: str, of_graph: int, of_endpoint: int
) -> None:
    graph = caller(staffed())
    form = {
        "grant_type": "client_credentials",
        "client_id": names.CLIENT_ID,
        "client_secret": names.CLIENT_SECRET,
        "scope": f"{audience}/.default",
    }
    issued = (await graph.http.post(f"/{names.TENANT_ID}/oauth2/v2.0/token", data=form)).json()
    headers = {"Authorization": f"Bearer {issued['access_token']}"}

    answers = [await graph.http.get(path, headers=headers) for path in (INCIDENTS, "/api/machines")]

    assert [one.status_code for one in answers] == [of_graph, of_endpoint]


@pytest.mark.parametrize("lacking", sorted(names.ENDPOINT_ROLES))
async def test_each_permission_is_needed_for_its_own(lacking: str) -> None:
    graph = caller(staffed(), Switches(roles=names.ALL_ROLES - {lacking}))

    read = await graph.endpoint("GET", f"/api/machines/{SERVER}")
    acted = await graph.quarantine(SERVER, "a" * 40)

    refused = 403 if lacking == names.QUARANTINE_FILES else 201
    assert (read.status_code, acted.status_code) == (403 if refused == 201 else 200, refused)


async def test_so_many_requests_a_minute_are_answered() -> None:
    graph = caller(staffed(), Switches(machine_calls_per_minute=3))

    answers = [await graph.endpoint("GET", f"/api/machines/{SERVER}") for _ in range(4)]
    of_graph = await graph.get(INCIDENTS)

    assert [one.status_code for one in answers] == [200, 200, 200, 429]
    assert int(answers[3].headers["retry-after"]) >= 1
    assert of_graph.status_code == 200


@pytest.mark.parametrize("what", [What.LOSE, What.RESET_AFTER])
async def test_a_lost_answer_leaves_the_action_at_work(what: What) -> None:
    rule = Rule(fault=Fault(what=what, status=504), method="POST", path="/api/.*")
    graph = caller(staffed(), faults=Faults(rules=[rule]), sound=False)
    sha1 = sha1_on(graph)

    if what is What.LOSE:
        assert (await graph.quarantine(WORKSTATION, sha1)).status_code == 504
    else:
        with pytest.raises(httpx.ReadError):
            await graph.quarantine(WORKSTATION, sha1)
    again = await graph.quarantine(WORKSTATION, sha1)

    assert again.status_code == 400
    assert graph.state.applied == {("stopAndQuarantineFile", sha1, WORKSTATION): 1}

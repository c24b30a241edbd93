"""Accounts of Defender for Identity, in both documented forms: what may be asked of them, and what follows."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from agent.simulator.suspects import FORGOTTEN, SPREADER, security_identifier
from agent.simulator.switches import Printed, Switches
from tests.simulator.worlds import IDENTITIES, USERS, Caller, caller, staffed

SAMPLES = Path(__file__).parent.parent / "samples" / "graph"
PRINTED = Switches(identities_printed=Printed.SAMPLES)


def sample(name: str) -> dict[str, Any]:
    return msgspec.json.decode((SAMPLES / f"identityaccounts-{name}.json").read_bytes(), type=dict[str, Any])


async def identity(graph: Caller, address: str = SPREADER) -> dict[str, Any]:
    """Return the account on premises of somebody."""
    found = await graph.listed(
        IDENTITIES, filter=f"onPremisesSecurityIdentifier eq '{security_identifier(address)}'"
    )
    assert len(found) == 1
    return found[0]


async def test_an_account_is_found_by_its_security_identifier() -> None:
    graph = caller(staffed())

    found = await identity(graph)

    assert found["isEnabled"] is True
    assert [(one["identityProvider"], one["actions"]) for one in found["accounts"]] == [
        ("activeDirectory", ["disable", "enable", "forcePasswordReset"]),
        ("entraID", []),
    ]
    assert found["accounts"][1]["identifier"] == graph.user(SPREADER)["id"]
    again = (await graph.get(f"{IDENTITIES}/{found['id']}")).json()
    assert {name: again[name] for name in found} == found


async def test_who_is_not_there_is_not_found() -> None:
    graph = caller(staffed())

    assert await graph.listed(IDENTITIES, filter="onPremisesSecurityIdentifier eq 'S-1-5-21-1'") == []
    assert (await graph.get(f"{IDENTITIES}/{'0' * 8}")).status_code == 404


async def test_lists_can_be_printed_as_in_microsofts_sample() -> None:
    graph = caller(staffed(), PRINTED)
    [first, *_] = sample("list.response")["value"]

    found = await identity(graph)

    assert found.keys() == first.keys()
    assert [one.keys() for one in found["accounts"]] == [first["accounts"][0].keys()] * 2
    assert [one["provider"] for one in found["accounts"]] == ["ActiveDirectory", "EntraID"]


@pytest.mark.parametrize("switches", [None, PRINTED])
async def test_the_result_comes_by_itself_or_as_in_microsofts_sample(switches: Switches | None) -> None:
    graph = caller(staffed(), switches)
    found = await identity(graph)

    answer = (await graph.invoke(found, "disable")).json()

    if switches is None:
        assert answer.keys() == {"@odata.context", "accountId", "action", "correlationId", "identityProvider"}
        assert answer["identityProvider"] == "activeDirectory"
    else:
        assert answer.keys() == sample("invokeaction.response").keys()
        assert answer["value"].keys() == sample("invokeaction.response")["value"].keys()
        assert answer["value"]["provider"] == "activeDirectory"


@pytest.mark.parametrize("name", ["invokeAction", "microsoft.graph.security.invokeAction"])
async def test_disabling_takes_effect_later_and_reaches_the_cloud_with_the_synchronisation(name: str) -> None:
    graph = caller(staffed(), Switches(effect_after=timedelta(minutes=2), sync_after=timedelta(minutes=30)))
    found = await identity(graph)
    account_id = found["accounts"][0]["identifier"]
    body = sample("invokeaction.request") | {"accountId": account_id}

    answer = await graph.http.post(f"{IDENTITIES}/{found['id']}/{name}", json=body)
    at_once = (await identity(graph))["isEnabled"]
    graph.later(minutes=2)
    there = (await identity(graph))["isEnabled"]
    in_cloud = graph.user(SPREADER)["accountEnabled"]
    graph.later(minutes=30)

    assert answer.status_code == 200
    assert (at_once, there, in_cloud) == (True, False, True)
    assert graph.user(SPREADER)["accountEnabled"] is False
    assert graph.state.applied == {("disableAccount", found["id"], account_id): 1}
    assert graph.evidence_of("Spreads on premises")["remediationStatus"] == "remediated"


async def test_an_account_is_enabled_again() -> None:
    graph = caller(staffed())
    found = await identity(graph)

    await graph.invoke(found, "disable")
    graph.later(minutes=5)
    await graph.invoke(found, "Enable", identityProvider="ActiveDirectory")
    graph.later(hours=1)

    assert (await identity(graph))["isEnabled"] is True
    assert graph.user(SPREADER)["accountEnabled"] is True


async def test_a_password_reset_closes_its_action_and_leaves_the_account_on() -> None:
    graph = caller(staffed())
    found = await identity(graph, FORGOTTEN)

    await graph.invoke(found, "forcePasswordReset")
    graph.later(minutes=30)

    assert (await identity(graph, FORGOTTEN))["isEnabled"] is True
    assert graph.evidence_of("Password found in a leak")["remediationStatus"] == "remediated"


@pytest.mark.parametrize(
    "wrong",
    [
        {"identityProvider": "entraID"},
        {"identityProvider": "okta"},
        {"identityProvider": "nobody"},
        {"action": "revokeAllSessions"},
        {"action": "markUserAsCompromised"},
        {"action": "requireUserToSignInAgain"},
        {"action": 1},
        {"accountId": "another"},
        {"more": "than documented"},
    ],
)
async def test_only_documented_pairs_of_provider_and_action_are_taken(wrong: dict[str, object]) -> None:
    graph = caller(staffed())
    found = await identity(graph)
    graph.http._transport = httpx.ASGITransport(graph.app)

    answer = await graph.invoke(found, "disable", **wrong)

    assert answer.status_code == 400
    assert not graph.state.applied


async def test_the_cloud_account_of_an_identity_cannot_be_acted_on() -> None:
    graph = caller(staffed())
    found = await identity(graph)
    in_cloud = found["accounts"][1]["identifier"]

    for provider in ("entraID", "activeDirectory"):
        answer = await graph.invoke(found, "disable", accountId=in_cloud, identityProvider=provider)
        assert answer.status_code == 400

    graph.later(hours=1)
    shown = (await graph.get(f"{USERS}/{SPREADER}", select="accountEnabled")).json()
    assert shown["accountEnabled"] is True

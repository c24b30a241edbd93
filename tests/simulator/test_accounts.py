"""Users and domains: reading them, enabling and disabling, ending sessions, and who may not be touched."""

from datetime import timedelta

import httpx
import pytest

from agent.simulator import names
from agent.simulator.making import person
from agent.simulator.moments import text
from agent.simulator.suspects import ADMINISTRATOR, SPREADER
from agent.simulator.switches import Closes, Switches
from tests.simulator.worlds import NOW, USERS, Caller, caller, staffed

SPAMMER = person(310)
EVERYTHING = (
    "id,userPrincipalName,displayName,accountEnabled,onPremisesSyncEnabled,onPremisesSecurityIdentifier,"
    "signInSessionsValidFromDateTime,mail"
)


async def enable(graph: Caller, word: str, is_enabled: bool) -> httpx.Response:
    return await graph.http.patch(f"{USERS}/{word}", json={"accountEnabled": is_enabled})


async def is_enabled(graph: Caller, word: str) -> bool:
    return bool((await graph.get(f"{USERS}/{word}", select="accountEnabled")).json()["accountEnabled"])


async def test_a_user_is_found_by_id_and_by_name_and_shows_what_is_selected() -> None:
    graph = caller(staffed())
    user_id = graph.user(SPAMMER)["id"]

    by_name = (await graph.get(f"{USERS}/{SPAMMER.upper()}", select=EVERYTHING)).json()
    by_id = (await graph.get(f"{USERS}/{user_id}", select=EVERYTHING)).json()

    assert by_name == by_id
    assert by_id.keys() - {"@odata.context"} == set(EVERYTHING.split(","))
    assert by_id["accountEnabled"] is True
    assert by_id["onPremisesSyncEnabled"] is None


async def test_without_a_selection_whether_an_account_is_enabled_is_not_told() -> None:
    graph = caller(staffed())

    shown = (await graph.get(f"{USERS}/{SPAMMER}")).json()

    assert shown.keys() - {"@odata.context"} == {"id", "displayName", "mail", "userPrincipalName"}


async def test_a_synchronised_user_says_so() -> None:
    graph = caller(staffed())

    shown = (await graph.get(f"{USERS}/{SPREADER}", select=EVERYTHING)).json()

    assert shown["onPremisesSyncEnabled"] is True
    assert shown["onPremisesSecurityIdentifier"].startswith("S-1-5-21-")


@pytest.mark.parametrize("word", [names.CLIENT_ID, "nobody@contoso.example", f"ceo.office@{names.DOMAIN}"])
async def test_who_is_no_user_is_not_found(word: str) -> None:
    """The app itself is none, and an address that is no user principal name names nobody."""
    graph = caller(staffed())

    answers = [
        await graph.get(f"{USERS}/{word}"),
        await enable(graph, word, False),
        await graph.http.post(f"{USERS}/{word}/revokeSignInSessions"),
        await graph.get(f"{USERS}/{word}/transitiveMemberOf/microsoft.graph.directoryRole"),
    ]

    assert [one.status_code for one in answers] == [404] * 4
    assert {one.json()["error"]["code"] for one in answers} == {"Request_ResourceNotFound"}
    assert not graph.state.applied


async def test_a_property_that_users_lack_cannot_be_selected() -> None:
    graph = caller(staffed())

    assert (await graph.get(f"{USERS}/{SPAMMER}", select="id,colour")).status_code == 400


async def test_users_are_counted_in_plain_text_where_the_header_asks_for_it() -> None:
    graph = caller(staffed())

    answer = await graph.http.get(f"{USERS}/$count", headers={"ConsistencyLevel": "eventual"})
    graph.http._transport = httpx.ASGITransport(graph.app)
    without = await graph.http.get(f"{USERS}/$count")

    assert (answer.text, answer.headers["content-type"].partition(";")[0]) == ("1607", "text/plain")
    assert without.status_code == 400


async def test_a_user_is_disabled_and_enabled_again_without_a_body() -> None:
    graph = caller(staffed())
    user_id = graph.user(SPAMMER)["id"]

    off = await enable(graph, SPAMMER, False)
    while_off = await is_enabled(graph, SPAMMER)
    on = await enable(graph, user_id, True)

    assert (off.status_code, off.content, on.status_code) == (204, b"", 204)
    assert (while_off, await is_enabled(graph, SPAMMER)) == (False, True)
    assert graph.state.applied == {("disableUser", user_id, ""): 1, ("enableUser", user_id, ""): 1}


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({}, 400, "Request_BadRequest"),
        ({"accountEnabled": "false"}, 400, "Request_BadRequest"),
        ({"accountEnabled": None}, 400, "Request_BadRequest"),
        ({"accountEnabled": False, "colour": "red"}, 400, "Request_BadRequest"),
        ({"accountEnabled": False, "displayName": "x"}, 403, "Authorization_RequestDenied"),
        ({"displayName": "x"}, 403, "Authorization_RequestDenied"),
    ],
)
async def test_nothing_else_about_a_user_can_be_written(
    body: dict[str, object], status: int, code: str
) -> None:
    graph = caller(staffed())
    graph.http._transport = httpx.ASGITransport(graph.app)

    answer = await graph.http.patch(f"{USERS}/{SPAMMER}", json=body)

    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert graph.user(SPAMMER)["accountEnabled"] is True
    assert not graph.state.applied


@pytest.mark.parametrize(
    ("who", "role"),
    [(ADMINISTRATOR, "Helpdesk Administrator"), (names.VIPS[0], "Global Administrator"), (SPAMMER, None)],
)
async def test_who_holds_a_role_directly_or_by_a_group_in_a_group_cannot_be_disabled(
    who: str, role: str | None
) -> None:
    graph = caller(staffed())

    roles = await graph.listed(f"{USERS}/{who}/transitiveMemberOf/microsoft.graph.directoryRole")
    answer = await enable(graph, who, False)

    assert [one["displayName"] for one in roles] == ([role] if role else [])
    assert answer.status_code == (403 if role else 204)
    assert graph.user(who)["accountEnabled"] is (role is not None)


async def test_sessions_end_when_they_are_revoked() -> None:
    graph = caller(staffed())
    graph.later(minutes=5)

    answer = await graph.http.post(f"{USERS}/{SPAMMER}/revokeSignInSessions")

    shown = (await graph.get(f"{USERS}/{SPAMMER}", select="signInSessionsValidFromDateTime")).json()
    assert (answer.status_code, answer.json()["value"]) == (200, True)
    assert shown["signInSessionsValidFromDateTime"] == text(NOW + timedelta(minutes=5))


async def test_reads_can_show_for_a_while_what_was_there_before_the_write() -> None:
    graph = caller(staffed(), Switches(write_lag=timedelta(minutes=10)))

    await enable(graph, SPAMMER, False)
    graph.later(minutes=4)
    await enable(graph, SPAMMER, True)
    graph.later(minutes=5, seconds=59)
    first = await is_enabled(graph, SPAMMER)
    graph.later(seconds=1)
    second = await is_enabled(graph, SPAMMER)
    graph.later(minutes=4)
    last = await is_enabled(graph, SPAMMER)

    assert (first, second, last) == (True, False, True)


async def test_what_is_done_to_a_synchronised_user_in_the_cloud_does_not_last() -> None:
    graph = caller(staffed(), Switches(sync_after=timedelta(minutes=30)))

    await enable(graph, SPREADER, False)
    graph.later(minutes=29)
    before = await is_enabled(graph, SPREADER)
    graph.later(minutes=1)

    assert (before, await is_enabled(graph, SPREADER)) == (False, True)
    assert graph.evidence_of("Spreads on premises")["remediationStatus"] == "pendingApproval"


@pytest.mark.parametrize(
    ("closes", "status"), [(Closes.MINUTES, "remediated"), (Closes.NEVER, "pendingApproval")]
)
async def test_a_rerun_closes_the_action_of_a_disabled_user(closes: Closes, status: str) -> None:
    graph = caller(staffed(), Switches(closes_after=closes))

    await enable(graph, SPAMMER, False)
    graph.later(minutes=9)
    early = graph.evidence_of("Sends spam from two countries")["remediationStatus"]
    graph.later(minutes=3)

    assert early == "pendingApproval"
    assert graph.evidence_of("Sends spam from two countries")["remediationStatus"] == status


async def test_a_rerun_closes_the_action_of_a_stolen_session() -> None:
    graph = caller(staffed())

    await graph.http.post(f"{USERS}/{person(313)}/revokeSignInSessions")
    graph.later(minutes=15)

    assert graph.evidence_of("Session was stolen")["remediationStatus"] == "remediated"


async def test_domains_say_which_are_the_tenants_own() -> None:
    graph = caller(staffed())

    found = await graph.listed("/v1.0/domains")

    assert {one["id"]: (one["isVerified"], one["isDefault"], one["isInitial"]) for one in found} == {
        names.DOMAIN: (True, True, False),
        "contoso.onmicrosoft.example": (True, False, True),
        "not-proven.example": (False, False, False),
    }

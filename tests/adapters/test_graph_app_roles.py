"""Who holds an app role: exactly those whose sign-in would say so and whose accounts are enabled, or no answer at all."""

from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest

from agent.model.errors import Malformed, Refused, Unavailable
from tests.adapters.graphs import SIMULATED, Script, Step, no, opened, page, says

CLIENT = "a1ea9e27-0000-4000-8000-00000000a9e7"
APPLICATION = "99999999-8888-7777-6666-555555555555"
ROLE_ID = "aaaaaaaa-8888-4777-8666-555555555555"
OTHER_ID = "bbbbbbbb-8888-4777-8666-555555555555"
GROUP = "cccccccc-8888-4777-8666-555555555555"
ANN = "11111111-2222-3333-4444-000000000001"
BOB = "11111111-2222-3333-4444-000000000002"
CAY = "11111111-2222-3333-4444-000000000003"
ROLE = "SecOps.Approver"
BASE = f"{SIMULATED.graph}/v1.0"
ASSIGNED = f"{BASE}/servicePrincipals/{APPLICATION}/appRoleAssignedTo"


def a_role(role_id: str = ROLE_ID, value: str | None = ROLE, **more: Any) -> dict[str, Any]:
    return {"id": role_id, "value": value, "isEnabled": True, "allowedMemberTypes": ["User"], **more}


def an_application(*roles: dict[str, Any], **more: Any) -> httpx.Response:
    return says(body={"id": APPLICATION, "appId": CLIENT, "appRoles": list(roles), **more})


def given(to: str, role_id: str = ROLE_ID, kind: str = "User") -> dict[str, Any]:
    return {"appRoleId": role_id, "principalId": to, "principalType": kind}


def an_account(number: str, enabled: bool | None = True) -> dict[str, Any]:
    return {"id": number, "accountEnabled": enabled}


async def holders(*steps: Step, role: str = ROLE) -> tuple[frozenset[str], Script]:
    async with opened(*steps, sign_in=CLIENT) as (graph, script):
        return await graph.directory.holders(role), script


async def enabled(*steps: Step, ids: tuple[str, ...] = (ANN, BOB)) -> tuple[frozenset[str], Script]:
    async with opened(*steps, sign_in=CLIENT) as (graph, script):
        return await graph.directory.enabled(ids), script


async def test_the_requests_are_the_documented_ones() -> None:
    _, script = await holders(
        an_application(a_role()),
        page(given(ANN), given(GROUP, kind="Group")),
        page(an_account(ANN)),
        page(an_account(BOB)),
    )

    application, assignments, accounts, members = script.requests
    assert {request.method for request in script.requests} == {"GET"}
    assert application.url.path == f"/v1.0/servicePrincipals(appId='{CLIENT}')"
    assert parse_qs(application.url.query.decode()) == {"$select": ["id,appId,appRoles"]}
    assert str(assignments.url) == f"{ASSIGNED}?$top=999"
    assert accounts.url.path == "/v1.0/users"
    assert parse_qs(accounts.url.query.decode()) == {
        "$select": ["id,accountEnabled"],
        "$filter": [f"id in ('{ANN}')"],
    }
    assert members.url.path == f"/v1.0/groups/{GROUP}/members/microsoft.graph.user"
    assert parse_qs(members.url.query.decode())["$count"] == ["true"]
    assert members.headers["consistencylevel"] == "eventual"


async def test_users_by_name_and_by_a_group_hold_it_where_their_accounts_are_enabled() -> None:
    found, _ = await holders(
        an_application(a_role(), a_role(OTHER_ID, "SecOps.Lead")),
        page(
            given(ANN.upper()),
            given(BOB),
            given(CAY, OTHER_ID),
            given(GROUP, kind="Group"),
            given(APPLICATION, kind="ServicePrincipal"),
            given(CAY, "00000000-0000-0000-0000-000000000000"),
        ),
        page(an_account(ANN), an_account(BOB, enabled=False)),
        page(an_account(ANN.upper()), an_account(CAY), an_account(BOB, enabled=False)),
    )

    assert found == {ANN, CAY}


async def test_nobody_holds_a_role_that_was_given_to_nobody() -> None:
    found, script = await holders(an_application(a_role()), page(given(ANN, OTHER_ID)))

    assert found == frozenset()
    assert len(script.requests) == 2


async def test_assignments_are_read_to_their_last_page_by_the_link_as_it_was_given() -> None:
    link = f"{ASSIGNED}?$skiptoken=c%2Fd%3D"

    found, script = await holders(
        an_application(a_role()),
        page(link=link),
        page(given(ANN)),
        page(an_account(ANN)),
    )

    assert found == {ANN}
    assert str(script.requests[2].url) == link


@pytest.mark.parametrize(
    "roles",
    [
        (),
        (a_role(value="secops.approver"),),
        (a_role(isEnabled=False),),
        (a_role(allowedMemberTypes=["Application"]),),
        (a_role(value=None),),
    ],
)
async def test_a_role_that_no_persons_token_could_have_is_refused_and_not_empty(roles: Any) -> None:
    with pytest.raises(
        Refused, match=rf"{CLIENT} has no enabled app role `SecOps.Approver` for users: add it there"
    ):
        await holders(an_application(*roles), page(given(ANN)))


async def test_without_a_sign_in_nothing_is_asked() -> None:
    async with opened(page(), sign_in=None) as (graph, script):
        with pytest.raises(Refused, match=r"set `escalation\.client_id`"):
            await graph.directory.holders(ROLE)

    assert script.requests == []


READ, LISTED = an_application(a_role()), page(given(ANN))


@pytest.mark.parametrize(
    ("steps", "kind", "words"),
    [
        ([no(403)], Refused, r"read enterprise application: 403 .*: grant Application\.Read\.All to the app reg"),
        ([no(404)], Refused, r"has no enterprise application in this tenant: correct `escalation\.client_id`"),
        ([no(503)], Unavailable, "read enterprise application: 503"),
        ([an_application(a_role(), appId=ANN)], Malformed, "another application came"),
        ([an_application(a_role(), id="1/../users")], Malformed, "an id that is none"),
        ([says(body={"id": APPLICATION})], Malformed, "cannot be read"),
        ([says(body=[])], Malformed, "cannot be read"),
        ([READ, no(403)], Refused, r"list who has app roles: 403 .*: grant Application\.Read\.All"),
        ([READ, page(given(ANN), status=206)], Malformed, "only a part came"),
        ([READ, page({"appRoleId": ROLE_ID})], Malformed, "list who has app roles: a record cannot be read"),
        ([READ, page(given("../me"))], Malformed, "is not the object id of a user"),
        ([READ, page(given("../me", kind="Group"))], Malformed, "is not the object id of a group"),
        ([READ, LISTED, no(403)], Refused, r"list accounts: 403 .*: User\.Read\.All"),
        ([READ, LISTED, page(an_account(ANN, None))], Refused, r"whether they are enabled: grant User\.Read\.All"),
        ([READ, LISTED, httpx.ConnectError("down")], Unavailable, "list accounts: no connection"),
        ([READ, page(given(GROUP, kind="Group")), no(403)], Refused, r"members: 403 .*: grant GroupMember\.Read"),
        ([READ, page(given(GROUP, kind="Group")), no(404)], Refused, "list group members: 404"),
    ],
)  # fmt: skip
async def test_whatever_goes_wrong_there_is_no_answer(
    steps: list[Step], kind: type[Exception], words: str
) -> None:
    with pytest.raises(kind, match=words):
        await holders(*steps)


# Whose accounts are enabled


async def test_only_accounts_that_are_there_and_enabled_come_and_none_that_was_not_asked_for() -> None:
    found, _ = await enabled(page(an_account(ANN.upper()), an_account(CAY)), ids=(ANN.upper(), BOB, ANN))

    assert found == {ANN}


@pytest.mark.parametrize(("count", "requests"), [(0, 0), (1, 1), (15, 1), (16, 2), (31, 3)])
async def test_as_many_are_asked_for_at_once_as_a_filter_takes(count: int, requests: int) -> None:
    ids = tuple(f"11111111-2222-3333-4444-{number:012}" for number in range(count))

    found, script = await enabled(page(*(an_account(one) for one in ids)), ids=ids)

    assert found == set(ids)
    assert len(script.requests) == requests
    assert all(request.url.query.decode().count("%27") <= 30 for request in script.requests)


@pytest.mark.parametrize("word", ["", "ann@contoso.example", "x') or (id ne 'y", f"{ANN}\n"])
async def test_only_object_ids_are_asked_for(word: str) -> None:
    async with opened(page(), sign_in=CLIENT) as (graph, script):
        with pytest.raises(Malformed, match="is not the object id of a user"):
            await graph.directory.enabled([ANN, word])

    assert script.requests == []

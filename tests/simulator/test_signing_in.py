"""App roles in the simulator answer as Microsoft's pages say, and as the agent reads them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from agent.adapters.graph.connect import Graph, open_graph
from agent.adapters.microsoft.clouds import simulator
from agent.adapters.microsoft.credentials import SimulatorCredential
from agent.model.errors import Refused
from agent.simulator import names
from agent.simulator.app_roles import APPLICATION
from agent.simulator.making import person
from agent.simulator.names import (
    ALL_ROLES,
    APPROVER,
    CLIENT_ID,
    EXECUTIVES,
    FORMER,
    LEAD,
    LEAD_PERSON,
    NIGHT_PERSON,
    PORTAL_PERSON,
)
from agent.simulator.suspects import SPREADER
from agent.simulator.switches import Switches
from tests.clock import ManualClock
from tests.metadata import Checked
from tests.simulator.worlds import NOW, USERS, Caller, caller, ids, staffed

ENTERPRISE = f"/v1.0/servicePrincipals(appId='{CLIENT_ID}')"
ASSIGNED = f"/v1.0/servicePrincipals/{APPLICATION}/appRoleAssignedTo"
EVENTUAL = {"ConsistencyLevel": "eventual"}


@asynccontextmanager
async def a_graph(one: Caller) -> AsyncIterator[Graph]:
    cloud = simulator("http://127.0.0.1:8000")
    transport = one.http._transport
    assert isinstance(transport, Checked)
    async with open_graph(
        clock=ManualClock(NOW),
        cloud=cloud,
        tenant_id=names.TENANT_ID,
        credential=lambda: SimulatorCredential(
            cloud, names.TENANT_ID, CLIENT_ID, names.CLIENT_SECRET, transport=transport
        ),
        transport=transport,
        sign_in=CLIENT_ID,
        wall=NOW.timestamp,
    ) as graph:
        yield graph


async def holders(one: Caller, role: str = APPROVER) -> set[str]:
    """Return the names of those who hold a role, as the agent sees them."""
    async with a_graph(one) as graph:
        found = await graph.directory.holders(role)
    return {one.state.directory.things[number][1]["userPrincipalName"] for number in found}


async def test_approvers_are_those_by_name_and_by_a_group_whose_accounts_are_enabled() -> None:
    one = caller(staffed())

    assert await holders(one) == {PORTAL_PERSON, LEAD_PERSON, NIGHT_PERSON}
    assert await holders(one, LEAD) == {LEAD_PERSON}


async def test_who_was_removed_or_disabled_since_holds_it_no_more() -> None:
    one = caller(staffed())
    directory = one.state.directory
    night = next(
        group for group, inside in directory.groups.items() if one.user(NIGHT_PERSON)["id"] in inside
    )

    directory.app_roles.take_away(APPROVER, one.user(PORTAL_PERSON)["id"])
    directory.leave(night, one.user(NIGHT_PERSON)["id"])
    one.user(FORMER)["accountEnabled"] = True

    assert await holders(one) == {LEAD_PERSON, FORMER}


async def test_a_group_within_the_group_passes_the_role_on_to_nobody() -> None:
    one = caller(staffed())
    one.state.directory.app_roles.assign(LEAD, EXECUTIVES, kind="Group")

    assert await holders(one, LEAD) == {LEAD_PERSON, names.VIPS[0]}


async def test_a_role_that_is_switched_off_is_refused() -> None:
    one = caller(staffed())
    roles = one.state.directory.app_roles
    roles.define(roles.roles[LEAD]["id"], LEAD, is_enabled=False)

    with pytest.raises(Refused, match=r"no enabled app role `SecOps\.Lead`"):
        await holders(one, LEAD)


@pytest.mark.parametrize("lacking", [names.READ_APPLICATIONS, names.READ_USERS, names.READ_GROUPS])
async def test_every_permission_that_lacks_is_named(lacking: str) -> None:
    one = caller(staffed(), Switches(roles=ALL_ROLES - {lacking}))

    with pytest.raises(Refused, match=lacking):
        await holders(one)


async def test_accounts_are_asked_for_by_their_ids() -> None:
    one = caller(staffed())
    lead, former = one.user(LEAD_PERSON)["id"], one.user(FORMER)["id"]

    async with a_graph(one) as graph:
        found = await graph.directory.enabled([lead, former, APPLICATION])

    assert found == {lead}


async def test_assignments_come_in_pages() -> None:
    one = caller(staffed())

    first = await one.http.get(ASSIGNED, params={"$top": "3"})
    second = await one.http.get(first.json()["@odata.nextLink"])

    assert (len(ids(first)), len(ids(second))) == (3, 3)
    assert "@odata.nextLink" not in second.json()


async def test_users_are_listed_by_what_must_equal_a_value() -> None:
    one = caller(staffed())

    by_mail = await one.get(USERS, filter=f"mail eq '{person(3)}'", select="id,mail")
    by_sid = await one.get(
        USERS,
        filter=f"onPremisesSecurityIdentifier eq '{one.user(SPREADER)['onPremisesSecurityIdentifier']}'",
    )

    assert [found["mail"] for found in by_mail.json()["value"]] == [person(3)]
    assert ids(by_sid) == [one.user(SPREADER)["id"]]


@pytest.mark.parametrize(
    ("path", "options", "status"),
    [
        ("/v1.0/servicePrincipals(appId='00000000-0000-4000-8000-000000000000')", {}, 404),
        (ENTERPRISE, {"$expand": "owners"}, 400),
        (ENTERPRISE, {"$select": "id,colour"}, 400),
        (f"/v1.0/servicePrincipals/{CLIENT_ID}/appRoleAssignedTo", {}, 404),
        (ASSIGNED, {"$filter": "principalType eq 'User'"}, 400),
        (ASSIGNED, {"$top": "1000"}, 400),
        (f"/v1.0/groups/{EXECUTIVES}/members/microsoft.graph.user", {}, 400),
        (f"/v1.0/groups/{CLIENT_ID}/members/microsoft.graph.user", {"$count": "true"}, 404),
        (USERS, {"$filter": f"id in ({','.join([repr(CLIENT_ID)] * 2)}"}, 400),
        (USERS, {"$filter": "displayName eq 'x'"}, 400),
        (
            USERS,
            {"$filter": f"id in ({','.join(repr(CLIENT_ID[:-2] + str(n)) for n in range(10, 26))})"},
            400,
        ),
    ],
)
async def test_what_graph_would_not_answer_is_refused(path: str, options: Any, status: int) -> None:
    one = caller(staffed())

    assert (await one.http.get(path, params=options, headers=EVENTUAL)).status_code == status

"""Groups in the simulator answer as Microsoft's pages say."""

from typing import Any

import httpx
import pytest

from agent.simulator import names
from agent.simulator.directory import DEVICE, USER, Directory, device, user
from agent.simulator.names import ALL_ROLES, EVERYONE, EXECUTIVES, KIOSKS, VIPS
from agent.simulator.switches import Switches
from agent.simulator.tenant import seed
from tests.simulator.worlds import NOW, Caller, caller, ids

EVENTUAL = {"ConsistencyLevel": "eventual"}


def a_caller(roles: frozenset[str] = ALL_ROLES) -> Caller:
    return caller(seed(5, NOW), Switches(roles=roles))


async def ask(one: Caller, group: str, kind: str = "user", **options: str) -> httpx.Response:
    asked = {"$count": "true"} | {f"${name}": value for name, value in options.items()}
    path = f"/v1.0/groups/{group}/transitiveMembers/microsoft.graph.{kind}"
    return await one.http.get(path, params=asked, headers=EVENTUAL)


async def test_members_of_groups_within_the_group_count_and_a_ring_ends() -> None:
    answer = await ask(a_caller(), EXECUTIVES, select="id,userPrincipalName")

    assert sorted(one["userPrincipalName"] for one in answer.json()["value"]) == sorted(VIPS)
    assert answer.json()["@odata.count"] == 2


async def test_only_things_of_the_type_that_is_asked_for_come() -> None:
    one = a_caller()

    assert len(ids(await ask(one, KIOSKS, "device", select="id,deviceId"))) == 3
    assert ids(await ask(one, KIOSKS)) == []
    assert ids(await ask(one, EXECUTIVES, "device")) == []


async def test_pages_hold_a_hundred_or_as_many_as_are_asked_for_and_end() -> None:
    one = a_caller()
    found: list[str] = []

    answer = await ask(one, EVERYONE, select="id", top="999")
    sizes = [len(ids(answer))]
    found += ids(answer)
    while link := answer.json().get("@odata.nextLink"):
        answer = await one.http.get(link, headers=EVENTUAL)
        sizes.append(len(ids(answer)))
        found += ids(answer)

    assert sizes == [999, 603]
    assert len(set(found)) == 1602
    assert len(ids(await ask(one, EVERYONE, select="id"))) == 100


async def test_of_members_that_may_not_be_read_the_id_alone_is_told() -> None:
    answer = await ask(a_caller(ALL_ROLES - {names.READ_USERS}), EXECUTIVES, select="id,mail,proxyAddresses")

    assert answer.status_code == 200
    for one in answer.json()["value"]:
        assert one == {"id": one["id"], "mail": None, "proxyAddresses": None}


@pytest.mark.parametrize(
    ("group", "options", "status"),
    [
        (EXECUTIVES, {"top": "1000"}, 400),
        (EXECUTIVES, {"select": "id,shoeSize"}, 400),
        (EXECUTIVES, {"filter": "id eq 'x'"}, 400),
        (EXECUTIVES, {"skiptoken": "x"}, 400),
        ("00000000-0000-0000-0000-000000000000", {}, 404),
    ],
)
async def test_what_graph_would_not_answer_is_refused(
    group: str, options: dict[str, Any], status: int
) -> None:
    assert (await ask(a_caller(), group, **options)).status_code == status


async def test_a_type_is_an_advanced_query() -> None:
    one = a_caller()
    path = f"/v1.0/groups/{EXECUTIVES}/transitiveMembers/microsoft.graph.user"

    without_count = await one.http.get(path, headers=EVENTUAL)

    assert without_count.status_code == 400


async def test_without_the_permission_no_group_is_told() -> None:
    assert (await ask(a_caller(ALL_ROLES - {names.READ_GROUPS}), EXECUTIVES)).status_code == 403


def test_people_join_and_leave() -> None:
    directory = Directory()
    ann = directory.admit(USER, user("1", "ann@contoso.example", "a@contoso.example"))
    laptop = directory.admit(DEVICE, device("2", "LAPTOP-1", "3"))
    directory.join("g", ann, laptop)
    directory.join("outer", "g")

    before = [one["id"] for one in directory.members("outer", USER)]
    directory.leave("g", ann)

    assert before == ["1"]
    assert list(directory.members("outer", USER)) == []
    assert [one["deviceId"] for one in directory.members("outer", DEVICE)] == ["3"]

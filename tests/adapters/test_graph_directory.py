"""Groups through Graph: every member of every page by all that it is known by, or no answer at all."""

from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest

from agent.model.errors import Malformed, Refused, Unavailable
from tests.adapters.graphs import SIMULATED, Script, Step, no, opened, page, says

GROUP = "99999999-8888-7777-6666-555555555555"
BASE = f"{SIMULATED.graph}/v1.0/groups/{GROUP}/transitiveMembers/microsoft.graph.user"
ANN = "11111111-2222-3333-4444-000000000001"
BOB = "11111111-2222-3333-4444-000000000002"


def a_user(number: str = ANN, upn: str | None = "Ann@contoso.example", **more: Any) -> dict[str, Any]:
    return {"id": number, "userPrincipalName": upn, "mail": None, "proxyAddresses": [], **more}


async def people(*steps: Step) -> tuple[tuple[str, ...], Script]:
    async with opened(*steps) as (graph, script):
        return await graph.directory.people(GROUP), script


async def test_the_request_is_the_documented_one() -> None:
    _, script = await people(page(a_user()))

    (request,) = script.requests
    assert request.method == "GET"
    assert request.url.path == f"/v1.0/groups/{GROUP}/transitiveMembers/microsoft.graph.user"
    assert parse_qs(request.url.query.decode()) == {
        "$select": ["id,mail,userPrincipalName,proxyAddresses"],
        "$top": ["999"],
        "$count": ["true"],
    }
    assert request.headers["consistencylevel"] == "eventual"
    assert request.headers["authorization"]


async def test_a_user_is_known_by_the_id_and_by_every_address_that_leads_to_the_mailbox() -> None:
    ann = a_user(
        mail="Ann.Mail@contoso.example",
        proxyAddresses=["SMTP:Ann@contoso.example", "smtp:ANN.old@contoso.example", "SIP:ann@contoso.example", "X500:/o=x"],
    )  # fmt: skip

    found, _ = await people(page(ann))

    assert found == (
        ANN,
        "ann.mail@contoso.example",
        "ann.old@contoso.example",
        "ann@contoso.example",
    )


async def test_every_page_is_read_past_empty_ones_by_the_link_as_it_was_given() -> None:
    link, second = f"{BASE}?$skiptoken=c%2Fd%3D", f"{BASE}?$skiptoken=e"

    found, script = await people(
        page(a_user(), link=link), page(link=second), page(a_user(BOB, "bob@x.example"))
    )

    assert found == (ANN, BOB, "ann@contoso.example", "bob@x.example")
    assert [str(request.url) for request in script.requests[1:]] == [link, second]
    assert all(request.headers["consistencylevel"] == "eventual" for request in script.requests)


async def test_an_empty_group_is_empty() -> None:
    assert (await people(page()))[0] == ()


@pytest.mark.parametrize("lacking", ["userPrincipalName", "proxyAddresses"])
async def test_members_that_come_without_their_addresses_are_no_members(lacking: str) -> None:
    """Graph answers 200 with ids alone where users may not be read: a list of these would protect nobody."""
    with pytest.raises(Refused, match=r"grant User\.Read\.All to the app registration"):
        await people(page(a_user(), a_user(BOB, "bob@x.example", **{lacking: None})))


async def test_devices_are_known_by_name_and_by_the_id_that_evidence_has() -> None:
    laptop = {"id": ANN, "deviceId": BOB.upper(), "displayName": "LAPTOP-7"}

    async with opened(page(laptop, {"id": GROUP, "deviceId": ANN, "displayName": None})) as (graph, script):
        found = await graph.directory.devices(GROUP)

    assert found == (ANN, BOB, "laptop-7")
    assert script.requests[0].url.path.endswith("/microsoft.graph.device")
    assert parse_qs(script.requests[0].url.query.decode())["$select"] == ["id,deviceId,displayName"]


async def test_devices_that_come_without_their_ids_are_none() -> None:
    async with opened(page({"id": ANN, "deviceId": None, "displayName": None})) as (graph, _):
        with pytest.raises(Refused, match=r"grant Device\.Read\.All"):
            await graph.directory.devices(GROUP)


@pytest.mark.parametrize(
    ("step", "kind", "words"),
    [
        (no(403), Refused, r"list group members: 403 .*: grant GroupMember\.Read\.All to the app registration"),
        (no(404), Refused, "list group members: 404 .*: not there, or not for this app to see"),
        (no(400, "Request_UnsupportedQuery"), Refused, "list group members: 400"),
        (no(503), Unavailable, "list group members: 503"),
        (httpx.ConnectError("down"), Unavailable, "list group members: no connection"),
        (page(a_user(), status=206), Malformed, "only a part came"),
        (says(body={"value": {}}), Malformed, "not a page"),
        (page("ann"), Malformed, "a record is not an object"),
        (page({"userPrincipalName": "a@x.example", "proxyAddresses": []}), Malformed, "a member has no `id`"),
        (page(a_user(), link="https://evil.example/v1.0/groups"), Malformed, "it is not followed"),
        (page(a_user(), link=f"{BASE}?$skiptoken=x"), Malformed, "repeats itself"),
    ],
)  # fmt: skip
async def test_whatever_goes_wrong_there_is_no_answer(step: Step, kind: type[Exception], words: str) -> None:
    with pytest.raises(kind, match=words):
        await people(step)


@pytest.mark.parametrize("group", ["", "vip", f"{GROUP}/../users", "../me", f"{GROUP}?x=", f"{GROUP}\n"])
async def test_only_an_object_id_is_asked_for(group: str) -> None:
    async with opened(page()) as (graph, script):
        with pytest.raises(Malformed, match="is not the object id of a group"):
            await graph.directory.people(group)

    assert script.requests == []


# How many users there are


@pytest.mark.parametrize("body", [b"1234", b"\xef\xbb\xbf1234", b" 1234\r\n"])
async def test_users_are_counted_by_the_number_that_the_body_is(body: bytes) -> None:
    async with opened(says(200, body)) as (graph, script):
        size = await graph.directory.size()

    (request,) = script.requests
    assert size == 1234
    assert (request.method, str(request.url)) == ("GET", f"{SIMULATED.graph}/v1.0/users/$count")
    assert request.headers["consistencylevel"] == "eventual"
    assert request.headers["accept"] == "text/plain"


@pytest.mark.parametrize("body", [b"", b"-3", b"12.5", b'{"value": 3}', "٣".encode(), b"9" * 13])
async def test_what_is_no_number_is_no_count(body: bytes) -> None:
    async with opened(says(200, body)) as (graph, _):
        with pytest.raises(Malformed, match="count users: the answer is not a number"):
            await graph.directory.size()


async def test_users_that_may_not_be_counted_are_none() -> None:
    async with opened(no(403)) as (graph, _):
        assert await graph.directory.size() is None


async def test_an_outage_is_not_taken_for_no_users() -> None:
    async with opened(no(503)) as (graph, _):
        with pytest.raises(Unavailable):
            await graph.directory.size()

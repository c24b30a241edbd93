"""The last look at what leaves: one host, and tokens of one tenant."""

import httpx
import pytest

from agent.adapters.microsoft.connection import open_http
from agent.model.enactment import EffectKind
from agent.model.errors import Refused, Unavailable
from tests.adapters.graphs import (
    GUID,
    TENANT,
    WRITES,
    Departures,
    Login,
    Script,
    Write,
    jwt,
    no,
    opened,
    page,
    says,
)
from tests.clock import NOON

HOST = "https://graph.microsoft.com"


async def sent(url: str, *, tid: str = TENANT, header: str | None = None) -> list[httpx.Request]:
    script = Script([says(200, {})])
    async with open_http(HOST, TENANT, httpx.MockTransport(script)) as http:
        await http.get(
            url, headers={"Authorization": header if header is not None else f"Bearer {jwt(tid=tid)}"}
        )
    return script.requests


@pytest.mark.parametrize("url", [f"{HOST}/v1.0/x", f"{HOST}:443/v1.0/x", "https://GRAPH.microsoft.com/x"])
async def test_what_goes_to_the_configured_host_is_sent(url: str) -> None:
    assert len(await sent(url)) == 1


@pytest.mark.parametrize("tid", [TENANT, TENANT.upper()])
async def test_what_stands_for_the_configured_tenant_is_sent(tid: str) -> None:
    assert len(await sent(f"{HOST}/x", tid=tid)) == 1


@pytest.mark.parametrize(
    "url",
    [
        "http://graph.microsoft.com/x",
        "https://graph.microsoft.com:444/x",
        "https://graph.microsoft.com.evil.example/x",
        "https://graph.microsoft.com@evil.example/x",
        "https://evil.example/graph.microsoft.com",
        "https://api.security.microsoft.com/api/machines",
    ],
)
async def test_nothing_goes_to_another_host(url: str) -> None:
    with pytest.raises(Refused, match=r"another host than `graph\.microsoft\.com`"):
        await sent(url)


async def test_nothing_goes_out_with_another_tenants_token() -> None:
    with pytest.raises(Refused, match=f"a token of tenant `{GUID}`, the settings say `{TENANT}`"):
        await sent(f"{HOST}/x", tid=GUID)


@pytest.mark.parametrize("header", ["", "Bearer opaque", "Basic abc"])
async def test_nothing_goes_out_without_a_token_that_tells_its_tenant(header: str) -> None:
    with pytest.raises(Refused, match="cannot be read"):
        await sent(f"{HOST}/x", header=header)


async def test_a_good_token_does_not_let_the_next_one_pass() -> None:
    script = Script([says(200, {})])
    async with open_http(HOST, TENANT, httpx.MockTransport(script)) as http:
        await http.get(f"{HOST}/x", headers={"Authorization": f"Bearer {jwt(tid=TENANT)}"})
        with pytest.raises(Refused):
            await http.get(f"{HOST}/x", headers={"Authorization": f"Bearer {jwt(tid=GUID)}"})

    assert len(script.requests) == 1


@pytest.mark.parametrize("write", WRITES)
async def test_a_write_with_another_tenants_token_is_not_sent(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if a cache had mixed up two tenants after the token was checked: the write never departs."""
    departing = Departures()
    async with opened(says(204)) as (graph, script):
        monkeypatch.setattr(
            "agent.adapters.microsoft.tokens.Tokens.get_authorization_token", _another_tenants
        )
        with pytest.raises(Unavailable, match=f"a token of tenant `{GUID}`"):
            await write(graph, departing)

    assert script.requests == []
    assert departing.count == 0


async def test_a_read_with_another_tenants_token_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    async with opened(page()) as (graph, script):
        monkeypatch.setattr(
            "agent.adapters.microsoft.tokens.Tokens.get_authorization_token", _another_tenants
        )
        with pytest.raises(Refused, match=f"a token of tenant `{GUID}`"):
            _ = [one async for one in graph.defender.incidents_since(NOON)]

    assert script.requests == []


@pytest.mark.parametrize("write", WRITES)
async def test_a_renewed_token_of_another_tenant_leaves_the_write_unsent(write: Write) -> None:
    login, departing = Login(), Departures()

    async with opened(says(204), login=login) as (graph, script):
        login.wall += 7200
        login.tid = GUID
        with pytest.raises(Unavailable, match=f"for tenant `{GUID}`"):
            await write(graph, departing)
        missing = graph.enactor.missing(EffectKind.DISABLE_USER)

    assert script.requests == []
    assert departing.count == 0
    assert missing == ""


async def test_no_redirect_is_followed() -> None:
    script = Script([no(302, Location="https://evil.example/")])
    async with open_http(HOST, TENANT, httpx.MockTransport(script)) as http:
        answer = await http.get(f"{HOST}/x", headers={"Authorization": f"Bearer {jwt(tid=TENANT)}"})

    assert answer.status_code == 302
    assert len(script.requests) == 1


async def _another_tenants(*_args: object, **_options: object) -> str:
    return jwt(tid=GUID)

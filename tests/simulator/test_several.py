"""Several tenants behind one address."""

from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from agent.simulator import names
from agent.simulator.app import build
from agent.simulator.several import Several, tenant_ids
from agent.simulator.tenant import seed

NOW = datetime(2026, 8, 20, 12, tzinfo=UTC)
URL = "http://127.0.0.1:8000"
FIRST, SECOND = tenant_ids(2)


@pytest.fixture
def several() -> Several:
    apps = {}
    for number, tenant in enumerate((FIRST, SECOND)):
        state = seed(7 + number, NOW)
        state.tenant_id = tenant
        apps[tenant] = build(state)
    return Several(apps)


async def ask(several: Several, method: str, path: str, **more: Any) -> httpx.Response:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(several), base_url=URL) as client:
        return await client.request(method, path, **more)


async def token(several: Several, tenant: str) -> str:
    form = {
        "grant_type": "client_credentials",
        "client_id": names.CLIENT_ID,
        "client_secret": names.CLIENT_SECRET,
        "scope": f"{URL}/.default",
    }
    found = await ask(several, "POST", f"/{tenant}/oauth2/v2.0/token", data=form)
    return str(found.json()["access_token"])


async def incidents(several: Several, tenant: str) -> str:
    headers = {"authorization": f"Bearer {await token(several, tenant)}"}
    return (await ask(several, "GET", "/v1.0/security/incidents", headers=headers)).text


def test_the_first_is_the_only_one_that_there_usually_is() -> None:
    assert FIRST == names.TENANT_ID
    assert len(set(tenant_ids(1000))) == 1000


async def test_the_token_says_which_tenant_is_asked(several: Several) -> None:
    first, second = await incidents(several, FIRST), await incidents(several, SECOND)

    assert FIRST in first
    assert SECOND not in first
    assert SECOND in second
    assert FIRST not in second


async def test_a_request_without_a_token_is_refused(several: Several) -> None:
    assert (await ask(several, "GET", "/v1.0/security/incidents")).status_code == 401


async def test_each_has_its_own_door_for_people(several: Several) -> None:
    await incidents(several, SECOND)

    first = (await ask(several, "GET", "/simulator/status")).json()
    second = (await ask(several, "GET", f"/{SECOND}/simulator/status")).json()

    assert (first["seed"], second["seed"]) == (7, 8)
    assert not first["requests"]
    assert second["requests"]

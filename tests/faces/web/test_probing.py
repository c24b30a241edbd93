"""Probes of the pages: open to anybody under any name, and honest about the ledger."""

import httpx
import pytest

from agent.faces.web import probing
from agent.faces.web.probing import Probing
from agent.model.errors import LedgerError
from tests.faces.web.house import House


@pytest.mark.parametrize("host", ["10.0.3.7:8420", "air-agent.svc.cluster.local", "127.0.0.1:8420"])
async def test_they_are_answered_under_any_name_and_nothing_else_is(house: House, host: str) -> None:
    async with house.visitor(headers={"Host": host}) as browser:
        alive, ready = await browser.get("/healthz"), await browser.get("/readyz")
        page = await browser.get("/sign-in")

    assert (alive.status_code, ready.status_code) == (200, 200)
    assert ready.json()["checks"][0]["words"].startswith("read 0 s ago")
    assert (page.status_code == 421) is (host != "127.0.0.1:8420")


async def test_a_ledger_that_is_away_is_not_ready_and_no_reason_to_restart(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away() -> None:
        raise LedgerError("ledger `postgresql://air@db/air`: connection refused")

    async with house.visitor() as browser:
        before = await browser.get("/readyz")
        monkeypatch.setattr(house.site.desk.ledger, "alive", away)
        cached = await browser.get("/readyz")
        monkeypatch.setattr(probing, "EVERY", 0.0)
        after = await browser.get("/readyz")
        alive = await browser.get("/healthz")

    assert [one.status_code for one in (before, cached, after, alive)] == [200, 200, 503, 200]
    assert "postgresql" not in after.text
    assert after.json()["checks"][0]["name"] == "ledger"


async def test_the_ledger_is_read_once_for_all_who_ask(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    import asyncio

    asked, ledger = 0, house.site.desk.ledger
    real = ledger.alive

    async def counting() -> object:
        nonlocal asked
        asked += 1
        return await real()

    monkeypatch.setattr(ledger, "alive", counting)
    found = Probing(ledger)

    await asyncio.gather(*(found.ready() for _ in range(50)))

    assert asked == 1


async def test_a_ledger_that_does_not_answer_keeps_nobody_waiting(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    import asyncio

    async def hanging() -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(house.site.desk.ledger, "alive", hanging)
    monkeypatch.setattr(probing, "PATIENCE", 0.01)

    found = await Probing(house.site.desk.ledger).ready()

    assert (found.ok, found.checks[0].words) == (False, "read never")


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
async def test_nothing_is_changed_by_them(house: House, path: str) -> None:
    async with house.visitor() as browser:
        answer: httpx.Response = await browser.post(path, headers={"Origin": "http://127.0.0.1:8420"})

    assert answer.status_code == 405

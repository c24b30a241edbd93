"""News of changes: over a real socket, for as long as somebody is signed in, and no more than that there are some."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from agent.faces.listening import PATIENCE
from agent.faces.web import pulse
from agent.faces.web.pulse import Pulse
from agent.faces.web.visit import session_id
from agent.model.alarm import Alarm
from agent.model.errors import LedgerError
from agent.model.hold import Hold
from tests.faces.web.house import READER, House
from tests.faces.web.questions import a_question
from tests.faces.web.test_serve import served
from tests.ledgers import open_ledger
from tests.loop.conftest import Bench
from tests.makers import NOW

SOON = 10.0
OFTEN = 4
OTHER_TENANT = "99999999-2222-3333-4444-555555555555"


@pytest.fixture(autouse=True)
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look for news more often than once a second."""
    monkeypatch.setattr(pulse, "EVERY", 0.02)


class Listener:
    """A browser that follows `/live`: it collects what comes."""

    def __init__(self, answer: httpx.Response) -> None:
        self.answer = answer
        self._lines = answer.aiter_lines()

    async def event(self) -> dict[str, str]:
        """Return the next event; comments are passed over."""
        found: dict[str, str] = {}
        async with asyncio.timeout(SOON):
            async for line in self._lines:
                if not line and "data" in found:
                    return found
                name, _, value = line.partition(": ")
                if name:
                    found[name] = value
        raise AssertionError("the stream has ended")

    async def comment(self) -> str:
        """Return the next comment."""
        async with asyncio.timeout(SOON):
            return await anext(line async for line in self._lines if line.startswith(":"))

    async def rest(self) -> list[str]:
        """Return what comes until the stream ends."""
        found: list[str] = []
        with suppress(httpx.RemoteProtocolError):
            async with asyncio.timeout(SOON):
                found.extend([line async for line in self._lines if line])
        return found


@asynccontextmanager
async def following(
    house: House, *, since: str = "before", headers: dict[str, str] | None = None
) -> AsyncIterator[tuple[Listener, asyncio.Event, httpx.AsyncClient]]:
    """Serve the pages, and follow what changes as a reader; give what stops the server too."""
    known = await house.enter(READER)
    async with (
        served(house) as (url, stop),
        httpx.AsyncClient(base_url=url, cookies=known.cookies, timeout=SOON) as browser,
        browser.stream("GET", f"/live?since={since}", headers=headers or {}) as answer,
    ):
        yield Listener(answer), stop, browser


async def test_every_change_is_told_once_and_nothing_of_what_changed(house: House) -> None:
    ledger, record = house.bench.world.ledger, a_question(1)

    async with following(house) as (listener, _, _):
        stamps = [(await listener.event())["data"]]
        await ledger.save([record], now=NOW)
        stamps.append((await listener.event())["data"])
        await ledger.hold(Hold(name="hold", since=NOW, by="Ann", reason="looking"))
        stamps.append((await listener.event())["data"])
        await ledger.raise_alarm(Alarm(name="audit", since=NOW, words="cannot be written"))
        last = await listener.event()

    assert len({*stamps, last["data"]}) == 4
    assert last == {"id": last["data"], "event": "changed", "data": last["data"]}
    assert len(last["data"]) == 16
    assert set(last["data"]) <= set("0123456789abcdef")


async def test_the_stream_is_one_that_no_proxy_collects(house: House) -> None:
    async with following(house) as (listener, _, _):
        headers = listener.answer.headers

    assert headers["content-type"] == "text/event-stream; charset=utf-8"
    assert headers["x-accel-buffering"] == "no"
    assert headers["cache-control"] == "no-store, no-transform"
    assert "content-length" not in headers


async def test_a_change_between_a_page_and_its_stream_is_not_missed_and_no_change_is_none(
    house: House,
) -> None:
    async with await house.enter(READER) as browser:
        page = (await browser.get("/pending")).text
    since = page.partition('data-live-from="/live?since=')[2].partition('"')[0]
    watched = house.app.state.pulse

    same = await watched.look()
    await house.bench.world.ledger.save([a_question(1)], now=NOW)

    assert since == same != await watched.look()


async def test_whoever_knows_the_newest_stamp_is_told_nothing_until_there_is_another(house: House) -> None:
    async with following(house) as (listener, _, browser):
        newest = (await listener.event())["data"]
        async with browser.stream("GET", "/live?since=old", headers={"Last-Event-ID": newest}) as answer:
            again = Listener(answer)
            await house.bench.world.ledger.save([a_question(1)], now=NOW)
            told = await again.event()

    assert told["data"] != newest


async def test_whoever_knows_nothing_is_told_the_stamp_as_no_news(house: House) -> None:
    async with following(house, since="") as (listener, _, _):
        assert (await listener.event())["event"] == "stamp"


async def test_what_another_tenant_does_is_no_news(house: House, tmp_path: Path) -> None:
    async with (
        following(house) as (listener, _, _),
        open_ledger(f"sqlite:///{tmp_path}/data/ledger.db", OTHER_TENANT) as others,
    ):
        first = (await listener.event())["data"]
        await others.save([a_question(1, tenant_id=OTHER_TENANT)], now=NOW)
        await house.bench.world.ledger.save([a_question(2)], now=NOW)
        second = (await listener.event())["data"]
        mine = await house.site.archive.stamp()
        await others.save([a_question(3, tenant_id=OTHER_TENANT)], now=NOW)

        assert first != second
        assert await house.site.archive.stamp() == mine


async def test_the_stream_ends_with_the_session_and_does_not_make_it_last(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pulse, "KEPT_ALIVE", 0.02)
    known = await house.enter(READER)
    secret = known.cookies["air-agent"]

    async with (
        served(house) as (url, _),
        httpx.AsyncClient(base_url=url, cookies=known.cookies, timeout=SOON) as browser,
    ):
        house.bench.clock.advance(timedelta(minutes=20))
        async with browser.stream("GET", "/live?since=x") as answer:
            listener = Listener(answer)
            is_kept_alive = await listener.comment()
            session = await house.site.sessions.find(session_id(secret))
            house.bench.clock.advance(timedelta(minutes=10))
            rest = await listener.rest()
        after = await browser.get("/live")

    assert is_kept_alive == ": still here"
    assert session is not None
    assert session.seen == NOW
    assert all(line.startswith(("retry", ":", "id", "event", "data")) for line in rest)
    assert after.status_code == 303


async def test_signing_out_ends_the_stream(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulse, "KEPT_ALIVE", 0.02)
    async with following(house) as (listener, _, browser):
        await listener.event()
        await house.site.sessions.end(session_id(browser.cookies["air-agent"]))

        await listener.rest()


async def test_the_server_stops_at_once_though_streams_are_open(house: House) -> None:
    loop = asyncio.get_running_loop()
    async with following(house) as (listener, stop, _):
        await listener.event()
        began = loop.time()
        stop.set()
        await listener.rest()
        ended = loop.time()

    assert ended - began < PATIENCE / 2


async def test_as_many_follow_as_may_and_one_who_goes_makes_room(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pulse, "MOST_OF_ONE", 2)
    async with following(house) as (listener, _, browser):
        await listener.event()
        async with browser.stream("GET", "/live?since=x") as second:
            other = Listener(second)
            await other.event()
            refused = await browser.get("/live")
        async with asyncio.timeout(SOON):
            while await _status(browser) != 200:  # noqa: ASYNC110  the server notices on its own
                await asyncio.sleep(0.01)

    assert refused.status_code == 503
    assert refused.headers["retry-after"] == "30"


async def _status(browser: httpx.AsyncClient) -> int:
    async with browser.stream("GET", "/live") as answer:
        return answer.status_code


async def test_only_while_somebody_listens_is_anything_looked_for(bench: Bench) -> None:
    looked = Looking(bench)
    both: Any = looked
    told = Pulse(both, both)

    with told.listening("a") as news, told.listening("b") as others:
        await asyncio.wait_for(asyncio.gather(news.wait(), others.wait()), SOON)
        while_listening = looked.times
    await asyncio.sleep(0)
    after = looked.times
    await asyncio.sleep(0)

    assert while_listening >= 1
    assert looked.times == after


@pytest.mark.parametrize("error", [LedgerError("ledger: is away"), ValueError("a bug")])
async def test_a_look_that_fails_is_no_news_is_logged_once_and_ends_no_later_one(
    bench: Bench, capsys: pytest.CaptureFixture[str], error: Exception
) -> None:
    looked = Looking(bench, is_down=True, error=error)
    both: Any = looked
    told = Pulse(both, both)

    with told.listening("a") as news:
        await asyncio.wait_for(looked.often.wait(), SOON)
        is_told = news.is_set()
        looked.is_down = False
        await asyncio.wait_for(news.wait(), SOON)

    assert not is_told
    assert capsys.readouterr().out.count("no news for open pages") == 1


AWAY = LedgerError("ledger: is away")


class Looking:
    """A ledger and its archive that count how often they are asked whether anything changed."""

    def __init__(self, bench: Bench, *, is_down: bool = False, error: Exception = AWAY) -> None:
        self._error = error
        self._ledger = bench.world.ledger
        self.times = 0
        self.often = asyncio.Event()
        self.is_down = is_down

    async def stamp(self) -> str:
        self.times += 1
        if self.times == OFTEN:
            self.often.set()
        if self.is_down:
            raise self._error
        return str(msgspec.json.encode(await self._ledger.counts()))

    async def holds(self) -> tuple[Hold, ...]:
        return await self._ledger.holds()

    async def alarms(self) -> tuple[Alarm, ...]:
        return await self._ledger.alarms()


async def test_a_head_of_the_stream_ends(house: House) -> None:
    async with await house.enter(READER) as browser:
        answer = await asyncio.wait_for(browser.head("/live"), SOON)

    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")

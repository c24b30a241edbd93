"""The server of the pages on a real socket: TLS, limits, streams that end, and `air-agent serve` as a process."""

import asyncio
import json
import os
import signal
import socket
import ssl
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from starlette.requests import Request
from starlette.responses import StreamingResponse
from starlette.routing import Route

from agent.faces import listening as listening_of_all
from agent.faces.listening import LARGEST_HEAD, PATIENCE
from agent.faces.web import app
from agent.faces.web.safety import LARGEST
from agent.faces.web.server import encryption, listening, load, serve
from agent.model.errors import LedgerError, SettingsError
from agent.settings.serving import Web
from agent.settings.subjects import Settings, Tenant
from agent.simulator.names import CLIENT_ID, CLIENT_SECRET
from tests.certificates import write_pair
from tests.faces.records import a_settings_file
from tests.faces.web.house import READER, House
from tests.makers import TENANT

SOON = 10.0


def settings_for(**web: Any) -> Settings:
    return Settings(tenant=Tenant(id=TENANT), web=Web(**({"listen": "127.0.0.1:0"} | web)))


@asynccontextmanager
async def served(house: House, **web: Any) -> AsyncIterator[tuple[str, asyncio.Event]]:
    """Serve a house on this machine; give its address, and what stops it."""
    stop, ready = asyncio.Event(), asyncio.Event()
    settings = settings_for(**web)
    tls = encryption(settings)
    with listening(settings) as (listener, bound):
        serving = asyncio.create_task(
            serve(replace(house.site, settings=bound), listener, stop, ready.set, tls)
        )
        await asyncio.wait_for(ready.wait(), SOON)
        try:
            scheme = "http" if tls is None else "https"
            yield f"{scheme}://{bound.web.listen}", stop
        finally:
            stop.set()
            await asyncio.wait_for(serving, SOON)


async def asked(url: str, words: bytes, *, then: float = SOON) -> bytes:
    """Send these bytes, and return everything that comes back until the other side closes."""
    host, port = url.partition("://")[2].split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        writer.write(words)
        await writer.drain()
        return await asyncio.wait_for(reader.read(), then)
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


# -- TLS --


async def test_the_pages_are_encrypted_with_the_certificate_of_the_settings(
    house: House, tmp_path: Path
) -> None:
    certificate, key = write_pair(tmp_path)
    trusted = ssl.create_default_context(cafile=str(certificate))

    async with (
        served(house, certificate=certificate, certificate_key=key) as (url, _),
        httpx.AsyncClient(verify=trusted) as browser,
    ):
        found = await browser.get(f"{url}/healthz")

    assert found.json()["ok"] is True


async def test_a_renewed_certificate_is_taken_while_it_serves(house: House, tmp_path: Path) -> None:
    certificate, key = write_pair(tmp_path)
    settings = settings_for(certificate=certificate, certificate_key=key)
    tls = encryption(settings)
    assert tls is not None

    write_pair(tmp_path)
    load(tls, settings)
    certificate.write_text("half a renewal")

    with pytest.raises(SettingsError):
        load(tls, settings)


def broken(tmp_path: Path, which: str) -> tuple[Path, Path]:
    certificate, key = write_pair(tmp_path)
    other = tmp_path / "other"
    other.mkdir()
    _, another = write_pair(other)
    damaged = "-----BEGIN {0}-----\nAAAA\n-----END {0}-----\n"
    match which:
        case "no certificate":
            certificate.unlink()
        case "no key":
            key.unlink()
        case "empty certificate":
            certificate.write_text("")
        case "empty key":
            key.write_text("")
        case "damaged certificate":
            certificate.write_text(damaged.format("CERTIFICATE"))
        case "damaged key":
            key.write_text(damaged.format("PRIVATE KEY"))
        case "another key":
            return certificate, another
        case "swapped":
            return key, certificate
    return certificate, key


@pytest.mark.parametrize(
    ("which", "words"),
    [
        ("no certificate", "`web.certificate: {c}`: cannot be read: no such file or directory"),
        ("no key", "`web.certificate_key: {k}`: cannot be read: no such file or directory"),
        ("empty certificate", "`web.certificate: {c}`: there is no certificate in it: it has to be PEM"),
        ("empty key", "`web.certificate_key: {k}`: there is no private key in it: it has to be PEM"),
        ("damaged certificate", "`web.certificate: {c}`: the certificate in it is damaged"),
        (
            "damaged key",
            "`web.certificate_key: {k}`: the key has a password, or is none: write it as PEM without one",
        ),
        ("another key", "`web.certificate_key: {k}`: the key is not this certificate's"),
        ("swapped", "`web.certificate: {c}`: there is no certificate in it: it has to be PEM"),
    ],
)
def test_a_certificate_that_cannot_be_used_is_told_by_its_setting(
    tmp_path: Path, which: str, words: str
) -> None:
    certificate, key = broken(tmp_path, which)

    with pytest.raises(SettingsError) as told:
        encryption(settings_for(certificate=certificate, certificate_key=key))

    assert str(told.value) == words.format(c=certificate, k=key)


def test_without_a_certificate_nothing_is_encrypted() -> None:
    assert encryption(settings_for()) is None


# -- where it listens --


def test_a_port_that_is_taken_is_told_with_what_to_do() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        place = f"127.0.0.1:{other.getsockname()[1]}"

        with pytest.raises(SettingsError) as told, listening(settings_for(listen=place)):
            pass

    assert str(told.value) == (
        f"`web.listen: {place}`: address already in use: is another `air-agent serve` running? stop it, or choose "
        "another port"
    )


def test_any_free_port_is_known_to_the_pages_afterwards() -> None:
    with listening(settings_for()) as (listener, bound):
        port = listener.getsockname()[1]

    assert bound.web_url() == f"http://127.0.0.1:{port}"


# -- limits --


@pytest.mark.parametrize(
    "words", [b"", b"GET /healthz HTTP/1.1\r\nHost: ", b"POST /sign-in/out HTTP/1.1\r\n"]
)
async def test_whoever_does_not_say_what_they_want_is_cut_off(
    house: House, monkeypatch: pytest.MonkeyPatch, words: bytes
) -> None:
    monkeypatch.setattr(listening_of_all, "WITHIN", 0.05)

    async with served(house) as (url, _):
        assert await asked(url, words) == b""


async def test_a_form_that_does_not_come_is_cut_off(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listening_of_all, "WITHIN", 0.05)
    secret = (await house.enter()).cookies["air-agent"]

    async with served(house) as (url, _):
        place = url.partition("://")[2]
        head = (
            f"POST /status/hold HTTP/1.1\r\nHost: {place}\r\nOrigin: {url}\r\nCookie: air-agent={secret}\r\n"
            "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 100\r\n\r\nreason="
        )
        found = await asked(url, head.encode())

    assert b"HTTP/1.1 2" not in found
    assert await house.site.desk.ledger.holds() == ()


async def test_a_request_with_too_large_a_head_is_refused_and_fills_no_log(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    async with served(house) as (url, _):
        place = url.partition("://")[2]
        head = f"GET /healthz HTTP/1.1\r\nHost: {place}\r\nX-Large: {'x' * LARGEST_HEAD}"
        found = await asked(url, head.encode())

    assert found.startswith(b"HTTP/1.1 400 ")
    assert caplog.records == []


async def test_requests_that_are_sent_ahead_are_answered_one_after_the_other(house: House) -> None:
    async with served(house) as (url, _):
        place = url.partition("://")[2]
        one = f"GET /healthz HTTP/1.1\r\nHost: {place}\r\n\r\n"
        last = f"GET /healthz HTTP/1.1\r\nHost: {place}\r\nConnection: close\r\n\r\n"
        found = await asked(url, (one * 3 + last).encode())

    assert found.count(b"HTTP/1.1 200") == 4


async def test_a_body_that_is_larger_than_any_form_is_refused(house: House) -> None:
    browser = await house.enter()
    body = "csrf=" + "x" * LARGEST

    found = await browser.post(
        "/status/hold",
        content=body,
        headers={
            "Origin": "http://127.0.0.1:8420",
            "Content-Type": "application/x-www-form-urlencoded",
        },
    )

    assert found.status_code == 413
    assert await house.site.desk.ledger.holds() == ()


async def test_a_stream_without_an_end_does_not_keep_the_server_from_stopping(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Well before the time that answers get to end."""

    async def endless(_request: Request) -> StreamingResponse:
        async def words() -> AsyncIterator[bytes]:
            yield b": begun\n\n"
            await asyncio.Event().wait()

        return StreamingResponse(words(), media_type="text/event-stream")

    routes = (*app.routes(), Route("/healthz/stream", endless))
    monkeypatch.setattr(app, "routes", lambda: routes)
    loop = asyncio.get_running_loop()

    async with (
        served(house) as (url, stop),
        httpx.AsyncClient() as browser,
        browser.stream("GET", f"{url}/healthz/stream") as found,
    ):
        lines = found.aiter_lines()
        assert await anext(lines) == ": begun"
        began = loop.time()
        stop.set()
        with suppress(httpx.RemoteProtocolError):
            assert [line async for line in lines if line] == []
        ended = loop.time()

    assert ended - began < PATIENCE / 2


async def test_whoever_waits_for_news_is_let_go_when_the_server_stops(house: House) -> None:
    cookies = (await house.enter(READER)).cookies
    loop = asyncio.get_running_loop()

    async with (
        served(house) as (url, stop),
        httpx.AsyncClient(cookies=cookies) as browser,
        browser.stream("GET", f"{url}/live") as found,
    ):
        lines = found.aiter_lines()
        assert (found.status_code, bool(await anext(lines))) == (200, True)
        began = loop.time()
        stop.set()
        with suppress(httpx.RemoteProtocolError):  # browsers ask again by themselves
            async for _ in lines:
                continue
        ended = loop.time()

    assert ended - began < PATIENCE / 2


# -- a ledger that is away --


async def test_a_ledger_that_is_away_is_a_page_of_its_own_and_the_pages_come_back(house: House) -> None:
    class Away:
        is_away = True

        def __getattr__(self, name: str) -> object:
            if self.is_away:
                raise LedgerError("ledger: the server does not answer")
            return getattr(house.site.desk.ledger, name)

    browser, away = await house.enter(READER), Away()
    house.app.state.site = replace(house.site, desk=replace(house.site.desk, ledger=away))  # type: ignore[arg-type]

    gone, as_json = await browser.get("/status"), await browser.get("/status.json")
    away.is_away = False
    back = await browser.get("/status")

    assert (gone.status_code, as_json.status_code, back.status_code) == (503, 503, 200)
    assert "ledger: the server does not answer" in gone.text
    assert as_json.json() == {"status": 503, "error": "ledger: the server does not answer"}


# -- the command --


async def started(folder: Path, *arguments: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "agent", "serve", "--settings", str(folder / "air-agent.yaml"), *arguments),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=os.environ | {"COLUMNS": "160", "AIR_AGENT_CLIENT_SECRET": CLIENT_SECRET},
    )


async def ended(process: asyncio.subprocess.Process, number: int) -> tuple[int | None, str]:
    process.send_signal(number)
    _, errors = await asyncio.wait_for(process.communicate(), SOON)
    return process.returncode, errors.decode()


def a_folder(tmp_path: Path, **web: str) -> Path:
    path = a_settings_file(tmp_path)
    lines = "".join(f"\n  {name}: {value}" for name, value in ({"listen": '"127.0.0.1:0"'} | web).items())
    simulated = f"""
graph: {{cloud: simulator, url: "http://127.0.0.1:9"}}
auth: {{kind: clientSecret, client_id: {CLIENT_ID}}}
"""
    path.write_text(f"{path.read_text()}{simulated}web:{lines}\n")
    return tmp_path


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_the_command_says_where_it_is_and_stops_when_asked(tmp_path: Path, number: int) -> None:
    process = await started(await asyncio.to_thread(a_folder, tmp_path), "--json")
    assert process.stdout is not None
    ready = json.loads(await asyncio.wait_for(process.stdout.readline(), 60))

    async with httpx.AsyncClient() as browser:
        health = await browser.get(f"{ready['ready']}/healthz")
        page = await browser.get(f"{ready['ready']}/status")
    process.send_signal(signal.SIGHUP)
    code, errors = await ended(process, number)

    assert health.json()["ok"] is True
    assert all(link.startswith(f"{ready['ready']}/sign-in/link/") for link in ready["links"])
    assert (page.status_code, page.headers["location"]) == (303, "/sign-in?to=%2Fstatus")
    assert (code, errors) == (0, "")


async def test_without_a_ledger_the_command_says_how_there_comes_to_be_one(tmp_path: Path) -> None:
    folder = await asyncio.to_thread(a_folder, tmp_path)
    for file in (tmp_path / "air-agent-data").glob("ledger.db*"):
        file.unlink()

    process = await started(folder)
    _, errors = await asyncio.wait_for(process.communicate(), 60)

    assert process.returncode == 2
    assert "start the agent once, which creates it" in errors.decode()


def test_what_the_settings_say_of_other_subjects_is_left_as_it_is() -> None:
    settings = settings_for()

    with listening(settings) as (_, bound):
        assert msgspec.structs.replace(bound, web=settings.web) == settings

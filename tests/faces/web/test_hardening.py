"""What no request may do, whichever page it is for; and what a browser sends that is not as it should be."""

from collections.abc import AsyncIterator, Iterator

import msgspec
import pytest
from starlette.routing import BaseRoute, Route

from agent.faces.web.app import app_of
from agent.faces.web.safety import LARGEST
from agent.faces.web.visiting import _is_open
from agent.model.session import Session
from tests.faces.web.house import APPROVER, ORIGIN, READER, House, a_house
from tests.faces.web.signing import a_street
from tests.loop.conftest import Bench
from tests.loop.questions import CHAIN, CHANNEL, ESCALATE
from tests.persons import ROLE


def addresses(routes: list[BaseRoute], method: str) -> Iterator[str]:
    """Give an address of every page that takes this method; what stands for an id in it is none."""
    for route in routes:
        if isinstance(route, Route) and method in (route.methods or ()):
            yield "/".join("x" if "{" in part else part for part in route.path.split("/"))


async def test_every_page_is_closed_to_who_is_not_signed_in(house: House) -> None:
    """What is open is written here once more, so that a page which is opened by mistake is seen."""
    opened = {"/healthz", "/readyz", "/sign-in", "/sign-in/start", "/sign-in/link/x"}
    async with house.visitor() as browser:
        for address in addresses(house.app.routes, "GET"):
            answer = await browser.get(address)

            assert (answer.status_code in {303, 401}) is (address not in opened), address
            if address not in opened and not address.endswith(".json"):
                assert answer.headers["location"].startswith("/sign-in"), address


async def test_every_form_needs_the_token_of_its_session(house: House) -> None:
    async with await house.enter(msgspec.structs.replace(APPROVER, roles=("Reader", "Operator"))) as browser:
        for address in addresses(house.app.routes, "POST"):
            for data in ({}, {"csrf": "x"}):
                answer = await browser.post(address, data=data, headers=ORIGIN)

                assert answer.status_code in {403, 404}, address
                assert answer.status_code == 403 or address.startswith("/sign-in/link/"), address


async def test_opening_a_page_changes_no_session(house: House) -> None:
    async with await house.enter(READER) as browser:
        before = await session(house, browser.cookies["air-agent"])
        for address in addresses(house.app.routes, "GET"):
            for method in ("GET", "HEAD"):
                if not address.startswith("/live"):
                    await browser.request(method, address)

        assert await session(house, browser.cookies["air-agent"]) == before


async def session(house: House, secret: str) -> Session | None:
    from agent.faces.web.visit import session_id

    return await house.site.sessions.find(session_id(secret))


@pytest.mark.parametrize("path", ["/sign-in", "/sign-in/start", "/static/site.css", "/healthz", "/readyz"])
def test_what_is_open_is_open_to_anybody(path: str) -> None:
    assert _is_open(path)


@pytest.mark.parametrize(
    "path", ["/", "/sign-in.json", "/sign-inside", "/staticx", "/healthz.json", "/health", "/pending", "//sign-in", "/Sign-In"]
)  # fmt: skip
def test_what_only_looks_like_it_is_not(path: str) -> None:
    assert not _is_open(path)


@pytest.mark.parametrize("path", ["/sign-in/../nowhere", "/static/../nowhere", "/static/%2e%2e/nowhere"])
async def test_no_detour_through_what_is_open_leads_to_a_page(house: House, path: str) -> None:
    async with house.visitor() as browser:
        request = browser.build_request("GET", "/")
        request.url = request.url.copy_with(raw_path=path.encode())

        assert (await browser.send(request)).status_code in {303, 404}


# Forms


async def test_a_form_that_is_too_large_is_refused_before_it_is_read(house: House) -> None:
    async with await house.enter(READER) as browser:
        told = await browser.post("/sign-in/out", content=b"x" * (LARGEST + 1), headers=ORIGIN)
        lied = await browser.post("/sign-in/out", headers=ORIGIN | {"Content-Length": "-1"})

    assert (told.status_code, lied.status_code) == (413, 413)
    assert "larger than any of this site" in told.text
    assert told.headers["content-security-policy"]


async def test_a_form_that_does_not_say_how_large_it_is_is_cut_off(house: House) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        for _ in range(100):
            sent += 1
            yield b"x" * (LARGEST // 10)

    form = ORIGIN | {"Content-Type": "application/x-www-form-urlencoded"}
    async with await house.enter(READER) as browser:
        answer = await browser.post("/sign-in/out", content=endless(), headers=form)

    assert answer.status_code in {400, 413}


async def test_a_file_is_no_form(house: House) -> None:
    async with await house.enter(READER) as browser:
        answer = await browser.post("/sign-in/out", files={"csrf": b"x"}, headers=ORIGIN)

    assert (answer.status_code, "no form of this site" in answer.text) == (400, True)


# Cookies


@pytest.mark.parametrize(
    "cookie",
    [
        "air-agent={secret}; air-agent={secret}",
        "air-agent=other; air-agent={secret}",
        "air-agent={secret}; air-agent=",
        "Air-Agent={secret}",
        "x=air-agent={secret}",
        "air-agent=",
        "air-agent",
        "air-agent=" + "x" * 60_000,
        "air-agent={secret}x",
        'air-agent="{secret}"',
        "__Host-air-agent={secret}",
    ],
)
async def test_a_cookie_that_is_not_exactly_ours_is_none(house: House, cookie: str) -> None:
    async with await house.enter(READER) as entered, house.visitor() as browser:
        secret = entered.cookies["air-agent"]
        answer = await browser.get("/nowhere", headers={"Cookie": cookie.format(secret=secret)})

    assert answer.status_code == 303


async def test_a_cookie_among_others_is_found(house: House) -> None:
    async with await house.enter(READER) as entered, house.visitor() as browser:
        cookie = f"a=b;air-agent={entered.cookies['air-agent']} ; air-agent-sign-in=x"

        assert (await browser.get("/nowhere", headers={"Cookie": cookie})).status_code == 404


# Who may look


async def test_who_is_no_approver_any_more_sees_nothing_from_the_next_request_on(bench: Bench) -> None:
    """The policies in force say who is one, at each request: an edited chain shuts people out who are signed in."""
    bench.with_policies(**{"ask": ESCALATE, "chains/secops": CHAIN, "channels/console": CHANNEL})
    await bench.run_pass()
    house = a_house(bench)
    async with await house.enter(APPROVER) as browser:
        before = await browser.get("/nowhere")
        bench.with_policies(
            **{
                "ask": ESCALATE,
                "chains/secops": CHAIN.replace(ROLE, "Other.Role"),
                "channels/console": CHANNEL,
            }
        )
        await bench.run_pass()

        assert before.status_code == 404
        assert (await browser.get("/nowhere")).status_code == 403


async def test_the_pages_of_a_street_are_as_closed(bench: Bench) -> None:
    app = app_of(a_street(bench).house.site)

    assert {"/sign-in/start", "/sign-in/back", "/sign-in/out", "/sign-in"} == {
        one
        for method in ("GET", "POST")
        for one in addresses(app.routes, method)
        if one.startswith("/sign-in")
    }

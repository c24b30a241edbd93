"""Signing in with Entra ID, and what somebody who means harm gets by it."""

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import httpx
import msgspec
import pytest

from agent.adapters.microsoft.open_id import Asking
from agent.faces.web.beginning import AT_ONCE, LARGEST, Beginnings, Begun
from agent.faces.web.visit import session_id
from agent.model.session import Draft, Session
from tests.faces.web.house import ORIGIN, URL
from tests.faces.web.signing import KEY, Browser, Street, a_street
from tests.loop.conftest import Bench
from tests.makers import NOW

DRAFT = Draft(action_id="a1", verb="approve", reason="it is a phish", digest="d1")
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@pytest.fixture
def street(bench: Bench) -> Street:
    return a_street(bench, step_up="c1")


async def session_of(street: Street, browser: Browser) -> Session | None:
    return await street.house.site.sessions.find(session_id(browser.site.cookies.get("air-agent") or ""))


async def test_the_sign_in_page_leads_to_entra_id_and_back_to_the_page_that_was_wanted(
    street: Street,
) -> None:
    async with street.browser() as browser:
        sent = await browser.site.get("/nowhere?x=1")
        page = await browser.site.get(sent.headers["location"])
        link = page.text.partition('class="button primary" href="')[2].partition('"')[0]
        away = await browser.site.get(link)
        came = await browser.site.get(await browser.choose(away.headers["location"], "eve"))

        assert (page.status_code, link) == (200, "/sign-in/start?to=%2Fnowhere%3Fx%3D1")
        assert (came.status_code, came.headers["location"]) == (303, "/nowhere?x=1")
        assert (await browser.site.get("/nowhere")).status_code == 404


async def test_whoever_came_by_another_name_of_this_machine_signs_in_by_the_one_they_are_led_back_to(
    street: Street,
) -> None:
    async with street.browser() as browser:
        answer = await browser.site.get("http://localhost:8420/sign-in/start?to=%2Fnowhere&again=yes")

    assert answer.headers["location"] == f"{URL}/sign-in/start?to=%2Fnowhere&again=yes"
    assert "set-cookie" not in answer.headers


async def test_the_session_says_who_and_when_and_the_cookie_says_nothing(street: Street) -> None:
    async with street.browser() as browser:
        came = await browser.sign_in("eve")
        session = await session_of(street, browser)

        assert session is not None
        assert (session.person.name, session.person.roles) == ("Eve Approver", ("Reader", "SecOps.Approver"))
        assert session.began == session.signed_in == session.seen == NOW
        cookie = next(one for one in came.headers.get_list("set-cookie") if one.startswith("air-agent="))
        assert len(cookie.partition("=")[2].partition(";")[0]) == 43
        assert cookie.partition("; ")[2] == "HttpOnly; Path=/; SameSite=lax"


async def test_who_is_signed_in_at_microsoft_is_signed_in_here_since_then(
    street: Street, bench: Bench
) -> None:
    async with street.browser() as browser:
        await browser.sign_in("eve")
        bench.clock.advance(2 * HOUR)
        browser.site.cookies.clear()
        await browser.sign_in("nobody needs to choose")
        session = await session_of(street, browser)

        assert session is not None
        assert (session.signed_in, session.began) == (NOW, NOW + 2 * HOUR)


async def test_without_auth_time_a_sign_in_shows_everything_and_decides_nothing(street: Street) -> None:
    street.provider.says_auth_time = False

    async with street.browser() as browser:
        await browser.sign_in("eve")
        session = await session_of(street, browser)
        again = await browser.sign_in("eve", again="yes")

        assert session is not None
        assert session.signed_in < NOW - timedelta(days=365)
        assert again.status_code == 403
        assert "optional claim <code>auth_time</code>" in again.text
        assert await session_of(street, browser) == session


# Signing in again


async def test_signing_in_again_proves_anew_and_keeps_what_was_written(street: Street, bench: Bench) -> None:
    async with street.browser() as browser:
        await browser.sign_in("eve")
        first = await session_of(street, browser)
        assert first is not None
        await street.house.site.sessions.keep(msgspec.structs.replace(first, draft=DRAFT))
        bench.clock.advance(timedelta(minutes=20))
        came = await browser.sign_in("eve", to="/actions/a1", again="yes", context="c1")
        second = await session_of(street, browser)

        assert came.headers["location"] == "/actions/a1"
        assert second is not None
        assert (second.signed_in, second.contexts, second.draft) == (bench.clock.now(), ("c1",), DRAFT)
        assert await street.house.site.sessions.find(first.id) is None
        assert street.provider.asked[1]["login_hint"] == "eve@contoso.example"


async def test_somebody_else_does_not_get_what_was_written(street: Street) -> None:
    async with street.browser() as browser:
        await browser.sign_in("eve")
        first = await session_of(street, browser)
        assert first is not None
        await street.house.site.sessions.keep(msgspec.structs.replace(first, draft=DRAFT))
        await browser.sign_in("fay", again="yes")
        second = await session_of(street, browser)

        assert second is not None
        assert (second.person.name, second.draft) == ("Fay Approver", None)
        assert await street.house.site.sessions.find(first.id) is None


async def test_who_cannot_prove_more_stays_as_they_are_and_learns_why(street: Street) -> None:
    async with street.browser() as browser:
        await browser.sign_in("fay")
        first = await session_of(street, browser)
        came = await browser.sign_in("fay", to="/actions/a1", context="c1")

        assert came.status_code == 403
        assert "AADSTS53003: conditional access blocks this" in came.text
        assert 'href="/sign-in/start?to=%2Factions%2Fa1&amp;context=c1&amp;choose=yes"' in came.text
        assert "Go on as" in came.text
        assert await session_of(street, browser) == first


async def test_only_the_context_of_the_settings_is_asked_for(street: Street) -> None:
    async with street.browser() as browser:
        await browser.sign_in("eve", context="c9")

    assert "claims" not in street.provider.asked[0]


# Harm


@pytest.mark.parametrize(
    "to",
    ["//evil.example", "/\\evil.example", "https://evil.example", "/a\r\nSet-Cookie: x=y", "/sign-in/out"],
)
async def test_nobody_is_led_off_the_site(street: Street, to: str) -> None:
    async with street.browser() as browser:
        came = await browser.sign_in("eve", to=to)
        shown = await browser.site.get("/sign-in", params={"to": to})

        assert came.headers["location"] == "/"
        assert "evil" not in shown.text


async def test_what_came_back_once_does_not_come_back_again(street: Street) -> None:
    async with street.browser() as browser:
        back = await browser.choose(await browser.start(), "eve")
        kept = browser.site.cookies["air-agent-sign-in"]
        first = await browser.site.get(back)
        again = await browser.site.get(back)
        browser.site.cookies.clear()
        browser.site.cookies.set("air-agent-sign-in", kept)
        with_the_cookie = await browser.site.get(back)

        assert (first.status_code, again.status_code, with_the_cookie.status_code) == (303, 400, 400)
        assert "not begun in this browser, or came back once already" in again.text
        assert len(street.provider.exchanged) == 1


async def test_the_answer_to_somebody_elses_sign_in_signs_nobody_in(street: Street) -> None:
    """An attacker who sends their own answer would have the victim work in the attacker's name."""
    async with street.browser() as attacker, street.browser() as victim:
        theirs = await attacker.choose(await attacker.start(), "fay")
        without_cookie = await victim.site.get(theirs)
        await victim.start()
        with_own_cookie = await victim.site.get(theirs)

        assert (without_cookie.status_code, with_own_cookie.status_code) == (400, 400)
        assert victim.site.cookies.get("air-agent") is None


async def test_a_code_of_another_sign_in_does_not_fit(street: Street) -> None:
    async with street.browser() as attacker, street.browser() as victim:
        theirs = parse_qs(urlsplit(await attacker.choose(await attacker.start(), "fay")).query)
        mine = parse_qs(urlsplit(await victim.start()).query)
        answer = await victim.site.get(
            "/sign-in/back", params={"code": theirs["code"][0], "state": mine["state"][0]}
        )

        assert (answer.status_code, "AADSTS501481" in answer.text) == (403, True)
        assert victim.site.cookies.get("air-agent") is None


async def test_a_session_that_somebody_put_into_the_browser_is_worth_nothing_afterwards(
    street: Street,
) -> None:
    async with street.browser() as attacker, street.browser() as victim:
        await attacker.sign_in("fay")
        planted = attacker.site.cookies["air-agent"]
        victim.site.cookies.set("air-agent", planted, domain="127.0.0.1")
        await victim.sign_in("eve")

        assert victim.site.cookies["air-agent"] != planted
        assert (await attacker.site.get("/nowhere")).status_code == 303


@pytest.mark.parametrize(("late", "status"), [(10 * MINUTE - timedelta(seconds=1), 303), (10 * MINUTE, 400)])
async def test_a_sign_in_takes_ten_minutes_at_most(
    street: Street, bench: Bench, late: timedelta, status: int
) -> None:
    async with street.browser() as browser:
        address = await browser.start()
        bench.clock.advance(late)

        assert (await browser.site.get(await browser.choose(address, "eve"))).status_code == status


async def test_another_login_is_not_mixed_up_with_ours(street: Street) -> None:
    async with street.browser() as browser:
        back = await browser.choose(await browser.start(), "eve")
        answer = await browser.site.get(f"{back}&iss=https%3A%2F%2Fevil.example")

        assert (answer.status_code, "of another login" in answer.text) == (403, True)
        assert street.provider.exchanged == []


async def test_what_a_link_says_went_wrong_is_not_repeated(street: Street) -> None:
    async with street.browser() as browser:
        state = parse_qs(urlsplit(await browser.start()).query)["state"][0]
        said = {"error": "access_denied", "error_description": "<b>Call +1 555</b>"}
        made_up = await browser.site.get("/sign-in/back", params=said | {"state": "x"})
        real = await browser.site.get("/sign-in/back", params=said | {"state": state})

        assert (made_up.status_code, real.status_code) == (400, 403)
        assert "555" not in made_up.text + real.text
        assert "it was declined, or broken off: sign in again" in real.text


async def test_a_login_that_is_away_is_said(street: Street) -> None:
    street.provider.token_error = "AADSTS90033"

    async with street.browser() as browser:
        answer = await browser.sign_in("eve")

        assert (answer.status_code, "away for a moment" in answer.text) == (503, True)


async def test_two_tabs_may_sign_in_at_once(street: Street) -> None:
    async with street.browser() as browser:
        first, second = await browser.start("/one"), await browser.start("/two")
        came = [await browser.site.get(await browser.choose(one, "eve")) for one in (first, second)]

        assert [one.headers["location"] for one in came] == ["/one", "/two"]
        assert "air-agent-sign-in" not in browser.site.cookies


def begun(number: int, to: str = "/") -> Begun:
    return Begun(asking=Asking(state=f"s{number:021}", nonce="n" * 22, verifier="v" * 43), to=to, at=NOW)


@pytest.mark.parametrize("to", ["/", "/" + "a%20" * 499])
def test_the_cookie_of_sign_ins_under_way_stays_small(to: str) -> None:
    beginnings = Beginnings(key=KEY)

    sealed = beginnings.sealed([begun(number, to) for number in range(20)])

    assert len(sealed) <= LARGEST
    kept = beginnings.read(sealed, NOW)
    assert begun(0, to) in kept
    assert len(kept) <= AT_ONCE


def test_what_another_key_sealed_is_nothing() -> None:
    sealed = Beginnings(key=b"another" * 5).sealed([begun(0)])

    for cookie in (sealed, "", "x.y", sealed[:-1], "é", "." * 4000):
        assert Beginnings(key=KEY).read(cookie, NOW) == ()


def test_one_that_came_back_is_known_however_many_there_are() -> None:
    beginnings = Beginnings(key=KEY)

    assert beginnings.taken([begun(1)], begun(1).asking.state, NOW) == begun(1)
    assert beginnings.taken([begun(1)], begun(1).asking.state, NOW) is None
    assert beginnings.taken([begun(1)], "é", NOW) is None


async def test_what_is_sent_after_a_session_is_over_is_said_not_to_have_counted(
    street: Street, bench: Bench
) -> None:
    async with street.browser() as browser:
        await browser.sign_in("eve")
        bench.clock.advance(30 * MINUTE)
        sent = await browser.site.post("/actions/a1/answer", data={"verb": "approve"}, headers=ORIGIN)
        page = await browser.site.get(sent.headers["location"])

        assert (sent.status_code, sent.headers["location"]) == (303, "/sign-in?late=yes&to=%2Factions%2Fa1")
        assert "nothing was changed by it" in page.text
        assert 'href="/sign-in/start?to=%2Factions%2Fa1"' in page.text


# Signing out


async def test_signing_out_ends_the_session_and_asks_which_account_next_time(street: Street) -> None:
    async with street.browser() as browser, street.browser() as elsewhere:
        await browser.sign_in("eve")
        await elsewhere.sign_in("eve")
        secret = browser.site.cookies["air-agent"]
        token = street.house.csrf(browser.site)
        out = await browser.site.post("/sign-in/out", data={"csrf": token}, headers=ORIGIN)
        page = await browser.site.get(out.headers["location"])

        assert (out.status_code, out.headers["location"]) == (303, "/sign-in?out=yes")
        assert "You are signed out" in page.text
        assert "choose=yes" in page.text
        assert await street.house.site.sessions.find(session_id(secret)) is None
        assert (await elsewhere.site.get("/nowhere")).status_code == 404


async def test_signing_out_everywhere_ends_every_session_of_that_person(street: Street) -> None:
    async with street.browser() as one, street.browser() as two, street.browser() as another:
        await one.sign_in("eve")
        await two.sign_in("eve")
        await another.sign_in("fay")
        fields = {"csrf": street.house.csrf(one.site), "everywhere": "yes"}
        await one.site.post("/sign-in/out", data=fields, headers=ORIGIN)

        assert (await two.site.get("/nowhere")).status_code == 303
        assert (await another.site.get("/nowhere")).status_code == 404


@pytest.mark.parametrize("fields", [{}, {"csrf": "x"}, {"csrf": "é"}])
async def test_another_site_signs_nobody_out(street: Street, fields: dict[str, str]) -> None:
    async with street.browser() as browser:
        await browser.sign_in("eve")

        assert (await browser.site.post("/sign-in/out", data=fields, headers=ORIGIN)).status_code == 403
        assert (await browser.site.post("/sign-in/out", data=fields)).status_code == 403
        assert (await browser.site.get("/sign-in/out")).status_code == 405
        assert (await browser.site.get("/nowhere")).status_code == 404


async def test_who_has_no_role_can_sign_out_and_sees_nothing_of_the_tenant(street: Street) -> None:
    async with street.browser() as browser:
        await browser.sign_in("nina")
        refused = await browser.site.get("/nowhere")
        page = await browser.site.get("/sign-in")
        fields = {"csrf": street.house.csrf(browser.site)}
        await browser.site.post("/sign-in/out", data=fields, headers=ORIGIN)

        assert (refused.status_code, "an administrator gives it a role" in refused.text) == (403, True)
        assert "Nina Nobody" in page.text
        assert "Contoso" not in refused.text + page.text
        assert await session_of(street, browser) is None


async def test_sessions_that_are_over_are_forgotten_when_somebody_signs_in(
    street: Street, bench: Bench
) -> None:
    async with street.browser() as browser, street.browser() as another:
        await browser.sign_in("eve")
        old = await session_of(street, browser)
        assert old is not None
        bench.clock.advance(31 * MINUTE)
        await another.sign_in("fay")

        assert await street.house.site.sessions.find(old.id) is None


async def test_looking_at_the_sign_in_changes_nothing(street: Street) -> None:
    async with street.browser() as browser:
        await browser.sign_in("eve")
        before = await session_of(street, browser)
        for path in ("/sign-in", "/sign-in/start", "/sign-in/back", "/sign-in/back?state=x&code=y"):
            for method in ("GET", "HEAD"):
                await browser.site.request(method, path)

        assert await session_of(street, browser) == before


async def test_where_people_sign_in_with_entra_id_no_link_opens_anything(street: Street) -> None:
    async with street.browser() as browser:
        for path in ("/sign-in/link/x", "/sign-in/link", "/sign-in/as", "/sign-in/another"):
            assert (await browser.site.get(path)).status_code == 404
            assert (await browser.site.post(path, headers=ORIGIN)).status_code == 404


# Over TLS


async def test_over_tls_cookies_are_of_this_host_alone_and_browsers_are_told_to_stay(bench: Bench) -> None:
    street = a_street(bench, url="https://air.contoso.example", listen="127.0.0.1:8420")
    transport = httpx.ASGITransport(street.house.app)
    async with httpx.AsyncClient(transport=transport, base_url="https://air.contoso.example") as site:
        away = await site.get("/sign-in/start")

    cookie = away.headers["set-cookie"]
    assert cookie.startswith("__Host-air-agent-sign-in=")
    assert cookie.partition("; ")[2] == "HttpOnly; Max-Age=600; Path=/; SameSite=lax; Secure"
    assert away.headers["strict-transport-security"] == "max-age=31536000"
    assert "__Host-" not in URL


async def test_a_session_over_tls_is_not_taken_from_a_cookie_of_another_name(bench: Bench) -> None:
    street = a_street(bench, url="https://air.contoso.example")
    entered = await street.house.enter()
    secret = entered.cookies["air-agent"]
    transport = httpx.ASGITransport(street.house.app)
    async with httpx.AsyncClient(transport=transport, base_url="https://air.contoso.example") as site:
        plain = await site.get("/nowhere", headers={"Cookie": f"air-agent={secret}"})
        own = await site.get("/nowhere", headers={"Cookie": f"__Host-air-agent={secret}"})
        two = await site.get("/nowhere", headers={"Cookie": f"__Host-air-agent={secret}; __Host-air-agent=x"})

    assert (plain.status_code, own.status_code, two.status_code) == (303, 403, 303)

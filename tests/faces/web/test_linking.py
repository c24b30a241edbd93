"""Signing in by a printed link: the simulator on this machine alone, one browser a link."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import httpx
import pytest
from structlog.testing import capture_logs

from agent.audit.key import Key
from agent.faces.web.by_link import one_time_link
from agent.faces.web.door import LinkDoor, OpenIdDoor
from agent.faces.web.way_in import check, door_of
from agent.model.answer import Person
from agent.model.errors import SettingsError, Unavailable
from agent.settings.secret import Secret
from agent.settings.serving import Web
from agent.settings.subjects import Cloud, Escalation, Graph, Settings, Tenant
from tests.clock import ManualClock
from tests.faces.web.house import APPROVER, ORIGIN, READER, House, a_house
from tests.faces.web.signing import a_street
from tests.loop.conftest import Bench
from tests.makers import TENANT

CLIENT = "a1ea9e27-0000-4000-8000-00000000a9e7"


def link(house: House) -> str:
    found = one_time_link(house.site, 8420)
    assert found is not None
    return found


def token_in(page: httpx.Response) -> str:
    return page.text.partition('name="token" value="')[2].partition('"')[0]


async def use(browser: httpx.AsyncClient, address: str, **fields: str) -> httpx.Response:
    return await browser.post(address, data={"person": APPROVER.object_id} | fields, headers=ORIGIN)


async def test_opening_a_link_shows_whom_one_may_be_and_choosing_uses_it_up(house: House) -> None:
    address = link(house)
    async with house.visitor() as browser, house.visitor() as another:
        shown = [await browser.get(address) for _ in range(3)]
        assert (await browser.head(address)).status_code == 200
        came = await use(browser, address)
        late = await another.get(address), await use(another, address)

        assert address.startswith("http://127.0.0.1:8420/sign-in/link/")
        assert all("Be Eve" in one.text and "Be Rita" in one.text for one in shown)
        assert (came.status_code, came.headers["location"]) == (303, "/")
        assert [one.status_code for one in late] == [404, 404]
        assert "used already" in late[0].text
        assert another.cookies.get("air-agent") is None


async def test_a_browser_that_opened_a_link_may_be_somebody_else_after_signing_out(house: House) -> None:
    async with house.visitor() as browser:
        await use(browser, link(house))
        await browser.post("/sign-in/out", data={"csrf": house.csrf(browser)}, headers=ORIGIN)
        page = await browser.get("/sign-in?to=/nowhere")
        fields = {"token": token_in(page), "to": "/nowhere", "person": READER.object_id}
        came = await use(browser, "/sign-in/as", **fields)

        assert came.headers["location"] == "/nowhere"
        assert "Rita" in (await browser.get("/sign-in")).text
        assert (await browser.get("/nowhere")).status_code == 404


async def test_it_makes_a_link_for_another_browser(house: House) -> None:
    async with house.visitor() as browser, house.visitor() as another:
        await use(browser, link(house))
        token = token_in(await browser.get("/sign-in"))
        page = await browser.post("/sign-in/another", data={"token": token}, headers=ORIGIN)
        made = page.text.partition('<code data-copy="')[2].partition('"')[0]
        await use(another, made, person=READER.object_id)

        assert made.startswith("http://127.0.0.1:8420/sign-in/link/")
        assert another.cookies.get("air-agent") is not None
        assert another.cookies["air-agent"] != browser.cookies["air-agent"]


async def test_a_browser_that_opened_none_is_told_how_and_gets_nothing(house: House) -> None:
    async with house.visitor() as browser:
        page = await browser.get("/sign-in")
        tried = [
            await browser.get("/sign-in/link/x"),
            await use(browser, "/sign-in/link/x"),
            await use(browser, "/sign-in/as"),
            await use(browser, "/sign-in/as", token=token_in(page)),
            await browser.post("/sign-in/another", headers=ORIGIN),
        ]

        assert "Open the link that <code>air-agent serve</code>" in page.text
        assert "Be Eve" not in page.text
        assert [one.status_code for one in tried] == [404, 404, 403, 403, 403]
        assert browser.cookies.get("air-agent") is None


async def test_another_site_cannot_choose_for_the_person(house: House) -> None:
    address = link(house)
    async with house.visitor() as browser:
        other = {"Origin": "https://evil.example"}
        by_link = await browser.post(address, data={"person": APPROVER.object_id}, headers=other)
        await use(browser, address)
        without_token = await use(browser, "/sign-in/as", person=READER.object_id)

        assert (by_link.status_code, without_token.status_code) == (403, 403)


async def test_nobody_is_somebody_who_does_not_exist(house: House) -> None:
    address = link(house)
    async with house.visitor() as browser:
        answer = await use(browser, address, person="somebody")

        assert answer.status_code == 400
        assert (await browser.get(address)).status_code == 200


async def test_signing_in_again_is_choosing_again_with_what_is_asked_for(bench: Bench) -> None:
    house = a_house(bench, step_up="c1")
    async with house.visitor() as browser:
        await use(browser, link(house))
        page = await browser.get("/sign-in/start?to=/actions/a1&again=yes&context=c1")
        fields = {"token": token_in(page), "to": "/actions/a1", "context": "c1"}
        came = await use(browser, "/sign-in/as", **fields)

        assert 'name="context" value="c1"' in page.text
        assert 'name="to" value="/actions/a1"' in page.text
        assert came.headers["location"] == "/actions/a1"


async def test_a_simulator_that_is_away_is_said_and_the_link_stays_a_secret(bench: Bench) -> None:
    async def nobody() -> Sequence[Person]:
        raise Unavailable("no simulator answers at `http://127.0.0.1:8080`: start it")

    house = a_house(bench, door=LinkDoor(people=nobody))
    address = link(house)
    async with house.visitor() as browser:
        with capture_logs() as logged:
            answer = await browser.get(address)

    assert (answer.status_code, "no simulator answers" in answer.text) == (503, True)
    (line,) = [one for one in logged if one["event"] == "page not shown"]
    assert line["path"] == "/sign-in/link"
    assert address.rpartition("/")[2] not in str(logged)


def test_only_the_newest_links_wait(house: House) -> None:
    door = house.site.door
    assert isinstance(door, LinkDoor)

    made = [door.link() for _ in range(17)]

    assert [door.opens(one) for one in (made[0], made[1], made[16], "")] == [False, True, True, False]
    assert door.use("x") == ""
    assert not door.knows("")


def test_where_people_sign_in_with_entra_id_there_is_no_link(bench: Bench) -> None:
    assert one_time_link(a_street(bench).house.site, 8420) is None


# Which way in there is


def settings(cloud: Cloud = Cloud.GLOBAL, client_id: str | None = CLIENT, **web: object) -> Settings:
    given = {"client_secret": Secret("s3cret")} | web
    return Settings(
        tenant=Tenant(id=TENANT),
        graph=Graph(cloud=cloud, url="http://127.0.0.1:8080" if cloud is Cloud.SIMULATOR else None),
        escalation=Escalation(client_id=client_id),
        web=Web(**given),  # type: ignore[arg-type]
    )


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (settings(client_id=None), "`escalation.client_id` is missing"),
        (settings(client_secret=None), "`web.client_secret` is missing"),
        (settings(listen="127.0.0.1:0"), "`web.listen` has port 0"),
        (
            settings(Cloud.SIMULATOR, listen="0.0.0.0:8420", url="https://air.contoso.example"),
            "this machine alone",
        ),
        (settings(Cloud.SIMULATOR, url="https://air.contoso.example"), "this machine alone"),
        (settings(Cloud.SIMULATOR, listen="0.0.0.0:8420", url="http://localhost:8420"), "this machine alone"),
        (settings(Cloud.SIMULATOR, listen="192.0.2.1:8420"), "this machine alone"),
    ],
)
def test_where_nobody_could_sign_in_nothing_is_served(given: Settings, words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        check(given)


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        (settings(), OpenIdDoor),
        (settings(Cloud.US_GOV_L4), OpenIdDoor),
        (settings(listen="0.0.0.0:443", url="https://air.contoso.example"), OpenIdDoor),
        (settings(listen="127.0.0.1:0", url="https://air.contoso.example"), OpenIdDoor),
        (settings(Cloud.SIMULATOR, None, client_secret=None), LinkDoor),
        (settings(Cloud.SIMULATOR, listen="[::1]:0"), LinkDoor),
    ],
)
def test_a_link_is_enough_for_the_simulator_on_this_machine_alone(given: Settings, kind: type) -> None:
    door = door_of(given, Key("k" * 32), ManualClock())

    assert type(door) is kind


async def test_whoever_has_a_session_that_cannot_be_read_is_not_signed_in_and_can_sign_in(
    bench: Bench, tmp_path: Path
) -> None:
    house = a_house(bench)

    async with await house.enter(READER) as browser:
        with closing(sqlite3.connect(tmp_path / "data" / "ledger.db")) as ledger, ledger:
            ledger.execute("update sessions set body = '{'")
        closed = await browser.get("/pending")
        came = await use(browser, link(house), person=READER.object_id)
        browser.cookies.delete("air-agent", domain="")
        opened = await browser.get("/pending")

    assert (closed.status_code, closed.headers["location"]) == (303, "/sign-in?to=%2Fpending")
    assert (came.status_code, opened.status_code) == (303, 200)

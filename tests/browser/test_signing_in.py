"""The way in: by an OpenID provider that behaves as Entra ID does, and what those get who have none."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from agent.adapters.ledger.opening import open_ledger
from agent.faces.web.beginning import Beginnings
from agent.faces.web.door import LinkDoor, OpenIdDoor
from tests.browser.browsing import NARROW, WIDE, Place, a_place
from tests.browser.scene import QUESTION, a_week, message
from tests.browser.test_answering import approve, record_of, removed
from tests.browser.test_attacks import known
from tests.browser.test_every_page import EVERYTHING, violations
from tests.loop.conftest import Bench
from tests.makers import TENANT
from tests.openid import Provider
from tests.persons import ROLE

pytestmark = pytest.mark.asyncio(loop_scope="session")

START = "Sign in with Microsoft Entra ID"

PRESSED = "button, input[type=submit], a[href]"


@pytest_asyncio.fixture(loop_scope="session")
async def street(tmp_path: Path, browser: Browser) -> AsyncIterator[Place]:
    """Give a site whose people come from a login of their own, next door."""
    provider = Provider("", TENANT)

    def door(url: str) -> OpenIdDoor:
        provider.back = f"{url}/sign-in/back"
        return OpenIdDoor(openid=provider.open_id(), beginnings=Beginnings(key=b"k" * 32))

    ledger_url = f"sqlite:///{tmp_path / 'data' / 'ledger.db'}"
    async with open_ledger(ledger_url, TENANT) as ledger, provider.serving():
        bench = Bench(ledger)
        provider.wall = lambda: bench.clock.now().timestamp()
        await a_week(bench)
        bench.directory.roles[ROLE] |= {person.oid for person in provider.people.values()}
        async with a_place(bench, browser, door=door) as place:
            yield place


async def _link(place: Place) -> str:
    return f"/actions/{(await record_of(place, QUESTION)).action.id}"


async def _sign_in(window: Page, who: str) -> None:
    await window.get_by_role("link", name=START).click()
    await window.get_by_role("button", name=who).click()


async def test_from_a_notice_through_the_sign_in_to_the_answer_and_out(street: Place) -> None:
    window, link = await street.window(None), await _link(street)

    await window.goto(link)
    await _sign_in(window, "Eve Approver")
    await expect(window).to_have_url(f"{street.url}{link}")
    await expect(window.locator(".person")).to_contain_text("Eve Approver")
    await approve(window)
    await expect(window.locator(".done")).to_be_visible()
    await street.bench.run_pass()
    assert removed(street, QUESTION) == [message(QUESTION, number) for number in range(3)]
    await window.get_by_role("button", name="Sign out").click()
    await expect(window.get_by_role("heading", level=1)).to_have_text("You are signed out")
    await window.goto("/pending")

    await expect(window).to_have_url(re.compile("/sign-in"))


async def test_a_reader_sees_why_and_has_nothing_to_press(street: Place) -> None:
    window = await street.window(None)

    await window.goto(await _link(street))
    await _sign_in(window, "Rita Reader")

    await expect(window.get_by_role("heading", level=1)).to_contain_text("evidence.verdict is malicious")
    await expect(window.get_by_role("button", name=re.compile("^(Approve|Reject)"))).to_have_count(0)


async def test_whoever_has_no_role_is_told_who_gives_one(street: Place) -> None:
    window = await street.window(None)

    await window.goto(await _link(street))
    await _sign_in(window, "Nina Nobody")

    await expect(window.locator("main")).to_contain_text("role")
    await expect(window.get_by_text("bad.example")).to_have_count(0)


async def test_whoever_declines_is_told_so_and_can_try_again(street: Place) -> None:
    window = await street.window(None)

    await window.goto(await _link(street))
    await _sign_in(window, "Cancel")

    await expect(window.get_by_role("alert")).to_be_visible()
    await expect(window.get_by_role("link", name=START)).to_be_visible()


async def test_a_scanner_that_opens_a_notice_and_presses_everything_changes_nothing(street: Place) -> None:
    """Mail gateways open links, run scripts and press buttons; none of them is signed in."""
    window, link = await street.window(None), await _link(street)
    before = await known(street)

    await window.goto(link)
    for number in range(await window.locator(PRESSED).count()):
        await window.goto(link)
        await window.locator(PRESSED).nth(number).dispatch_event("click")
        await window.wait_for_load_state()
        await expect(window.get_by_text("bad.example")).to_have_count(0)
    await window.goto(link)
    await expect(window).to_have_url(re.compile("/sign-in"))

    assert await known(street) == before


@pytest.mark.parametrize("screen", [NARROW, WIDE], ids=["narrow", "wide"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_axe_finds_nothing_wrong_at_the_door(
    street: Place, screen: dict[str, int], scheme: str
) -> None:
    window = await street.window(None, viewport=screen, color_scheme=scheme)
    found = []

    for path in ("/sign-in", "/sign-in?to=/pending", "/sign-in/back?error=access_denied&state=x"):
        await window.goto(path)
        found += await violations(window, EVERYTHING)

    assert found == []


async def test_by_a_printed_link_somebody_of_the_simulator_is_chosen_and_it_opens_once(place: Place) -> None:
    door = place.house.site.door
    assert isinstance(door, LinkDoor)
    link = f"/sign-in/link/{door.link()}"
    window, second = await place.window(None), await place.window(None)

    await window.goto(link)
    wrong = await violations(window, EVERYTHING)
    await window.get_by_role("button", name="Be Eve").click()
    await expect(window.get_by_role("heading", level=1)).to_have_text("Pending")
    await second.goto(link)

    assert wrong == []
    await expect(second.get_by_role("button", name="Be Eve")).to_have_count(0)

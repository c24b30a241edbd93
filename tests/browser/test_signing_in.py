"""Signing in as people do: from the link in a notice to the login and back, again in the middle of an answer, and out."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from agent.faces.web.beginning import Beginnings
from agent.faces.web.by_link import one_time_link
from agent.faces.web.door import OpenIdDoor
from tests.browser.browsing import NARROW, Place, a_place
from tests.browser.scene import PLAIN, a_week
from tests.browser.test_attacks import known
from tests.browser.test_every_page import COLOURS, EVERYTHING, TOO_WIDE, violations
from tests.ledgers import open_ledger
from tests.loop.conftest import Bench
from tests.makers import TENANT
from tests.openid import Provider

pytestmark = pytest.mark.asyncio(loop_scope="session")

PRESSED = "button, input[type=submit], a[href]"

REASON = "it is phishing, I asked the recipients"


@dataclass
class Street:
    """A site that is served, and the login that its people come from, each on a port of its own."""

    place: Place
    provider: Provider

    async def action(self) -> str:
        """Return the address of an action that waits for one person, as a notice has it."""
        records = await self.place.bench.records()
        (found,) = [one for one in records if one.action.incident.id == PLAIN]
        return f"/actions/{found.action.id}"

    async def pass_time(self, window: Page, minutes: int) -> None:
        """Let time go by while the window is used now and then."""
        for _ in range(minutes // 20):
            self.place.bench.clock.advance(timedelta(minutes=20))
            await window.reload()


@asynccontextmanager
async def a_street(folder: Path, browser: Browser, **web: Any) -> AsyncIterator[Street]:
    """Serve the site over a week's work, and the login."""
    async with open_ledger(f"sqlite:///{folder / 'data' / 'ledger.db'}", TENANT) as ledger:
        bench = Bench(ledger)
        await a_week(bench)
        provider = Provider("", TENANT, wall=lambda: bench.clock.now().timestamp())

        def door(url: str) -> OpenIdDoor:
            provider.back = f"{url}/sign-in/back"
            return OpenIdDoor(openid=provider.open_id(), beginnings=Beginnings(key=b"k" * 32))

        async with provider.serving(), a_place(bench, browser, door=door, **web) as place:
            yield Street(place, provider)


@pytest_asyncio.fixture(loop_scope="session")
async def street(tmp_path: Path, browser: Browser) -> AsyncIterator[Street]:
    async with a_street(tmp_path, browser) as served:
        yield served


@pytest_asyncio.fixture(loop_scope="session")
async def strict(tmp_path: Path, browser: Browser) -> AsyncIterator[Street]:
    """A street where every approval is a high risk, and needs a security key."""
    async with a_street(tmp_path, browser, step_up="c1", high_risk_from=1) as served:
        yield served


async def sign_in(window: Page, name: str, link: str = "Sign in with Microsoft Entra ID") -> None:
    await window.get_by_role("link", name=link).click()
    await expect(window.get_by_role("heading", name="Pick an account")).to_be_visible()
    await window.get_by_role("button", name=name).click()
    await expect(window.locator("main")).to_be_visible()


async def approve(window: Page) -> None:
    await window.get_by_label("Why you approve it").fill(REASON)
    await window.get_by_role("button", name=re.compile("^Approve: ")).click()


async def test_the_link_of_a_notice_leads_through_the_login_to_the_action_and_its_answer(
    street: Street,
) -> None:
    window = await street.place.window(None, viewport=NARROW)
    await window.goto(await street.action())

    await expect(window.get_by_role("heading", name="Sign in")).to_be_visible()
    await sign_in(window, "Eve Approver")
    await expect(window).to_have_url(re.compile(f"{await street.action()}$"))
    await approve(window)

    await expect(window.locator(".done")).to_be_visible()
    assert "__Host" not in str(await window.context.cookies())
    assert "Eve" not in str(await window.context.cookies())


async def test_who_signed_in_long_ago_signs_in_again_and_finds_what_they_wrote(street: Street) -> None:
    window = await street.place.window(None)
    await window.goto(await street.action())
    await sign_in(window, "Eve Approver")
    await street.pass_time(window, 60)
    await approve(window)

    await expect(window.get_by_role("heading", level=1)).to_have_text(
        "Sign in again: nothing was changed yet"
    )
    await sign_in(window, "Eve Approver", "Sign in again")
    await expect(window.get_by_label("Why you approve it")).to_have_value(REASON)
    await window.get_by_role("button", name=re.compile("^Approve: ")).click()

    await expect(window.locator(".done")).to_be_visible()
    assert street.provider.asked[-1]["prompt"] == "login"


async def test_a_high_risk_is_approved_by_whoever_can_prove_more(strict: Street) -> None:
    window = await strict.place.window(None)
    await window.goto(await strict.action())
    await sign_in(window, "Eve Approver")
    await approve(window)

    await expect(window.get_by_text("it needs a stronger sign-in")).to_be_visible()
    await window.get_by_role("link", name="Sign in again").click()
    # Still signed in at the login, and with a key: nobody is asked twice.
    await expect(window.get_by_label("Why you approve it")).to_have_value(REASON)
    await window.get_by_role("button", name=re.compile("^Approve: ")).click()

    await expect(window.locator(".done")).to_be_visible()


async def test_who_cannot_prove_more_is_told_why_and_has_approved_nothing(strict: Street) -> None:
    window = await strict.place.window(None)
    await window.goto(await strict.action())
    await sign_in(window, "Fay Approver")
    await approve(window)
    await window.get_by_role("link", name="Sign in again").click()

    await expect(window.get_by_role("alert")).to_contain_text("conditional access blocks this")
    await expect(window.get_by_text("You are still signed in as Fay Approver")).to_be_visible()
    await window.get_by_role("link", name="Go on as Fay Approver").click()
    await expect(window.locator(".done")).to_have_count(0)
    await expect(window.get_by_label("Why you approve it")).to_have_value(REASON)


async def test_going_back_after_signing_out_shows_nothing(street: Street) -> None:
    window = await street.place.window(None)
    await window.goto(await street.action())
    await sign_in(window, "Eve Approver")
    await window.get_by_role("button", name="Sign out").click()

    await expect(window.get_by_role("heading", level=1)).to_have_text("You are signed out")
    await window.go_back()
    await expect(window.get_by_role("heading", level=1)).to_have_text("Sign in")


async def test_the_pages_of_the_sign_in_shut_nobody_out(street: Street) -> None:
    window = await street.place.window(None, viewport=NARROW, has_touch=True)
    found: list[str] = []

    async def look() -> None:
        for scheme, options in (("light", EVERYTHING), ("dark", COLOURS)):
            await window.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            found.extend(await violations(window, options))
        found.extend(await window.evaluate(TOO_WIDE, NARROW["width"]))

    await window.goto("/sign-in")
    await look()
    await window.goto("/sign-in/back?state=x")
    await look()
    await window.goto(await street.action())
    await sign_in(window, "Nina Nobody")
    await expect(window.get_by_role("heading", level=1)).to_have_text("Not allowed")
    await look()
    await sign_in(window, "Eve Approver", "Sign in as somebody else")
    await window.goto("/sign-in")
    await look()
    await window.goto(await street.action())
    await street.pass_time(window, 60)
    await approve(window)
    await expect(window.get_by_role("heading", name="Sign in again")).to_be_visible()
    await look()
    await window.get_by_role("button", name="Sign out").click()
    await look()

    assert found == []


async def test_a_printed_link_signs_in_one_browser_and_that_one_another(bare: Place) -> None:
    port = int(bare.url.rpartition(":")[2])
    link = one_time_link(bare.house.site, port)
    assert link is not None
    rita, otto = await bare.window(None, viewport=NARROW, has_touch=True), await bare.window(None)
    found: list[str] = []

    await rita.goto("/sign-in")
    found += await violations(rita, EVERYTHING)
    await rita.goto(link)
    found += await violations(rita, EVERYTHING)
    await rita.get_by_role("button", name="Be Rita").click()
    await rita.get_by_role("link", name=re.compile("Rita")).click()
    await rita.get_by_role("button", name="Make a link for another browser").click()
    found += await violations(rita, EVERYTHING)
    await otto.goto(link)
    await expect(otto.get_by_text("this link was used already")).to_be_visible()
    await otto.goto(await rita.locator("[data-copy]").first.get_attribute("data-copy") or "")
    await otto.get_by_role("button", name="Be Otto").click()

    await expect(otto.get_by_role("link", name=re.compile("Otto"))).to_be_visible()
    assert found == []


async def test_a_scanner_that_opens_a_notice_and_presses_everything_changes_nothing(street: Street) -> None:
    """Mail gateways open links, run scripts and press buttons; none of them is signed in."""
    window, link = await street.place.window(None), await street.action()
    before = await known(street.place)

    await window.goto(link)
    for number in range(await window.locator(PRESSED).count()):
        await window.goto(link)
        await window.locator(PRESSED).nth(number).dispatch_event("click")
        await window.wait_for_load_state()
        await expect(window.get_by_text("bad.example")).to_have_count(0)
    await window.goto(link)

    await expect(window).to_have_url(re.compile("/sign-in"))
    assert await known(street.place) == before

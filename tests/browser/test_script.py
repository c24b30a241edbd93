"""What the pages' script adds, on a page of nothing but what it looks for: times, keys, news, and whose hands are on what."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, Route, expect

from agent.faces.markup import time_element
from agent.faces.web.frame import Frame
from agent.faces.web.showing import STATIC, environment, left
from agent.faces.web.visit import Visit
from agent.model.session import Session
from tests.makers import NOW
from tests.persons import EVE

pytestmark = pytest.mark.asyncio(loop_scope="session")

SITE = "http://air.test"

PAGE = """{% extends "base.html" %}{% block title %}Specimen{% endblock %}{% block main %}
<h1>Specimen</h1>
<form class="filters" method="get"><label for="q">Search</label><input id="q" name="q" data-search></form>
<section id="list" data-live>
  <table class="list"><thead><tr><th><span data-choose-all></span></th><th>Subject</th></tr></thead><tbody>
  {% for name in page.rows %}
  <tr data-row><td><input type="checkbox" data-choose aria-label="{{ name }}"></td>
    <td><a data-open href="/actions/{{ name }}">{{ name }}</a></td></tr>
  {% endfor %}
  </tbody></table>
  <p id="at">{{ at }}</p><p id="soon">{{ soon }}</p><p id="later">{{ later }}</p><p id="over">{{ over }}</p>
</section>
<p data-chosen></p>
<p><code data-copy="abc">abc</code></p>
<form class="answer" method="post" action="/answer" data-stale="{{ page.digest }}">
  <input type="hidden" name="verb" value="approve">
  <label for="why">Why</label><textarea id="why" name="why" data-key="a"></textarea><button class="approve">Approve it</button>
</form>
{% endblock %}"""

TIMES = {
    "at": time_element(NOW),
    "soon": left(NOW + timedelta(hours=23), NOW),
    "later": left(NOW + timedelta(hours=25), NOW),
    "over": left(NOW - timedelta(minutes=1), NOW),
}


@dataclass
class Specimen:
    """A page, and what it is answered with next."""

    rows: tuple[str, ...] = ("one", "two", "three")
    digest: str = "d1"
    status: int = 200
    is_signed_out: bool = False
    _told: asyncio.Event = field(default_factory=asyncio.Event)

    def tell(self) -> None:
        """Say that something changed."""
        self._told.set()

    def shown(self) -> str:
        session = Session(id="s", person=EVE, began=NOW, signed_in=NOW, seen=NOW)
        visit = Visit(session=session, secret="x", may_operate=False)
        frame = Frame(
            now=NOW, tenant_id="t", tenant_name="Contoso", path="/pending", live="/live", visit=visit
        )
        return environment().from_string(PAGE).render(page=self, frame=frame, **TIMES)

    async def answer(self, route: Route) -> None:
        path = route.request.url.removeprefix(SITE)
        if path.startswith("/static/"):
            await route.fulfill(path=STATIC / path.removeprefix("/static/").partition("?")[0])
        elif path == "/live":
            await self._told.wait()
            self._told.clear()
            await route.fulfill(content_type="text/event-stream", body="retry: 10\ndata: 1\n\n")
        elif path == "/pending" and "air-agent-live" in route.request.headers:
            moved = {"status": 303, "headers": {"location": "/sign-in"}}
            page = {"status": self.status, "content_type": "text/html", "body": self.shown()}
            await route.fulfill(**(moved if self.is_signed_out else page))  # type: ignore[arg-type]
        else:
            await route.fulfill(content_type="text/html", body=self.shown())


Opened = tuple[Specimen, Page]


@pytest_asyncio.fixture(loop_scope="session")
async def opened(browser: Browser) -> Any:
    context = await browser.new_context(timezone_id="Europe/Berlin", permissions=["clipboard-write"])
    window, specimen = await context.new_page(), Specimen()
    complaints: list[str] = []
    window.on("pageerror", lambda error: complaints.append(str(error)))
    await window.route("**/*", specimen.answer)
    await window.goto(f"{SITE}/pending")
    yield specimen, window
    await window.unroute_all(behavior="ignoreErrors")
    await context.close()
    assert complaints == []


async def test_times_are_local_with_their_zone_and_utc_at_a_point(opened: Opened) -> None:
    _, window = opened

    await expect(window.locator("#at time")).to_have_text("2026-11-02 10:00 GMT+1")
    await expect(window.locator("#at time")).to_have_attribute("title", "2026-11-02 09:00Z")
    await expect(window.locator("[data-zone]")).to_contain_text("Europe/Berlin")


async def test_countdowns_go_by_the_site_and_turn_red_in_the_last_day(opened: Opened) -> None:
    _, window = opened

    await expect(window.locator("#soon time")).to_have_text("in 22h 59m")
    await expect(window.locator("#soon time")).to_have_class("left soon")
    await expect(window.locator("#later time")).to_have_text("in 1d 0h")
    await expect(window.locator("#later time")).to_have_class("left")
    await expect(window.locator("#over time")).to_have_text("over")
    await expect(window.locator("#over time")).to_have_class("left over")


async def test_keys_walk_the_rows_and_open_one(opened: Opened) -> None:
    _, window = opened

    for key, row in (("j", "one"), ("j", "two"), ("j", "three"), ("j", "three"), ("k", "two")):
        await window.keyboard.press(key)
        await expect(window.get_by_role("link", name=row, exact=True)).to_be_focused()
    await window.keyboard.press("Enter")

    await expect(window).to_have_url(f"{SITE}/actions/two")


async def test_keys_reach_forms_and_pages_and_say_themselves(opened: Opened) -> None:
    _, window = opened

    await window.keyboard.press("?")
    await expect(window.get_by_role("dialog", name="Keys")).to_be_visible()
    await window.keyboard.press("Escape")
    await window.keyboard.press("a")
    await expect(window.get_by_label("Why")).to_be_focused()
    await window.keyboard.press("Escape")
    await window.keyboard.press("/")
    await expect(window.get_by_label("Search")).to_be_focused()
    await window.keyboard.press("Escape")
    await window.keyboard.press("g")
    await window.keyboard.press("h")

    await expect(window).to_have_url(f"{SITE}/history")


async def test_keys_are_letters_where_somebody_writes(opened: Opened) -> None:
    _, window = opened

    await window.get_by_label("Why").focus()
    await window.keyboard.type("jar?")

    await expect(window.get_by_label("Why")).to_have_value("jar?")
    await expect(window.locator("dialog")).to_be_hidden()


async def test_keys_can_be_switched_off_and_stay_so(opened: Opened) -> None:
    _, window = opened

    await window.get_by_role("button", name="Keys").click()
    await window.get_by_label("Use these keys").uncheck()
    await window.reload()
    await window.keyboard.press("j")

    await expect(window.locator("a[data-open]:focus")).to_have_count(0)


async def test_news_replaces_what_nobody_has_in_hand_and_keeps_the_place(opened: Opened) -> None:
    specimen, window = opened
    await window.keyboard.press("j")
    await window.keyboard.press("j")

    specimen.rows = ("two", "four")
    specimen.tell()

    await expect(window.locator("[data-row]")).to_have_text(["two", "four"])
    await expect(window.get_by_role("link", name="two")).to_be_focused()
    await expect(window.locator("#at time")).to_have_text("2026-11-02 10:00 GMT+1")
    await expect(window.get_by_label("Choose all on this page")).to_have_count(1)
    await expect(window.locator("#news")).to_contain_text("Brought up to date")


async def _choose(window: Page) -> None:
    await window.get_by_label("two").check()
    await expect(window.locator("[data-chosen]")).to_have_text("1 chosen")


async def _select(window: Page) -> None:
    await window.get_by_role("link", name="two").evaluate(
        "(one) => getSelection().selectAllChildren(one.closest('td'))"
    )


@pytest.mark.parametrize("hands", [_choose, _select])
async def test_news_is_offered_and_not_forced_on_whoever_is_at_work(
    opened: Opened, hands: Callable[[Page], Any]
) -> None:
    specimen, window = opened
    await hands(window)

    specimen.rows = ("four",)
    specimen.tell()
    await expect(window.locator("#news")).to_contain_text("There is news")
    await expect(window.locator("[data-row]")).to_have_count(3)
    await window.get_by_role("button", name="Show it").click()

    await expect(window.locator("[data-row]")).to_have_text(["four"])


@pytest.mark.parametrize(("digest", "status"), [("d2", 200), ("d1", 404)])
async def test_what_changed_meanwhile_cannot_be_sent_and_what_was_written_stays(
    opened: Opened, digest: str, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    specimen, window = opened
    await window.get_by_label("Why").fill("it is phishing")

    specimen.digest = digest
    specimen.status = status
    if status == 404:
        monkeypatch.setattr(specimen, "shown", lambda: "<h1>Not here</h1>")
    specimen.tell()

    await expect(window.locator("#news")).to_contain_text("changed or decided meanwhile")
    await expect(window.get_by_role("button", name="Approve it")).to_be_disabled()
    await expect(window.get_by_label("Why")).to_have_value("it is phishing")


async def test_whoever_was_signed_out_is_told(opened: Opened) -> None:
    specimen, window = opened

    specimen.is_signed_out = True
    specimen.tell()

    await expect(window.locator("#news")).to_contain_text("not signed in any more")


async def test_a_site_that_does_not_answer_is_said_until_it_does(opened: Opened) -> None:
    specimen, window = opened

    specimen.status = 503
    specimen.tell()
    await expect(window.locator("#news")).to_contain_text("the site does not answer")
    specimen.status = 200
    specimen.tell()

    await expect(window.locator("#news")).not_to_contain_text("the site does not answer")


async def test_all_are_chosen_at_once_and_counted(opened: Opened) -> None:
    _, window = opened

    await window.get_by_label("Choose all on this page").check()
    await expect(window.locator("[data-chosen]")).to_have_text("3 chosen")
    await window.keyboard.press("j")
    await window.keyboard.press("x")

    await expect(window.locator("[data-chosen]")).to_have_text("2 chosen")


async def test_a_form_is_sent_once(opened: Opened) -> None:
    _, window = opened
    await window.evaluate("addEventListener('submit', (one) => one.preventDefault())")

    await window.evaluate("document.querySelector('form.answer').requestSubmit()")

    await expect(window.get_by_role("button", name="Approve it")).to_be_disabled()


async def test_without_the_script_nothing_is_offered_that_does_nothing(browser: Browser) -> None:
    context, specimen = await browser.new_context(java_script_enabled=False), Specimen()
    window = await context.new_page()
    await window.route("**/*", specimen.answer)

    await window.goto(f"{SITE}/pending")

    await expect(window.locator("#at time")).to_have_text("2026-11-02 09:00Z")
    await expect(window.locator("[data-zone]")).to_have_text("Times are UTC.")
    await expect(window.locator("button:visible")).to_have_text(["Sign out", "Approve it"])
    await context.close()

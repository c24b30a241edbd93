"""People at work: they find an action, understand it, answer it, and see what came of it."""

import re

import pytest
from playwright.async_api import Page, expect

from agent.model.enactment import Pair, Record, State
from tests.browser.browsing import NARROW, Place
from tests.browser.scene import LARGE, PLAIN, QUESTION, message
from tests.faces.web.house import APPROVER, OPERATOR, READER
from tests.persons import EVE, FAY

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def record_of(place: Place, incident: str) -> Record:
    (found,) = [one for one in await place.bench.records() if one.action.incident.id == incident]
    return found


def removed(place: Place, incident: str) -> list[Pair]:
    """Return which copies of an incident's cluster are gone; each may be sent once."""
    assert set(place.bench.enactor.removed.values()) <= {1}
    ours = {message(incident, number) for number in range(25)}
    return sorted(ours & set(place.bench.enactor.removed))


async def opened(place: Place, window: Page, incident: str) -> None:
    """Open the action of an incident by its address, as a notice has it."""
    await window.goto(f"/actions/{(await record_of(place, incident)).action.id}")


async def found(window: Page, incident: str) -> None:
    """Find the action of an incident in the list, and open it."""
    await window.goto("/pending")
    row = window.locator("[data-row]").filter(has=window.get_by_role("link", name=incident, exact=True))
    await row.locator("[data-open]").click()


async def approve(window: Page, why: str = "it is phishing") -> None:
    await window.get_by_label("Why you approve it").fill(why)
    await window.get_by_role("button", name=re.compile("^Approve: ")).click()


async def reject(window: Page, why: str = "it is a newsletter") -> None:
    await window.get_by_label("Why you reject it").fill(why)
    await window.get_by_role("button", name=re.compile("^Reject: ")).click()


async def test_on_a_phone_an_action_is_found_understood_and_approved(place: Place) -> None:
    window = await place.window(EVE, viewport=NARROW, has_touch=True, is_mobile=True)

    await found(window, PLAIN)
    headline = window.get_by_role("heading", level=1)
    await expect(headline).to_contain_text("2 copies are in mailboxes")
    box = await headline.bounding_box()
    assert box is not None
    assert box["y"] + box["height"] < NARROW["height"] / 2
    await expect(window.get_by_text("soft delete of 2 copies in mailboxes")).to_be_in_viewport()
    await approve(window)
    await expect(window.locator(".done")).to_be_visible()
    await place.bench.run_pass()

    assert removed(place, PLAIN) == [message(PLAIN, 0), message(PLAIN, 1)]


async def test_an_approval_can_be_narrowed_to_what_is_chosen(place: Place) -> None:
    window = await place.window(EVE)
    await opened(place, window, QUESTION)

    await window.get_by_label("Why you approve it").fill("only this one")
    await window.get_by_text("Approve only some of it").click()
    await window.get_by_role("checkbox", name=re.compile("user1@contoso.example")).check()
    await window.get_by_role("button", name="Approve only what is chosen").click()
    await expect(window.locator(".done")).to_be_visible()
    await place.bench.run_pass()

    assert removed(place, QUESTION) == [message(QUESTION, 1)]


async def test_two_people_approve_what_needs_two(place: Place) -> None:
    eve, fay = await place.window(EVE), await place.window(FAY)
    for window in (eve, fay):
        await opened(place, window, LARGE)

    await approve(eve)
    await expect(eve.locator("#answers-so-far")).to_contain_text("1 of 2")
    await place.bench.run_pass()
    assert not removed(place, LARGE)
    await fay.reload()
    await approve(fay)
    await expect(fay.locator(".done")).to_be_visible()
    await place.bench.run_pass()

    assert len(removed(place, LARGE)) == 25


async def test_of_two_people_one_reject_is_enough_and_says_what_it_is_worth(place: Place) -> None:
    eve, fay = await place.window(EVE), await place.window(FAY)
    await opened(place, eve, LARGE)

    await approve(eve)
    await expect(eve.locator("#answers-so-far")).to_contain_text("1 of 2")
    await opened(place, fay, LARGE)
    await expect(fay.get_by_text("A reject is advisory")).to_be_visible()
    await reject(fay)
    await expect(fay.locator(".done")).to_be_visible()
    await place.bench.run_pass()

    assert (await record_of(place, LARGE)).state is State.REJECTED
    assert not removed(place, LARGE)


async def test_what_somebody_else_decides_shows_at_once_and_voids_the_form(place: Place) -> None:
    board, page, fay = [await place.window(one) for one in (APPROVER, EVE, FAY)]
    await board.goto("/pending")
    await opened(place, page, QUESTION)
    await page.get_by_label("Why you approve it").fill("I was about to")
    await expect(board.locator("[data-row]")).to_have_count(7)

    await opened(place, fay, QUESTION)
    await reject(fay)
    await expect(fay.locator(".done")).to_be_visible()

    await expect(page.locator("#news")).to_contain_text("changed or decided meanwhile")
    await expect(page.get_by_role("button", name=re.compile("^Approve: "))).to_be_disabled()
    await expect(page.get_by_label("Why you approve it")).to_have_value("I was about to")
    answered = board.locator("[data-row]").filter(has=board.get_by_role("link", name=QUESTION, exact=True))
    await expect(answered.locator(".badge").first).to_have_text("answered")


async def test_a_form_that_was_refused_still_follows_what_others_do(place: Place) -> None:
    eve, fay = await place.window(EVE), await place.window(FAY)
    await opened(place, eve, QUESTION)
    await opened(place, fay, QUESTION)

    await eve.get_by_label("Why you approve it").fill("all of it, or one")
    await eve.get_by_text("Approve only some of it").click()
    await eve.get_by_role("checkbox", name=re.compile("user1@contoso.example")).check()
    await eve.get_by_role("button", name=re.compile("^Approve: ")).click()
    await expect(eve.get_by_role("alert")).to_contain_text("press the one for what you chose")
    await reject(fay)

    await expect(eve.locator("#news")).to_contain_text("This was changed or decided meanwhile")
    await eve.get_by_role("button", name="Show it as it is now").click()
    await expect(eve.get_by_role("heading", level=1)).to_contain_text("rejected by")


async def test_an_operator_holds_everything_and_releases_it(place: Place) -> None:
    operator, eve = await place.window(OPERATOR), await place.window(EVE)
    await operator.goto("/status")
    await eve.goto("/pending")

    await operator.get_by_label("Why").fill("odd rise")
    await operator.get_by_role("button", name="Hold everything now").click()
    await expect(operator.locator(".hold")).to_contain_text("odd rise")
    await expect(eve.locator(".hold")).to_contain_text("odd rise")
    await opened(place, eve, PLAIN)
    await approve(eve)
    await place.bench.run_pass()
    assert not removed(place, PLAIN)
    await operator.get_by_label("Why").fill("it was a drill")
    await operator.get_by_role("button", name="Release the kill switch").click()
    await expect(operator.locator(".hold")).to_have_count(0)
    await place.bench.run_pass()

    assert len(removed(place, PLAIN)) == 2


async def test_by_keyboard_alone(place: Place) -> None:
    window = await place.window(EVE)
    await window.goto("/pending")

    for key in ("j", "Enter"):
        await window.keyboard.press(key)
    await expect(window).to_have_url(re.compile("/actions/"))
    await window.keyboard.press("a")
    await window.keyboard.type("it is phishing")
    await window.keyboard.press("Tab")
    await expect(window.get_by_role("button", name=re.compile("^Approve: "))).to_be_focused()
    await window.keyboard.press("Enter")

    await expect(window.locator(".done")).to_be_visible()


async def test_without_javascript(place: Place) -> None:
    window = await place.window(EVE, java_script_enabled=False)

    await found(window, PLAIN)
    await approve(window)
    await expect(window.locator(".done")).to_be_visible()
    await place.bench.run_pass()

    assert len(removed(place, PLAIN)) == 2


async def test_a_reader_sees_why_and_has_nothing_to_press(place: Place) -> None:
    window = await place.window(READER)

    await opened(place, window, QUESTION)

    await expect(window.get_by_role("heading", level=1)).to_contain_text("3 copies are in mailboxes")
    await expect(window.get_by_role("button", name=re.compile("^(Approve|Reject)"))).to_have_count(0)

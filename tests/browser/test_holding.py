"""The kill switch in a real browser: thrown and released with the keyboard, and felt in every other window."""

import pytest
from playwright.async_api import Page, expect

from agent.model.hold import Hold
from tests.browser.browsing import NARROW, Place
from tests.browser.test_every_page import EVERYTHING, violations
from tests.faces.web.house import OPERATOR, READER

pytestmark = pytest.mark.asyncio(loop_scope="session")

WHY = "odd verdicts since noon"


async def until_focused(window: Page, label: str) -> None:
    """Go on by Tab until the field with this label has the focus."""
    for _ in range(40):
        await window.keyboard.press("Tab")
        if await window.get_by_label(label, exact=True).evaluate("(one) => one === document.activeElement"):
            return
    raise AssertionError(f"`{label}` cannot be reached by Tab")


async def test_an_operator_holds_and_releases_without_a_mouse(place: Place) -> None:
    window = await place.window(OPERATOR)
    await window.goto("/status")

    await until_focused(window, "Why")
    await window.keyboard.type(WHY)
    await window.keyboard.press("Enter")
    await expect(window.locator("p.hold")).to_contain_text(WHY)
    held = await place.house.site.desk.ledger.holds()
    await until_focused(window, "Why the kill switch may be released")
    await window.keyboard.type("all of them are right")
    await window.keyboard.press("Enter")
    await expect(window.locator("p.hold")).to_have_count(0)

    assert [(one.name, one.by) for one in held] == [("hold", f"{OPERATOR.name} ({OPERATOR.object_id})")]
    assert await place.house.site.desk.ledger.holds() == ()
    await place.close()


async def test_nothing_is_sent_without_a_reason(place: Place) -> None:
    window = await place.window(OPERATOR)
    await window.goto("/status")

    await window.get_by_role("button", name="Hold everything now").click()

    assert await window.get_by_label("Why", exact=True).evaluate("(one) => one.validity.valueMissing")
    assert await place.house.site.desk.ledger.holds() == ()
    await place.close()


async def test_a_hold_is_felt_in_a_window_that_is_open_elsewhere(place: Place) -> None:
    other = await place.window(READER)
    await other.goto("/status")
    operator = await place.window(OPERATOR)
    await operator.goto("/status")

    await operator.get_by_label("Why", exact=True).fill(WHY)
    await operator.get_by_role("button", name="Hold everything now").click()

    await expect(other.locator("#verdict")).to_contain_text("Nothing is carried out")
    await expect(other.locator("p.hold")).to_contain_text(WHY)
    await expect(other.locator("#switch-now")).to_contain_text(OPERATOR.name)
    await place.close()


@pytest.mark.parametrize("held", [False, True])
async def test_axe_finds_nothing_wrong_where_somebody_may_hold_and_release(place: Place, held: bool) -> None:
    """Every other page is looked at in `test_every_page`, as somebody who may not."""
    ledger, now = place.house.site.desk.ledger, place.house.now
    if held:
        for name in ("hold", "brake"):
            await ledger.hold(Hold(name=name, since=now, by="anna on ops", reason=WHY))
    window = await place.window(OPERATOR, viewport=NARROW, has_touch=True)

    await window.goto("/status")
    found = await violations(window, EVERYTHING)
    await window.emulate_media(color_scheme="dark")
    found += await violations(window, EVERYTHING)

    assert found == []
    assert await window.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]
    await place.close()

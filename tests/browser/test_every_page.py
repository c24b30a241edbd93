"""What holds on every page: nobody is shut out of it, and it fits each screen."""

from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, expect

from tests.browser.browsing import NARROW, USUAL, WIDE, Place
from tests.browser.walking import addresses, pages
from tests.faces.web.house import READER
from tests.persons import EVE

pytestmark = pytest.mark.asyncio(loop_scope="session")

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
EVERYTHING: dict[str, Any] = {
    "runOnly": {"type": "tag", "values": TAGS},
    "rules": {"target-size": {"enabled": True}},
}
COLOURS: dict[str, Any] = {"runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}}

TOO_SMALL = """() => [...document.querySelectorAll(
    'button, select, textarea, summary, nav a, a[data-open], input:not([type=hidden], [type=checkbox], [type=radio])')]
  .filter((one) => one.checkVisibility({visibilityProperty: true}) && one.getBoundingClientRect().height < 43.5)
  .map((one) => `${one.tagName} ${one.textContent.trim() || one.name} ${one.getBoundingClientRect().height}`)"""

TOO_WIDE = """(width) => document.documentElement.scrollWidth <= width ? [] : [...document.querySelectorAll('body *')]
  .filter((one) => one.getBoundingClientRect().right > width + 1)
  .map((one) => one.outerHTML.slice(0, 120)).slice(-3)"""


async def violations(window: Page, options: dict[str, Any]) -> list[str]:
    """Return what axe-core finds wrong, each with the rule and the elements."""
    found = await Axe().run(window, options={**options, "resultTypes": ["violations"]})
    return [
        f"{window.url}: {one['id']}: {one['help']}: {[node['html'][:160] for node in one['nodes']][:4]}"
        for one in found.response["violations"]
    ]


@pytest.mark.parametrize("path", pages())
@pytest.mark.parametrize("screen", [NARROW, WIDE], ids=["narrow", "wide"])
async def test_axe_finds_nothing_wrong_in_light_and_dark(
    gallery: Place, path: str, screen: dict[str, int]
) -> None:
    window = await gallery.window(EVE, viewport=screen, has_touch=screen is NARROW)
    found: list[str] = []

    for address in await addresses(gallery, path):
        await window.emulate_media(color_scheme="light")
        await window.goto(address)
        found += await violations(window, EVERYTHING)
        await window.emulate_media(color_scheme="dark")
        found += await violations(window, COLOURS)

    assert found == []
    await gallery.close()


@pytest.mark.parametrize("path", pages())
async def test_a_page_fits_each_screen_and_its_targets_a_thumb(gallery: Place, path: str) -> None:
    window = await gallery.window(EVE, viewport=NARROW, has_touch=True, is_mobile=True)

    for address in await addresses(gallery, path):
        answer = await window.goto(address)
        assert answer is not None
        assert answer.status == 200, address
        await expect(window.locator(".tenant")).to_contain_text("Contoso")
        await expect(window.get_by_role("heading", level=1)).to_have_count(1)
        assert await window.evaluate(TOO_SMALL) == []
        for screen in (NARROW, {"width": 320, "height": 640}, {"width": 1024, "height": 768}, USUAL):
            await window.set_viewport_size(screen)  # type: ignore[arg-type]
            assert await window.evaluate(TOO_WIDE, screen["width"]) == [], (address, screen)
        await window.set_viewport_size(NARROW)  # type: ignore[arg-type]

    await gallery.close()


async def test_a_page_with_nothing_to_show_says_what_that_means(bare: Place) -> None:
    window = await bare.window(READER, viewport=NARROW, has_touch=True)
    found: list[str] = []

    for path in (one for one in pages() if "{" not in one and one != "/pending/chosen"):
        answer = await window.goto(path)
        assert answer is not None
        assert answer.status == 200, path
        found += await violations(window, EVERYTHING)
        if path in {"/pending", "/worklist", "/history"}:
            await expect(window.locator(".empty").first).to_be_visible()

    assert found == []

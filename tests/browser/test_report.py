"""The file of a report in a real browser: nobody is shut out of it, nothing is fetched, and it prints."""

from pathlib import Path

import pytest
from playwright.async_api import Browser, Page

from agent.faces.report.difference import difference
from agent.faces.report.drawn import charts
from agent.faces.report.page import page, page_of_difference
from tests.browser.browsing import NARROW, USUAL, WIDE
from tests.browser.test_every_page import COLOURS, EVERYTHING, TOO_WIDE, violations
from tests.faces.report.outlines import AGAIN, POLICIES, a_looser, an_outline, hostile
from tests.reports import a_report, a_tally

pytestmark = pytest.mark.asyncio(loop_scope="session")


def files(folder: Path) -> dict[str, Path]:
    """Write a report with hostile words in it and a difference, and return where they lie."""
    report = a_report(a_tally(agreed=90, looser=4), policies=POLICIES)
    found = difference(a_report(), report, names=("2026-W40", "2026-W41"), again=AGAIN)
    texts = {
        "report": page(an_outline(report, (a_looser(), hostile())), charts(report)),
        "empty": page(an_outline(a_report(a_tally(), kinds=(), weeks=(), told=(), tenants=())), ()),
        "difference": page_of_difference(found),
    }
    for name, text in texts.items():
        (folder / f"{name}.html").write_text(text, "utf-8")
    return {name: folder / f"{name}.html" for name in texts}


async def opened(browser: Browser, path: Path, screen: dict[str, int]) -> tuple[Page, list[str]]:
    """Open a file, and return what its window wrote to the console, and asked for besides the file."""
    context = await browser.new_context(viewport=screen)  # type: ignore[arg-type]
    window = await context.new_page()
    heard: list[str] = []
    window.on("console", lambda message: heard.append(message.text))
    window.on("pageerror", lambda error: heard.append(str(error)))
    window.on("request", lambda request: heard.append(request.url) if request.url != path.as_uri() else None)
    await window.goto(path.as_uri())
    return window, heard


@pytest.mark.parametrize("name", ["report", "empty", "difference"])
async def test_axe_finds_nothing_wrong_in_light_and_dark_and_nothing_is_fetched(
    browser: Browser, tmp_path: Path, name: str
) -> None:
    path = files(tmp_path)[name]
    for screen in (NARROW, WIDE):
        window, heard = await opened(browser, path, screen)

        found = await violations(window, EVERYTHING)
        await window.emulate_media(color_scheme="dark")
        found += await violations(window, COLOURS)

        assert found == []
        assert await window.evaluate(TOO_WIDE, screen["width"]) == []
        assert heard == []
        await window.context.close()


async def test_a_table_that_is_wider_than_a_telephone_can_be_scrolled_by_keys(
    browser: Browser, tmp_path: Path
) -> None:
    window, _ = await opened(browser, files(tmp_path)["report"], NARROW)

    for region in await window.locator(".card > .wide").all():
        await region.focus()
        assert await region.evaluate("(one) => one === document.activeElement")
    await window.context.close()


async def test_it_prints_on_paper_that_fits_without_what_a_screen_needs(
    browser: Browser, tmp_path: Path
) -> None:
    window, _ = await opened(browser, files(tmp_path)["report"], USUAL)

    printed = await window.pdf(prefer_css_page_size=True)
    await window.emulate_media(media="print")
    await window.set_viewport_size(
        {"width": 688, "height": 1000}
    )  # A4 within its margins, at 96 dots an inch

    assert printed.startswith(b"%PDF")
    assert await window.evaluate(TOO_WIDE, 688) == []
    assert not await window.locator(".chart details").first.is_visible()
    assert await window.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    await window.context.close()

"""What stands around every page, wherever it is opened."""

import pytest
from playwright.async_api import expect

from tests.browser.browsing import Place

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_page_says_its_tenant_and_its_zone(place: Place) -> None:
    window = await place.window()

    await window.goto("/nowhere")

    await expect(window.get_by_role("heading", level=1)).to_have_text("Not here")

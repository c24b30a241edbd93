"""What stands around every page, wherever it is opened."""

import pytest
from playwright.async_api import expect

from tests.browser.browsing import Place
from tests.makers import TENANT

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_refusal_too_says_its_tenant_and_whose_times_it_shows(place: Place) -> None:
    window = await place.window()

    await window.goto("/nowhere")

    await expect(window.get_by_role("heading", level=1)).to_have_text("Not here")
    await expect(window.locator(".tenant")).to_contain_text(f"Contoso {TENANT}")
    await expect(window.locator("footer")).to_contain_text("Europe/Berlin")
    await expect(window.get_by_role("link", name="Pending", exact=True)).to_be_visible()

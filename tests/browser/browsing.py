"""A real browser on real pages: the site is served on a port of this machine, and a headless Chromium opens it."""

import asyncio
import os
import shutil
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page, async_playwright

from agent.faces.listening import Server
from agent.faces.web.door import Door
from agent.model.answer import Person
from agent.settings.subjects import Tenant
from tests.faces.web.house import APPROVER, CONTOSO, House, a_house
from tests.loop.conftest import Bench

NARROW = {"width": 360, "height": 740}
USUAL = {"width": 1280, "height": 800}
WIDE = {"width": 2560, "height": 1440}

REFUSED = "Failed to load resource"
"""What a browser writes to its console where an answer is a refusal, which tests ask for."""


def executable() -> str:
    """Return where Chromium is.

    Raises:
        FileNotFoundError: there is none. Tests fail then: one that is left out would hide what it claims.
    """
    named = os.environ.get("CHROMIUM", "")
    found = (
        named or shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    )
    if found and shutil.which(found):
        return found
    raise FileNotFoundError(
        f"no Chromium{f' at `{named}`' if named else ''}: install Debian's (`apt-get install chromium`), "
        "or say in CHROMIUM where one is"
    )


@asynccontextmanager
async def a_browser() -> AsyncIterator[Browser]:
    """Give a browser, as root without the sandbox that it cannot have there."""
    async with async_playwright() as playwright:
        arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = await playwright.chromium.launch(executable_path=executable(), args=arguments)
        try:
            yield browser
        finally:
            await browser.close()


@dataclass
class Place:
    """A site that is served, and the windows that are open on it."""

    house: House
    url: str
    browser: Browser
    complaints: list[str] = field(default_factory=list)
    """What windows wrote to their consoles: errors of scripts, and what the policy of contents forbade."""
    _contexts: list[BrowserContext] = field(default_factory=list)

    @property
    def bench(self) -> Bench:
        return self.house.bench

    async def window(self, person: Person | None = APPROVER, **options: Any) -> Page:
        """Return a new browser window, in which this person has signed in just now."""
        usual = {"viewport": USUAL, "timezone_id": "Europe/Berlin", "locale": "en-GB", "base_url": self.url}
        context = await self.browser.new_context(**(usual | options))
        self._contexts.append(context)
        if person is not None:
            async with await self.house.enter(person) as visitor:
                (cookie,) = visitor.cookies.jar
            await context.add_cookies([{"name": cookie.name, "value": cookie.value or "", "url": self.url}])
        page = await context.new_page()
        page.set_default_timeout(10_000)
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        return page

    async def close(self) -> None:
        """Close every window."""
        for context in self._contexts:
            await context.close()
        self._contexts.clear()

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not message.text.startswith(REFUSED):
            self.complaints.append(message.text)


@asynccontextmanager
async def a_place(
    bench: Bench,
    browser: Browser,
    tenant: Tenant = CONTOSO,
    door: Callable[[str], Door] | None = None,
    **web: Any,
) -> AsyncIterator[Place]:
    """Serve the pages over what the bench has in its ledger; `door` gives how people sign in at this address.

    When all windows are closed again, none of them may have complained.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        address = f"127.0.0.1:{listener.getsockname()[1]}"
        way_in = None if door is None else door(f"http://{address}")
        house = a_house(bench, tenant, door=way_in, listen=address, **web)
        is_ready = asyncio.Event()
        server = Server(house.app, None, is_ready.set)
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        await is_ready.wait()
        place = Place(house=house, url=f"http://{address}", browser=browser)
        try:
            yield place
        finally:
            await place.close()
            server.should_exit = True
            await serving
    assert place.complaints == []

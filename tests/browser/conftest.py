"""One browser for a run, and a site of its own for each test that changes something.

Playwright, the site and the tests share one event loop, which lasts as long as the run: each module says so by its mark.
"""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from agent.adapters.ledger.ledger import SqlLedger
from tests.browser.browsing import Place, a_browser, a_place
from tests.browser.scene import a_week
from tests.ledgers import open_ledger
from tests.loop.conftest import Bench
from tests.makers import TENANT


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    async with a_browser() as running:
        yield running


@pytest_asyncio.fixture(loop_scope="session")
async def place(tmp_path: Path, browser: Browser) -> AsyncIterator[Place]:
    """Give a site over a week's work."""
    async with _a_ledger(tmp_path) as ledger:
        bench = Bench(ledger)
        await a_week(bench)
        async with a_place(bench, browser) as served:
            yield served


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def gallery(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> AsyncIterator[Place]:
    """Give a site that a module's tests only look at."""
    async with _a_ledger(tmp_path_factory.mktemp("gallery")) as ledger:
        bench = Bench(ledger)
        await a_week(bench)
        async with a_place(bench, browser) as served:
            yield served


@pytest_asyncio.fixture(loop_scope="session")
async def bare(tmp_path: Path, browser: Browser) -> AsyncIterator[Place]:
    """Give a site with nothing to show yet."""
    async with _a_ledger(tmp_path) as ledger, a_place(Bench(ledger), browser) as served:
        yield served


def _a_ledger(folder: Path) -> AbstractAsyncContextManager[SqlLedger]:
    return open_ledger(f"sqlite:///{folder / 'data' / 'ledger.db'}", TENANT)

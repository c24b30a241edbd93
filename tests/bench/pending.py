"""The Pending page: how long ten thousand open actions take it, and what following them costs.

Everything is measured in the process that shows it: a request goes through every layer of the application, and only the
network is left out. The baseline is what a page would do that keeps nothing: read every open record.
"""

import asyncio
import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter

import httpx
import msgspec

from agent.adapters.ledger import writes
from agent.adapters.ledger.ledger import SqlLedger
from agent.adapters.ledger.opening import open_ledger
from agent.model.enactment import OPEN, State
from tests.adapters.records import KEY
from tests.faces.web.house import House, a_house
from tests.faces.web.questions import POLICIES, a_question
from tests.loop.conftest import Bench
from tests.makers import NOW, TENANT

Row = tuple[str, str, str]


ACTIONS = 10_000
COPIES = 8
"""Of one message each, in as many mailboxes."""

AT_ONCE = 1_000
TIMES = 15
GOAL = 300.0


def run(actions: int = ACTIONS) -> list[Row]:
    """Return what was measured and what was wanted."""
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(_measured(Path(folder), actions))


async def fill(ledger: SqlLedger, actions: int) -> None:
    """Save so many open actions."""
    for first in range(0, actions, AT_ONCE):
        some = [
            a_question(
                number,
                copies=COPIES,
                incident=str(number // 5),
                state=State.ESCALATED if number % 3 else State.SENT,
            )
            for number in range(first, min(first + AT_ONCE, actions))
        ]
        await ledger._audited(writes.save_records, some, NOW)


async def _measured(folder: Path, actions: int) -> list[Row]:
    async with open_ledger(f"sqlite:///{folder / 'data' / 'ledger.db'}", TENANT, key=KEY) as ledger:
        await fill(ledger, actions)
        bench = Bench(ledger)
        bench.with_policies(**POLICIES)
        house = a_house(bench)
        browser = await house.enter()
        whole = await _baseline(ledger)
        board = house.app.state.board
        cold = await _took(board.now())
        rows = [
            (
                "pending: every open record read anew, as a page without memory would",
                _ms(whole),
                "the baseline",
            ),
            ("pending: the first reading after a start, in the background", _against(cold, whole), "-"),
        ]
        for what, address in (
            ("100 rows", "/pending"),
            ("500 rows", "/pending?size=500"),
            ("the last page", "/pending?page=1000000"),
            ("a search, sorted by recipients", "/pending?q=bad77&sort=-recipients"),
            ("JSON, 100 rows", "/pending.json"),
            ("CSV, all rows", "/pending.csv"),
        ):
            took = await _asked(browser, address)
            goal = f"below {GOAL:.0f} ms" if "/pending.csv" not in address else "-"
            rows.append((f"pending: {what} of {actions:,}", _against(took, whole), goal))
        took = await _followed(house, browser, ledger)
        rows.append(
            ("pending: 100 rows after 50 actions changed", _against(took, whole), f"below {GOAL:.0f} ms")
        )
        stamp = median([await _took(ledger.archive.stamp()) for _ in range(TIMES)])
        rows.append(("live: one look for news", _against(stamp, whole), "-"))
        return rows


async def _baseline(ledger: SqlLedger) -> float:
    async def every() -> None:
        versions = await ledger.archive.standing(OPEN)
        await ledger.load(list(versions))

    return await _took(every())


async def _asked(browser: httpx.AsyncClient, address: str) -> float:
    found = []
    for _ in range(TIMES):
        began = perf_counter()
        answer = await browser.get(address)
        found.append((perf_counter() - began) * 1000)
        assert answer.status_code == 200, answer.text
    return median(found[1:])


async def _followed(house: House, browser: httpx.AsyncClient, ledger: SqlLedger) -> float:
    """Return how long the page takes where some of it has changed each time."""
    found = []
    for turn in range(5):
        ids = list(await ledger.archive.standing(OPEN))[turn * 50 :][:50]
        records = (await ledger.load(ids)).values()
        await ledger.save(
            [msgspec.structs.replace(one, why=f"turn {turn}") for one in records], now=house.now
        )
        found.append(await _took(browser.get("/pending")))
    return median(found)


async def _took(work: object) -> float:
    began = perf_counter()
    await work  # type: ignore[misc]
    return (perf_counter() - began) * 1000


def _ms(took: float) -> str:
    return f"{took:,.1f} ms"


def _against(took: float, baseline: float) -> str:
    return f"{_ms(took)}, {took / baseline:.4f} of the baseline"

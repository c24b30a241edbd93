"""History and Overview over 100,000 decisions: the first page, one far back, filters that match next to nothing, and sums.

Everything is asked through the pages themselves, signed in, as a browser would; the second of two answers counts, as the
first has templates compiled.
"""

import asyncio
import tempfile
from pathlib import Path
from time import process_time

from agent.adapters.ledger.opening import open_ledger
from tests.faces.web.house import READER, a_house
from tests.histories import decided
from tests.loop.conftest import Bench
from tests.makers import TENANT

DECISIONS = 100_000
GOAL = 0.3

PAGES = (
    ("history: the first page of 100", "/history"),
    ("history: a page 80 days back", "/history?until=80d"),
    ("history: a policy that decided nothing", "/history?policy=nothing"),
    ("history: words that stand in one of them", "/history?words=login-77777.example"),
    ("history: one incident", "/history?incident=77"),
)

Row = tuple[str, str, str]


async def _measured(folder: Path) -> list[Row]:
    async with open_ledger(f"sqlite:///{folder / 'data' / 'ledger.db'}", TENANT) as ledger:
        await decided(ledger, DECISIONS, days=90)
        house = a_house(Bench(ledger))
        rows: list[Row] = []
        async with await house.enter(READER) as browser:
            for what, address in (*PAGES, ("overview: 30 days, worked out anew", "/overview?window=30d")):
                began = process_time()
                answer = await browser.get(address)
                if "/history" in address:
                    began = process_time()
                    answer = await browser.get(address)
                seconds = process_time() - began
                if answer.status_code != 200:
                    raise AssertionError(f"{address}: {answer.status_code}")
                goal = f"under {GOAL * 1000:.0f} ms" if "/history" in address else "kept for a minute"
                rows.append(
                    (f"{what}, of {DECISIONS:,} decisions", f"{seconds * 1000:.0f} ms of one core", goal)
                )
        return rows


def run() -> list[Row]:
    """Measure, and return the rows: what, measured, goal."""
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(_measured(Path(folder)))

"""A start with 100,000 open actions: until what other policies decided is to be judged anew, and what has just come is decided."""

import asyncio
import logging
import shutil
import tempfile
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from time import perf_counter, process_time
from typing import Any, cast

import structlog

from agent.adapters.ledger.opening import open_ledger
from agent.loop.passing import Memory, one_pass
from agent.loop.report import PassReport
from agent.loop.run import load, start
from agent.model.enactment import Record
from agent.ports.ledger import Ledger
from tests.adapters.records import KEY
from tests.bench.waiting import Waiting, a_pass, a_world
from tests.clock import ManualClock
from tests.loop.conftest import APPROVE
from tests.makers import NOW, TENANT

Row = tuple[str, str, str]

OPEN = 100_000


def run() -> list[Row]:
    """Return what was measured and what was wanted."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(_start(Path(folder)))


async def _start(folder: Path) -> list[Row]:
    """Return how long an agent takes to be at work where 100,000 actions are open."""
    ready = folder / "ready"
    async with open_ledger(f"sqlite:///{ready / 'ledger.db'}", TENANT, key=KEY) as ledger:
        began = process_time()
        await a_pass(ledger, Waiting(ManualClock(NOW), 0, OPEN))
        first = process_time() - began
    rows: list[Row] = [
        (f"scale: {OPEN:,} actions seen for the first time", f"{first:.1f} s of one core", "-")
    ]
    for what, shelf in (
        ("with the same policies", APPROVE),
        ("with other policies", f"{APPROVE}\n# another\n"),
    ):
        with tempfile.TemporaryDirectory(dir=folder) as copied:
            url = f"sqlite:///{shutil.copytree(ready, Path(copied) / 'start') / 'ledger.db'}"
            begun, decided = await begin_with(url, shelf, OPEN)
        told = f"scale: start with {OPEN:,} open actions, {what}"
        rows.append((told, f"{begun:.1f} s", "below 30 s"))
        rows.append((f"{told}: until one that has just come is decided", f"{decided:.1f} s", "below 30 s"))
    return rows


class Going:
    """A clock that goes, two hours after what is open was seen."""

    def __init__(self) -> None:
        self._began = perf_counter()

    def now(self) -> datetime:
        return NOW + timedelta(hours=2, seconds=perf_counter() - self._began)

    async def sleep_until(self, moment: datetime) -> None:
        await asyncio.sleep((moment - self.now()).total_seconds())


class Heard:
    """A ledger, and when a decision on an action that was not known before was saved in it."""

    def __init__(self, inner: Ledger) -> None:
        self._inner = inner
        self.known: set[str] = set()
        self.decided = asyncio.Event()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    async def save(self, records: Sequence[Record], **more: Any) -> None:
        await self._inner.save(records, **more)
        for record in records:
            if record.version == 0:
                self.known.add(record.action.id)
            elif record.action.id in self.known and record.decision is not None:
                self.decided.set()


async def begin_with(url: str, shelf: str, number: int) -> tuple[float, float]:
    """Start on this ledger by these policies, and show one more action once that is done.

    Return after how many seconds it had started, and after how many that action was decided.
    """
    took, clock = perf_counter(), Going()
    async with open_ledger(url, TENANT, key=KEY) as opened:
        ledger = Heard(opened)
        world = a_world(cast("Ledger", ledger), Waiting(clock, number, 1), shelf)
        policies, stop = await load(world), asyncio.Event()
        await start(world, policies)
        begun = perf_counter() - took
        passing = asyncio.create_task(
            one_pass(world, policies, stop, PassReport(began=clock.now()), Memory())
        )
        await ledger.decided.wait()
        decided = perf_counter() - took
        stop.set()
        await passing
    return begun, decided

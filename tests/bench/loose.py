"""Guards that are very loose: what an approval costs beside thousands that were given on the same day."""

import asyncio
import logging
import tempfile
from dataclasses import replace
from pathlib import Path
from time import process_time

import structlog
from msgspec import structs

from agent.adapters.ledger.opening import open_ledger
from agent.loop.passing import one_pass
from agent.loop.report import PassReport
from agent.loop.run import load
from agent.model.enactment import State
from tests.adapters.records import KEY
from tests.bench.waiting import Waiting, a_world
from tests.clock import ManualClock
from tests.makers import NOW, TENANT

Row = tuple[str, str, str]

SIZES = (1_250, 2_500, 5_000)
"""Approvals of one day."""

MOST = 1_000_000


def run() -> list[Row]:
    """Return what was measured and what was wanted."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    with tempfile.TemporaryDirectory() as folder:
        costs = [asyncio.run(_cost(Path(folder) / f"{size}", size)) for size in SIZES]
    return [
        (
            f"loose: an action seen and approved, {size:,} approved on the same day",
            f"{cost * 1000:.2f} ms of one core, {cost / costs[0]:.2f} of the smallest",
            "flat" if number else "the baseline",
        )
        for number, (size, cost) in enumerate(zip(SIZES, costs, strict=True))
    ]


async def _cost(folder: Path, size: int) -> float:
    """Return how many seconds an action takes where so many are approved."""
    async with open_ledger(f"sqlite:///{folder / 'ledger.db'}", TENANT, key=KEY) as ledger:
        world = a_world(ledger, Waiting(ManualClock(NOW), 0, size))
        rails = structs.replace(
            world.rails,
            caps=tuple(structs.replace(cap, count=MOST) for cap in world.rails.caps),
            users_per_day=MOST,
            brake_floor=MOST,
        )
        world, report = replace(world, rails=rails), PassReport(began=NOW)
        began = process_time()
        await one_pass(world, await load(world), asyncio.Event(), report)
        took = process_time() - began
        assert await ledger.counts() == {State.DECIDED: size}
    return took / size

"""A tenant that floods: how long another one of the same process has to wait for its turn at the most."""

import asyncio
import tempfile
from datetime import timedelta
from pathlib import Path

import structlog

from agent.adapters.ledger.opening import open_ledger
from agent.loop import run as loop
from agent.loop.report import PassReport
from agent.loop.waits import beside
from agent.model.pace import Pace
from agent.ports.world import World
from agent.settings.guarding import Guards
from agent.settings.guards import rails_of
from tests.bench.loop import SHELF
from tests.clock import ManualClock
from tests.fakes import FakeDirectory, FakeTargets
from tests.flooding import Flood, Metronome
from tests.makers import NOW, TENANT

ACTIONS = 50_000

Row = tuple[str, str, str]


async def flooded(actions: int, folder: Path) -> tuple[Metronome, int]:
    """Return how turns were had while so many actions were saved and judged, and how many were."""
    clock, metronome, stop = ManualClock(NOW), Metronome(), asyncio.Event()
    decided: list[int] = []

    def on_pass(report: PassReport) -> None:
        decided.append(report.decided)
        stop.set()

    async with open_ledger(f"sqlite:///{folder / 'data' / 'ledger.db'}", TENANT) as ledger:
        world = World(
            tenant_id=TENANT,
            clock=clock,
            defender=Flood(clock, actions),
            enactor=None,
            ledger=ledger,
            shelf=SHELF,
            targets=FakeTargets(clock),
            directory=FakeDirectory(),
            pace=Pace(poll_every=timedelta(minutes=1)),
            rails=rails_of(Guards()),
        )
        async with beside(metronome.keep()):
            await loop.run(world, stop=stop, on_pass=on_pass)
    return metronome, sum(decided)


def run(actions: int = ACTIONS) -> list[Row]:
    """Measure, and return what, how much, and the goal."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    with tempfile.TemporaryDirectory() as name:
        metronome, decided = asyncio.run(flooded(actions, Path(name)))
    return [
        (f"flood of {actions:,}, decided", f"{decided:,}", f"{actions:,}"),
        (
            "longest wait for a turn meanwhile, of the loop's own time",
            f"{metronome.longest * 1000:,.0f} ms of {metronome.whole:,.1f} s",
            "under 500 ms",
        ),
    ]

"""A running agent leaves signs of life in the ledger, and no more of them than are needed."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta

from agent.loop.pulse import EVERY, Pulse, is_silent
from agent.loop.run import run
from agent.model.pace import Pace
from agent.ports import Ledger
from tests.loop.conftest import Bench
from tests.makers import NOW

SECOND = timedelta(seconds=1)


class Counting:
    """A ledger that counts the signs that are left in it."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self.signs: list[datetime] = []

    def __getattr__(self, name: str) -> object:
        if name != "mark_alive":
            return getattr(self._ledger, name)

        async def mark_alive(moment: datetime) -> None:
            self.signs.append(moment)
            await self._ledger.mark_alive(moment)

        return mark_alive


def counted(bench: Bench) -> Counting:
    counting = Counting(bench.world.ledger)
    bench.world = replace(bench.world, ledger=counting)  # type: ignore[arg-type]
    return counting


async def test_a_sign_is_left_once_a_minute_and_at_once_where_the_clock_was_set_back(bench: Bench) -> None:
    counting, pulse = counted(bench), Pulse()
    for step in (timedelta(0), EVERY - SECOND, SECOND, -2 * EVERY):
        bench.clock.advance(step)
        await pulse.beat(bench.world)

    assert counting.signs == [NOW, NOW + EVERY, NOW - EVERY]


async def test_one_pass_leaves_a_sign_though_nothing_is_there(bench: Bench) -> None:
    counting = counted(bench)

    await bench.run_pass()

    assert counting.signs == [NOW]
    assert await bench.world.ledger.alive() == NOW


async def test_signs_are_left_while_the_next_poll_is_far_away(bench: Bench) -> None:
    counting, stop = counted(bench), asyncio.Event()
    bench.world = replace(bench.world, pace=Pace(poll_every=timedelta(minutes=30)))
    passes = 0

    def count(_report: object) -> None:
        nonlocal passes
        passes += 1
        if passes == 3:
            stop.set()

    await run(bench.world, stop=stop, on_pass=count)

    gaps = [later - earlier for earlier, later in zip(counting.signs, counting.signs[1:], strict=False)]
    assert bench.clock.now() - NOW == timedelta(hours=1)
    assert len(gaps) == 60
    assert set(gaps) == {EVERY}


async def test_signs_are_left_while_graph_is_away(bench: Bench) -> None:
    counting, stop = counted(bench), asyncio.Event()
    bench.defender.down = True
    passes = 0

    def count(_report: object) -> None:
        nonlocal passes
        passes += 1
        if passes == 5:
            stop.set()

    await run(bench.world, stop=stop, on_pass=count)

    assert len(counting.signs) == 5


def test_silence_is_told_by_how_often_the_agent_polls() -> None:
    often, seldom = timedelta(minutes=1), timedelta(hours=1)

    assert is_silent(None, NOW, seldom)
    assert not is_silent(NOW - timedelta(minutes=13), NOW, often)
    assert is_silent(NOW - timedelta(minutes=13, seconds=1), NOW, often)
    assert not is_silent(NOW - timedelta(hours=3, minutes=10), NOW, seldom)
    assert is_silent(NOW - timedelta(hours=3, minutes=11), NOW, seldom)

"""Agents that are killed at random moments, again and again, while incidents keep arriving; and what came of it."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from os import WNOHANG
from pathlib import Path
from random import Random

import msgspec

from agent.loop.run import run
from agent.ports.world import World
from tests.adapters.dying import die_at_statement, integrity
from tests.durability.processes import Child, Stage, for_ever
from tests.durability.reckoning import Reckoning

ARRIVALS = 2
"""Incidents that arrive in each cycle."""

BETWEEN = timedelta(minutes=2)
"""How long at most it takes until a killed agent is started again."""

IN_TRANSACTION = 0.3
"""The part of all kills that come at a statement of the ledger or before a commit, not at some moment."""

STATEMENTS = 250
"""Up to which statement they come: an agent makes about as many until it has carried something out."""

LIVES = 1.4
"""How long an agent lives at most, as a multiple of what it takes one to start and make a first pass."""


@dataclass
class Tally:
    """What `kills` prints."""

    cycles: int = 0
    in_transaction: int = 0
    under_way: int = 0
    """Calls that had been written down as sent and had not come back when their agent was killed."""
    reckoning: Reckoning = field(default_factory=Reckoning)
    problems: list[str] = field(default_factory=list)
    seconds: float = 0.0


Progress = Callable[[int], None]
"""Told how many cycles are over."""


def kill(stage: Stage, cycles: int, *, progress: Progress = lambda _: None) -> Tally:
    """Kill an agent in every cycle, let a last one live in peace, and return what came of it."""
    began = time.monotonic()
    lots, tally = Random(stage.seed), Tally(cycles=cycles)
    longest = LIVES * first_pass(stage)
    for cycle in range(cycles):
        stage.wanted.value += ARRIVALS
        stage.clock.advance(lots.random() * BETWEEN)
        if lots.random() < IN_TRANSACTION:
            tally.in_transaction += 1
            first = partial(die_at_statement, lots.randint(1, STATEMENTS))
            tally.problems += end(stage.agent(for_ever, first=first), after=longest)
        else:
            tally.problems += end(stage.agent(for_ever), after=lots.random() * longest)
        progress(cycle + 1)
    stage.in_peace()
    tally.reckoning = stage.reckoning()
    tally.under_way, bugs = read_log(stage.log)
    tally.problems += [*bugs, *tally.reckoning.problems]
    if (whole := integrity(stage.ledger_url)) != "ok":
        tally.problems.append(f"integrity: {whole}")
    tally.seconds = time.monotonic() - began
    return tally


def end(child: Child, *, after: float) -> list[str]:
    """Kill an agent after so many seconds, unless it was killed before; return what is wrong with how it ended."""
    until = time.monotonic() + after
    while child.wait(options=WNOHANG) is None and time.monotonic() < until:
        time.sleep(min(0.005, max(0.0, until - time.monotonic())))
    child.kill()
    return [] if child.was_killed else [f"an agent ended by itself, with {child.status}"]


def first_pass(stage: Stage) -> float:
    """Let one agent make one pass with something to do, and return how many seconds it lived."""
    stage.wanted.value += ARRIVALS
    began = time.monotonic()
    child = stage.agent(once)
    if child.wait() != 0:
        raise RuntimeError(f"an agent that nobody killed failed: {stage.log.read_text()[-2000:]}")
    return time.monotonic() - began


async def once(world: World) -> None:
    """Make one pass."""
    stop = asyncio.Event()
    await run(world, stop=stop, on_pass=lambda _: stop.set())


class Line(msgspec.Struct, frozen=True):
    """What is read of a line of the agents' log."""

    event: str = ""
    calls: int = 0
    exception: str = ""


def read_log(log: Path) -> tuple[int, list[str]]:
    """Return how many calls were found interrupted by those who came after, and what the log tells of bugs."""
    lines = [msgspec.json.decode(line, type=Line) for line in log.read_bytes().splitlines()]
    bugs = [f"{line.event}: {line.exception.splitlines()[-1]}" for line in lines if line.exception]
    return sum(line.calls for line in lines if line.event == "calls were interrupted"), bugs

"""Two agents on one ledger, each a process of its own: killed, or paused for longer than its lease, at random or on a point.

A paused process is as one whose machine was suspended: it goes on in the middle of what it did, and does not know.
"""

import os
import signal
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from random import Random
from typing import Any, cast

from agent.loop.leasing import LEASE
from agent.ports.world import World
from tests.durability.kills import ARRIVALS, Progress, Tally, first_pass, once, read_log
from tests.durability.processes import Child, Stage, for_ever

REPLICAS = ("left", "right")

PAUSES = 0.5
"""The part of all disturbances that are pauses; the others are kills."""

LONGER = LEASE + timedelta(minutes=1)


@dataclass
class Pair(Tally):
    """What `pairs` prints besides."""

    kills: int = 0
    pauses: int = 0


def disturb(stage: Stage, cycles: int, *, progress: Progress = lambda _: None) -> Pair:
    """Let two agents work, kill or pause one of them in every cycle, and return what came of it."""
    began = time.monotonic()
    lots, pair = Random(stage.seed), Pair(cycles=cycles)
    longest = first_pass(stage)
    agents = {name: stage.agent(for_ever, replica=name) for name in REPLICAS}
    for cycle in range(cycles):
        stage.wanted.value += ARRIVALS
        stage.clock.advance(timedelta(minutes=1))
        time.sleep(lots.random() * longest)
        name = lots.choice(REPLICAS)
        if lots.random() < PAUSES:
            pair.pauses += 1
            pause(stage, agents[name], longest)
        else:
            pair.kills += 1
            agents[name].kill()
            agents[name] = stage.agent(for_ever, replica=name)
        pair.problems += [
            f"{one} ended by itself, with {child.status}"
            for one, child in agents.items()
            if child.wait(options=os.WNOHANG) is not None
        ]
        progress(cycle + 1)
    for child in agents.values():
        child.kill()
    stage.clock.advance(LONGER)
    for name in REPLICAS:
        stage.in_peace(name)
    pair.reckoning = stage.reckoning()
    pair.under_way, bugs = read_log(stage.log)
    pair.problems += [*bugs, *pair.reckoning.problems]
    pair.seconds = time.monotonic() - began
    return pair


def pause(stage: Stage, child: Child, seconds: float) -> None:
    """Stop an agent until its lease has run out and the other one had time to take over, and let it go on."""
    child.signal(signal.SIGSTOP)
    stage.clock.advance(LONGER)
    time.sleep(seconds)
    child.signal(signal.SIGCONT)


class Stopping:
    """A ledger whose process stops itself at the first departure: before it is written down, or right after it."""

    def __init__(self, ledger: object, *, after: bool) -> None:
        self._ledger = ledger
        self._after = after
        self._has_stopped = False

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._ledger, name)
        return self._departing(found) if name == "depart" and not self._has_stopped else found

    def _departing(self, depart: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
        async def stopping(*args: object, **kwargs: object) -> None:
            self._has_stopped = True
            if self._after:
                await depart(*args, **kwargs)
            os.kill(os.getpid(), signal.SIGSTOP)
            if not self._after:
                await depart(*args, **kwargs)

        return stopping


@dataclass
class Paused:
    """What was seen of one agent that was paused at its first departure."""

    writes_before: int = 0
    """Writes that the simulator had accepted when the paused agent went on."""
    writes_after: int = 0
    """Those when it had ended its pass."""
    pair: Pair = field(default_factory=lambda: Pair(cycles=1))


def pause_at_departure(stage: Stage, *, after: bool) -> Paused:
    """Stop one agent at its first departure, let the other do all there is, and then the first one go on."""
    found = Paused()
    stage.quiet.value = 1
    stage.wanted.value = 1

    async def stopping(world: World) -> None:
        ledger = cast("Any", Stopping(world.ledger, after=after))
        await once(replace(world, ledger=ledger))

    paused = stage.agent(stopping, replica=REPLICAS[0])
    status = paused.wait(options=os.WUNTRACED)
    if status is None or not os.WIFSTOPPED(status):
        raise RuntimeError(f"it was not stopped, but ended with {status}")
    stage.clock.advance(LONGER)
    stage.in_peace(REPLICAS[1])
    found.writes_before = stage.writes()
    paused.signal(signal.SIGCONT)
    if paused.wait() != 0:
        found.pair.problems.append(f"the paused agent failed: {paused.status}")
    found.writes_after = stage.writes()
    stage.in_peace(REPLICAS[0])
    found.pair.reckoning = stage.reckoning()
    found.pair.problems += found.pair.reckoning.problems
    return found

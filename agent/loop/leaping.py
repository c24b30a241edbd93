"""A time that takes no time: the loop's own passes over weeks, where the clock is one that leaps.

Passes are made where the usual schedule has them, but for those before which nothing has happened: nothing would come of
them. What happens outside says when it does; what falls due here the ledger says.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

from agent.loop.lookout import keeping_lookout
from agent.loop.passing import Memory, one_pass
from agent.loop.policies import InForce
from agent.loop.report import PassReport
from agent.loop.run import start
from agent.ports.world import World

LONGEST = timedelta(hours=6)
"""The longest time without a pass: what nobody foresees is found then."""


async def live(
    world: World,
    policies: InForce,
    until: datetime,
    *,
    happens: Callable[[], datetime | None],
    on_pass: Callable[[PassReport], None] = lambda _report: None,
    stop: asyncio.Event | None = None,
) -> None:
    """Make pass after pass until a moment, or until asked to stop. The world's clock must be one of which waits take no time.

    Args:
        world: what the passes are made in.
        policies: those in force.
        until: when it is over; the last pass is then.
        happens: when something happens next outside; None where nothing does.
        on_pass: is told of each pass.
        stop: is set to end before that, after the pass that is under way.

    Raises:
        Unavailable, Refused, Malformed, LedgerError: nothing here is out of order by design, so that nothing is borne.
    """
    asked = stop or asyncio.Event()
    memory, foreseen = Memory(), world.clock.now()
    async with keeping_lookout(world) as lookout:
        await start(world, policies)
        while not asked.is_set():
            report = PassReport(began=world.clock.now())
            await one_pass(world, policies, asked, report, memory, lookout)
            on_pass(report)
            now = world.clock.now()
            if now >= until:
                return
            # What has just happened may go on: rows in hunting come some minutes after it.
            is_quiet = foreseen > report.began
            foreseen = await _foreseen(world, happens)
            due = max(foreseen, now) if is_quiet else now
            await world.clock.sleep_until(min(_scheduled(report.began, due, world.pace.poll_every), until))


async def _foreseen(world: World, happens: Callable[[], datetime | None]) -> datetime:
    """Return when something will have happened, as far as anybody can say."""
    longest = world.clock.now() + LONGEST
    moments = [happens(), await world.ledger.next_due()]
    return min([longest, *(one for one in moments if one is not None)])


def _scheduled(began: datetime, due: datetime, every: timedelta) -> datetime:
    """Return the first pass of the schedule that is not before a moment, and not this one again."""
    return began + every * max(1, -(-(due - began) // every))

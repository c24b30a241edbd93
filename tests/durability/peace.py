"""An agent that is left in peace: it makes pass after pass until nothing is left to do, and waits take no time."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import datetime, timedelta

from agent.loop.passing import Memory, one_pass
from agent.loop.report import PassReport
from agent.loop.run import load, start
from agent.loop.shipping import Shipping
from agent.model.enactment import Record, State
from agent.model.errors import AgentError
from agent.model.pending import ActionKind
from agent.ports.ledger import Ledger
from agent.ports.world import World

LONGEST = timedelta(days=2)
"""How long an agent may take until nothing is left to do: the last look at what was sent is after twelve hours."""

BUSY = tuple(sorted(set(State) - {State.CONFIRMED, State.REJECTED, State.SUPERSEDED, State.EXPIRED}))
"""States in which something may be left to do before the week ends."""


async def until_settled(world: World) -> None:
    """Make pass after pass until everything is settled and shown. The clock must be one that jumps."""
    policies = await load(world)
    await start(world, policies)
    memory, shipping = Memory(), Shipping()
    until = world.clock.now() + LONGEST
    while world.clock.now() < until:
        report = PassReport(began=world.clock.now())
        await shipping.go(world)
        with suppress(AgentError):
            await one_pass(world, policies, asyncio.Event(), report, memory)
        waits = await next_need(world.ledger, world.clock.now())
        if waits is None:
            await shipping.go(world)
            return
        await world.clock.sleep_until(waits)


async def next_need(ledger: Ledger, now: datetime) -> datetime | None:
    """Return when there is something to do again; None where everything has come to its end."""
    soon = now + timedelta(minutes=1)
    if await ledger.cursor() is None or await ledger.to_visit(1):
        return soon
    if all(kind is ActionKind.UNKNOWN for kind in await _kinds(ledger)):
        return soon
    dues = [one.due async for one in _busy(ledger) if one.due is not None]
    # What was taken back is looked at, whatever state its record is in.
    dues += [
        one.due for one in await ledger.due(now + LONGEST, [State.CONFIRMED], 100) if one.due is not None
    ]
    return max(soon, min(dues)) if dues else None


async def _kinds(ledger: Ledger) -> list[ActionKind]:
    return [record.action.kind for record in await ledger.listed(limit=100)]


async def _busy(ledger: Ledger) -> AsyncIterator[Record]:
    """Give the records of which a person has not been told yet that it is theirs, and that are not at their end."""
    offset = 0
    while some := await ledger.listed(states=BUSY, limit=500, offset=offset):
        for record in some:
            if record.action.kind is not ActionKind.UNKNOWN:
                yield record
        offset += len(some)

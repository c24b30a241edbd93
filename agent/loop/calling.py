"""One call that changes something: written down before it leaves, and settled before anything else is done."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from datetime import timedelta

import structlog

from agent.judge.confirm import INTERRUPTED
from agent.loop.shipping import ship
from agent.model.enactment import Effect, Outcome, Went
from agent.model.errors import Conflict, Unavailable
from agent.ports.defender import Enactor
from agent.ports.world import World

PATIENCE = timedelta(seconds=10)
"""A wait that Graph asks for and that is no longer than this is waited for on the spot."""

TRIES = 5
"""How often a write that was definitely not applied is tried at once."""

log = structlog.get_logger()


async def call(
    world: World, enactor: Enactor, effect: Effect, depart: Callable[[], Awaitable[None]], stop: asyncio.Event
) -> None:
    """Make the call and write how it went; one that definitely was not applied is intended again.

    `depart` is awaited right before its bytes leave, and writes down that they do. Whatever else it raises than
    Unavailable is raised, and nothing was sent. The entry that tells of the call has been shipped by then too, so that
    what was sent is known even if the ledger is lost.

    Raises:
        Unavailable: it was definitely not applied, and is to be tried later.
    """
    name = f"air-agent {effect.action_id} {effect.id}"
    attempt = 0
    while True:
        attempt, has_left = attempt + 1, False

        async def departing() -> None:
            nonlocal has_left
            await depart()
            has_left = True
            await ship(world)

        try:
            outcome = await enactor.enact(effect, name=name, departing=departing)
        except Unavailable as error:
            if has_left:
                back = Outcome(went=Went.INTENDED, detail=str(error))
                await world.ledger.settle(effect.id, back, world.clock.now())
            if attempt == TRIES or stop.is_set() or not _is_soon(world, error):
                raise
            await world.clock.sleep_until(error.until or world.clock.now())
            continue
        await world.ledger.settle(effect.id, outcome, world.clock.now())
        log.info(
            "call made",
            action=effect.action_id,
            does=effect.kind,
            targets=len(effect.targets),
            went=outcome.went,
            bulk=outcome.bulk_id,
            request=outcome.request_id,
        )
        return


async def settle_interrupted(world: World, effects: Iterable[Effect]) -> int:
    """Settle those that were sent and never settled, and return how many: whether they were applied is not known.

    Called only where none of these calls can still be under way.
    """
    outcome = Outcome(went=Went.UNKNOWN, detail=INTERRUPTED)
    settled = 0
    for effect in effects:
        if effect.went is not Went.SENT:
            continue
        try:
            await world.ledger.settle(effect.id, outcome, world.clock.now())
        except Conflict:  # it came back after all, or another agent settled it
            continue
        settled += 1
    return settled


def _is_soon(world: World, error: Unavailable) -> bool:
    return error.until is not None and error.until - world.clock.now() <= PATIENCE

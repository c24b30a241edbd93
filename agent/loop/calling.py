"""One call that changes something: written down before it leaves, and settled before anything else is done."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime, timedelta

import structlog

from agent.judge.confirm import INTERRUPTED
from agent.loop.shipping import ship
from agent.loop.tracing import trace
from agent.model.enactment import Effect, Outcome, Record, Went
from agent.model.errors import Conflict, Lost, Unavailable
from agent.model.telemetry import Counted, Timed
from agent.model.trace import Phase
from agent.ports.defender import Enactor
from agent.ports.world import World

PATIENCE = timedelta(seconds=10)
"""A wait that Graph asks for and that is no longer than this is waited for on the spot."""

TRIES = 5
"""How often a write that was definitely not applied is tried at once."""

log = structlog.get_logger()


async def call(
    world: World,
    enactor: Enactor,
    record: Record,
    effect: Effect,
    depart: Callable[[], Awaitable[None]],
    stop: asyncio.Event,
) -> None:
    """Make the call and write how it went; one that definitely was not applied is intended again.

    `depart` is awaited right before its bytes leave, and writes down that they do. Whatever else it raises than
    Unavailable is raised, and nothing was sent. The entry that tells of the call has been shipped by then too, so that
    what was sent is known even if the ledger is lost. Where this process slept between the two until the tenant is not
    its own any more, nothing is sent either: whoever has the tenant then finds the call written down, and reads it back.

    Raises:
        Unavailable: it was definitely not applied, and is to be tried later.
        Lost: the tenant is not ours any more, and nothing was sent.
    """
    name = f"air-agent {effect.action_id} {effect.id}"
    attempt, left = 0, world.clock.now()
    while True:
        attempt, has_left = attempt + 1, False

        async def departing() -> None:
            nonlocal has_left, left
            world.fence()
            await depart()
            has_left, left = True, world.clock.now()
            await ship(world)
            world.fence()

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
        came = world.clock.now()
        await world.ledger.settle(effect.id, outcome, came)
        _tell(world, record, effect, outcome, attempt, left, came)
        log.info(
            "call made",
            action=effect.action_id,
            does=effect.kind,
            targets=len(effect.targets),
            went=outcome.went,
            bulk=outcome.bulk_id,
            request=outcome.request_id,
            client_request=outcome.client_request_id,
        )
        return


def _tell(
    world: World,
    record: Record,
    effect: Effect,
    outcome: Outcome,
    attempts: int,
    left: datetime,
    came: datetime,
) -> None:
    """Tell of a call that left, and of how it went."""
    settled = world.clock.now()
    world.telemetry.count(Counted.CALL, kind=effect.kind.value, outcome=outcome.went.value)
    world.telemetry.time(Timed.CALL, (settled - left).total_seconds())
    trace(
        world,
        record,
        Phase.CALLED,
        left,
        came,
        is_failed=outcome.went is not Went.DONE,
        does=effect.kind.value,
        targets=len(effect.targets),
        attempts=attempts,
        bulk=outcome.bulk_id,
        request=outcome.request_id,
        client_request=outcome.client_request_id,
        replica=world.replica,
    )
    trace(world, record, Phase.SETTLED, came, settled, does=effect.kind.value, went=outcome.went.value)


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
        except Lost:
            raise
        except Conflict:  # it came back after all, or another agent settled it
            continue
        settled += 1
    return settled


def _is_soon(world: World, error: Unavailable) -> bool:
    return error.until is not None and error.until - world.clock.now() <= PATIENCE

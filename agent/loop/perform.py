"""One plan: its effects in order, each written down before it leaves and settled before the next."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta

import msgspec
import structlog

from agent.judge.confirm import LEFT, after_sending
from agent.judge.settle import held
from agent.loop.guarding import check, look
from agent.loop.lookup import find
from agent.loop.moved import save_moved
from agent.loop.policies import InForce
from agent.loop.recheck import why_void
from agent.loop.report import PassReport
from agent.loop.shipping import require
from agent.model.decision import Guarded
from agent.model.enactment import Effect, Outcome, Record, State, Went
from agent.model.errors import Held, Unavailable
from agent.model.rails import Leave
from agent.ports import Enactor, World

PATIENCE = timedelta(seconds=10)
"""A wait that Graph asks for and that is no longer than this is waited for on the spot."""

TRIES = 5
"""How often a write that was definitely not applied is tried within one visit."""

LEASE = timedelta(minutes=10)
"""How long an incident stays one agent's after its last call: longer than any call takes, its waits included."""

log = structlog.get_logger()

Halt = Callable[[], Awaitable[bool]]
"""Asked before each call that carries a decision out: whether it is over with those decisions for now."""


class TooLate(Exception):
    """The deadline or other policies came while the call waited for its turn: it does not leave."""


async def never() -> bool:
    """Whether it is over, where nothing ends it: it is not."""
    return False


@dataclass(frozen=True, slots=True)
class Turn:
    """One agent's turn at an incident: the lease by which it may act there, and what ends it."""

    incident_id: str
    token: int
    stop: asyncio.Event
    report: PassReport
    policies: InForce
    is_over: Halt = never

    def leave(self, world: World) -> Leave:
        """Return what has to hold when a call is written down as sent."""
        return Leave(
            replica=world.replica,
            incident_id=self.incident_id,
            token=self.token,
            until=world.clock.now() + LEASE,
            caps=world.rails.caps,
        )


def is_fresh(world: World, record: Record, *, share: float = 1.0) -> bool:
    """Whether the record was decided so lately that its mail may be acted on; a clock set back is no excuse."""
    if record.decision is None:
        return False
    return timedelta(0) <= world.clock.now() - record.decision.at <= world.pace.fresh * share


async def perform(world: World, record: Record, turn: Turn) -> None:
    """Carry out one plan: its effects in order, each settled before the next.

    Raises:
        Unavailable: what was not sent is still intended.
    """
    if world.enactor is None:
        return
    effects = await world.ledger.effects(record.action.id)
    await _settle_interrupted(world, effects)
    if why := await why_void(world, record, turn.policies.judge.revision):
        await _judge_anew(world, record, why)
        return
    for effect in effects:
        if turn.stop.is_set() or not is_fresh(world, record) or await turn.is_over():
            return
        if effect.went is not Went.INTENDED:
            continue
        try:
            await _send(world, world.enactor, record, effect, turn)
        except Held as no:
            await _hold(world, record, no)
            return
        turn.report.sent += 1
    await _sent(world, record)


async def _sent(world: World, record: Record) -> None:
    """Write that every effect of the plan was tried, if it was."""
    effects = await world.ledger.effects(record.action.id)
    if any(effect.went is Went.INTENDED for effect in effects):
        return
    newest = (await world.ledger.load([record.action.id]))[record.action.id]
    after = after_sending(newest, [effect for effect in effects if effect.went is not Went.DROPPED])
    await world.ledger.save([after], now=world.clock.now())
    log.info("sent", action=record.action.id, state=after.state, why=after.why)


async def _judge_anew(world: World, record: Record, why: str) -> None:
    """Let go of an approval that does not hold any more: it is decided anew."""
    now = world.clock.now()
    seen = msgspec.structs.replace(record, state=State.SEEN, due=now, why=f"the approval is void: {why}")
    await save_moved(world, [(record, seen)])
    log.warning("approval void", action=record.action.id, why=why)


async def _hold(world: World, record: Record, no: Held) -> None:
    """Leave to people what a guard rail kept from leaving; what was sent of it before is followed."""
    newest = (await world.ledger.load([record.action.id]))[record.action.id]
    effects = await world.ledger.effects(record.action.id)
    left = [effect for effect in effects if effect.went in LEFT]
    said = Guarded(guard=no.guard, words=no.words, until=no.until)
    await save_moved(world, [(newest, held(newest, said, left, world.clock.now()))])
    log.warning("held", action=record.action.id, guard=no.guard, why=no.words)


async def _send(world: World, enactor: Enactor, record: Record, effect: Effect, turn: Turn) -> None:
    """Make one call and write how it went; a call that definitely was not applied is intended again.

    Raises:
        Held: a guard rail said no at the last moment.
        Unavailable: it was definitely not applied, and is to be tried later.
    """
    name = f"air-agent {record.action.id} {effect.id}"
    seen = await look(world, [effect], await find(world, record.action))
    for attempt in range(1, TRIES + 1):
        has_left = False

        async def departing() -> None:
            nonlocal has_left
            if await turn.is_over() or world.clock.now() >= record.action.deadline:
                raise TooLate
            await require(world)
            await check(world, turn.policies, record, seen)
            await world.ledger.depart(effect.id, world.clock.now(), turn.leave(world))
            has_left = True

        try:
            outcome = await enactor.enact(effect, name=name, departing=departing)
        except TooLate:
            return
        except Unavailable as error:
            if has_left:
                back = Outcome(went=Went.INTENDED, detail=str(error))
                await world.ledger.settle(effect.id, back, world.clock.now())
            if attempt == TRIES or turn.stop.is_set() or not _is_soon(world, error):
                raise
            await world.clock.sleep_until(error.until or world.clock.now())
            continue
        await world.ledger.settle(effect.id, outcome, world.clock.now())
        log.info(
            "call made",
            action=record.action.id,
            does=effect.kind,
            targets=len(effect.targets),
            went=outcome.went,
            bulk=outcome.bulk_id,
            request=outcome.request_id,
        )
        return


def _is_soon(world: World, error: Unavailable) -> bool:
    return error.until is not None and error.until - world.clock.now() <= PATIENCE


async def recover(world: World) -> int:
    """Settle what was under way when its agent stopped: whether it was applied is not known.

    What another agent has under way is its own. Returns how many calls that were.
    """
    interrupted = await world.ledger.interrupted(world.replica, world.clock.now())
    await _settle_interrupted(world, interrupted)
    return len(interrupted)


async def _settle_interrupted(world: World, effects: Iterable[Effect]) -> None:
    outcome = Outcome(went=Went.UNKNOWN, detail="the agent stopped while the call was under way")
    for effect in effects:
        if effect.went is Went.SENT:
            await world.ledger.settle(effect.id, outcome, world.clock.now())

"""One plan: its effects in order, each written down before it leaves and settled before the next."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

import msgspec
import structlog

from agent.judge.confirm import after_sending
from agent.judge.guard import family
from agent.loop.aside import lay_one_aside
from agent.loop.calling import call, settle_interrupted
from agent.loop.guarding import check, look
from agent.loop.leasing import LEASE
from agent.loop.lookout import Lookout
from agent.loop.lookup import find
from agent.loop.moved import save_moved
from agent.loop.policies import InForce
from agent.loop.recheck import why_void
from agent.loop.report import PassReport
from agent.loop.shipping import require
from agent.loop.tracing import about, trace
from agent.model.enactment import Effect, Record, State, Went
from agent.model.errors import Held
from agent.model.hold import BRAKE, KILL_SWITCH
from agent.model.rails import Leave
from agent.model.telemetry import Counted
from agent.model.trace import Phase
from agent.ports.defender import Enactor
from agent.ports.world import World

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
    lookout: Lookout
    is_over: Halt = never

    def leave(self, world: World, record: Record | None = None) -> Leave:
        """Return what has to hold when something is written down as sent.

        The caps are on what the agent does by itself: what people approved has passed them.
        """
        by_people = record is not None and record.decision is not None and bool(record.decision.answered)
        return Leave(
            replica=world.replica,
            incident_id=self.incident_id,
            token=self.token,
            until=world.clock.now() + LEASE,
            caps=() if by_people else world.rails.caps,
        )


def is_fresh(world: World, record: Record, *, share: float = 1.0) -> bool:
    """Whether the record was decided so lately that it may be acted on; a clock set back is no excuse."""
    if record.decision is None:
        return False
    return timedelta(0) <= world.clock.now() - record.decision.at <= world.pace.fresh * share


async def perform(world: World, record: Record, turn: Turn) -> None:
    """Carry out one plan: its effects in order, each settled before the next.

    Raises:
        Unavailable: what was not sent is still intended.
    """
    with about(record):
        await _perform(world, record, turn)


async def _perform(world: World, record: Record, turn: Turn) -> None:
    if world.enactor is None:
        return
    effects = await world.ledger.effects(record.action.id)
    await settle_interrupted(world, effects)
    if why := await why_void(world, record, turn.policies):
        await _judge_anew(world, record, why)
        return
    for effect in effects:
        if turn.stop.is_set() or not is_fresh(world, record) or await turn.is_over():
            return
        if effect.went is not Went.INTENDED or effect.undoes is not None:
            continue  # what a person takes back is for that person to send
        try:
            await _send(world, world.enactor, record, effect, turn)
        except Held as no:
            await lay_one_aside(world, record, no)
            world.telemetry.count(Counted.HELD, guard=family(no.guard))
            trace(world, record, Phase.HELD, world.clock.now(), guard=family(no.guard))
            turn.lookout.has_held |= no.guard in {KILL_SWITCH, BRAKE}
            log.warning("held", action=record.action.id, guard=no.guard, why=no.words)
            return
        turn.report.sent += 1
    await _sent(world, record)


async def _sent(world: World, record: Record) -> None:
    """Write that every effect of the plan was tried, if it was."""
    found = await world.ledger.effects(record.action.id)
    effects = [effect for effect in found if effect.undoes is None]
    if any(effect.went is Went.INTENDED for effect in effects):
        return
    newest = (await world.ledger.load([record.action.id]))[record.action.id]
    if newest.state is not State.INTENDED:
        return  # a no of a person came first, or it was turned back: nothing of it was sent here
    after = after_sending(newest, [effect for effect in effects if effect.went is not Went.DROPPED])
    await world.ledger.save([after], now=world.clock.now())
    log.info("sent", action=record.action.id, state=after.state, why=after.why)


async def _judge_anew(world: World, record: Record, why: str) -> None:
    """Let go of an approval that does not hold any more: it is decided anew."""
    now = world.clock.now()
    seen = msgspec.structs.replace(record, state=State.SEEN, due=now, why=f"the approval is void: {why}")
    await save_moved(world, [(record, seen)])
    log.warning("approval void", action=record.action.id, why=why)


async def _send(world: World, enactor: Enactor, record: Record, effect: Effect, turn: Turn) -> None:
    """Make one call, unless its time is over.

    Raises:
        Held: a guard rail said no at the last moment.
        Unavailable: it was definitely not applied, and is to be tried later.
    """
    seen = await look(world, [effect], await find(world, record.action))

    async def depart() -> None:
        # What holds is no news to come back to: it is said of the record that it was held.
        is_over = await turn.is_over() and not turn.lookout.is_held
        if is_over or world.clock.now() >= record.action.deadline:
            raise TooLate
        await require(world)
        await check(world, turn.policies, record, seen)
        await turn.lookout.unless_held()
        await world.ledger.depart(effect.id, world.clock.now(), turn.leave(world, record))

    with suppress(TooLate):
        await call(world, enactor, record, effect, depart, turn.stop)


async def recover(world: World) -> int:
    """Settle what was under way when its agent stopped or lost its lease: whether it was applied is not known.

    Called only while this agent has no call under way; what another has is its own until its lease runs out.
    Returns how many calls that were.
    """
    interrupted = await world.ledger.interrupted(world.replica, world.clock.now())
    settled = await settle_interrupted(world, interrupted)
    if settled:
        log.warning("calls were interrupted", calls=settled, then="they are read back, never sent again")
    return settled

"""Taking back what was done: an act of a person, under the same lease, holds and marks as what it takes back.

The inverse calls are written down with who asked for them and why, in one transaction, before the first of them
leaves. The agent by itself never sends one of them: those that were not sent when this stops are let go.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec
import structlog

from agent.judge.look import Reached, at_target
from agent.judge.plans.means import Problem
from agent.judge.rails.holding import held_words
from agent.judge.taken_back import begun, finished, looked_back
from agent.judge.undo import INVERSES, Around, Undoing, came_back, has_arrived, inverses_of, only, undoing
from agent.loop.calling import call, settle_interrupted
from agent.loop.despite import insist
from agent.loop.leasing import LEASE, leased
from agent.loop.lookup import find, look_up_messages
from agent.loop.means import missing
from agent.loop.overturning import fallbacks_by_undo
from agent.loop.poll import surviving
from agent.loop.report import PassReport
from agent.loop.shipping import require
from agent.model.defender import Mail
from agent.model.enactment import MAIL_EFFECTS, Effect, Outcome, Record, Went
from agent.model.errors import Conflict, Held, Unavailable
from agent.model.hold import BRAKE, Hold
from agent.model.rails import Leave
from agent.model.targets import Found
from agent.ports.defender import Enactor
from agent.ports.world import World

TRIES = 6
"""How often it is tried to get the lease of an incident."""

WAIT = timedelta(seconds=5)
"""How long to wait for an agent that is at work in the incident."""

log = structlog.get_logger()


Stopped = Held | Unavailable | Conflict
"""What keeps calls from being made: a guard rail or a hold, Graph, or another agent that took the incident over."""


class Act(msgspec.Struct, frozen=True, kw_only=True):
    """Who takes something back, and why."""

    by: str
    reason: str


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of taking one action back. `stopped` says why nothing more could be taken back, if so."""

    record: Record
    stopped: Stopped | None = None


async def prepare(world: World, records: Sequence[Record]) -> list[Undoing]:
    """Return what taking each of these records back comes to; everything is read again, and nothing is written.

    Raises:
        Unavailable: Graph is away.
    """
    planned = await world.ledger.effects_of([record.action.id for record in records])
    effects = {record.action.id: planned.get(record.action.id, ()) for record in records}
    mail = await _mail(world, [one for group in effects.values() for one in group])
    return [await _prepare_one(world, record, effects[record.action.id], mail) for record in records]


async def take_back(
    world: World, enactor: Enactor, action_id: str, confirmed: Undoing, act: Act, stop: asyncio.Event
) -> Taken:
    """Take back what was confirmed of one action, as far as it still can be.

    Raises:
        Conflict: another agent is at work in its incident, or took over.
        Unavailable: Graph is away, and nothing was begun.
    """
    record = await _load(world, action_id)
    async with _leased(world, record.action.incident.id) as leave:
        found = await world.ledger.effects(action_id)
        await settle_interrupted(world, [one for one in found if one.undoes is not None])
        record = await _load(world, action_id)
        (planned,) = await prepare(world, [record])
        planned = only(planned, confirmed)
        if not planned.effects and not planned.arrived and not planned.before:
            return Taken(record=record)
        await _begin(world, action_id, planned, act)
        stopped = await _send_all(world, enactor, record, planned, leave, stop)
        return Taken(record=await _finish(world, action_id, planned), stopped=stopped)


async def holds_against(world: World) -> tuple[Hold, ...]:
    """Return what keeps a person from taking anything back: every hold, read anew, but the brake.

    It is asked again as each call leaves; asked first, nobody is shown and asked for what cannot be done.
    """
    laid = None if world.switch is None else await world.switch.read(world.clock.now())
    flags = tuple(hold for hold in await world.ledger.holds() if hold.name != BRAKE)
    return flags if flags or laid is None else (laid,)


async def look_back(world: World, records: Sequence[Record], report: PassReport) -> None:
    """Look whether what people took back is back."""
    if not records:
        return
    planned = await world.ledger.effects_of([record.action.id for record in records])
    effects = {record.action.id: planned.get(record.action.id, ()) for record in records}
    mail = await _mail(world, [one for group in effects.values() for one in group if one.undoes is not None])
    if mail.why:
        report.problems.append(f"what was taken back could not all be looked at: {mail.why}")
    after: list[Record] = []
    for record in records:
        own = effects[record.action.id]
        reached = _reached(own, mail, await _found(world, record, own))
        settled = await _settle_arrived(world, own, reached)
        after.append(looked_back(record, settled, reached, world.clock.now()))
    await world.ledger.save(after, now=world.clock.now())


async def _load(world: World, action_id: str) -> Record:
    found = await world.ledger.load([action_id])
    if action_id not in found:
        raise Conflict(f"nothing is known of `{action_id}` any more")
    return found[action_id]


async def _mail(world: World, effects: Sequence[Effect]) -> Mail:
    messages = dict.fromkeys(
        target[0]
        for effect in effects
        if effect.kind in MAIL_EFFECTS and effect.went not in {Went.DROPPED, Went.OBSERVED}
        for target in effect.targets
    )
    return await look_up_messages(world, list(messages))


async def _found(world: World, record: Record, effects: Sequence[Effect]) -> Found | Problem | None:
    """Return what the action acts on besides mail, where something was done to it that can be taken back."""
    needs = any(effect.kind not in MAIL_EFFECTS and effect.kind in INVERSES for effect in effects)
    return await find(world, record.action) if needs else None


async def _prepare_one(world: World, record: Record, effects: Sequence[Effect], mail: Mail) -> Undoing:
    found = await _found(world, record, effects)
    claimed = {
        kind: await world.ledger.covered(targets, kind) for kind, targets in inverses_of(effects).items()
    }
    around = Around(
        now=world.clock.now(),
        mail=mail,
        found=found,
        reached=_reached(effects, mail, found),
        claimed=claimed,
        missing=missing(world),
        targets_per_call=world.pace.targets_per_call,
        departed=0 if world.restored is None else world.restored.departed.get(record.action.id, 0),
    )
    return undoing(record, effects, around)


def _reached(effects: Sequence[Effect], mail: Mail, found: Found | Problem | None) -> Reached:
    """Return which inverses are seen to have worked."""
    reached = dict(came_back(effects, mail))
    for effect in effects:
        is_other = effect.undoes is not None and effect.kind not in MAIL_EFFECTS
        if is_other and not isinstance(found, Problem):
            reached |= at_target(effect, found)
    return reached


async def _settle_arrived(world: World, effects: Sequence[Effect], reached: Reached) -> list[Effect]:
    """Settle inverses of which nobody knew and that are seen to have worked; return all effects as they went."""
    settled: list[Effect] = []
    for effect in effects:
        if has_arrived(effect, reached):
            await _settle_as_seen(world, effect.id)
            effect = msgspec.structs.replace(effect, went=Went.DONE)  # noqa: PLW2901  as it is now
        settled.append(effect)
    return settled


async def _settle_as_seen(world: World, effect_id: str) -> None:
    outcome = Outcome(went=Went.DONE, detail="seen to have worked")
    await world.ledger.settle(effect_id, outcome, world.clock.now())


@asynccontextmanager
async def _leased(world: World, incident_id: str) -> AsyncIterator[Leave]:
    """Give the lease of the incident, or of the one that it was merged into.

    Raises:
        Conflict: another agent keeps it.
    """
    incident = await surviving(world, incident_id)
    name = incident.id if incident is not None else incident_id
    for _ in range(TRIES):
        now = world.clock.now()
        async with leased(world, name) as token:
            if token is not None:
                until = now + LEASE
                yield Leave(
                    replica=world.replica, incident_id=name, token=token, until=until, despite=(BRAKE,)
                )
                return
        await world.clock.sleep_until(now + WAIT)
    raise Conflict(f"another agent is at work in incident `{name}`: undo it again in a few minutes")


async def _begin(world: World, action_id: str, planned: Undoing, act: Act) -> None:
    """Write down what will be asked for, by whom and why, and that the policies which had approved it fall back."""
    now = world.clock.now()

    fallen = await fallbacks_by_undo(world, action_id, planned.effects, now)

    async def begin() -> None:
        after = begun(await _load(world, action_id), planned, by=act.by, reason=act.reason, now=now)
        await world.ledger.save(
            [after], effects=planned.effects, dropped=planned.dropped, fallbacks=fallen, now=now
        )

    await insist(begin)
    for effect_id in planned.arrived:
        await _settle_as_seen(world, effect_id)


async def _send_all(
    world: World, enactor: Enactor, record: Record, planned: Undoing, leave: Leave, stop: asyncio.Event
) -> Stopped | None:
    """Make the calls one after the other; return what kept the rest from being made."""
    for effect in planned.effects:
        if stop.is_set():
            return Unavailable("it was asked to stop")

        async def depart(effect_id: str = effect.id) -> None:
            await require(world)
            now = world.clock.now()
            await _unless_file_holds(world, now)
            await world.ledger.depart(effect_id, now, msgspec.structs.replace(leave, until=now + LEASE))

        try:
            await call(world, enactor, record, effect, depart, stop)
        except (Held, Unavailable, Conflict) as error:
            return error
    return None


async def _unless_file_holds(world: World, now: datetime) -> None:
    """Return where the kill switch's file is not there; what the ledger holds is asked as the call is written down."""
    hold = None if world.switch is None else await world.switch.read(now)
    if hold is not None:
        raise Held(hold.guard, held_words(hold))


async def _finish(world: World, action_id: str, planned: Undoing) -> Record:
    """Write down how far it went; what was not sent is let go."""

    async def finish() -> None:
        effects = await world.ledger.effects(action_id)
        unsent = [one.id for one in effects if one.undoes is not None and one.went is Went.INTENDED]
        after = finished(await _load(world, action_id), planned, effects)
        await world.ledger.save([after], dropped=unsent, now=world.clock.now())

    await insist(finish)
    record = await _load(world, action_id)
    log.info("taken back", action=action_id, state=record.state, left=record.undone and record.undone.left)
    return record

"""One incident: read again, carry out what is still right, and show the decisions in it."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime, timedelta

import msgspec
import structlog

from agent.judge.confirm import after_sending, expire
from agent.judge.note import note
from agent.judge.recognise import recognise
from agent.judge.track import track
from agent.loop.moved import save_moved
from agent.loop.poll import surviving
from agent.loop.report import PassReport
from agent.model.defender import Incident
from agent.model.enactment import Effect, Outcome, Record, State, Went
from agent.model.errors import Refused, Unavailable
from agent.ports import World

PATIENCE = timedelta(seconds=10)
"""A wait that Graph asks for and that is no longer than this is waited for on the spot."""

STALE = timedelta(seconds=30)
"""How old the reading of an incident may be when its tags are replaced: somebody may have set one since."""

TRIES = 5
"""How often a write that was definitely not applied is tried within one visit."""

log = structlog.get_logger()


Halt = Callable[[], Awaitable[bool]]
"""Asked before each call that carries a decision out: whether it is over with those decisions for now."""


class TooLate(Exception):
    """The deadline or other policies came while the call waited for its turn: it does not leave."""


async def never() -> bool:
    """Whether it is over, where nothing ends it: it is not."""
    return False


async def visit(
    world: World, incident_id: str, stop: asyncio.Event, report: PassReport, is_over: Halt = never
) -> None:
    """Do everything that is still to be done in this incident, until asked to stop.

    An incident that was merged is visited where it went on.

    Raises:
        Unavailable: Graph is away or asks for patience; whatever was not sent is still intended.
    """
    incident = await surviving(world, incident_id)
    if incident is None:
        await _cannot_read(world, incident_id, report)
        return
    read_at = world.clock.now()
    places = dict.fromkeys((incident.id, incident_id))
    await _look_again(world, incident, places)
    for record in await _in(world, places):
        if record.state is State.INTENDED and not stop.is_set():
            await _perform(world, record, stop, report, is_over)
    if stop.is_set():
        return
    if world.clock.now() - read_at > STALE:
        incident = await world.defender.incident(incident.id) or incident
    await _note(world, incident, places, report)


async def _in(world: World, places: Iterable[str]) -> list[Record]:
    return [record for place in places for record in await world.ledger.of_incident(place)]


async def recover(world: World) -> int:
    """Settle what was under way when the agent last stopped: whether it was applied is not known.

    Returns how many calls that were.
    """
    found = offset = 0
    while records := await world.ledger.listed(states=[State.INTENDED], limit=500, offset=offset):
        for record in records:
            found += await _settle_interrupted(world, record)
        offset += len(records)
    return found


async def _settle_interrupted(world: World, record: Record) -> int:
    interrupted = [e for e in await world.ledger.effects(record.action.id) if e.went is Went.SENT]
    outcome = Outcome(went=Went.UNKNOWN, detail="the agent stopped while the call was under way")
    for effect in interrupted:
        await world.ledger.settle(effect.id, outcome, world.clock.now())
    return len(interrupted)


async def _cannot_read(world: World, incident_id: str, report: PassReport) -> None:
    """Leave to people what waits in an incident that is not there, nor one it was merged into."""
    report.problems.append(f"incident {incident_id} cannot be read, nor one it was merged into")
    moves: list[tuple[Record | None, Record]] = []
    for record in await world.ledger.of_incident(incident_id):
        if record.state is State.INTENDED:
            moves.append((record, _to_person(record, "its incident cannot be read")))
        elif not record.is_noted:
            moves.append((record, msgspec.structs.replace(record, is_noted=True)))
    await save_moved(world, moves)


async def _look_again(world: World, incident: Incident, places: Iterable[str]) -> None:
    """Void or close what changed since it was decided, before anything is sent."""
    now = world.clock.now()
    seen = {action.id: action for action in recognise(incident, tenant_id=world.tenant_id, now=now)}
    moves: list[tuple[Record | None, Record]] = []
    for record in await _in(world, places):
        action = seen.get(record.action.id)
        tracked = record if action is None else track(record, action, now) or record
        after = _still_right(world, tracked, now, is_shown=action is not None and action.is_pending)
        if after is not record:
            moves.append((record, after))
    await save_moved(world, moves)


def _still_right(world: World, record: Record, now: datetime, *, is_shown: bool) -> Record:
    if record.state is not State.INTENDED or record.decision is None:
        return record
    if now >= record.action.deadline:
        return expire(record, now)
    if not is_shown:
        return _to_person(record, "Defender does not show that it awaits approval")
    if not is_fresh(world, record, now):
        why = "its mail was looked up too long ago to act on"
        return msgspec.structs.replace(record, state=State.SEEN, due=now, why=why)
    return record


def is_fresh(world: World, record: Record, now: datetime, *, share: float = 1.0) -> bool:
    """Whether the record was decided so lately that its mail may be acted on; a clock set back is no excuse."""
    if record.decision is None:
        return False
    return timedelta(0) <= now - record.decision.at <= world.pace.fresh * share


def _to_person(record: Record, why: str) -> Record:
    """Return an approval that was not carried out, for a person; a later reading that shows it pending revives it."""
    why = f"approved, but when it was read again before writing: {why}; a person has to look"
    return msgspec.structs.replace(record, state=State.ESCALATED, due=record.action.deadline, why=why)


async def _perform(
    world: World, record: Record, stop: asyncio.Event, report: PassReport, is_over: Halt
) -> None:
    """Carry out one plan: its effects in order, each settled before the next."""
    await _settle_interrupted(world, record)
    for effect in await world.ledger.effects(record.action.id):
        if stop.is_set() or not is_fresh(world, record, world.clock.now()) or await is_over():
            return
        if effect.went is Went.INTENDED:
            await _send(world, record, effect, stop, is_over)
            report.sent += 1
    effects = await world.ledger.effects(record.action.id)
    if any(effect.went is Went.INTENDED for effect in effects):
        return
    newest = (await world.ledger.load([record.action.id]))[record.action.id]
    after = after_sending(newest, [effect for effect in effects if effect.went is not Went.DROPPED])
    await world.ledger.save([after], now=world.clock.now())
    log.info("sent", action=record.action.id, state=after.state, why=after.why)


async def _send(world: World, record: Record, effect: Effect, stop: asyncio.Event, is_over: Halt) -> None:
    """Make one call and write how it went; a call that definitely was not applied is intended again."""
    if world.enactor is None:
        return
    name = f"air-agent {record.action.id} {effect.id}"
    for attempt in range(1, TRIES + 1):
        has_left = False

        async def departing() -> None:
            nonlocal has_left
            if await is_over() or world.clock.now() >= record.action.deadline:
                raise TooLate
            await world.ledger.depart(effect.id, world.clock.now())
            has_left = True

        try:
            outcome = await world.enactor.soft_delete(effect, name=name, departing=departing)
        except TooLate:
            return
        except Unavailable as error:
            if has_left:
                back = Outcome(went=Went.INTENDED, detail=str(error))
                await world.ledger.settle(effect.id, back, world.clock.now())
            if attempt == TRIES or stop.is_set() or not _is_soon(error, world.clock.now()):
                raise
            await world.clock.sleep_until(error.until or world.clock.now())
            continue
        await world.ledger.settle(effect.id, outcome, world.clock.now())
        log.info(
            "call made",
            action=record.action.id,
            copies=len(effect.targets),
            went=outcome.went,
            bulk=outcome.bulk_id,
        )
        return


def _is_soon(error: Unavailable, now: datetime) -> bool:
    return error.until is not None and error.until - now <= PATIENCE


async def _nothing() -> None:
    """Note nothing before a comment or tag leaves: a repeat finds its own marker."""


async def _note(world: World, incident: Incident, places: Iterable[str], report: PassReport) -> None:
    """Show every decision that the incident does not show yet, in one comment and one change of tags.

    Raises:
        Unavailable: whether a comment or the tags were written is not known; their markers will say.
        Refused: they may not be written: a person has to grant it.
    """
    if world.enactor is None:
        return
    records = await _in(world, places)
    pending = [record for record in records if not record.is_noted and record.decision is not None]
    if not pending:
        return
    missing = note(incident, records)
    for text in missing.comments:
        _written(await world.enactor.comment(incident.id, text, departing=_nothing))
    if missing.tags is not None:
        _written(await world.enactor.tag(incident.id, missing.tags, departing=_nothing))
    newest = await world.ledger.load([record.action.id for record in pending])
    grounds = {record.action.id: record.decision.grounds for record in pending if record.decision is not None}
    noted = [
        msgspec.structs.replace(record, is_noted=True)
        for record in newest.values()
        if record.decision is not None and record.decision.grounds == grounds[record.action.id]
    ]
    await world.ledger.save(noted, now=world.clock.now())
    report.noted += len(noted)


def _written(outcome: Outcome) -> None:
    """Pass on a note that was written; any other is tried again when the incident has rested.

    The words do not name the incident, so that many that fail for one reason are told together.
    """
    if outcome.went is Went.UNKNOWN:
        raise Unavailable(f"may not have been annotated: {outcome.detail}")
    if outcome.went is Went.REFUSED:
        raise Refused(f"could not be annotated: {outcome.detail}")

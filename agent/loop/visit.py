"""One incident: read again, carry out what is still right, and show the decisions in it."""

import asyncio
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from functools import partial

import msgspec

from agent.judge.confirm import expire
from agent.judge.note import note
from agent.judge.track import track
from agent.loop.moved import save_moved
from agent.loop.noting import noting
from agent.loop.perform import LEASE, Halt, Turn, is_fresh, never, perform
from agent.loop.policies import InForce
from agent.loop.poll import surviving
from agent.loop.report import PassReport
from agent.loop.shown import shown
from agent.model.defender import Incident
from agent.model.enactment import Outcome, Record, State, Went
from agent.model.errors import Refused, Unavailable
from agent.ports import World

STALE = timedelta(seconds=30)
"""How old the reading of an incident may be when its tags are replaced: somebody may have set one since."""


async def visit(
    world: World,
    policies: InForce,
    incident_id: str,
    stop: asyncio.Event,
    report: PassReport,
    is_over: Halt = never,
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
    now = world.clock.now()
    token = await world.ledger.lease(incident.id, world.replica, now, now + LEASE)
    if token is None:
        return
    try:
        turn = Turn(incident.id, token, stop, report, policies, is_over)
        await _act(world, incident, dict.fromkeys((incident.id, incident_id)), turn)
    finally:
        await world.ledger.let_go(incident.id, token)


async def _act(world: World, incident: Incident, places: Mapping[str, None], turn: Turn) -> None:
    """Carry out what is still right in an incident that was just read, and show its decisions."""
    read_at = world.clock.now()
    await _look_again(world, incident, places)
    for record in await _in(world, places):
        if record.state is State.INTENDED and not turn.stop.is_set():
            await perform(world, record, turn)
    if turn.stop.is_set():
        return
    if world.clock.now() - read_at > STALE:
        incident = await world.defender.incident(incident.id) or incident
    await _note(world, incident, places, turn.report)


async def _in(world: World, places: Iterable[str]) -> list[Record]:
    return [record for place in places for record in await world.ledger.of_incident(place)]


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
    seen = {action.id: action for action in await shown(world, [incident], now)}
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
    if not is_fresh(world, record):
        why = "its mail was looked up too long ago to act on"
        return msgspec.structs.replace(record, state=State.SEEN, due=now, why=why)
    return record


def _to_person(record: Record, why: str) -> Record:
    """Return an approval that was not carried out, for a person; a later reading that shows it pending revives it."""
    why = f"approved, but when it was read again before writing: {why}; a person has to look"
    return msgspec.structs.replace(record, state=State.ESCALATED, due=record.action.deadline, why=why)


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
        comment = partial(world.enactor.comment, incident.id, text)
        _written(await noting(world, "comment", incident.id, text, comment))
    if missing.tags is not None:
        tag = partial(world.enactor.tag, incident.id, missing.tags)
        _written(await noting(world, "tags", incident.id, ", ".join(missing.tags), tag))
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

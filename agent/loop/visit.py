"""One incident: read again, carry out what is still right, and show the decisions in it."""

import asyncio
import dataclasses
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

import msgspec

from agent.judge.confirm import expire
from agent.judge.track import track
from agent.loop.annotating import annotate
from agent.loop.leasing import leased
from agent.loop.lookout import Lookout
from agent.loop.moved import save_moved
from agent.loop.perform import Halt, Turn, is_fresh, never, perform
from agent.loop.policies import InForce
from agent.loop.poll import surviving
from agent.loop.report import PassReport
from agent.loop.shown import shown
from agent.model.defender import Incident
from agent.model.enactment import Record, State
from agent.ports.world import World

STALE = timedelta(seconds=30)
"""How old the reading of an incident may be when its tags are replaced: somebody may have set one since."""


async def visit(
    world: World,
    policies: InForce,
    incident_id: str,
    stop: asyncio.Event,
    report: PassReport,
    lookout: Lookout,
    is_over: Halt = never,
    under_way: set[str] | None = None,
) -> None:
    """Do everything that is still to be done in this incident, until asked to stop.

    An incident that was merged is visited where it went on. One that is `under_way` already, or that another agent
    has, is passed over: both would write the same comment.

    Raises:
        Unavailable: Graph is away or asks for patience; whatever was not sent is still intended.
        Conflict: another agent was quicker, or has taken the incident over: nothing more is done in it.
        Held: nothing may be written; decisions are still to be shown.
    """
    visited = set() if under_way is None else under_way
    if incident_id in visited:
        return
    async with leased(world, incident_id) as token:
        if token is None:
            return
        incident = await surviving(world, incident_id)
        if incident is None:
            await _cannot_read(world, incident_id, report)
            return
        if incident.id in visited:
            return
        visited.add(incident.id)
        try:
            turn = Turn(incident.id, token, stop, report, policies, lookout, is_over)
            await _visit(world, incident, incident_id, turn)
        finally:
            visited.discard(incident.id)


async def _visit(world: World, incident: Incident, asked_for: str, turn: Turn) -> None:
    """Act in the incident, by a lease on it: one that was merged is another than was asked for."""
    if incident.id == asked_for:
        await _act(world, incident, {incident.id: None}, turn)
        return
    async with leased(world, incident.id) as there:
        if there is not None:
            places = dict.fromkeys((incident.id, asked_for))
            await _act(world, incident, places, dataclasses.replace(turn, token=there))


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
    await annotate(world, incident, await _in(world, places), turn)


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
        why = "what it acts on was looked up too long ago"
        return msgspec.structs.replace(record, state=State.SEEN, due=now, why=why)
    return record


def _to_person(record: Record, why: str) -> Record:
    """Return an approval that was not carried out, for a person; a later reading that shows it pending revives it."""
    why = f"approved, but when it was read again before writing: {why}; a person has to look"
    return msgspec.structs.replace(record, state=State.ESCALATED, due=record.action.deadline, why=why)

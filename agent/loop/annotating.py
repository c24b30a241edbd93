"""Showing decisions in Defender: comments and tags of the incident, classifications and comments of its alerts.

Graph offers no key against repeats. Whatever may have been written is looked for by its marker when it is tried again,
and a decision counts as told only once all of it was written.
"""

from collections.abc import Sequence
from functools import partial

import msgspec

from agent.judge.classify import AlertNote, alert_notes, elsewhere
from agent.judge.note import is_told, note
from agent.loop.noting import noting
from agent.loop.perform import Turn
from agent.loop.poll import surviving
from agent.loop.tracing import trace
from agent.model.defender import Alert, Incident
from agent.model.enactment import Outcome, Record, Went
from agent.model.errors import Refused, Unavailable
from agent.model.trace import Phase
from agent.ports.defender import Enactor
from agent.ports.world import World


async def annotate(world: World, incident: Incident, records: Sequence[Record], turn: Turn) -> None:
    """Show every decision that the incident, as it was just read, and its alerts do not show yet.

    `records` are all of this incident.

    Raises:
        Unavailable: whether something was written is not known; its marker will say.
        Refused: it may not be written: a person has to grant it.
        Held, Conflict: nothing may be written now, or not by this agent.
    """
    if world.enactor is None:
        return
    pending = [record for record in records if not record.is_noted and is_told(record)]
    if not pending:
        return
    began = world.clock.now()
    missing = note(incident, records)
    for text in missing.comments:
        comment = partial(world.enactor.comment, incident.id, text)
        _written(await noting(world, turn, "comment", incident.id, text, comment))
    if missing.tags is not None:
        tag = partial(world.enactor.tag, incident.id, missing.tags)
        _written(await noting(world, turn, "tags", incident.id, ", ".join(missing.tags), tag))
    alerts = [*incident.alerts, *await _alerts_of(world, elsewhere(incident, records))]
    await _tell_alerts(world, world.enactor, turn, alert_notes(alerts, records))
    newest = await world.ledger.load([record.action.id for record in pending])
    told = {record.action.id: _said(record) for record in pending}
    noted = [
        msgspec.structs.replace(record, is_noted=True)
        for record in newest.values()
        if record.decision is not None and _said(record) == told[record.action.id]
    ]
    await world.ledger.save(noted, now=world.clock.now())
    turn.report.noted += len(noted)
    for record in noted:
        trace(world, record, Phase.NOTED, began, world.clock.now(), incident=incident.id)


def _said(record: Record) -> tuple[object, ...]:
    """Return what was told of the record: while it was written, it may have been decided anew or undone."""
    return (record.decision.grounds if record.decision is not None else None, record.undone)


async def _alerts_of(world: World, incident_ids: Sequence[str]) -> list[Alert]:
    """Return the alerts of other incidents, which carry the same evidence."""
    found = [await surviving(world, incident_id) for incident_id in incident_ids]
    return [alert for incident in found if incident is not None for alert in incident.alerts]


async def _tell_alerts(world: World, enactor: Enactor, turn: Turn, notes: Sequence[AlertNote]) -> None:
    """Write to each alert; one that refuses does not keep the others from being told."""
    refused: Refused | None = None
    for one in notes:
        try:
            await _tell_alert(world, enactor, turn, one)
        except Refused as error:
            refused = refused or error
    if refused is not None:
        raise refused


async def _tell_alert(world: World, enactor: Enactor, turn: Turn, missing: AlertNote) -> None:
    """Classify first: the comment says that it was done."""
    alert, concluded = missing.alert_id, missing.classification
    if concluded is not None:
        classify = partial(enactor.classify_alert, alert, concluded)
        _written(await noting(world, turn, "classification", alert, str(concluded), classify))
    for text in missing.comments:
        comment = partial(enactor.comment_alert, alert, text)
        _written(await noting(world, turn, "comment", alert, text, comment))


def _written(outcome: Outcome) -> None:
    """Pass on a note that was written; any other is tried again when the incident has rested.

    The words do not name the incident, so that many that fail for one reason are told together.
    """
    if outcome.went is Went.UNKNOWN:
        raise Unavailable(f"may not have been annotated: {outcome.detail}")
    if outcome.went is Went.REFUSED:
        raise Refused(f"could not be annotated: {outcome.detail}")

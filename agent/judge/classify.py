"""(Decisions, the alerts that carry their evidence) -> the classification and the comment that each alert lacks.

A rejection is only ever advisory, so that its reason has to stand where a person decides: on the alert as well. An
alert that somebody classified is left as it is.
"""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from agent.judge.note import LONGEST, comments_of, differ, is_told, line, marker
from agent.model.decision import Classification, Verb
from agent.model.defender import Alert, Incident
from agent.model.enactment import CLOSED, Record, State

UNCLASSIFIED = frozenset({None, "unknown"})
"""Words of an alert that nobody has classified."""


class AlertNote(msgspec.Struct, frozen=True, kw_only=True):
    """What is still to be written to one alert: first its classification, then the comments that tell of it."""

    alert_id: str
    classification: Classification | None = None
    comments: tuple[str, ...] = ()


def concerns_alerts(record: Record) -> bool:
    """Whether its decision is shown on alerts too: it rejects, or its policies conclude something."""
    decision = record.decision
    if decision is None or not is_told(record) or record.undone is not None:
        return False
    if record.state in CLOSED and record.state is not State.CONFIRMED:
        return False
    return decision.verb is Verb.REJECT or bool(decision.classifications)


def elsewhere(incident: Incident, records: Sequence[Record]) -> tuple[str, ...]:
    """Return the other incidents with alerts that carry evidence of what is still to be told."""
    here = {alert.id for alert in incident.alerts}
    found = (
        sighting.incident_id
        for record in records
        if not record.is_noted and concerns_alerts(record)
        for sighting in record.action.sightings
        if sighting.alert_id not in here and sighting.incident_id != incident.id
    )
    return tuple(dict.fromkeys(found))


def alert_notes(alerts: Iterable[Alert], records: Sequence[Record]) -> tuple[AlertNote, ...]:
    """Return what each of these alerts lacks to show the decisions over its evidence."""
    carried: dict[str, list[Record]] = {}
    for record in records:
        if concerns_alerts(record):
            for alert_id in dict.fromkeys(one.alert_id for one in record.action.sightings):
                carried.setdefault(alert_id, []).append(record)
    notes = (_note(alert, carried.get(alert.id, ())) for alert in alerts)
    return tuple(one for one in notes if one.comments or one.classification)


def _note(alert: Alert, records: Sequence[Record]) -> AlertNote:
    if all(record.is_noted for record in records):
        return AlertNote(alert_id=alert.id)
    named = _named(records)
    is_free = alert.classification in UNCLASSIFIED
    written = "\n".join(comment.comment or "" for comment in alert.comments)
    missing = [one for one in records if not one.is_noted and marker(one) not in written]
    concluded = _concluded(alert, named)
    share = LONGEST // max(min(len(missing), 5), 1)
    return AlertNote(
        alert_id=alert.id,
        classification=next(iter(named.values())) if is_free and len(named) == 1 else None,
        comments=comments_of([line(record, share - 1, more=concluded) for record in missing]),
    )


def _named(records: Sequence[Record]) -> Mapping[str, Classification]:
    """Return what all decisions over one alert want it classified as, each once."""
    found = (
        one
        for record in records
        if record.decision is not None
        for one in record.decision.classifications or ()
    )
    return {str(one): one for one in sorted(found, key=str)}


def _concluded(alert: Alert, named: Mapping[str, Classification]) -> str:
    """Say what becomes of the alert's classification."""
    if not named:
        return ""
    if alert.classification not in UNCLASSIFIED:
        wanted = next(iter(named.values()))
        if len(named) == 1 and (alert.classification, alert.determination) in _same(wanted):
            return f"Classified as {wanted}."
        return f"It was classified as {alert.classification} before, and that was left as it is."
    if len(named) > 1:
        return differ(named)
    return f"Classified as {next(iter(named))}."


def _same(wanted: Classification) -> tuple[tuple[str | None, str | None], ...]:
    """Return how an alert reads that has this classification."""
    named = (wanted.classification, wanted.determination)
    return (named,) if wanted.determination else (named, (wanted.classification, "unknown"))

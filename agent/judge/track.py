"""(What is recorded, what was just seen) -> the record as it stands now."""

from datetime import datetime

import msgspec

from agent.judge.recognise import evidence_digest, join
from agent.model.decision import Verb
from agent.model.defender import MailClusterEvidence
from agent.model.enactment import CLOSED, Confirmation, EffectSeen, PendingSeen, Record, State
from agent.model.pending import PendingAction

UNDISPATCHED = frozenset(
    {
        State.SEEN,
        State.DECIDED,
        State.INTENDED,
        State.DEDUPLICATED,
        State.HANDED_OFF,
        State.REJECTED,
        State.HELD,
        State.ESCALATED,
        State.ANSWERED,
        State.LAPSED,
    }
)
"""States that wait for a decision, for its carrying out, or for a person; parts may have been sent before."""

WAITING = UNDISPATCHED - {State.SEEN, State.ANSWERED}
"""Those that were decided: each is judged anew in its time. What was answered is about to be."""

UNSETTLED = frozenset({State.UNKNOWN, State.UNVERIFIED, State.CONTRADICTED})
"""States in which what was sent was not seen to have worked."""

AMBIGUOUS = frozenset({None, "unknownFutureValue", "unknown"})
"""Words that do not say how an action stands: the record is left as it is."""


def track(record: Record | None, seen: PendingAction, now: datetime) -> Record | None:
    """Return the record as a new reading leaves it; None where there is nothing to record.

    A reading that says nothing new returns the record itself.
    """
    if record is None:
        return Record(action=seen, state=State.SEEN, due=now) if seen.is_pending else None
    if record.state in CLOSED and seen.is_pending and seen.first_seen >= record.action.deadline:
        return _anew(record, seen, now)
    if _is_of_an_earlier_life(record, seen):
        return record
    action = join(record.action, seen)
    moved = record if action == record.action else msgspec.structs.replace(record, action=action)
    if action.remediation_status in AMBIGUOUS:
        return moved
    if action.is_pending:
        grew = not _messages(action) <= _messages(record.action)
        return _still_pending(moved, now, grew=grew, is_news=moved is not record)
    return _closed(moved, now)


def is_over_before(record: Record, seen: PendingAction, now: datetime) -> bool:
    """Whether the record's week is over and nobody has ended it yet, and what was seen was proposed after it.

    It has to be ended first: joined to the old proposal, the new one would expire with it.
    """
    is_over = now >= record.action.deadline and record.state in UNDISPATCHED
    return is_over and seen.is_pending and seen.first_seen >= record.action.deadline


def _is_of_an_earlier_life(record: Record, seen: PendingAction) -> bool:
    """Whether the reading is of a proposal, or of an alert, that was over before this one began.

    Defender may show a proposal as pending whose week is over: joined to a new one it would take its days.
    """
    if seen.deadline <= record.action.first_seen:
        return True
    known = {sighting.alert_id for sighting in record.action.sightings}
    if seen.is_pending or any(sighting.alert_id in known for sighting in seen.sightings):
        return False
    updated = [sighting.last_update_date_time for sighting in seen.sightings]
    return all(moment is not None and moment < record.action.first_seen for moment in updated)


def _anew(record: Record, seen: PendingAction, now: datetime) -> Record:
    """Begin a new life: the week of the last one is over, and the same thing is proposed again.

    What was sent then stays claimed in the ledger, and is not sent again. That it was seen to have worked is remembered:
    if it is not so any more, somebody put it back.
    """
    has_worked = record.confirmation.effect is EffectSeen.CONFIRMED
    return msgspec.structs.replace(
        record,
        action=seen,
        state=State.SEEN,
        due=now,
        decision=None,
        plan=None,
        confirmation=Confirmation(),
        why="proposed anew",
        is_noted=True,
        undone=None,
        lapse=None,
        discounted=(),
        asked_since=None,
        life=record.life + 1,
        worked_before=seen.first_seen if has_worked else record.worked_before,
    )


def _still_pending(record: Record, now: datetime, *, grew: bool, is_news: bool) -> Record:
    if record.state is State.SUPERSEDED or (record.state is State.EXPIRED and now < record.action.deadline):
        # What people approved before somebody decided it elsewhere was for that time.
        return msgspec.structs.replace(_reopened(record, now), asked_since=now)
    decision = record.decision
    if decision is None or record.state in {State.SEEN, State.EXPIRED}:
        return record
    if record.state is State.ESCALATED and decision.verb is Verb.APPROVE and is_news:
        # It was approved, and not shown when it was read again before writing.
        return _reopened(record, now)
    if evidence_digest(record.action) == decision.evidence:
        return record
    if record.state not in UNDISPATCHED and not grew:
        return record
    return msgspec.structs.replace(
        record, state=State.SEEN, due=now, why="the evidence changed since it was decided", is_noted=True
    )


def _messages(action: PendingAction) -> frozenset[str]:
    evidence = action.evidence
    return (
        frozenset(evidence.network_message_ids) if isinstance(evidence, MailClusterEvidence) else frozenset()
    )


def _reopened(record: Record, now: datetime) -> Record:
    return msgspec.structs.replace(
        record, state=State.SEEN, due=now, why="awaits approval again", confirmation=Confirmation()
    )


def _closed(record: Record, now: datetime) -> Record:
    word = record.action.remediation_status
    if record.state in CLOSED:
        return _noticed(record, now)
    if record.state is State.REJECTED and word == "declined":
        return _confirmed(record, now, "declined in Defender, as was decided here")
    if record.state in UNDISPATCHED or record.state is State.REFUSED:
        why = f"Defender shows `{word}`: decided or cancelled elsewhere before it was carried out here"
        if record.state is State.DEDUPLICATED and record.plan is not None:
            why = f"Defender shows `{word}`; its messages are those of action {record.plan.duplicate_of}"
        return msgspec.structs.replace(
            _noticed(record, now), state=State.SUPERSEDED, due=None, why=why, is_noted=True
        )
    closed = _noticed(record, now)
    if record.state in UNSETTLED and closed is not record:
        # Defender may have closed it because the mail is gone: one more look says.
        return msgspec.structs.replace(closed, due=now)
    return closed


def _noticed(record: Record, now: datetime) -> Record:
    if record.confirmation.pending is PendingSeen.CLOSED:
        return record
    seen = msgspec.structs.replace(record.confirmation, pending=PendingSeen.CLOSED, at=now)
    return msgspec.structs.replace(record, confirmation=seen)


def _confirmed(record: Record, now: datetime, words: str) -> Record:
    seen = msgspec.structs.replace(
        record.confirmation, effect=EffectSeen.CONFIRMED, pending=PendingSeen.CLOSED, words=words, at=now
    )
    return msgspec.structs.replace(record, state=State.CONFIRMED, due=None, confirmation=seen, why="")

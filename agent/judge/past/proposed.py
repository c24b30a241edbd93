"""(Something an incident shows, AIR's own rows) -> whether people were once asked about it, and how that ended.

Graph shows evidence as it stands now. That it awaited approval once is known where AIR's own row says so, or where people
declined it: only what was proposed can be. All else that was remediated may have been so without anybody.

UNCONFIRMED: every word of `remediationStatus` here but `pendingApproval`, what it says after the week, and how rows
spell approvals. Whatever is in doubt is left out and counted, never taken for a proposal.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from agent.judge.attribute import attribute
from agent.judge.ground_truth import opened, truth
from agent.judge.lives import How, Life
from agent.judge.naming import awaits, is_about, named, proposes
from agent.judge.track import AMBIGUOUS
from agent.model.air import AirAction, AirReading
from agent.model.history import DECLINED, Ending
from agent.model.imported import Why
from agent.model.pending import ActionKind, PendingAction
from agent.model.truth import Source, Truth

COULD_HAVE_BEEN = frozenset({"remediated", "unremediated", "partiallyRemediated", "running"})
"""Words in which a proposal can end, and which what nobody was asked about shows as well. Source: [META]."""

DEALT_WITH = "successfullyRemediated"
"""An investigation's word for that every action of it was dealt with; where the week ended one, it is terminated by the
system instead. Only beside it an alert's last update is believed to be the latest moment at which an action of it ended:
whether a change of evidence moves that moment is UNCONFIRMED, and a no of the week's end must not count as a person's.
Source: [AVR]."""

REACH = timedelta(days=30)
"""How far back hunting knows of mail and of AIR's own rows. Source: the quotas on the advanced hunting pages."""


class Ended(msgspec.Struct, frozen=True, kw_only=True):
    """A proposal that is over: how, and when that is known to have shown first."""

    action: PendingAction
    ended: Ending
    at: datetime
    """When it came to be over, as far as that is known."""
    shown: datetime
    """By when it is known to have been over; never before `at`."""
    status: str | None
    rows: tuple[AirAction, ...] = ()
    """AIR's own, about it."""


def kinds_of(action: PendingAction, rows: Sequence[AirAction]) -> tuple[PendingAction, ...]:
    """Return it under each kind that rows name; as it is where none does, or its evidence settles it."""
    found = named(action, rows, {})
    told = tuple(one for one in found if one.kind is not ActionKind.UNKNOWN)
    return told or found


def proposed(
    action: PendingAction, rows: Sequence[AirAction], now: datetime, agent_reads_since: datetime
) -> Ended | Why | None:
    """Return how a proposal ended, or why it is left out; None for what nobody was ever to decide.

    Args:
        action: what an incident shows, of a kind that `kinds_of` gave.
        rows: those that may be about it.
        now: the moment.
        agent_reads_since: what was updated since then the agent itself reads, or has read.
    """
    about = tuple(row for row in rows if is_about(row, action))
    word = action.remediation_status
    if action.evidence is None:
        return Why.OPEN if action.is_pending else None
    if action.is_pending:
        return _pending(action, about, now, agent_reads_since)
    was_asked = _was_asked(action, about)
    if word in AMBIGUOUS:
        return Why.AMBIGUOUS if was_asked or word is not None else None
    if not was_asked and word != DECLINED:
        return Why.UNSHOWN if word in COULD_HAVE_BEEN else None
    if action.first_seen < now - REACH:
        return Why.TOO_OLD
    at = _ended_at(action, about, now)
    shown = at if action.latest.investigation_state == DEALT_WITH else now
    return Ended(action=action, ended=Ending.ELSEWHERE, at=at, shown=shown, status=word, rows=about)


def _pending(
    action: PendingAction, about: tuple[AirAction, ...], now: datetime, agent_reads_since: datetime
) -> Ended | Why:
    """Return what was left until its week was over, as far as the agent does not see that itself."""
    updated = action.latest.last_update_date_time
    if now < action.deadline or updated is None or updated >= agent_reads_since:
        return Why.OPEN
    if action.first_seen < now - REACH:
        return Why.TOO_OLD
    return Ended(
        action=action,
        ended=Ending.EXPIRED,
        at=action.deadline,
        shown=now,
        status=action.remediation_status,
        rows=about,
    )


def _was_asked(action: PendingAction, about: Sequence[AirAction]) -> bool:
    if any(proposes(row, action.first_seen) for row in about):
        return True
    return attribute(action, about, action.first_seen, action.deadline) is not None


def _ended_at(action: PendingAction, about: Sequence[AirAction], now: datetime) -> datetime:
    """Return when it was over: as a row first said, else when its alert was last updated."""
    told = [at for row in about if proposes(row, action.first_seen) if (at := _decided_at(row)) is not None]
    word = attribute(action, about, action.first_seen, action.deadline)
    if word is not None:
        told.append(word.at)
    updated = action.latest.last_update_date_time or now
    shown = min(told, default=updated)
    return min(max(shown, action.first_seen), now)


def _decided_at(row: AirAction) -> datetime | None:
    """Return when a row first said that it awaits nobody any more; None where it still does."""
    readings: tuple[AirAction | AirReading, ...] = (*row.earlier, row)
    last = max((at for at, one in enumerate(readings) if awaits(one)), default=-1)
    return readings[last + 1].at if last + 1 < len(readings) else None


def truth_of(ended: Ended) -> Truth:
    """Return what people decided about it, as far as anybody knows."""
    action = ended.action
    life = Life(
        action_id=action.id,
        first_seen=action.first_seen,
        deadline=action.deadline,
        how=How.EXPIRED if ended.ended is Ending.EXPIRED else How.ELSEWHERE,
        status=ended.status,
        seen=ended.shown,
        at=ended.at,
    )
    word = attribute(action, ended.rows, action.first_seen, action.deadline)
    return truth(life, {} if word is None else {Source.AIR: word}) or opened(life)

"""Records and the history -> proposals: which there were of an action, how each ended, and when.

A proposal is an action from when it was seen to the end of its week; the same thing proposed anew after that is another.
When one was first seen may become an earlier moment, as further alerts show it.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from enum import StrEnum

import msgspec

from agent.judge.attribute import Word
from agent.judge.track import AMBIGUOUS
from agent.model.decision import Verb
from agent.model.enactment import PendingSeen, Record, State
from agent.model.history import DECLINED, Decided, Decider, Ending
from agent.model.pending import LIFETIME, PendingAction, Sighting, are_one_proposal
from agent.model.truth import Truth


class How(StrEnum):
    """How a proposal stands."""

    OPEN = "open"
    ELSEWHERE = "elsewhere"
    """Defender shows that it ended, and nothing done here ended it."""
    OURS = "ours"
    """It ended by what was done here: for it, or for another action that took its mail."""
    EXPIRED = "expired"


class Life(msgspec.Struct, frozen=True, kw_only=True):
    """One proposal and how it ended: an action from when it was seen to the end of its week."""

    action_id: str
    first_seen: datetime
    deadline: datetime
    how: How
    status: str | None = None
    """The evidence's word for how it ended."""
    seen: datetime
    """When it was seen so."""
    at: datetime
    """When it came to be so, as far as that is known: never after it was seen."""


def life_of(before: Record | None, record: Record, now: datetime, *, is_taken: bool = False) -> Life:
    """Return the proposal that a record is of, as it goes from one reading to the next.

    Args:
        before: as it was; None where it is new.
        record: as it is saved.
        now: the moment of the reading.
        is_taken: whether deletions of ours for other actions took its mail.
    """
    action = record.action
    how = _how(record, is_taken=is_taken)
    at = min(now, action.deadline) if how is How.EXPIRED else _changed(before, action, now)
    return Life(
        action_id=action.id,
        first_seen=action.first_seen,
        deadline=action.deadline,
        how=how,
        status=action.remediation_status,
        seen=now,
        at=at,
    )


def _how(record: Record, *, is_taken: bool) -> How:
    status = record.action.remediation_status
    if record.state is State.EXPIRED or record.confirmation.pending is PendingSeen.EXPIRED:
        return How.EXPIRED
    if record.action.is_pending or status in AMBIGUOUS:
        return How.OPEN
    is_duplicate = record.plan is not None and record.plan.duplicate_of is not None
    is_elsewhere = record.state is State.SUPERSEDED and not is_duplicate and not is_taken
    return How.ELSEWHERE if is_elsewhere or status == DECLINED else How.OURS


def _changed(before: Record | None, action: PendingAction, now: datetime) -> datetime:
    """Return when it came to stand as it does: when the first alert that shows so was updated, else when that was read.

    UNCONFIRMED: whether a change of evidence moves `lastUpdateDateTime`. So only an alert that was updated since it
    was read before is believed, and only for the moment: it does not make a no one that came in time.
    """
    known = {one.alert_id: one for one in before.action.sightings} if before is not None else {}
    moments = [
        one.last_update_date_time
        for one in action.sightings
        if one.remediation_status == action.remediation_status and _is_news(one, known.get(one.alert_id))
    ]
    return min([now, *(moment for moment in moments if moment is not None and moment >= action.first_seen)])


def _is_news(seen: Sighting, known: Sighting | None) -> bool:
    if known is None or known.last_update_date_time is None or seen.last_update_date_time is None:
        return known is None
    return known.remediation_status != seen.remediation_status and (
        known.last_update_date_time < seen.last_update_date_time
    )


def has_moved(before: Record | None, record: Record) -> bool:
    """Whether how a proposal stands may have become another since it was read before."""
    if before is None:
        return not record.action.is_pending
    return (
        before.state is not record.state
        or before.confirmation.pending is not record.confirmation.pending
        or before.action.remediation_status != record.action.remediation_status
        or before.action.first_seen != record.action.first_seen
    )


class Past(msgspec.Struct, frozen=True, kw_only=True):
    """One proposal as the history has it, and what people answered here."""

    life: Life
    answer: Word | None = None


def lives_in(rows: Iterable[Decided]) -> tuple[Past, ...]:
    """Return the proposals of one action, oldest first, by its history, oldest first.

    What ended without a row of its own ended by what was done here, unless it is still open: then nobody asks.
    """
    return tuple(past_of(some) for some in proposals(rows))


def proposals(rows: Iterable[Decided]) -> Iterator[Sequence[Decided]]:
    """Give what the history has of each proposal of one action, oldest first, by its history, oldest first."""
    some: list[Decided] = []
    for row in rows:
        is_same = not some or row.first_seen == some[-1].first_seen
        if not is_same and row.first_seen >= min(one.deadline for one in some):
            yield some
            some = []
        some.append(row)
    if some:
        yield some


def past_of(rows: Sequence[Decided]) -> Past:
    """Return one proposal by everything that the history has of it, oldest first."""
    last = rows[-1]
    endings = {None: How.OURS, Ending.ELSEWHERE: How.ELSEWHERE, Ending.EXPIRED: How.EXPIRED}
    deadline = min(row.deadline for row in rows)
    is_over = last.ended is Ending.EXPIRED
    life = Life(
        action_id=last.action_id,
        first_seen=min(row.first_seen for row in rows),
        deadline=deadline,
        how=endings[last.ended],
        status=last.status,
        seen=last.at,
        at=min(last.at, deadline) if is_over else last.at,
    )
    answers = [row for row in rows if row.people and row.verb is not None]
    if not answers:
        return Past(life=life)
    newest = answers[-1]
    verb = Verb.APPROVE if newest.by is Decider.GUARD else newest.verb
    return Past(life=life, answer=Word(verb=verb, by=newest.people, at=newest.answered or newest.at))


def is_of(known: Truth, life: Life) -> bool:
    """Whether a truth is of this proposal: when one was first seen may become an earlier moment, within its week."""
    until = known.first_seen + LIFETIME
    return are_one_proposal(known.first_seen, until, life.first_seen, life.deadline)


def known_of(life: Life, truths: Iterable[Truth]) -> Truth | None:
    """Return what is known of this proposal among everything that is known of its action."""
    of_it = [one for one in truths if is_of(one, life)]
    return min(of_it, key=lambda one: abs(one.first_seen - life.first_seen), default=None)

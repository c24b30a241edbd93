"""(Record, its effects, what they came to) -> the record with what was seen of them."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from agent.judge.look import Reached
from agent.model.decision import Guarded, Verb
from agent.model.enactment import (
    Confirmation,
    Effect,
    EffectKind,
    EffectSeen,
    Pair,
    PendingSeen,
    Record,
    State,
    Went,
)
from agent.model.hold import BRAKE, KILL_SWITCH

CHECKS = (timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=2), timedelta(hours=12))
"""When to look after a call was made. Completion can take hours. Source: [RME]."""

MARGIN = timedelta(hours=24)
"""How long before the deadline a person is told at the latest."""

AGAIN = timedelta(hours=12)
"""How long a decision stands that nobody has carried out before time and policies are asked again."""

AFTER_AN_HOUR = timedelta(hours=1, seconds=1)
"""How long an approval is held by an amount before it is weighed again: what was given exactly an hour ago counts."""

GAP = timedelta(minutes=30)
"""How long after a look-up with gaps the mail is looked up again, at the least: hunting lags by minutes."""

INTERRUPTED = "air-agent stopped while the call was under way"
"""Why nobody knows of a call that was sent and never settled whether it was applied."""

LEFT = frozenset({Went.SENT, Went.DONE, Went.UNKNOWN})
"""How an effect may have gone that is to be looked at."""


BESIDE = frozenset({EffectKind.REVOKE_SESSIONS})
"""What a plan does besides what was proposed: that Defender closes the action says nothing of it."""


ENDS = {State.SUPERSEDED: PendingSeen.CLOSED, State.EXPIRED: PendingSeen.EXPIRED}
"""States in which nothing more is done, and what they say of the pending action."""


def standing(effects: Sequence[Effect]) -> tuple[Effect, ...]:
    """Return what was sent for an action and stands: without the targets that a person took back, or began to."""
    taken = {
        (effect.undoes, target)
        for effect in effects
        if effect.undoes is not None and effect.went in {Went.INTENDED, *LEFT}
        for target in effect.targets
    }
    found: list[Effect] = []
    for effect in effects:
        if effect.undoes is not None or effect.went not in LEFT:
            continue
        targets = tuple(target for target in effect.targets if (effect.id, target) not in taken)
        if targets:
            found.append(msgspec.structs.replace(effect, targets=targets, before=()) if taken else effect)
    return tuple(found)


def after_sending(record: Record, effects: Sequence[Effect]) -> Record:
    """Return the record once every effect of its plan has been tried; what became of them is still to be looked at.

    What may have been applied is never tried again: from here on it is only read.
    """
    went = {effect.went for effect in effects}
    state = State.SENT
    why = ""
    if _is_unsure(effects):
        state = State.UNKNOWN
        why = _details(effects, Went.UNKNOWN) or INTERRUPTED
        why = f"whether it was applied is not known: {why}; it is read back and never sent again"
    elif Went.REFUSED in went:
        state = State.REFUSED
        why = f"refused: {_details(effects, Went.REFUSED)}"
    due = _next_check(record, effects, 0) if went & LEFT else None
    return msgspec.structs.replace(record, state=state, due=due, why=why)


def confirm(record: Record, effects: Sequence[Effect], reached: Reached, now: datetime) -> Record:
    """Return the record after one look at what was sent for it, and at what others were to take."""
    targets = {
        (effect.kind, target) for effect in effects if effect.went in LEFT for target in effect.targets
    }
    leaned = record.plan.leaned if record.plan is not None else ()
    targets.update((EffectKind.SOFT_DELETE, target) for target in leaned)
    still = sum(reached.get(target) is False for target in targets)
    unread = len(targets - reached.keys())
    checks = record.confirmation.checks + 1
    if not still and not unread:
        return _reached(record, _done(targets), checks, now)
    later = _next_check(record, effects, checks)
    words = _words(targets, still, unread)
    effect = _seen(len(targets), still, unread)
    confirmation = msgspec.structs.replace(
        record.confirmation, effect=effect, words=words, checks=checks, at=now
    )
    if later is not None:
        return msgspec.structs.replace(record, confirmation=confirmation, due=later)
    state = record.state
    if state is State.SENT:
        state = State.CONTRADICTED if still else State.UNVERIFIED
    doubt = "whether it was applied is not known, and " if state is State.UNKNOWN else ""
    return msgspec.structs.replace(
        record,
        state=state,
        due=None,
        confirmation=confirmation,
        why=f"{doubt}{words} at the last look: a person has to see",
    )


def watch(record: Record, effects: Sequence[Effect], reached: Reached, now: datetime) -> Record:
    """Return a record that waits for something else, after one look at what was sent for it before."""
    sent = msgspec.structs.replace(record, state=State.SENT, plan=None)
    looked = confirm(sent, effects, reached, now)
    seen = msgspec.structs.replace(record, confirmation=looked.confirmation)
    return msgspec.structs.replace(seen, due=_waits_until(seen, looked.due, now))


def still_watched(record: Record, effects: Sequence[Effect], now: datetime) -> Record:
    """Return a record that waits for something else, and says and follows what was sent for it before."""
    words = "; ".join(filter(None, (record.why, _sent_before(effects))))
    if _is_unsure(effects):
        words += ", and whether that was applied is not known: it is read back and never sent again"
    due = _waits_until(record, _next_check(record, effects, 0), now)
    return msgspec.structs.replace(record, due=due, why=words)


def is_watched(record: Record, effects: Sequence[Effect]) -> bool:
    """Whether what was sent for a record that waits for something else is still to be looked at."""
    if record.confirmation.effect is EffectSeen.CONFIRMED or record.confirmation.checks >= len(CHECKS):
        return False
    return bool(standing(effects))


def judged_again(record: Record, now: datetime) -> datetime:
    """Return when a decision that waits for people is judged anew: time passes, windows end, gaps close."""
    decision = record.decision
    if record.state is State.HELD and decision is not None and decision.held:
        return min(_while_held(decision.held[0], now), record.action.deadline)
    wait = AGAIN
    if decision is not None and not decision.facts.messages_complete:
        wait = max(GAP, (now - record.action.first_seen) / 4)
    elif record.state is State.HELD:
        wait = AFTER_AN_HOUR
    elif record.plan is not None and record.plan.may_pass:
        wait = GAP
    return min(now + wait, record.action.deadline)


def _while_held(said: Guarded, now: datetime) -> datetime:
    """Return when a guard rail is asked again: when its time is over; a hold is released, and then at once."""
    if said.until is not None:
        return max(said.until, now + timedelta(minutes=1))
    return now + (AGAIN if said.guard in {KILL_SWITCH, BRAKE} else AFTER_AN_HOUR)


def _waits_until(record: Record, check: datetime | None, now: datetime) -> datetime | None:
    if record.state is State.EXPIRED:
        return check
    again = judged_again(record, now)
    return again if check is None else min(check, again)


def already_done(record: Record, now: datetime) -> Record:
    """Return the record of an approval that found nothing left to do."""
    words = record.plan.why if record.plan is not None else "there was nothing left to do"
    return _reached(record, words, record.confirmation.checks, now)


def expire(record: Record, now: datetime) -> Record:
    """Return the record of an action whose week is over, and which nobody decided."""
    seen = msgspec.structs.replace(record.confirmation, pending=PendingSeen.EXPIRED, at=now)
    ended = record.action.deadline.strftime("%Y-%m-%d %H:%MZ")
    why = f"`action.deadline` was {ended}: the week ended before it was carried out, and an expiry is nobody's no"
    return msgspec.structs.replace(
        record, state=State.EXPIRED, due=None, confirmation=seen, why=why, is_noted=True
    )


def ended(before: Record, record: Record, effects: Sequence[Effect], now: datetime) -> Record:
    """Return a record as it ends, given what it was before and everything that was ever planned or sent for it.

    One that Defender closed after we acted is not superseded: its decision is shown. One whose week ended stays expired,
    unless nobody knows whether a call of it was applied. What else was to be done with what was done is a person's.
    """
    pending = ENDS.get(record.state)
    sent = standing(effects)
    if pending is None or not sent:
        return record
    left = _left_beside(record, effects)
    if record.state is State.EXPIRED and not left and not _is_unsure(sent):
        return still_watched(record, sent, now)
    seen = msgspec.structs.replace(record.confirmation, pending=pending)
    after = msgspec.structs.replace(after_sending(record, sent), confirmation=seen, is_noted=before.is_noted)
    if not left:
        return after
    words = f"{_sent_before(sent)}, and {_ENDED[pending]} before {left} was: a person has to do that"
    why = "; ".join(filter(None, (after.why, words)))
    return msgspec.structs.replace(after, state=State.CONTRADICTED, due=None, why=why)


_ENDED = {PendingSeen.CLOSED: "Defender closed it", PendingSeen.EXPIRED: "its week ended"}


def _left_beside(record: Record, effects: Sequence[Effect]) -> str:
    """Return what was once planned, never went out, and is not done either where the action ends; empty for nothing.

    The plan of the moment may name none of it: it was held, or its target could not be looked up again. Of what was
    rejected since, nothing more is to be done.
    """
    if record.decision is not None and record.decision.verb is Verb.REJECT:
        return ""
    planned = record.plan.effects if record.plan is not None else ()
    went = {effect.kind for effect in effects if effect.went in LEFT}
    left = {effect.kind for effect in (*planned, *effects) if effect.undoes is None} & BESIDE - went
    return " and ".join(sorted(left))


def _is_unsure(effects: Sequence[Effect]) -> bool:
    """Whether nobody knows of one of these calls if it was applied."""
    return any(effect.went in {Went.UNKNOWN, Went.SENT} for effect in effects)


def _reached(record: Record, words: str, checks: int, now: datetime) -> Record:
    if record.state is State.REFUSED:
        # What was refused was not done by us, whatever became of the rest.
        return msgspec.structs.replace(record, due=None)
    pending = record.confirmation.pending or PendingSeen.OPEN
    seen = Confirmation(effect=EffectSeen.CONFIRMED, pending=pending, words=words, checks=checks, at=now)
    return msgspec.structs.replace(record, state=State.CONFIRMED, due=None, confirmation=seen, why="")


def _sent_before(effects: Sequence[Effect]) -> str:
    left = [effect for effect in effects if effect.went in LEFT]
    if any(effect.kind is not EffectKind.SOFT_DELETE for effect in left):
        return f"{' and '.join(dict.fromkeys(str(effect.kind) for effect in left))} was sent before"
    sent = sum(len(effect.targets) for effect in left)
    return f"{'1 copy was' if sent == 1 else f'{sent} copies were'} sent for deletion before"


def _done(targets: set[tuple[EffectKind, Pair]]) -> str:
    """Say what was reached."""
    counts = Counter(kind for kind, _ in targets)
    return "; ".join(_DONE.get(kind) or _deleted(counts[kind]) for kind in sorted(counts))


_DONE = {
    EffectKind.DISABLE_RULE: "the inbox rule is off, or gone",
    EffectKind.DISABLE_USER: "the account is disabled",
    EffectKind.REVOKE_SESSIONS: "its sessions are revoked",
    EffectKind.DISABLE_ACCOUNT: "the account is disabled on premises",
    EffectKind.RESET_PASSWORD: "the password was reset",
    EffectKind.QUARANTINE_FILE: "the file is quarantined",
}


def _deleted(count: int) -> str:
    return f"all {count} copies have left the mailboxes" if count > 1 else "the copy has left the mailbox"


def _next_check(record: Record, effects: Sequence[Effect], done: int) -> datetime | None:
    sent = max((effect.sent_at for effect in effects if effect.sent_at is not None), default=None)
    if sent is None:
        return None
    moments = [sent + wait for wait in CHECKS]
    last = record.action.deadline - MARGIN
    before = [moment for moment in moments if moment <= last] or moments[:1]
    return before[done] if done < len(before) else None


def _seen(targets: int, still: int, unread: int) -> EffectSeen:
    if not still:
        return EffectSeen.UNVERIFIED
    return EffectSeen.CONTRADICTED if still + unread == targets else EffectSeen.PARTLY


def _words(targets: set[tuple[EffectKind, Pair]], still: int, unread: int) -> str:
    is_mail = all(kind is EffectKind.SOFT_DELETE for kind, _ in targets)
    words = (
        f"{still} of {len(targets)} still in mailboxes"
        if is_mail
        else f"{still} of {len(targets)} not as asked"
    )
    return f"{words}, {unread} not readable" if unread else words


def _details(effects: Sequence[Effect], went: Went) -> str:
    return "; ".join(
        dict.fromkeys(effect.detail for effect in effects if effect.went is went and effect.detail)
    )

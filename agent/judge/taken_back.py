"""(Record, what was done to take it back) -> the record as it stands then, and after each look at whether that worked."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from agent.judge.confirm import CHECKS, LEFT, judged_again, standing
from agent.judge.look import Reached
from agent.judge.track import WAITING
from agent.judge.undo import Undoing
from agent.model.enactment import (
    CLOSED,
    MAIL_EFFECTS,
    Effect,
    EffectKind,
    EffectSeen,
    Record,
    State,
    Undone,
    Went,
)

_THINGS = {
    EffectKind.ENABLE_RULE: ("1 inbox rule", "{} inbox rules"),
    EffectKind.ENABLE_USER: ("1 account", "{} accounts"),
    EffectKind.ENABLE_ACCOUNT: ("1 account on premises", "{} accounts on premises"),
}


def begun(record: Record, planned: Undoing, *, by: str, reason: str, now: datetime) -> Record:
    """Return the record as it is written down before the first call that takes it back."""
    undone = Undone(at=now, by=by, reason=reason, words="under way", left=_left(planned.left))
    state = State.SENT if record.state is State.INTENDED else record.state
    return msgspec.structs.replace(record, state=state, undone=undone, due=now + CHECKS[0], asked_since=now)


def finished(record: Record, planned: Undoing, effects: Sequence[Effect]) -> Record:
    """Return the record once each call that takes it back was tried, or is not tried any more.

    Args:
        record: as it was begun.
        planned: what was to be done.
        effects: all of the action's, as they went.
    """
    undone = record.undone
    if undone is None:
        return record
    went = {effect.id: effect for effect in effects}
    asked = [went[effect.id] for effect in planned.effects]
    left = [*_left(planned.left), *_not_done(asked)]
    undone = msgspec.structs.replace(undone, words=_words(planned, asked), left=tuple(left))
    after = msgspec.structs.replace(
        record, undone=undone, is_noted=record.decision is None, due=_after(record, effects, undone)
    )
    return _closed(after, undone, effects)


def looked_back(record: Record, effects: Sequence[Effect], reached: Reached, now: datetime) -> Record:
    """Return the record after one look at whether everything is back.

    Args:
        record: something of it was taken back.
        effects: all of the action's; those that are seen to have worked are settled.
        reached: what was seen.
        now: the moment of the look.
    """
    undone = record.undone
    if undone is None:
        return record
    inverses = [effect for effect in effects if effect.undoes is not None and effect.went in LEFT]
    targets = {(effect.kind, target) for effect in inverses for target in effect.targets}
    still = sum(reached.get(target) is False for target in targets)
    unread = len(targets - reached.keys())
    seen = EffectSeen.CONFIRMED
    if still or unread:
        seen = EffectSeen.PARTLY if still < len(targets) and still else EffectSeen.CONTRADICTED
        seen = seen if still else EffectSeen.UNVERIFIED
    undone = msgspec.structs.replace(undone, seen=seen, checks=undone.checks + 1)
    after = msgspec.structs.replace(record, undone=undone)
    if not is_looked_back(after):
        after = msgspec.structs.replace(after, why=_why_not_back(still, unread, len(targets)))
    due = _after(after, effects, undone) if is_looked_back(after) else _afterwards(after, effects, now)
    return _closed(msgspec.structs.replace(after, due=due), undone, effects)


def is_looked_back(record: Record) -> bool:
    """Whether it is still to be seen if what was taken back is back."""
    undone = record.undone
    if undone is None or undone.seen is EffectSeen.CONFIRMED:
        return False
    return undone.checks < len(CHECKS)


def was_taken_back(record: Record, effects: Sequence[Effect]) -> bool:
    """Whether a person took something of the action back, in this life of it or in an earlier one.

    `effects` are all that were ever planned for it.
    """
    if record.undone is not None:
        return True
    return any(effect.undoes is not None and effect.went is not Went.DROPPED for effect in effects)


def says(undone: Undone) -> str:
    """Say what was taken back, and what was not."""
    seen = {
        None: "",
        EffectSeen.CONFIRMED: "seen to be back",
        EffectSeen.PARTLY: "not all of it is back yet",
        EffectSeen.CONTRADICTED: "not back yet",
        EffectSeen.UNVERIFIED: "whether it is back could not be read yet",
    }[undone.seen]
    words = [undone.words, seen]
    if undone.left:
        words.append(f"not taken back: {'; '.join(undone.left)}")
    return "; ".join(part for part in words if part)


def counted(effects: Sequence[Effect]) -> str:
    """Say how much these inverses restore, such as `3 copies to the inbox, 1 account`."""
    counts: dict[EffectKind, int] = {}
    for effect in effects:
        counts[effect.kind] = counts.get(effect.kind, 0) + len(effect.targets)
    return ", ".join(_thing(kind, counts[kind]) for kind in EffectKind if kind in counts)


def _thing(kind: EffectKind, count: int) -> str:
    if kind in MAIL_EFFECTS:
        where = {
            EffectKind.MOVE_TO_INBOX: "the inbox",
            EffectKind.MOVE_TO_JUNK: "junk email",
            EffectKind.MOVE_TO_DELETED_ITEMS: "deleted items",
        }[kind]
        return f"{'1 copy' if count == 1 else f'{count} copies'} to {where}"
    one, many = _THINGS[kind]
    return one if count == 1 else many.format(count)


def _words(planned: Undoing, asked: Sequence[Effect]) -> str:
    done = [effect for effect in asked if effect.went is Went.DONE]
    unsure = [effect for effect in asked if effect.went in {Went.UNKNOWN, Went.SENT}]
    parts = [f"restored {counted(done)}" if done else ""]
    if unsure:
        parts.append(
            f"whether {counted(unsure)} came back is not known: it is looked at again, and never asked for again"
        )
    if planned.before:
        parts.append(f"{planned.before} taken back before")
    if planned.in_place:
        parts.append(f"{planned.in_place} in place without us")
    return "; ".join(part for part in (*parts, *planned.beside) if part) or "nothing was restored"


def _left(left: Mapping[str, int]) -> tuple[str, ...]:
    return tuple(f"{count}: {words}" for words, count in left.items())


def _not_done(asked: Sequence[Effect]) -> list[str]:
    """Say what of it was refused, and what was not tried; what is told for the same reason is told together."""
    by_why: dict[str, list[Effect]] = {}
    for effect in asked:
        if effect.went is Went.REFUSED:
            by_why.setdefault(f"refused: {effect.detail or 'without a reason'}", []).append(effect)
        elif effect.went in {Went.INTENDED, Went.DROPPED}:
            by_why.setdefault("not tried: undo it again", []).append(effect)
    return [f"{counted(effects)}: {why}" for why, effects in by_why.items()]


def _closed(record: Record, undone: Undone, effects: Sequence[Effect]) -> Record:
    """Return the record as undone where all that was done was taken back by us; else it says how far that went."""
    inverses = [effect for effect in effects if effect.undoes is not None]
    is_done = any(effect.went is Went.DONE for effect in inverses)
    is_open = any(effect.went in {Went.UNKNOWN, Went.SENT} for effect in inverses)
    if is_done and not is_open and not undone.left:
        return msgspec.structs.replace(record, state=State.UNDONE)
    return record


def _after(record: Record, effects: Sequence[Effect], undone: Undone) -> datetime | None:
    """Return when to look whether it is back; what is due without that, where nothing was asked for."""
    if not any(effect.undoes is not None and effect.went in LEFT for effect in effects):
        return record.due
    return undone.at + CHECKS[min(undone.checks, len(CHECKS) - 1)]


def _afterwards(record: Record, effects: Sequence[Effect], now: datetime) -> datetime | None:
    """Return when to go on with what was not taken back, once it need not be looked back at any more."""
    if record.state in WAITING:
        return judged_again(record, now)
    return now if record.state not in CLOSED and standing(effects) else None


def _why_not_back(still: int, unread: int, count: int) -> str:
    if not still and not unread:
        return ""
    words = f"{still} of {count} are not back where they were"
    if unread:
        words += f", and {unread} cannot be read"
    return f"undone, but {words} at the last look: a person has to see"

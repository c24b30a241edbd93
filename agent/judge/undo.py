"""(An action's effects, how everything is now) -> what can be taken back, and what cannot, with what a person can do.

Each target goes back to what it was before, as that was recorded when the effect was planned, and only where it still
is as our effect left it: what a person did since is never overwritten. What was asked for once is never asked for
again, whatever came of it. Of an account or a rule nothing tells who switched it off: where nobody knows whether our call
was applied, it may have been somebody else, and stays off.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from hashlib import sha256

import msgspec

from agent.judge.confirm import LEFT
from agent.judge.look import Reached
from agent.judge.plans.batches import batches
from agent.judge.plans.means import Problem
from agent.judge.quote import quote
from agent.judge.restore import restorable
from agent.model.defender import MAILBOX_LOCATIONS, Mail
from agent.model.enactment import MAIL_EFFECTS, Cover, Effect, EffectKind, Pair, Record, Went
from agent.model.targets import Found

PLACES = {
    EffectKind.MOVE_TO_INBOX: "inbox_folder",
    EffectKind.MOVE_TO_JUNK: "junkFolder",
    EffectKind.MOVE_TO_DELETED_ITEMS: "deletedFolder",
}
"""Where mail is put back to."""

INVERSES: Mapping[EffectKind, tuple[EffectKind, ...]] = {
    EffectKind.SOFT_DELETE: tuple(PLACES),
    EffectKind.DISABLE_RULE: (EffectKind.ENABLE_RULE,),
    EffectKind.DISABLE_USER: (EffectKind.ENABLE_USER,),
    EffectKind.DISABLE_ACCOUNT: (EffectKind.ENABLE_ACCOUNT,),
}
"""What takes each effect back; an effect that is not here has no inverse."""

DELETED_TO = frozenset({"others"})
"""Where a copy is, in `deliveryLocation`'s words, once it was soft-deleted. UNCONFIRMED, and a hard-deleted one reads the
same: such a copy is asked for in vain, and the look afterwards says that it is not back."""

_BACK_TO = {place: kind for kind, place in PLACES.items()}

_NO_INVERSE = {
    EffectKind.RESET_PASSWORD: "a password that was reset cannot be set back: give the person a new one",
    EffectKind.QUARANTINE_FILE: "there is no call that releases a file: in the Action center, choose History, then the"
    " action, then Undo",
}
_SESSIONS = "sessions that were revoked need nothing restored: the person signs in again"
_NOT_OURS = "whether our call was applied is not known, so that somebody else may have switched it off: a person decides"
_DEPARTED = (
    "it left after the backup that the ledger was restored from, and what it was before is lost with the ledger:"
    " in the Action center, choose History, then the action, then Undo"
)
_SENDERS_COPY = "the sender's own copy stays deleted: where it lay was not recorded"


class Around(msgspec.Struct, frozen=True, kw_only=True):
    """How everything is now, and what this agent may do.

    `claimed` are targets that an inverse has claimed already, `missing` says why an inverse cannot be had here, and
    `reached` which earlier inverses are seen to have worked.
    """

    now: datetime
    mail: Mail = Mail()
    found: Found | Problem | None = None
    reached: Reached = {}
    claimed: Mapping[EffectKind, Mapping[Pair, Cover]] = {}
    missing: Mapping[EffectKind, str] = {}
    targets_per_call: int = 100
    departed: int = 0
    """Of how many targets something left that a restored ledger does not tell of."""


class Undoing(msgspec.Struct, frozen=True, kw_only=True):
    """What taking an action back comes to, as everything is now.

    `left` says in words what cannot be taken back, and how often; `beside` what needs no taking back. `dropped` are
    effects that were planned and never sent: they never will be. `arrived` are earlier inverses of which it was not
    known whether they worked, and which are seen to have.
    """

    action_id: str
    effects: tuple[Effect, ...] = ()
    dropped: tuple[str, ...] = ()
    arrived: tuple[str, ...] = ()
    before: int = 0
    """How much was taken back before."""
    in_place: int = 0
    """How much is as it was, though nothing of ours made it so."""
    left: Mapping[str, int] = {}
    beside: tuple[str, ...] = ()

    @property
    def count(self) -> int:
        """How many messages, rules and accounts would be restored."""
        return sum(len(effect.targets) for effect in self.effects)

    @property
    def is_whole(self) -> bool:
        """Whether nothing stays that was done, once its effects worked."""
        return not self.left


class Tally(msgspec.Struct, kw_only=True):
    """What was found so far, target by target."""

    moves: dict[tuple[str, EffectKind], list[Pair]]
    left: Counter[str]
    beside: dict[str, None]
    before: int = 0
    in_place: int = 0


def inverses_of(effects: Iterable[Effect]) -> Mapping[EffectKind, tuple[Pair, ...]]:
    """Return every target that an inverse of these effects could have, by the inverse's kind."""
    found: dict[EffectKind, list[Pair]] = {}
    for effect in effects:
        for kind in INVERSES.get(effect.kind, ()) if effect.undoes is None else ():
            found.setdefault(kind, []).extend(effect.targets)
    return {kind: tuple(targets) for kind, targets in found.items()}


def came_back(effects: Iterable[Effect], mail: Mail) -> Reached:
    """Return whether mail that was put back is in a mailbox again, whichever folder somebody moved it to since."""
    places = {copy.pair: copy.location for copy in mail.messages}
    return {
        (effect.kind, target): place in MAILBOX_LOCATIONS
        for effect in effects
        if effect.undoes is not None and effect.kind in MAIL_EFFECTS
        for target in effect.targets
        if (place := places.get(target)) is not None
    }


def undoing(record: Record, effects: Sequence[Effect], around: Around) -> Undoing:
    """Return what taking back everything that was done for the record comes to.

    Args:
        record: of the action.
        effects: all of the action's, inverses of earlier ones too.
        around: how everything is now.
    """
    tally = Tally(moves={}, left=Counter(), beside={})
    own = [effect for effect in effects if effect.undoes is None]
    for effect in own:
        if effect.went in LEFT:
            _weigh(effect, [one for one in effects if one.undoes == effect.id], around, tally)
    if around.departed:
        tally.left[_DEPARTED] += around.departed
    return Undoing(
        action_id=record.action.id,
        effects=_effects(own, tally, around),
        dropped=tuple(effect.id for effect in effects if effect.went is Went.INTENDED),
        arrived=tuple(effect.id for effect in effects if has_arrived(effect, around.reached)),
        before=tally.before,
        in_place=tally.in_place,
        left=dict(tally.left),
        beside=tuple(tally.beside),
    )


def only(planned: Undoing, confirmed: Undoing) -> Undoing:
    """Return what was confirmed of this: what came up since is left until it is asked for again."""
    agreed = {(effect.kind, target) for effect in confirmed.effects for target in effect.targets}
    kept = [
        msgspec.structs.replace(
            effect, targets=tuple(t for t in effect.targets if (effect.kind, t) in agreed)
        )
        for effect in planned.effects
    ]
    cut = planned.count - sum(len(effect.targets) for effect in kept)
    more = {"it can only be taken back since you were asked: undo it again": cut} if cut else {}
    effects = tuple(effect for effect in kept if effect.targets)
    return msgspec.structs.replace(planned, effects=effects, left={**planned.left, **more})


def _weigh(effect: Effect, inverses: Sequence[Effect], around: Around, tally: Tally) -> None:
    """Sort each target of one effect by what becomes of it."""
    if effect.kind is EffectKind.REVOKE_SESSIONS:
        tally.beside.setdefault(_SESSIONS)
        return
    if effect.kind in _NO_INVERSE:
        tally.left[_NO_INVERSE[effect.kind]] += len(effect.targets)
        return
    if effect.went is Went.SENT:
        tally.left["its call is still under way: undo it again once that has ended"] += len(effect.targets)
        return
    if effect.senders_copy:
        tally.left[_SENDERS_COPY] += 1
    asked = {target: one for one in inverses if _was_asked(one) for target in one.targets}
    before = dict(zip(effect.targets, effect.before, strict=False))
    places = {copy.pair: copy.location for copy in around.mail.messages}
    for target in effect.targets:
        if target in asked:
            _weigh_asked(asked[target], target, around, tally)
        else:
            _weigh_one(effect, target, before.get(target, ""), places.get(target), around, tally)


def _was_asked(inverse: Effect) -> bool:
    return inverse.went in LEFT or inverse.went is Went.REFUSED


def _weigh_asked(inverse: Effect, target: Pair, around: Around, tally: Tally) -> None:
    """Sort a target that was asked to be taken back before: that is never asked for again."""
    reached = around.reached.get((inverse.kind, target))
    if inverse.went is Went.REFUSED:
        said = quote(inverse.detail) if inverse.detail else "without a reason"
        tally.left[f"taking it back was refused before, {said}: a person does it in Defender"] += 1
    elif reached or (inverse.went is Went.DONE and reached is None):
        tally.before += 1
    elif inverse.went is Went.DONE:
        tally.left[
            "it was asked to be put back before, and is not back yet: that can take hours, and is not asked for again"
        ] += 1
    else:
        tally.left[
            "whether it was put back before is not known: it is looked at again, and never asked for again"
        ] += 1


def _weigh_one(
    effect: Effect, target: Pair, before: str, place: str | None, around: Around, tally: Tally
) -> None:
    if effect.kind in MAIL_EFFECTS:
        kind, words = _of_mail(before, place)
    elif isinstance(around.found, Problem):
        kind, words = None, around.found.words
    else:
        kind, words = restorable(effect.kind, target, before, around.found)
        if kind is not None and effect.went is Went.UNKNOWN:
            kind, words = None, _NOT_OURS
    if kind is None and not words:
        tally.in_place += 1
    elif kind is None:
        tally.left[words] += 1
    elif lack := around.missing.get(kind):
        tally.left[lack] += 1
    elif _is_taken(kind, target, effect, around):
        tally.left["it was taken back for another action before, and is not touched twice"] += 1
    else:
        tally.moves.setdefault((effect.id, kind), []).append(target)


def _is_taken(kind: EffectKind, target: Pair, effect: Effect, around: Around) -> bool:
    cover = around.claimed.get(kind, {}).get(target)
    return cover is not None and cover.action_id != effect.action_id


def _of_mail(before: str, place: str | None) -> tuple[EffectKind | None, str]:
    """Return what puts a copy back, or why nothing does; neither where it is in its place."""
    kind = _BACK_TO.get(before)
    if kind is None:
        return None, "where it lay was not recorded: find it in Explorer, and move it from there"
    if place is None:
        return None, "where it is now cannot be read: undo it again later"
    if place == before:
        return None, ""
    if place in MAILBOX_LOCATIONS:
        return None, f"somebody has put it elsewhere since (`{place}`), and there it stays"
    if place not in DELETED_TO:
        return None, f"it is not where our deletion put it (`{place}`): find it in Explorer"
    return kind, ""


def has_arrived(effect: Effect, reached: Reached) -> bool:
    """Whether an inverse of which nobody knew is seen to have worked."""
    if effect.undoes is None or effect.went is not Went.UNKNOWN:
        return False
    return all(reached.get((effect.kind, target)) for target in effect.targets)


def _effects(own: Sequence[Effect], tally: Tally, around: Around) -> tuple[Effect, ...]:
    made: list[Effect] = []
    for effect in own:
        for kind in INVERSES.get(effect.kind, ()):
            targets = tally.moves.get((effect.id, kind), [])
            for place, batch in enumerate(batches(targets, around.targets_per_call)):
                made.append(_inverse(effect, kind, batch, place, around.now))
    return tuple(made)


def _inverse(
    effect: Effect, kind: EffectKind, targets: tuple[Pair, ...], place: int, now: datetime
) -> Effect:
    whole = f"{effect.id}\x1fundo\x1f{kind}\x1f{now.isoformat()}\x1f{place}"
    return Effect(
        id=sha256(whole.encode()).hexdigest()[:20],
        action_id=effect.action_id,
        incident_id=effect.incident_id,
        kind=kind,
        targets=targets,
        undoes=effect.id,
        intended_at=now,
    )

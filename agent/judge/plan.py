"""(Decision, the action and its mail as they are, targets already claimed) -> plan of what is still missing."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from hashlib import sha256

import msgspec

from agent.model.decision import Decision, Verb
from agent.model.defender import MAILBOX_LOCATIONS, Mail
from agent.model.enactment import Cover, Effect, EffectKind, Pair, Plan, Way, Went
from agent.model.pending import MAIL_KINDS, PendingAction

DEDUPLICATION = timedelta(hours=1)
"""An approval this young is not repeated; at exactly an hour it is not either.

Source: [SEED]; whether Microsoft's own hour is inclusive is UNCONFIRMED.
"""


class Means(msgspec.Struct, frozen=True, kw_only=True):
    """What this agent may do here: `missing` says in words what keeps it from an effect, for each that it cannot have."""

    targets_per_call: int
    observes: bool
    missing: Mapping[EffectKind, str] = {}


def copies_in_mailboxes(mail: Mail) -> tuple[Pair, ...]:
    """Return what a soft delete would take: each copy that is in a mailbox folder, once, in a fixed order."""
    return tuple(sorted({copy.pair for copy in mail.messages if copy.location in MAILBOX_LOCATIONS}))


def plan(
    decision: Decision, action: PendingAction, mail: Mail | None, covered: Mapping[Pair, Cover], means: Means
) -> Plan:
    """Return how the decision is carried out, and each call that is still to be made for it."""
    if decision.verb is Verb.REJECT:
        return Plan(
            way=Way.ADVISORY,
            why="Defender has no call that rejects: it stays pending until a person rejects it or the week ends",
        )
    if decision.verb is Verb.ESCALATE:
        return Plan(way=Way.ASK, why="people decide")
    if action.kind not in MAIL_KINDS:
        return Plan(
            way=Way.HAND_OFF,
            why=f"no documented API carries out `{action.kind}` yet: a person approves it in Defender",
        )
    missing = means.missing.get(EffectKind.SOFT_DELETE)
    if missing and not means.observes:
        return Plan(way=Way.HAND_OFF, why=missing)
    if mail is None or mail.unresolved:
        why = mail.why if mail is not None else ""
        return Plan(way=Way.HAND_OFF, why=why or "its messages could not be looked up")
    if any(copy.location is None for copy in mail.messages):
        return Plan(way=Way.HAND_OFF, why="where a copy is now is said in a word that is not known here")
    return _remediation(decision, action, copies_in_mailboxes(mail), covered, means)


def _remediation(
    decision: Decision,
    action: PendingAction,
    targets: tuple[Pair, ...],
    covered: Mapping[Pair, Cover],
    means: Means,
) -> Plan:
    missing = tuple(target for target in targets if target not in covered)
    leaned = tuple(t for t in targets if t in covered and covered[t].action_id != action.id)
    if not targets:
        return Plan(
            way=Way.REMEDIATE, why="no copy is in a mailbox any more: there is nothing left to delete"
        )
    if missing:
        known = len(targets) - len(missing)
        why = f"soft delete of {_copies(len(missing))} in mailboxes"
        if known:
            why += f"; {known} more were sent before and are not sent again"
        return Plan(
            way=Way.REMEDIATE, why=why, effects=_effects(decision, action, missing, means), leaned=leaned
        )
    others = [covered[target] for target in leaned]
    if not others:
        return Plan(way=Way.REMEDIATE, why=f"{_copies(len(targets))} were sent before and are not sent again")
    first = min(others, key=lambda cover: (cover.intended_at, cover.effect_id))
    if decision.at - max(cover.intended_at for cover in others) <= DEDUPLICATION:
        return Plan(
            way=Way.REMEDIATE,
            why=f"{_copies(len(targets))} are covered by action {first.action_id}, approved within the hour",
            leaned=leaned,
            duplicate_of=first.action_id,
        )
    return Plan(
        way=Way.HAND_OFF,
        why=f"{_copies(len(targets))} were sent for action {first.action_id} over an hour ago and are still in"
        " mailboxes: a deletion is never sent twice, so a person has to look",
    )


def _effects(
    decision: Decision, action: PendingAction, targets: tuple[Pair, ...], means: Means
) -> tuple[Effect, ...]:
    size = means.targets_per_call
    return tuple(
        Effect(
            id=_effect_id(action.id, decision.grounds, decision.at, place),
            action_id=action.id,
            incident_id=action.incident.id,
            targets=targets[place * size : (place + 1) * size],
            went=Went.OBSERVED if means.observes else Went.INTENDED,
            intended_at=decision.at,
        )
        for place in range((len(targets) + size - 1) // size)
    )


def _effect_id(action_id: str, grounds: str, at: datetime, place: int) -> str:
    whole = f"{action_id}\x1f{grounds}\x1f{at.isoformat()}\x1f{place}"
    return sha256(whole.encode()).hexdigest()[:20]


def _copies(count: int) -> str:
    return "1 copy" if count == 1 else f"{count} copies"

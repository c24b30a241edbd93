"""What an approval is bound to, and whether it still is when it is carried out.

Bound are the action, its evidence, the policies, the tenant and the end of its week, by a digest; and each target with
what it was. A target that is gone since needs nothing done and voids nothing; one that came, or that is another
than it was, does.
"""

from collections.abc import Iterable
from hashlib import sha256

from agent.judge.recognise import evidence_digest
from agent.model.decision import Decision
from agent.model.enactment import MAIL_EFFECTS, Effect, EffectKind, Pair, Plan, Went
from agent.model.pending import PendingAction


def binding(decision: Decision, action: PendingAction, *, revision: str | None = None) -> str:
    """Return the digest of what an approval is bound to, besides its targets.

    Args:
        decision: the approval.
        action: the pending action as it is now.
        revision: of the policies in force; those that decided where it is left out.
    """
    parts = (
        action.tenant_id,
        action.id,
        action.deadline.isoformat(),
        evidence_digest(action),
        decision.revision if revision is None else revision,
        decision.verb,
    )
    return sha256("\x1f".join(parts).encode()).hexdigest()[:32]


def void(approved: Plan, now: str, again: Plan) -> str:
    """Return why an approval does not hold any more, in words; empty where it does.

    Args:
        approved: the plan that was written down.
        now: the binding worked out anew, right before it is carried out.
        again: the plan made anew from what everything is now, what this plan claimed set aside.
    """
    if approved.binding != now:
        return "its evidence, the policies or its week are others than when it was approved"
    if again.way is not approved.way or not again.effects:
        return again.why
    before, after = _targets(approved.effects), _targets(again.effects)
    if grown := after.keys() - before.keys():
        return f"{len(grown)} more would be acted on than was approved"
    if any(before[target] != was for target, was in after.items()):
        return "what it acts on was changed since it was approved"
    return ""


def is_planned(approved: Plan, effects: Iterable[Effect]) -> bool:
    """Whether everything that stands to be sent for an approval is in its plan, as it was planned."""
    planned = {effect.id: _asked_for(effect) for effect in approved.effects}
    return all(
        planned.get(effect.id) == _asked_for(effect)
        for effect in effects
        if effect.went is Went.INTENDED and effect.undoes is None
    )


def _asked_for(effect: Effect) -> tuple[object, ...]:
    return (effect.kind, effect.targets, effect.senders_copy)


def _targets(effects: Iterable[Effect]) -> dict[tuple[EffectKind, Pair], str]:
    """Return each target with what it was; where a message lies may change, for it is looked for everywhere."""
    found: dict[tuple[EffectKind, Pair], str] = {}
    for effect in effects:
        befores = effect.before or ("",) * len(effect.targets)
        for target, before in zip(effect.targets, befores, strict=True):
            found[effect.kind, target] = "" if effect.kind in MAIL_EFFECTS else before
    return found

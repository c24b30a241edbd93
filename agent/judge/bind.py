"""What an approval is bound to, and whether it still is when it is carried out.

Bound are the action, its evidence, the policies, the tenant and the end of its week, by a digest; and each target with
what it was. A target that is gone since needs nothing done and voids nothing; one that came, or that is another
than it was, does.
"""

from collections.abc import Iterable, Mapping

from agent.judge.derive import derived
from agent.judge.recognise import evidence_digest
from agent.model.decision import Decision
from agent.model.enactment import (
    MAIL_EFFECTS,
    Effect,
    EffectKind,
    Offer,
    Pair,
    Plan,
    Record,
    State,
    Way,
    Went,
)
from agent.model.pending import PendingAction

Bound = tuple[EffectKind, bool, Pair]
"""What is done to one target, and whether the sender's own copy goes too."""


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
    return derived(*parts)


def offer(action: PendingAction, planned: Plan, policies: tuple[str, ...]) -> Offer:
    """Return what people are asked to approve, where this plan would carry it out and these policies left it to them."""
    return Offer(
        way=planned.way,
        why=planned.why,
        effects=planned.effects,
        digest=offer_digest(action, planned.effects, planned.way),
        binding=proposal_digest(action),
        policies=policies,
    )


def offer_digest(action: PendingAction, effects: Iterable[Effect], way: Way) -> str:
    """Return the digest of what people are shown: the proposal, and what would be done to each target as it is now."""
    targets = sorted(repr((str(kind), copy, pair, was)) for (kind, copy, pair), was in bound(effects).items())
    return derived(proposal_digest(action), way, *targets)


def proposal_digest(action: PendingAction) -> str:
    """Return the digest of what is proposed, whatever it would be done to: the action, its evidence, its week."""
    return derived(action.tenant_id, action.id, action.deadline.isoformat(), evidence_digest(action))


def is_within(now: Offer, shown: Offer) -> bool:
    """Whether all that would be done now was shown so: what is gone since needs nothing done."""
    before = bound(shown.effects)
    is_same = now.binding == shown.binding
    return is_same and all(before.get(one) == was for one, was in bound(now.effects).items())


def offer_of(record: Record) -> Offer | None:
    """Return what people are asked about, or what a no of theirs would keep from leaving; None where that is nothing."""
    planned = record.plan
    if planned is None or planned.offered is not None:
        return None if planned is None else planned.offered
    policies = record.decision.policies if record.decision is not None else ()
    return offer(record.action, planned, policies) if record.state is State.INTENDED else None


def targets_of(effects: Iterable[Effect]) -> frozenset[Pair]:
    """Return everything that would be acted on."""
    return frozenset(target for effect in effects for target in effect.targets)


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
    before, after = bound(approved.effects), bound(again.effects)
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


def bound(effects: Iterable[Effect]) -> Mapping[Bound, str]:
    """Return each target with what it was; where a message lies may change, for it is looked for everywhere."""
    found: dict[Bound, str] = {}
    for effect in effects:
        befores = effect.before or ("",) * len(effect.targets)
        for target, before in zip(effect.targets, befores, strict=True):
            was = "" if effect.kind in MAIL_EFFECTS else before
            found[effect.kind, effect.senders_copy, target] = was
    return found

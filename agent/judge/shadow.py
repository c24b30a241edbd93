"""(A decision in which observing policies had a say) -> what they would have approved, as a decision of its own.

It is planned and put to every guard rail, cap and limit as an approval is that counts, so that who reads it knows
what would have become of it. What it takes counts for others of its like, and never for what is carried out.
"""

from collections.abc import Collection, Iterable, Iterator

import msgspec

from agent.judge.bind import targets_of
from agent.judge.compile import Judge
from agent.judge.derive import derived
from agent.judge.settle import said_by_observers
from agent.model.decision import Decision, Verb
from agent.model.enactment import WOULD_BE, Effect, EffectKind, Pair, Went


def shadow_approval(judge: Judge, ruled: Decision) -> Decision | None:
    """Return the approval that it would have been had observing policies counted; None where it would have been none."""
    shadow = ruled.shadow
    if shadow is None or shadow.verb is not Verb.APPROVE:
        return None
    deciding = [judge.policies[name] for name in shadow.policies]
    return msgspec.structs.replace(
        ruled,
        verb=Verb.APPROVE,
        policies=shadow.policies,
        reason=shadow.reason,
        grounds=derived(ruled.grounds, "shadow", *shadow.policies, length=16),
        senders_copy=all(policy.remediate_senders_copy for policy in deciding),
        escalation=None,
        classifications=(),
    )


def was_given(before: Decision | None, ruled: Decision) -> bool:
    """Whether observing policies would have approved this before, on the same evidence, and no guard held it.

    It would have been carried out then, so that it is not planned and weighed once more.
    """
    return (
        before is not None
        and before.evidence == ruled.evidence
        and before.shadow_guard is None
        and before.targets is not None
        and said_by_observers(before) == said_by_observers(ruled)
    )


def targets_in(effects: Iterable[Effect]) -> int:
    """Return how many targets these effects act on, each once."""
    return len(targets_of(effects))


def counting(given: Iterable[Effect], counted: Collection[Went]) -> Iterator[Effect]:
    """Give what counts of everything that was given, in its order.

    Args:
        given: oldest first.
        counted: which of what would only have been counts, beside what is real. Where any does, each target of an
            action counts once: what is never sent is planned with the same targets again.
    """
    seen: dict[tuple[str, EffectKind], set[Pair]] = {}
    for effect in given:
        if effect.went in WOULD_BE and effect.went not in counted:
            continue
        if not counted:
            yield effect
            continue
        known = seen.setdefault((effect.action_id, effect.kind), set())
        fresh = tuple(target for target in effect.targets if target not in known)
        known.update(fresh)
        if len(fresh) == len(effect.targets):
            yield effect
        elif fresh:
            yield msgspec.structs.replace(effect, targets=fresh, before=())

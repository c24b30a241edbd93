"""What of a tenant's set may loosen the base as far as its form shows; all else tightens it, whatever the facts.

Each rule is sound by how decisions are put together, and a property test holds every one against a second evaluator:

* A policy that escalates adds an escalation wherever it says anything, and changes nothing elsewhere.
* A policy that has all conditions of a policy of the base, of no lower priority and counting wherever it counts, and
  perhaps more, says something only where that one matched too: it can but agree or disagree with what is decided there.
* A policy of the base that escalates may match more often for what a tenant adds to its lists, and one that approves or
  rejects less often, where no other of the base that approves or rejects such actions stands at its priority or below: else
  that one would decide instead.

What is in doubt by these is for the solver.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from agent.judge.shape import shape
from agent.judge.tightening.counting import counting
from agent.judge.tightening.shift import policy_only_falls, policy_only_rises
from agent.judge.tightening.sides import Sides
from agent.model.decision import Verb
from agent.model.mark import Mark
from agent.model.pending import ActionKind
from agent.model.policy import Condition, Policy, PolicyList


class Doubt(msgspec.Struct, frozen=True, kw_only=True):
    """What may loosen the base: a policy of the tenant, or of the base for what a list has more; and where that stands."""

    policy: str
    words: str
    kinds: frozenset[ActionKind]
    file: str
    mark: Mark


class Counting(msgspec.Struct, frozen=True, kw_only=True):
    """The policies of both sides as far as they count: of the base as it is meant, and of the whole."""

    base: tuple[Policy, ...]
    whole: tuple[Policy, ...]


def counting_on(sides: Sides, *, tenant: str | None, enforces_observers: bool) -> Counting:
    """Return what counts of both sides, for this tenant or for any."""
    base, whole = (
        counting(one.policies, tenant=tenant, enforces_observers=enforces_observers)
        for one in (sides.base, sides.whole)
    )
    return Counting(base=base, whole=whole)


def doubts_of(sides: Sides, counts: Counting) -> tuple[Doubt, ...]:
    """Return everything that may loosen the base, by name."""
    before = {one.name: one for one in counts.base}
    found: list[Doubt] = []
    for one in counts.whole:
        if not sides.folders.is_base(one.file):
            found.extend(_of_tenant(one, counts))
        elif _differs(before[one.name], one):
            found.extend(_of_base(before[one.name], one, counts, sides.added))
    return tuple(found)


def _of_tenant(one: Policy, counts: Counting) -> Sequence[Doubt]:
    if one.verb is Verb.ESCALATE:
        return ()
    ours = {each.name for each in counts.base}
    if any(refines(one, each) for each in counts.whole if each.name in ours):
        return ()
    words = f"the tenant's policy `{one.name}`"
    return (Doubt(policy=one.name, words=words, kinds=one.kinds, file=one.file, mark=one.mark),)


def refines(one: Policy, other: Policy) -> bool:
    """Whether wherever the policy matches and counts, the other does too, and no lower."""
    return (
        one.priority <= other.priority
        and one.kinds <= other.kinds
        and (other.tenants is None or (one.tenants is not None and one.tenants <= other.tenants))
        and _ends_no_later(one.expires, other.expires)
        and _shapes(other.match.conditions) <= _shapes(one.match.conditions)
        and _shapes(other.unless) <= _shapes(one.unless)
    )


def _ends_no_later(one: datetime | None, other: datetime | None) -> bool:
    return other is None or (one is not None and one <= other)


def _shapes(conditions: Sequence[Condition]) -> frozenset[Condition]:
    return frozenset(map(shape, conditions))


def _differs(before: Policy, after: Policy) -> bool:
    """Whether what the tenant adds to lists changes what the policy goes by."""
    if before.lists == after.lists:
        return False
    return shape(before.match) != shape(after.match) or tuple(map(shape, before.unless)) != tuple(
        map(shape, after.unless)
    )


def _of_base(before: Policy, after: Policy, counts: Counting, added: Sequence[PolicyList]) -> Sequence[Doubt]:
    if after.verb is Verb.ESCALATE:
        is_sure = policy_only_rises(before, after)
    else:
        is_sure = policy_only_falls(before, after) and _is_last(before, counts.base)
    if is_sure:
        return ()
    one = next(each for each in added if each.name in after.lists)
    words = f"what the tenant adds to the list `{one.adds_to}`, by which the policy `{after.name}` of the base goes,"
    return (Doubt(policy=after.name, words=words, kinds=after.kinds, file=one.file, mark=one.mark),)


def _is_last(one: Policy, policies: Sequence[Policy]) -> bool:
    """Whether no other policy that approves or rejects such actions stands at its priority or below."""
    return not any(
        other.name != one.name
        and other.verb is not Verb.ESCALATE
        and other.priority <= one.priority
        and not other.kinds.isdisjoint(one.kinds)
        for other in policies
    )


def by_kind(doubts: Sequence[Doubt]) -> Mapping[ActionKind, tuple[Doubt, ...]]:
    """Return the kinds of action of which something is in doubt, each with that."""
    kinds = [kind for kind in ActionKind if any(kind in one.kinds for one in doubts)]
    return {kind: tuple(one for one in doubts if kind in one.kinds) for kind in kinds}

"""What observing policies would have approved: planned, guarded and counted among its like, beside what is decided.

None of it touches what is carried out: its amounts are its own, and what cannot be read for it keeps nothing else from
being decided.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from msgspec.structs import replace

from agent.judge.guard import approvals_of
from agent.judge.plan import plan
from agent.judge.plans.means import Means, Present
from agent.judge.settle import said_by_observers
from agent.judge.shadow import targets_in, was_given
from agent.loop.asking import Came
from agent.loop.braking import wish
from agent.loop.guarding import Seen, Surroundings, beside, look
from agent.loop.lookup import claims
from agent.loop.means import means
from agent.loop.policies import InForce
from agent.loop.weighing import guard_approval
from agent.model.decision import Decision, Verb
from agent.model.enactment import Approval, Cover, Effect, EffectKind, Pair, Plan, Record
from agent.model.errors import Unavailable
from agent.ports.world import World

Covered = dict[EffectKind, dict[Pair, Cover]]


@dataclass(slots=True)
class Shadow:
    """How things would stand in one batch had observing policies counted."""

    here: Surroundings
    means: Means
    approvals: list[Approval] = field(default_factory=list)
    covered: Covered = field(default_factory=dict)
    """What is claimed, beside what is claimed by what counts."""

    def give(self, effects: Sequence[Effect]) -> None:
        """Count what was given away, be it of the shadow or what counts."""
        self.here.given.give(effects)


@dataclass(frozen=True, slots=True)
class Would:
    """What would have become of what observing policies approve: how much it takes, and the guard that holds it.

    `effects` and `approvals` are what has to be written down where it is new, and nothing holds it.
    """

    targets: int | None = None
    guard: str | None = None
    effects: tuple[Effect, ...] = ()
    approvals: tuple[Approval, ...] = ()


async def shadow_of(
    world: World, policies: InForce, here: Surroundings, targets: Sequence[Pair]
) -> Shadow | None:
    """Return where approvals of observing policies are counted; None where every policy that decides counts itself.

    `targets` are copies of mail that may be asked about.
    """
    treats = world.enforces_observers
    some = policies.judge.policies.values()
    if not any(one.decides and one.observes_somewhere(enforces_observers=treats) for one in some):
        return None
    own = replace(means(world), is_shadow=True)
    covered: Covered = {
        EffectKind.SOFT_DELETE: dict(await world.ledger.covered(targets, counted=own.counted))
    }
    return Shadow(here=await beside(world, here, world.clock.now()), means=own, covered=covered)


async def claimed_too(world: World, record: Record, present: Present, shadow: Shadow) -> None:
    """Read who would have claimed what the action acts on, where that is not mail."""
    if present.mail is None:
        found = await claims(world, record.action, None, present.found, shadow.means.counted)
        for kind, covers in found.items():
            shadow.covered[kind] = covers | shadow.covered.get(kind, {})


async def would(
    world: World, policies: InForce, came: Came, approval: Decision, present: Present, shadow: Shadow
) -> Would:
    """Return what would have become of what observing policies approve.

    Args:
        world: where the rest is looked up.
        policies: in force.
        came: what was decided, and the record as it stood before.
        approval: what observing policies make of it; held where people have said otherwise before.
        present: what stands around it.
        shadow: how things would stand.
    """
    before = came.record.decision
    if was_given(before, approval):
        return Would(targets=before.targets if before is not None else None)
    await claimed_too(world, came.record, present, shadow)
    around = replace(present, beside=shadow.covered)
    planned = plan(replace(approval, verb=Verb.APPROVE), came.record.action, around, shadow.means)
    guarded = approval
    if approval.guard is None:
        is_counted = came.decision.verb is Verb.APPROVE or came.decision.guard is not None
        is_known = before is not None and said_by_observers(before) == said_by_observers(approval)
        wish(world, shadow.here, approval.at, is_known=is_counted or is_known)
        seen = await _seen(world, planned, present)
        guarded = await guard_approval(
            world, policies.judge, came.record, approval, planned, seen, shadow.here, shadow.approvals
        )
    if guarded.guard is not None:
        return Would(targets=targets_in(planned.effects), guard=guarded.guard)
    return _given(came.decision, approval, planned, shadow)


def _given(decision: Decision, approval: Decision, planned: Plan, shadow: Shadow) -> Would:
    """Return what nothing holds, counted; what the decision itself gives away is counted with that."""
    is_ours = decision.verb is Verb.APPROVE
    effects = () if is_ours else planned.effects
    shadow.give(effects)
    cover(shadow.covered, effects, approval.at, is_observed=True)
    counted = decision.policies if is_ours else ()
    approvals = tuple(
        one for one in approvals_of(approval, planned, is_observed=True) if one.policy not in counted
    )
    shadow.approvals.extend(approvals)
    return Would(targets=targets_in(planned.effects), effects=effects, approvals=approvals)


def cover(covered: Covered, effects: Sequence[Effect], now: datetime, *, is_observed: bool) -> None:
    """Have these effects claim their targets for the rest of the batch."""
    for effect in effects:
        claim = Cover(
            action_id=effect.action_id, effect_id=effect.id, intended_at=now, is_observed=is_observed
        )
        covered.setdefault(effect.kind, {}).update(dict.fromkeys(effect.targets, claim))


async def _seen(world: World, planned: Plan, present: Present) -> Seen:
    """Return what the rails look at; what cannot be read now is taken for protected, as what is unknown is."""
    try:
        return await look(world, planned.effects, present.found, present.mail)
    except Unavailable:
        return Seen(senders=None)

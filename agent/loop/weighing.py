"""An approval that was just decided, asked about with every guard rail, and weighed against caps and limits."""

from collections.abc import Sequence
from datetime import datetime

from agent.judge.compile import Judge
from agent.judge.guard import guarded, limits_of, messages_in, weigh
from agent.judge.rails.approvers import wanted
from agent.judge.rails.ask import ask
from agent.judge.rails.caps import caps_as_they_stand
from agent.loop.guarding import Seen, Surroundings, scene
from agent.model.decision import Decision, Unit
from agent.model.enactment import Approval, Plan, Record, Spent
from agent.model.policy import Limit, Policy
from agent.ports.world import World


async def guard_approval(
    world: World,
    judge: Judge,
    record: Record,
    decision: Decision,
    intended: Plan,
    seen: Seen,
    here: Surroundings,
    approvals: Sequence[Approval],
) -> Decision:
    """Return the approval with all that was asked about it: held where a rail, a cap or a limit stands against it.

    Args:
        world: where the rest is looked up.
        judge: the set in force.
        record: the pending action, as it stood before this decision.
        decision: the approval.
        intended: how it would be carried out.
        seen: what would be touched, as it was just read.
        here: what holds and what was given away, this batch included.
        approvals: those that this batch has made already.
    """
    deciding = [judge.policies[name] for name in decision.policies]
    around = scene(world, record.action, intended.effects, seen, here, deciding, decision.at)
    said = ask(around)
    if said:
        return guarded(decision, (), said, approvers=wanted(around))
    spent = {
        (policy.name, unit): await _spent(
            world, policy.name, decision, decision.at - limit.window, approvals, here
        )
        for policy in deciding
        for unit, limit in limits_of(policy)
    }

    def spent_of(policy: Policy, unit: Unit, _: Limit) -> int:
        both = spent[policy.name, unit]
        return both.actions if unit is Unit.ACTIONS else both.messages

    messages = messages_in(intended.effects)
    return guarded(decision, weigh(deciding, spent_of, messages, caps_as_they_stand(around)))


async def _spent(
    world: World,
    policy: str,
    decision: Decision,
    since: datetime,
    approvals: Sequence[Approval],
    here: Surroundings,
) -> Spent:
    """Return what the policy has approved since then, this batch included; the action itself counts once."""
    saved = await world.ledger.spent(
        policy, since, apart_from=decision.action_id, observed=bool(here.counted)
    )
    ours = [approval for approval in approvals if approval.policy == policy]
    messages = saved.messages + sum(approval.messages for approval in ours)
    return Spent(actions=saved.actions + len(ours), messages=messages)

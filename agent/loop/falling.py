"""Policies that fall back to observing, and count again: by what the ledger has, on every replica.

The ledger is asked wherever a pass judges, and before each call that carries a decision out. Where another policy has
fallen back, or one counts again, its set is made anew, and everything that waits is judged by that: what it had
approved and was not sent does not leave. An alarm stands for each as long as it observes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import structlog

from agent.judge.fallen import standing
from agent.loop.cycle import judge_anew
from agent.loop.policies import InForce, keep
from agent.loop.standing_alarms import StandingAlarms
from agent.model.fallback import Fallback
from agent.ports.world import World

ALARM = "fallback "
"""How the names of these alarms begin; the policy's name follows."""

log = structlog.get_logger()


@dataclass(slots=True)
class Falling:
    """What this process knows: the alarms that stand, and what it left undone."""

    alarms: StandingAlarms = field(default_factory=lambda: StandingAlarms(ALARM))
    is_unfinished: bool = False
    """Whether decisions of the last set are still to be made anew."""

    async def has_news(self, world: World, policies: InForce) -> bool:
        """Whether other policies observe by now than are judged by."""
        return standing(await world.ledger.fallbacks()) != policies.fallen

    async def go(self, world: World, policies: InForce) -> bool:
        """Judge by those that stand, and say so; return whether that changed."""
        found = await world.ledger.fallbacks()
        has_changed = _renewed(policies, found)
        if has_changed or self.is_unfinished:
            self.is_unfinished = True
            await keep(world, policies)
            renewed = await judge_anew(world, policies)
            self.is_unfinished = False
            log.warning(
                "policies fell back to observe",
                policies=sorted(policies.fallen),
                revision=policies.judge.revision,
                judged_anew=renewed,
            )
        await self.alarms.match(world, {one.policy: alarm_words(one) for one in found})
        return has_changed


def _renewed(policies: InForce, found: tuple[Fallback, ...]) -> bool:
    """Go by these fallbacks; return whether the set changed."""
    before: Mapping[str, object] = policies.fallen
    fallen = standing(found)
    if fallen == before:
        return False
    known, policies.fallen = policies.fallen, fallen
    try:
        return policies.renew()
    except BaseException:
        policies.fallen = known
        raise


def alarm_words(one: Fallback) -> str:
    """Say what fell back and why, and what a person can do."""
    return (
        f"policy {one.policy} fell back to observe: {one.words}: see `air-agent show {one.action_id}`, mend the policy"
        f' and promote it again, or `air-agent policy reinstate {one.policy} --reason "why"`'
    )

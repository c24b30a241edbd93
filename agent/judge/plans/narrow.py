"""A plan, cut to the targets that enough people approved; what they left out is left alone."""

from collections.abc import Iterator

import msgspec

from agent.judge.bind import targets_of
from agent.judge.count import agreed
from agent.model.decision import Decision
from agent.model.enactment import Effect, Pair, Plan


def narrowed(planned: Plan, decision: Decision) -> Plan:
    """Return the plan without what fewer people approved than have to; as it is where all of it was approved."""
    if all(one.targets is None for one in decision.answered):
        return planned
    whole = targets_of(planned.effects)
    kept = agreed((one.targets for one in decision.answered), decision.approvers, whole)
    if kept == whole:
        return planned
    why = (
        f"{planned.why}, of which people approved {len(kept)} of {len(whole)} targets: the rest is left alone"
    )
    return msgspec.structs.replace(planned, why=why, effects=tuple(_cut(planned, kept)))


def _cut(planned: Plan, kept: frozenset[Pair]) -> Iterator[Effect]:
    for effect in planned.effects:
        places = [place for place, target in enumerate(effect.targets) if target in kept]
        if places:
            yield msgspec.structs.replace(
                effect,
                targets=tuple(effect.targets[place] for place in places),
                before=tuple(effect.before[place] for place in places) if effect.before else (),
            )

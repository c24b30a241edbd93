"""What this agent may do here: asked when something is planned, right before it leaves, and told to people."""

from collections.abc import Mapping

from agent.judge.plans.means import Means
from agent.model.enactment import EffectKind
from agent.ports.world import World


def means(world: World) -> Means:
    """Return what plans are made by."""
    return Means(
        targets_per_call=world.pace.targets_per_call,
        observes=world.enactor is None,
        missing=missing(world),
    )


def missing(world: World) -> Mapping[EffectKind, str]:
    """Return why effects cannot be had here, in words; nothing while observing, where none is asked for."""
    if world.enactor is None:
        return {}
    return {kind: why for kind in EffectKind if (why := world.enactor.missing(kind))}

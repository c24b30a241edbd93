"""One approval and all that is around it -> what the guard rails say against it, in their fixed order.

Each rail looks for itself and none relies on another, so that all that stand against an approval are told at once
and the order only says which of them gives its name: holds first, since they are about everything, then what
no waiting would change, then amounts.
"""

from collections.abc import Callable

from agent.judge.rails.approvers import approvers, two_people
from agent.judge.rails.holding import brake, hold
from agent.judge.rails.irreversible import irreversible
from agent.judge.rails.protected import protected
from agent.judge.rails.radius import radius
from agent.judge.rails.restored import restored
from agent.judge.rails.scene import Scene
from agent.judge.rails.size import size
from agent.judge.rails.tenant import tenant
from agent.judge.rails.times import frozen, hours
from agent.model.decision import Guarded

Rail = Callable[[Scene], Guarded | None]

RAILS: tuple[Rail, ...] = (
    hold,
    brake,
    tenant,
    restored,
    frozen,
    hours,
    irreversible,
    protected,
    size,
    radius,
    two_people,
    approvers,
)
"""Every rail, in the order in which they give their name."""

ALWAYS: tuple[Rail, ...] = (tenant, restored, approvers)
"""Those that also stand against an approval which the agent itself does nothing for, and hands to a person."""


def ask(scene: Scene) -> tuple[Guarded, ...]:
    """Return everything that stands against it; empty where nothing does."""
    rails = RAILS if scene.effects else ALWAYS
    return tuple(said for rail in rails if (said := rail(scene)) is not None)

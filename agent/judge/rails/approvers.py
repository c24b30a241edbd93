"""Some approvals are people's: where a policy wants them asked, or where so much is at stake that two have to agree."""

from collections.abc import Sequence

from agent.judge.quote import counted
from agent.judge.rails.scene import Scene
from agent.judge.rails.size import messages_of
from agent.model.decision import Guarded
from agent.model.policy import Policy

GUARD = "approvers"
TWO = 2


def wanted_by(deciding: Sequence[Policy]) -> int:
    """Return the most people that one of the policies wants to approve it."""
    return max((policy.approvers for policy in deciding), default=0)


def wanted(scene: Scene) -> int:
    """Return how many people have to approve it; 0 where the policies are enough."""
    is_large = messages_of(scene) >= scene.rails.two_people_from
    return max(scene.approvers, TWO if is_large else 0)


def approvers(scene: Scene) -> Guarded | None:
    """Say that people have to approve it, and how many."""
    count = wanted(scene)
    if not count:
        return None
    people = f"{counted(count, 'person has', 'people have')} to approve it"
    if count > scene.approvers:
        most = scene.rails.two_people_from
        return Guarded(
            guard=GUARD, words=f"{people}: it has {messages_of(scene):,} messages, {most:,} or more"
        )
    return Guarded(guard=GUARD, words=f"{people}: its policy says so")


def by_policy(count: int) -> str:
    """Say that a policy wants so many people to approve it."""
    return f"{counted(count, 'person has', 'people have')} to approve it: its policy says so"

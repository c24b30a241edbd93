"""Some approvals are people's: where so much is at stake that two have to agree, or where a policy wants them asked."""

from collections.abc import Sequence

from agent.judge.quote import counted
from agent.judge.rails.scene import Scene
from agent.judge.rails.size import messages_of
from agent.model.decision import Guarded
from agent.model.policy import Policy

BY_SIZE = "two people"
BY_POLICY = "approvers"
TWO = 2


def wanted_by(deciding: Sequence[Policy]) -> int:
    """Return the most people that one of the policies wants to approve it."""
    return max((policy.approvers for policy in deciding), default=0)


def wanted(scene: Scene) -> int:
    """Return how many people have to approve it; 0 where the policies are enough."""
    return max(scene.approvers, TWO if _is_large(scene) else 0)


def _is_large(scene: Scene) -> bool:
    return messages_of(scene) >= scene.rails.two_people_from


def two_people(scene: Scene) -> Guarded | None:
    """Say that it is so large that two people have to approve it."""
    if not _is_large(scene):
        return None
    words = (
        f"2 people have to approve it: it has {messages_of(scene):,} messages, "
        f"and from {scene.rails.two_people_from:,} on one is not enough"
    )
    return Guarded(guard=BY_SIZE, words=words)


def approvers(scene: Scene) -> Guarded | None:
    """Say that a policy wants people to approve it, and how many."""
    return by_policy(scene.approvers) if scene.approvers else None


def by_policy(count: int) -> Guarded:
    """Return that a policy wants so many people to approve it."""
    words = f"{counted(count, 'person has', 'people have')} to approve it: its policy says so"
    return Guarded(guard=BY_POLICY, words=words)

"""The ledger was restored from a backup, and does not remember everything that was done for the action."""

from agent.judge.rails.scene import Scene
from agent.model.decision import Guarded

RESTORED = "restored"
"""The guard's name."""


def restored(scene: Scene) -> Guarded | None:
    """Say what may have been done that is not remembered: a person looks, and what they approve is carried out."""
    return Guarded(guard=RESTORED, words=scene.unremembered) if scene.unremembered else None

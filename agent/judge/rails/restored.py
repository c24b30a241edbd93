"""The ledger was restored from a backup, and does not remember everything that was done for the action.

Where nothing is left to do, nothing can be done twice, and nobody is asked; but that an account is disabled says nothing
of its sessions.
"""

from agent.judge.rails.scene import Scene
from agent.model.decision import Guarded
from agent.model.pending import USER_KINDS

RESTORED = "restored"
"""The guard's name."""


def restored(scene: Scene) -> Guarded | None:
    """Say what may have been done that is not remembered: a person looks, and what they approve is carried out."""
    if not scene.unremembered or not (scene.effects or scene.action.kind in USER_KINDS):
        return None
    return Guarded(guard=RESTORED, words=scene.unremembered)

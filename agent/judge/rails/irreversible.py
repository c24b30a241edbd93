"""What nothing takes back is done by a person only.

What `judge.undo` has an inverse of, the agent takes back: deleted mail, for one, lies in the mailbox's recoverable
items, from where `moveToInbox` brings it back for as long as the mailbox keeps them. `revokeSignInSessions` counts as
taken back by a person: nobody can give the same sessions again, but whoever was signed out signs in anew with the
password they have, and has lost a minute. `forcePasswordReset` does not: the password that was there is gone, on premises
there is no copy of it, and somebody who cannot set a new one is locked out until the service desk helps.
"""

from agent.judge.rails.scene import Scene
from agent.judge.undo import INVERSES
from agent.model.decision import Guarded
from agent.model.enactment import EffectKind

BY_A_PERSON = frozenset({EffectKind.REVOKE_SESSIONS, EffectKind.QUARANTINE_FILE})
"""What no call takes back, and a person does: a user signs in again, a file is released in the Action center."""

LOST = {EffectKind.RESET_PASSWORD: "the password that was there is gone"}
"""Why some of the rest cannot be taken back, in words."""


def irreversible(scene: Scene) -> Guarded | None:
    """Say that an effect could not be taken back."""
    for effect in scene.effects:
        if effect.kind not in INVERSES and effect.kind not in BY_A_PERSON:
            why = LOST.get(effect.kind, "there is no call that does it")
            words = f"`{effect.kind}` cannot be taken back: {why}"
            return Guarded(guard="irreversible", words=words)
    return None

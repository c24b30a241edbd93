"""What nothing takes back is done by a person only.

How each effect is taken back stands in one table. `revokeSignInSessions` counts as taken back by a person:
nobody can give the same sessions again, but whoever was signed out signs in anew with the password they have,
and has lost a minute. `forcePasswordReset` does not: the password that was there is gone, on premises there is no
copy of it, and somebody who cannot set a new one is locked out until the service desk helps. Deleted mail lies in
the mailbox's recoverable items, from where `moveToInbox` brings it back for as long as the mailbox keeps them.
"""

from collections.abc import Mapping
from enum import StrEnum

import msgspec

from agent.judge.rails.scene import Scene
from agent.model.decision import Guarded
from agent.model.enactment import EffectKind


class Back(StrEnum):
    """Who can take an effect back."""

    BY_THE_AGENT = "byTheAgent"
    BY_A_PERSON = "byAPerson"
    NEVER = "never"


class Reversal(msgspec.Struct, frozen=True):
    """Who takes an effect back, and how, in words."""

    by: Back
    how: str


_MOVED_BACK = Reversal(
    Back.BY_THE_AGENT, "`moveToInbox` brings it back while the mailbox keeps what was deleted"
)
_SWITCHED_BACK = Reversal(Back.BY_THE_AGENT, "it is switched back to what it was")

REVERSALS: Mapping[EffectKind, Reversal] = {
    EffectKind.SOFT_DELETE: _MOVED_BACK,
    EffectKind.MOVE_TO_INBOX: _MOVED_BACK,
    EffectKind.MOVE_TO_JUNK: _MOVED_BACK,
    EffectKind.MOVE_TO_DELETED_ITEMS: _MOVED_BACK,
    EffectKind.DISABLE_RULE: _SWITCHED_BACK,
    EffectKind.ENABLE_RULE: _SWITCHED_BACK,
    EffectKind.DISABLE_USER: _SWITCHED_BACK,
    EffectKind.ENABLE_USER: _SWITCHED_BACK,
    EffectKind.DISABLE_ACCOUNT: _SWITCHED_BACK,
    EffectKind.ENABLE_ACCOUNT: _SWITCHED_BACK,
    EffectKind.REVOKE_SESSIONS: Reversal(Back.BY_A_PERSON, "the user signs in again"),
    EffectKind.QUARANTINE_FILE: Reversal(
        Back.BY_A_PERSON, "somebody releases the file in Defender's Action center"
    ),
    EffectKind.RESET_PASSWORD: Reversal(Back.NEVER, "the password that was there is gone"),
}
"""How each kind of effect is taken back. A test holds it to be whole."""


def irreversible(scene: Scene) -> Guarded | None:
    """Say that an effect could not be taken back."""
    for effect in scene.effects:
        reversal = REVERSALS[effect.kind]
        if reversal.by is Back.NEVER:
            words = f"`{effect.kind}` cannot be taken back: {reversal.how}"
            return Guarded(guard="irreversible", words=words)
    return None

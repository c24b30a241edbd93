"""What the guard rails look at: everything around one approval at one moment.

The same is gathered at the decision and again before each call leaves, so that a rail cannot tell the two apart
and needs no second version of itself.
"""

from datetime import datetime

import msgspec

from agent.judge.rails.given import Others
from agent.judge.rails.listed import ProtectedList
from agent.model.enactment import Effect
from agent.model.hold import Hold
from agent.model.pending import PendingAction
from agent.model.rails import Rails
from agent.model.targets import Account, Found


class Scene(msgspec.Struct, frozen=True, kw_only=True):
    """One approval, and what is known around it.

    `effects` are those of its plan. `given` tells of all that was given away within the day before `now` and the longest
    window of a cap, this action's own too: intended, sent or settled, and not dropped.
    """

    now: datetime
    tenant_id: str
    """The tenant that the credential is of, and that the agent looks after."""
    action: PendingAction
    effects: tuple[Effect, ...]
    rails: Rails
    holds: tuple[Hold, ...] = ()
    found: Found | None = None
    """What would be acted on besides mail, as it is now."""
    owner: Account | None = None
    """Whose mailbox it is, where a rule would be touched."""
    senders: frozenset[str] | None = frozenset()
    """Whose own copies would go too, by their addresses; None where that is not known."""
    protected: tuple[ProtectedList, ...] = ()
    own: frozenset[str] = frozenset()
    """The ids under which Entra ID knows the agent itself, lower case."""
    given: Others = msgspec.field(default_factory=Others)
    surges: bool = False
    """Whether the brake would be on: approvals that would only have been have left their usual band."""
    unremembered: str = ""
    """What may have been done for the action that a restored ledger does not remember; empty for nothing."""
    approvers: int = 0
    """The most people that a deciding policy wants to approve it."""

"""What is done about a decision: plan, effects, their outcomes, what was seen afterwards, and the record."""

from datetime import datetime
from enum import StrEnum

import msgspec

from agent.model.decision import Decision
from agent.model.pending import PendingAction


class Way(StrEnum):
    """How a decision is enacted."""

    REMEDIATE = "remediate"
    """Through Graph's `analyzedEmails/remediate`: the same effect, though not the approval itself."""
    ADVISORY = "advisory"
    """A comment and a tag; nothing stops a person from approving."""
    HAND_OFF = "handOff"
    """A person gets the link and the reason: there is no documented API."""
    ASK = "ask"
    """People decide."""


class Went(StrEnum):
    """How far one effect has come."""

    INTENDED = "intended"
    SENT = "sent"
    DONE = "done"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    OBSERVED = "observed"
    """Planned while observing: never sent."""
    DROPPED = "dropped"
    """Intended and never sent: superseded, expired or decided anew. Its targets are free again."""


Pair = tuple[str, str]
"""(networkMessageId, recipientEmailAddress), lower case."""


class Effect(msgspec.Struct, frozen=True, kw_only=True):
    """One call that soft-deletes mail. `targets` are at most as many as one call takes.

    `id` is derived from the action, the grounds and the place in the plan, so that the same plan has the
    same effects. Each target belongs to at most one effect for ever, dropped effects aside.
    """

    id: str
    action_id: str
    incident_id: str
    targets: tuple[Pair, ...]
    went: Went = Went.INTENDED
    attempts: int = 0
    intended_at: datetime
    sent_at: datetime | None = None
    settled_at: datetime | None = None
    detail: str = ""
    bulk_id: str | None = None
    """Defender's own id of the remediation, for people to look it up in the Action center."""


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What one call came to."""

    went: Went
    detail: str = ""
    bulk_id: str | None = None


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What is still missing to carry a decision out. `why` says in words why it is done in this way."""

    way: Way
    why: str
    effects: tuple[Effect, ...] = ()
    leaned: tuple[Pair, ...] = ()
    """Targets that another action's effects have claimed: it is those that must take them."""
    duplicate_of: str | None = None
    """The action whose effects already cover every target, approved within the hour."""


class State(StrEnum):
    """Where a pending action stands in its life."""

    SEEN = "seen"
    DECIDED = "decided"
    """Observed: decided and planned, and nothing more will be done."""
    INTENDED = "intended"
    SENT = "sent"
    CONFIRMED = "confirmed"
    UNVERIFIED = "unverified"
    """Sent, and whether it worked could not be read in time."""
    CONTRADICTED = "contradicted"
    """Sent, and the mail is still there at the last look."""
    REFUSED = "refused"
    UNKNOWN = "unknown"
    DEDUPLICATED = "deduplicated"
    HANDED_OFF = "handedOff"
    REJECTED = "rejected"
    HELD = "held"
    ESCALATED = "escalated"
    SUPERSEDED = "superseded"
    EXPIRED = "expired"


CLOSED = frozenset({State.CONFIRMED, State.SUPERSEDED, State.EXPIRED})
"""States that need nobody any more."""


class EffectSeen(StrEnum):
    """What was seen of the effect."""

    CONFIRMED = "confirmed"
    PARTLY = "partly"
    CONTRADICTED = "contradicted"
    UNVERIFIED = "unverified"


class PendingSeen(StrEnum):
    """What was seen of the pending action itself."""

    OPEN = "open"
    CLOSED = "closed"
    EXPIRED = "expired"


class Confirmation(msgspec.Struct, frozen=True, kw_only=True):
    """What was seen after the fact, in two parts; a part is None where nothing was looked at yet."""

    effect: EffectSeen | None = None
    pending: PendingSeen | None = None
    words: str = ""
    checks: int = 0
    at: datetime | None = None


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """Everything the ledger holds of one pending action now.

    `due` is when it is to be looked at again, None for never. `is_noted` is False while the incident's
    comment and tag do not show the decision yet. `version` counts changes: who saves a record must have
    read its newest version.
    """

    action: PendingAction
    state: State
    due: datetime | None
    decision: Decision | None = None
    plan: Plan | None = None
    confirmation: Confirmation = Confirmation()
    why: str = ""
    """Why it is in this state, in words, where the decision does not say it."""
    is_noted: bool = True
    version: int = 0


class Approval(msgspec.Struct, frozen=True, kw_only=True):
    """One automatic approval, as it counts against its policy's limits."""

    policy: str
    action_id: str
    at: datetime
    messages: int


class Spent(msgspec.Struct, frozen=True, kw_only=True):
    """What one policy has approved within a window."""

    actions: int = 0
    messages: int = 0


class Cover(msgspec.Struct, frozen=True, kw_only=True):
    """The effect that already has a target: whose it is, and when it was decided."""

    action_id: str
    effect_id: str
    intended_at: datetime

"""What is done about a decision: plan, effects, their outcomes, what was seen afterwards, and the record."""

from datetime import datetime
from enum import StrEnum

import msgspec

from agent.model.decision import Decision, Lapse
from agent.model.pending import PendingAction


class Way(StrEnum):
    """How a decision is enacted."""

    REMEDIATE = "remediate"
    """Through a documented API: the same effect, though not the approval itself."""
    ADVISORY = "advisory"
    """A comment and a tag; nothing stops a person from approving."""
    HAND_OFF = "handOff"
    """A person gets the link and the reason: there is no documented API."""
    ASK = "ask"
    """People decide."""


class EffectKind(StrEnum):
    """What one call does to the world, in the words of the API that does it.

    Source: `remediationAction`, `messageRule`, `user` and `identityAccounts` in the v1.0 metadata; the machine
    actions of the Defender for Endpoint API.
    """

    SOFT_DELETE = "softDelete"
    """`analyzedEmails/remediate`. A target is (networkMessageId, recipientEmailAddress)."""
    MOVE_TO_INBOX = "moveToInbox"
    MOVE_TO_JUNK = "moveToJunk"
    MOVE_TO_DELETED_ITEMS = "moveToDeletedItems"
    DISABLE_RULE = "disableRule"
    """`messageRules/{id}`, `isEnabled`. A target is (rule's id, mailbox: the user's object id)."""
    ENABLE_RULE = "enableRule"
    DISABLE_USER = "disableUser"
    """`users/{id}`, `accountEnabled`. A target is (the user's object id, empty)."""
    ENABLE_USER = "enableUser"
    REVOKE_SESSIONS = "revokeSignInSessions"
    """`users/{id}/revokeSignInSessions`. A target is (the user's object id, empty)."""
    DISABLE_ACCOUNT = "disableAccount"
    """`identityAccounts/{id}/invokeAction`, `disable`. A target is (identityAccounts' id, accountId)."""
    ENABLE_ACCOUNT = "enableAccount"
    RESET_PASSWORD = "forcePasswordReset"  # noqa: S105  a word of Graph's
    """`identityAccounts/{id}/invokeAction`, `forcePasswordReset`. A target is (identityAccounts' id, accountId)."""
    QUARANTINE_FILE = "stopAndQuarantineFile"
    """`machines/{id}/StopAndQuarantineFile` of Defender for Endpoint. A target is (the file's SHA-1, the machine's id)."""


MAIL_EFFECTS = frozenset(
    {
        EffectKind.SOFT_DELETE,
        EffectKind.MOVE_TO_INBOX,
        EffectKind.MOVE_TO_JUNK,
        EffectKind.MOVE_TO_DELETED_ITEMS,
    }
)
"""Effects that Graph's `remediate` carries out, on many messages in one call."""

INVERSE_EFFECTS = frozenset(
    {
        EffectKind.MOVE_TO_INBOX,
        EffectKind.MOVE_TO_JUNK,
        EffectKind.MOVE_TO_DELETED_ITEMS,
        EffectKind.ENABLE_RULE,
        EffectKind.ENABLE_USER,
        EffectKind.ENABLE_ACCOUNT,
    }
)
"""Effects that only a person has carried out, who takes something back."""

RULE_EFFECTS = frozenset({EffectKind.DISABLE_RULE, EffectKind.ENABLE_RULE})
"""Effects on inbox rules."""

DEVICE_EFFECTS = frozenset({EffectKind.QUARANTINE_FILE})
"""Effects on devices."""


class Went(StrEnum):
    """How far one effect has come."""

    INTENDED = "intended"
    SENT = "sent"
    DONE = "done"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    OBSERVED = "observed"
    """Planned while observing: never sent."""
    SHADOW = "shadow"
    """Planned for what observing policies would have approved: never sent, and no part of what was decided."""
    DROPPED = "dropped"
    """Intended and never sent: superseded, expired or decided anew. Its targets are free again."""


WOULD_BE = frozenset({Went.OBSERVED, Went.SHADOW})
"""How an effect went that would only have been. What it takes counts for others of its kind, and for nothing real."""

Pair = tuple[str, str]
"""What is acted on, and where it is; which two these are stands with each kind of effect. Those of mail are lower case."""


class Effect(msgspec.Struct, frozen=True, kw_only=True):
    """One call that changes something. `targets` are at most as many as one call takes.

    `id` is derived from the action, the grounds and the place in the plan, so that the same plan has the
    same effects. Each target belongs to at most one effect of its kind for ever, dropped effects aside.
    """

    id: str
    action_id: str
    incident_id: str
    kind: EffectKind = EffectKind.SOFT_DELETE
    targets: tuple[Pair, ...]
    before: tuple[str, ...] = ()
    """What each target was before, in the order of `targets`: what an undo restores. Of mail where it lay, of a rule
    its JSON, of an account `true` or `false`; empty where nothing can be restored."""
    senders_copy: bool = False
    """Whether the sender's own copy goes too (`remediateSendersCopy`)."""
    undoes: str | None = None
    """The effect that this one takes back."""
    went: Went = Went.INTENDED
    attempts: int = 0
    intended_at: datetime
    sent_at: datetime | None = None
    settled_at: datetime | None = None
    detail: str = ""
    bulk_id: str | None = None
    """Defender's own id of the remediation, for people to look it up in the Action center; of a file the machine action's."""
    request_id: str | None = None
    """The id of the request that Microsoft's support asks for."""
    sent_by: str | None = None
    """The replica that made the call."""


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What one call came to."""

    went: Went
    detail: str = ""
    bulk_id: str | None = None
    request_id: str | None = None
    client_request_id: str | None = None
    """The id that the request bore when it left, known also where nothing came back."""


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """What would be done if people approved, as it is shown to them. None of its effects claims anything.

    `digest` is of all of it: the action, its evidence, the end of its week, and each target with what it was. `binding`
    is of the first three alone: it stays the same when a target goes.
    """

    way: Way
    why: str
    effects: tuple[Effect, ...] = ()
    digest: str
    binding: str
    policies: tuple[str, ...] = ()
    """Those that left it to people; empty where none did."""


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What is still missing to carry a decision out. `why` says in words why it is done in this way."""

    way: Way
    why: str
    effects: tuple[Effect, ...] = ()
    leaned: tuple[Pair, ...] = ()
    """Targets that another action's effects have claimed: it is those that must take them."""
    duplicate_of: str | None = None
    """The action whose effects already cover every target, approved within the hour."""
    may_pass: bool = False
    """Whether what makes it a hand-off may pass by itself, so that it is soon judged anew."""
    binding: str = ""
    """Digest of what the approval is bound to: where it differs when it is carried out, the approval is void."""
    offered: Offer | None = None
    """What people are asked to approve; None where they are asked nothing that the agent could carry out."""


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
    """Sent, and at the last look it was not as it was to be, or left in part for a person."""
    REFUSED = "refused"
    UNKNOWN = "unknown"
    DEDUPLICATED = "deduplicated"
    HANDED_OFF = "handedOff"
    REJECTED = "rejected"
    HELD = "held"
    ESCALATED = "escalated"
    ANSWERED = "answered"
    """People have answered, and it is about to be judged by that."""
    LAPSED = "lapsed"
    """Nobody answered before the last chance: a person has to decide it in Defender."""
    SUPERSEDED = "superseded"
    EXPIRED = "expired"
    UNDONE = "undone"
    """A person took back what was done: it is never done again by the agent alone."""


CLOSED = frozenset({State.CONFIRMED, State.SUPERSEDED, State.EXPIRED, State.UNDONE})
"""States that need nobody any more."""

OPEN = tuple(state for state in State if state not in CLOSED)
"""All the others."""


UNCARRIED = frozenset(
    {
        State.SEEN,
        State.DECIDED,
        State.INTENDED,
        State.REFUSED,
        State.HANDED_OFF,
        State.HELD,
        State.ESCALATED,
        State.ANSWERED,
        State.LAPSED,
    }
)
"""States in which nobody's decision is carried out: where the week ends in one of them, the action expires undecided.

What was rejected is carried out as far as it can be, what was sent is followed, and what another action's effects take is
that action's."""


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


class Undone(msgspec.Struct, frozen=True, kw_only=True):
    """That a person took back what was done for an action: when, who, why, and what was seen of it since.

    `left` says in words what could not be taken back; empty where nothing was. `seen` is None before the first look.
    """

    at: datetime
    by: str
    reason: str
    words: str = ""
    left: tuple[str, ...] = ()
    seen: EffectSeen | None = None
    checks: int = 0


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
    undone: Undone | None = None
    """The last time that a person took something of it back."""
    lapse: Lapse | None = None
    """The last time that nobody answered in time."""
    discounted: tuple[int, ...] = ()
    """Answers, by their numbers, of people who were found to be no approvers any more when they were to be carried out."""
    asked_since: datetime | None = None
    """Since when people are asked anew, for it was decided elsewhere or taken back meanwhile: earlier approvals do not
    count. None where nothing of that kind happened."""
    life: int = 0
    """Which of its lives this is: it grows each time that it is proposed anew after its week was over."""
    worked_before: datetime | None = None
    """Before when all that was sent for it was seen to have worked, in an earlier life of it; None where it was not."""
    version: int = 0


class Approval(msgspec.Struct, frozen=True, kw_only=True):
    """One automatic approval, as it counts against its policy's limits."""

    policy: str
    action_id: str
    at: datetime
    messages: int
    is_observed: bool = False
    """Whether it would only have been: it counts for others that are observed, and for none that is carried out."""


class Spent(msgspec.Struct, frozen=True, kw_only=True):
    """What one policy has approved within a window."""

    actions: int = 0
    messages: int = 0


class Cover(msgspec.Struct, frozen=True, kw_only=True):
    """The effect that already has a target: whose it is, and when it was decided."""

    action_id: str
    effect_id: str
    intended_at: datetime
    is_observed: bool = False
    """Whether the target would only have been acted on, so that it is still as it was."""
    is_departed: bool = False
    """Whether the ledger knows of the effect by the audit alone, since it was restored from an older backup."""

"""What another set of policies would have made of recorded decisions: what flips, and what cannot be said."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

import msgspec

from agent.model.decision import Guarded, Weighed
from agent.model.pending import ActionKind


class Fate(StrEnum):
    """What becomes of a pending action: one of the three decisions, or an approval that a limit holds."""

    APPROVE = "approve"
    REJECT = "reject"
    ESCALATE = "escalate"
    HELD = "held"


class Judgement(msgspec.Struct, frozen=True, kw_only=True):
    """What one set makes of one recorded decision.

    `policies` are those that decide, or that could not tell where that settles it. `guard` names the limit
    that holds. `weighed` are the limits an approval was weighed against.
    """

    fate: Fate
    policies: tuple[str, ...] = ()
    guard: str | None = None
    weighed: tuple[Weighed, ...] = ()
    held: tuple[Guarded, ...] = ()
    """What guard rails said, caps and limits apart."""


class Flip(msgspec.Struct, frozen=True, kw_only=True):
    """The first decision on a pending action that comes out otherwise; the later ones hang on it.

    `by` are the policies that make the difference. `messages` is how many messages the approval, before or
    after, is about; where that was not recorded it is estimated. Label and reasons are empty until they are
    told.
    """

    action_id: str
    number: int
    at: datetime
    kind: ActionKind
    before: Judgement
    after: Judgement
    by: tuple[str, ...]
    messages: int
    is_estimated: bool
    label: str = ""
    reason_before: str = ""
    reason_after: str = ""


class Unsaid(msgspec.Struct, frozen=True, kw_only=True):
    """A decision of which it cannot be said whether it flips, for want of facts that were not recorded with it."""

    action_id: str
    number: int
    at: datetime
    kind: ActionKind
    facts: tuple[str, ...]
    before: tuple[Fate, ...]
    """Everything that it may be before."""
    after: tuple[Fate, ...]
    """Everything that it may be after."""
    policies: tuple[str, ...]
    """The policies that read these facts."""
    label: str = ""


class Totals(msgspec.Struct, frozen=True, kw_only=True):
    """Counts over all that was looked at."""

    actions: int = 0
    decisions: int = 0
    flips: int = 0
    unsaid: int = 0
    between: Mapping[str, int] = {}
    """Flips by what they are from and to, such as `approve -> held`."""
    by_policy: Mapping[str, int] = {}
    """Flips by the policies that make the difference; one may be by several."""
    messages_more: int = 0
    """Messages that would be deleted and were not."""
    messages_fewer: int = 0
    """Messages that would not be deleted any more."""
    estimated: int = 0
    """Flips whose number of messages was not recorded."""
    held_more: int = 0
    held_fewer: int = 0
    older: int = 0
    """Actions with a decision from before the newest facts were recorded."""


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """One of the two sets that are compared. `revision` and `git` are empty for what the ledger recorded."""

    name: str
    revision: str = ""
    git: str = ""


class Backtest(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it. `flips` and `unsaid` are in the order of time."""

    before: Compared
    after: Compared
    since: datetime | None
    first: datetime | None = None
    """When the first decision that was looked at was made."""
    last: datetime | None = None
    totals: Totals
    flips: tuple[Flip, ...] = ()
    unsaid: tuple[Unsaid, ...] = ()

"""A report: how what policies decided, or would have, compares with what people did, and what would have been otherwise.

Compared is one life of a pending action: from when it was seen to the end of its week. A report has totals and groups, and
never the actions themselves: those are gone through a second time, one after the other, by whoever lists them, so that a
million of them need no more memory than one.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum

import msgspec

from agent.model.decision import Verb
from agent.model.pending import ActionKind
from agent.model.truth import Certainty, Source, Truth, Unknown


class Standing(StrEnum):
    """How our decision and people's stand to each other."""

    AGREED = "agreed"
    """Both approved, or both rejected."""
    STRICTER = "stricter"
    """We rejected it or left it to people, and they approved."""
    LOOSER = "looser"
    """We would have approved it, and they rejected it: the risk."""
    UNDECIDED = "undecided"
    """What people decided is not known, we left it to them and they rejected it, or we had not decided before them."""


class Lens(StrEnum):
    """Which decision of ours is compared."""

    WOULD = "would"
    """What would have been decided had every policy counted, observing ones too."""
    IN_FORCE = "inForce"
    """What the policies that count decided."""


ENOUGH = 20
"""Below so many compared it is too few to say, where nobody asks otherwise."""

UNJUDGED = "unjudged"
"""Why an action is not compared: people decided it before we had."""

LEFT = "left"
"""Why an action is not compared: we left it to people, and they rejected it."""


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What a report is asked to be about; what is empty or None narrows nothing.

    An action is in the window in which people decided it or it ended, and while it is open in that of its last decision. So
    each is in one window only, and one that is over never changes into another unless more becomes known of it.
    """

    tenant_id: str
    tenant_name: str = ""
    since: datetime
    until: datetime
    """Excluded."""
    policies: tuple[str, ...] = ()
    """Those of which one took part in the decision that is compared."""
    kinds: tuple[ActionKind, ...] = ()
    lens: Lens = Lens.WOULD
    revision: str | None = None
    """Of the set of policies that made the decision that is compared."""
    enough: int = ENOUGH


class Compared(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One life of a pending action, and how what we and people decided compares. `tenant_id` is the ledger's."""

    action_id: str
    incident_id: str
    kind: ActionKind
    first_seen: datetime
    deadline: datetime
    decided: datetime | None
    """When the decision of ours that is compared was made: the newest before people's; None where there was none."""
    number: int = 0
    """It is the action's decision of this number in the ledger; 0 where there was none."""
    verb: Verb | None
    """It; what a guard rail held was an approval. None where there was none."""
    policies: tuple[str, ...]
    guard: str | None
    """The guard rail that held the approval, or would have."""
    targets: int | None
    messages: int | None
    is_native: bool
    is_imported: bool
    revision: str
    truth: Truth | None
    """None where nothing is known yet: it is open, or was carried out here."""
    standing: Standing
    unknown: Unknown | None
    """Why people's decision is not known, where that is why it is undecided; None where it is known, and we left it to
    people who rejected it, or had decided nothing before they did."""
    moment: datetime
    """When people decided it or it ended, and while it is open when the last decision was made: a window and a week go by it."""

    @property
    def saved(self) -> timedelta | None:
        """How much earlier than people we decided the same, and by ourselves; None where we did not.

        What was judged afterwards says nothing of it, unless it bears a moment before people's.
        """
        is_ours = self.standing is Standing.AGREED and self.guard is None
        if not is_ours or self.truth is None or self.decided is None or self.decided >= self.truth.at:
            return None
        return self.truth.at - self.decided


class Tally(msgspec.Struct, frozen=True, kw_only=True):
    """How many actions stand how."""

    agreed: int = 0
    both_approved: int = 0
    """Those of `agreed` that both approved."""
    looser: int = 0
    rejected: int = 0
    """Stricter: we rejected, and people approved."""
    left: int = 0
    """Stricter: we left it to people, and they approved."""
    undecided: int = 0

    @property
    def stricter(self) -> int:
        """How many we rejected or left to people, and they approved."""
        return self.rejected + self.left

    @property
    def would_approve(self) -> int:
        """How many of those compared we would have approved."""
        return self.both_approved + self.looser

    @property
    def compared(self) -> int:
        """How many were compared."""
        return self.agreed + self.looser + self.stricter

    @property
    def actions(self) -> int:
        """How many there are."""
        return self.compared + self.undecided


class Rate(msgspec.Struct, frozen=True, kw_only=True):
    """A share of what was compared, and the 95 % Wilson interval in which the true one lies."""

    share: float
    low: float
    high: float


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """What was compared under one name: a policy, a kind, a tenant, a week (its Monday, UTC), or everything."""

    name: str
    tally: Tally
    agreement: Rate | None
    """None: too few to say."""
    risk: Rate | None
    """How often people rejected what we would have approved, of what we would have approved and was compared; None: that is
    too few to say."""


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """How many decisions of people are known from one source, and how sure."""

    source: Source
    certainty: Certainty
    count: int


class Native(msgspec.Struct, frozen=True, kw_only=True):
    """What Defender's own automation settings would have soft-deleted, all of them on, and what people did with it."""

    actions: int = 0
    approved: int = 0
    rejected: int = 0
    """Its looser: people rejected what it would have deleted."""
    ours: int = 0
    """Those of these actions that we would have approved too."""


SAVED_STEPS = tuple(timedelta(hours=hours) for hours in (1, 4, 12, 24, 48, 96))
"""Up to which lengths of time, each excluded, what was saved is counted."""


class Counterfactuals(msgspec.Struct, frozen=True, kw_only=True):
    """What would have been otherwise had what we decided been carried out."""

    approved: int
    """Actions that we would have approved, guard rails apart."""
    held: Mapping[str, int]
    """Actions of those that each guard rail would have held."""
    saved: timedelta | None
    """The middle one of all the times by which we decided earlier than people; None of none."""
    saved_ninetieth: timedelta | None
    saved_of: int
    """Of how many actions that is."""
    saved_steps: tuple[int, ...] = ()
    """The same actions by how much earlier: under each of `SAVED_STEPS`, and last those from the longest of them on."""
    expired: int
    """Actions that expired."""
    expired_otherwise: int
    """Those of them that we would have decided in time."""
    messages: int
    """Copies of messages that would have left mailboxes earlier than people let them."""
    pages: int
    """Actions of which people would have been asked, and would not have been: decided by policies, not held."""
    native: Native


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """One report, the same for the same ledger and the same window."""

    tenant_id: str
    tenant_name: str
    since: datetime
    until: datetime
    policies_asked: tuple[str, ...]
    """What it was narrowed to; empty for all."""
    enough: int
    """Below so many compared it is too few to say."""
    actions: int
    imported: int
    revisions: tuple[str, ...]
    """The sets of policies that decided, in the order in which they first did."""
    total: Group
    in_force: Group
    policies: tuple[Group, ...]
    kinds: tuple[Group, ...]
    tenants: tuple[Group, ...]
    weeks: tuple[Group, ...]
    undecided: Mapping[str, int]
    """Actions that are not compared, by why: an `Unknown`, `LEFT` or `UNJUDGED`."""
    told: tuple[Told, ...]
    counterfactuals: Counterfactuals

"""What is brought into the history afterwards: proposals that were over before the agent came, and how far that has come.

Nothing of it is a record: the agent acts on none of it, asks nobody about it, and counts none of it.
"""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

import msgspec

from agent.model.decision import Decision, Verb
from agent.model.history import Ending
from agent.model.pending import PendingAction
from agent.model.truth import Truth, Unknown


class Why(StrEnum):
    """Why something that may have been proposed is left out."""

    OPEN = "open"
    """It still awaits approval, or has done so until lately: the agent itself records it."""
    RECORDED = "recorded"
    """The agent has recorded it, in that life."""
    UNSHOWN = "unshown"
    """It was remediated or the like, and nothing shows that people were ever asked."""
    AMBIGUOUS = "ambiguous"
    """Its evidence does not say, in words that are known here, how it stands."""
    TOO_OLD = "tooOld"
    """It was proposed before what hunting reaches: of its mail nothing is known any more."""


class Imported(msgspec.Struct, frozen=True, kw_only=True):
    """One proposal, judged afterwards by the policies in force."""

    action: PendingAction
    """As it was when it was first seen, as far as that is known."""
    decision: Decision
    ended: Ending
    ended_at: datetime
    status: str | None
    """Defender's word for how it stands now."""
    truth: Truth

    @property
    def life(self) -> tuple[str, datetime]:
        """What tells it from every other proposal, also from others of the same action."""
        return (self.action.id, self.action.first_seen)


class Lives(msgspec.Struct, frozen=True, kw_only=True):
    """What is known already of one action's proposals: each from when it was first seen until its week was over."""

    recorded: tuple[tuple[datetime, datetime], ...] = ()
    """By the agent itself."""
    imported: tuple[Imported, ...] = ()


class Importing(msgspec.Struct, frozen=True, kw_only=True):
    """How far one import has come: what was updated between two moments, the oldest first."""

    since: datetime
    until: datetime
    """When it began; what is updated later is read with its last slice."""
    policies: str
    """A digest of the files that it judges by: by others it begins anew."""
    read: datetime
    """Incidents updated before this moment have been read."""
    alerts_read: datetime
    """Alerts likewise."""
    is_whole: bool = False
    incidents: int = 0
    left: dict[Why, int] = {}
    unknown_then: dict[str, int] = {}
    """Facts that policies go by and that cannot be had as they were then, with how many actions that left undecided."""
    problems: tuple[str, ...] = ()
    """In words, what could not be read, as far as it is named."""


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What an import has in the history, in numbers of proposals."""

    actions: int = 0
    approved: int = 0
    """By people, as far as anybody knows."""
    rejected: int = 0
    unknown: dict[Unknown, int] = {}

    @property
    def decided(self) -> int:
        """Of how many it is known what people decided."""
        return self.approved + self.rejected


def outcome_of(truths: Mapping[tuple[Verb | None, Unknown | None], int]) -> Outcome:
    """Return how many truths there are of each sort, summed up."""
    told = Counter[Verb | None](), Counter[Unknown | None]()
    for (verb, why), count in truths.items():
        told[0][verb] += count
        told[1][None if verb is not None else why] += count
    verbs, whys = told
    return Outcome(
        actions=verbs.total(),
        approved=verbs[Verb.APPROVE],
        rejected=verbs[Verb.REJECT],
        unknown={why: whys[why] for why in Unknown if whys[why]},
    )

"""What people decided, in the narrow form in which it is looked at for policies; and the drafts that come of it."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

import msgspec

from agent.model.decision import Verb
from agent.model.pending import ActionKind
from agent.model.report import Rate, Tally
from agent.model.truth import Truth


class Sort(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """What pending actions have in common that people decided the same way."""

    kind: ActionKind
    by: str | None = None
    """What a cluster is built on; None where it is no cluster."""
    verdict: str
    domain: str | None = None
    """The one domain that sent all of it, and is really its sender; None where that may be any."""

    @property
    def whole(self) -> "Sort":
        """Return it for any sender."""
        return msgspec.structs.replace(self, domain=None)


class Lived(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One proposal that people decided, and what was known of it before they did."""

    action_id: str
    number: int
    at: datetime
    """When policies decided last before people did."""
    truth: Truth
    kind: ActionKind
    by: str | None
    verdict: str | None
    domains: frozenset[str] | None
    """Of all its senders; None where one of them is not known, or may be forged."""
    claimed: frozenset[str]
    """Of those of its senders that are who they say."""
    is_dmarc: bool
    """Whether DMARC alone shows that of all of them."""
    sizes: Mapping[str, int]
    """Counts over all messages, by fact; what is not known is left out."""
    words: Mapping[str, frozenset[str]]
    """Words of facts that a draft stays within, by fact; what is not known is left out."""
    is_whole: bool
    """Whether everything is known that a policy for its kind goes by."""
    verb: Verb
    """What the present policies decide on it, observing ones counted."""
    policies: tuple[str, ...]
    """Those that do; none where no policy says anything."""

    @property
    def decided(self) -> Verb:
        """Return what people decided."""
        assert self.truth.verb is not None  # noqa: S101  else it is none of these
        return self.truth.verb

    @property
    def is_covered(self) -> bool:
        """Whether the present policies decide as people did."""
        return self.verb is self.decided

    @property
    def is_open(self) -> bool:
        """Whether no present policy says anything on it."""
        return not self.policies


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """What a draft rests on: proposals on which no present policy says anything."""

    lives: int
    people: int
    """Named ones; 0 where what is known names nobody."""
    days: int
    """On how many days, in UTC, they decided."""
    first: datetime
    last: datetime
    certain: int
    """Of how many it is certain what people decided; of the others it is likely."""
    imported: int
    rate: Rate
    """How often they decided so."""


class Bounds(msgspec.Struct, frozen=True, kw_only=True):
    """Between what a draft stays: nothing that was not seen."""

    sizes: Mapping[str, int] = {}
    """The largest seen, by fact."""
    words: Mapping[str, tuple[str, ...]] = {}
    """Those seen, by fact."""
    is_dmarc: bool = False
    """Whether DMARC alone shows who sent it; else composite authentication may as well."""
    actions: int = 1
    """The most that policies decided within 24 hours."""
    messages: int | None = None
    """The most copies of these; None where it is not about mail."""


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """A policy that people could have: what they consistently decided."""

    name: str
    verb: Verb
    sort: Sort
    bounds: Bounds
    evidence: Evidence
    examples: tuple[tuple[str, int], ...]
    """Proposals that show it, by action and number: a typical one first, the largest last."""


class Why(StrEnum):
    """Why what people decided does not become a draft."""

    TOO_FEW = "tooFew"
    ONE_DAY = "oneDay"
    UNSURE = "unsure"
    """They are enough, and the true share may still be too low."""
    DISAGREED = "disagreed"
    """Some were approved and others rejected."""
    COVERED = "covered"
    """The present policies decide as people did."""
    RULED = "ruled"
    """The present policies leave it to people, or decide otherwise."""
    KIND = "kind"
    """What is approved could not be taken back, or is not known."""
    UNSAID = "unsaid"
    """The verdict, what a cluster is built on, or all of its messages were not known."""
    NO_EXAMPLE = "noExample"
    """No example could be made of it in which the policy acts."""
    CHECK = "check"
    """With it the set does not pass `policy check`."""
    LOOSER = "looser"
    """Tried on what people decided, it approves something that they rejected, or the other way round."""


class LeftOut(msgspec.Struct, frozen=True, kw_only=True):
    """What does not become a draft, and why."""

    why: Why
    sort: Sort | None
    """None where it is many of them together."""
    approved: int
    rejected: int
    words: str = ""
    """More of why."""


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """What the decisions of people come to."""

    lives: int
    drafts: tuple[Draft, ...]
    left_out: tuple[LeftOut, ...]


class Tried(msgspec.Struct, frozen=True, kw_only=True):
    """What a draft would have decided of what people decided, beside the present policies."""

    tally: Tally
    agreement: Rate | None
    """None: too few to say."""
    contrary: int
    """Proposals of which it by itself would decide the opposite of what people did."""

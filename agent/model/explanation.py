"""An explanation: a decision taken apart, so that a person can see what made it and what would have changed it.

The same nouns are shown on a terminal, printed as JSON and put on a page.
"""

from datetime import datetime
from enum import StrEnum

import msgspec

from agent.model.decision import Match, Rule, Ruling, Verb
from agent.model.facts import Value
from agent.model.mark import Mark
from agent.model.pending import ActionKind


class Held(StrEnum):
    """How a condition turned out."""

    HELD = "held"
    FAILED = "failed"
    UNKNOWN = "unknown"


class Sight(msgspec.Struct, frozen=True, kw_only=True):
    """One fact as a condition saw it. `source` says where in Graph it comes from, `unknown` why it tells nothing."""

    fact: str
    value: Value | None
    source: str
    unknown: str = ""
    """Empty where the fact is known."""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """An entry of a list that has the value seen in it; one whose `expires` has come counts no more."""

    list: str
    wording: str
    file: str
    line: int
    reason: str = ""
    owner: str = ""
    ticket: str = ""
    expires: datetime | None = None
    is_over: bool = False


class Leaf(msgspec.Struct, frozen=True, kw_only=True, tag="test"):
    """A test of one fact, or of several together."""

    held: Held
    words: str
    operator: str
    asked: str
    """What the fact is compared with, as its author wrote it."""
    seen: tuple[Sight, ...]
    entries: tuple[Entry, ...] = ()
    mark: Mark


class Joint(StrEnum):
    """How the conditions below are put together."""

    ALL = "all"
    ANY = "any"
    NOT = "not"


class Branch(msgspec.Struct, frozen=True, kw_only=True, tag="branch"):
    """Conditions put together by `all`, `any` or `not`."""

    held: Held
    joint: Joint
    parts: tuple["Tree", ...]
    mark: Mark


class Sample(msgspec.Struct, frozen=True, kw_only=True, tag="messages"):
    """A condition on the messages: in how many it held, and its tree for the one message that tells most.

    `telling` counts messages from 1; it and `part` are None where there are no messages to look at.
    """

    held: Held
    words: str
    asked: str
    """The quantifier, with the bounds of a share."""
    messages: int
    held_in: int
    failed_in: int
    unknown_in: int
    unknown: str = ""
    """Why the whole is unknown, where that is not because of single messages."""
    telling: int | None = None
    telling_label: str = ""
    part: "Tree | None" = None
    mark: Mark


class Hours(msgspec.Struct, frozen=True, kw_only=True, tag="moment"):
    """A condition on the moment of judging; never unknown."""

    held: Held
    words: str
    asked: str
    entries: tuple[Entry, ...] = ()
    mark: Mark


Tree = Leaf | Branch | Sample | Hours


class Bearing(StrEnum):
    """What a policy had to do with the decision, weightiest first."""

    DECIDED = "decided"
    UNDECIDED = "undecided"
    """Could not tell, and so sent the action to a person."""
    SHADOW = "shadow"
    """Observes: it settled the shadow decision only."""
    OUTRANKED = "outranked"
    """Matched or could not tell, and policies of a higher priority decided."""
    INFORMED = "informed"
    """Matched, and only wants somebody told."""
    NEAREST = "nearest"
    """Did not match, and came nearest."""
    APART = "apart"
    """Did not match."""


class PolicyTree(msgspec.Struct, frozen=True, kw_only=True):
    """One policy that counts for the action, clause by clause; a clause of `unless` that held is in the way."""

    policy: str
    bearing: Bearing
    answer: Match
    verb: Verb
    priority: int | None
    """None for a policy that only informs."""
    observes: bool
    fallen: str = ""
    """Since when it observes whatever its file says, and why; empty where it does what that says."""
    reason: str
    in_the_way: tuple[str, ...] = ()
    """What kept it from matching, in words."""
    match: tuple[Tree, ...] = ()
    unless: tuple[Tree, ...] = ()
    failure: str = ""
    """What went wrong where it could not be evaluated, which is a bug."""
    file: str
    line: int


class Because(StrEnum):
    """Why a policy does not apply."""

    TENANT = "tenant"
    EXPIRED = "expired"


class Aside(msgspec.Struct, frozen=True, kw_only=True):
    """A policy for this kind of action that does not apply to it."""

    policy: str
    because: Because
    words: str


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One fact as it would have had to be.

    `fact` is what was looked at: a fact of the action, one of messages where `messages` says of how many, or
    `now` and `messages` themselves. `instead` is one value with which it was judged; None where it would be
    unknown. Numbers from `least` to `most` do all the same; None where there is no such bound.
    """

    fact: str
    words: str
    before: Value | None = None
    instead: Value | None = None
    least: int | None = None
    most: int | None = None
    messages: int | None = None


class Flip(msgspec.Struct, frozen=True, kw_only=True):
    """Changes that together would have led to another decision; each was judged, and is no guess."""

    words: str
    changes: tuple[Change, ...]
    follows: tuple[str, ...] = ()
    """Other facts that policies read and that change with these, since they are worked out from the same."""
    policies: tuple[str, ...]
    """Who would have decided then."""
    rule: Rule


class Flips(msgspec.Struct, frozen=True, kw_only=True):
    """What would have led to one other decision: the smallest change found, and others of as few facts.

    `searched` is the number of facts up to which every change was tried; `is_smallest` is False where a
    smaller change than the one told may have been missed, and where none was found nothing is claimed
    beyond `searched`.
    """

    verb: Verb
    words: str
    flips: tuple[Flip, ...] = ()
    is_smallest: bool = False
    searched: int = 0
    judgings: int = 0


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """How these policies decide this action on these facts, taken apart."""

    kind: ActionKind
    tenant: str
    now: datetime
    revision: str
    git: str = ""
    enforces_observers: bool
    """Whether policies in `mode: observe` were counted as enforcing."""
    verb: Verb
    deciding: tuple[str, ...]
    rule: Rule
    rule_words: str
    reason: str
    shadow: Ruling | None = None
    policies: tuple[PolicyTree, ...]
    """Weightiest first."""
    aside: tuple[Aside, ...] = ()
    other_kinds: int = 0
    """Policies that are for other kinds of action only."""
    flips: tuple[Flips, ...] = ()

"""A policy: what its author wrote, parsed and typed, with the place of each condition in its file."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import msgspec

from agent.model.chain import Chain
from agent.model.channel import Channel
from agent.model.decision import Classification, Verb
from agent.model.folders import Folders
from agent.model.mark import Mark
from agent.model.pending import ActionKind


class Fresh(msgspec.Struct, frozen=True, kw_only=True):
    """A list that is fed from elsewhere: the fact that says when it was refreshed, and how long that holds.

    `values` are its members, but for those that stand in the operand anyway.
    """

    fact: str
    within: timedelta
    values: frozenset[object] = frozenset()


class Expiry(msgspec.Struct, frozen=True, kw_only=True):
    """Values that belong to an operand until this moment, and from it on no more."""

    at: datetime
    values: frozenset[object]


class Test(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """`fact: {operator: operand}`. `operand` is typed by the fact and the operator, lists resolved.

    `wording` is the operand as the author wrote it, such as `$vip` or `200`. `operand` holds every value of
    the lists it names; those that end are in `expiries` too. A test with `fresh` is unknown where one of
    these lists was never fetched or is older than it may be.
    """

    __test__ = False

    fact: str
    operator: str
    operand: object
    wording: str
    mark: Mark
    fresh: tuple[Fresh, ...] = ()
    expiries: tuple[Expiry, ...] = ()


class All(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Holds where each of its conditions holds."""

    conditions: tuple["Condition", ...]
    mark: Mark


class AnyOf(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Holds where one of its conditions holds."""

    conditions: tuple["Condition", ...]
    mark: Mark


class Not(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Holds where its condition fails; unknown stays unknown."""

    condition: "Condition"
    mark: Mark


class Messages(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """`messages: {any|all|none|share: …}`: its condition is judged on one and the same message.

    With `share`, holds where the part of the messages, from 0 to 1, lies in `at_least`..`at_most`.
    """

    quantifier: str
    condition: "Condition"
    at_least: float = 0.0
    at_most: float = 1.0
    mark: Mark


class Moment(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """`moment: {zone, days, hours, dates}`: holds where the moment of judging lies inside all that is given.

    `hours` are minutes after midnight, local time, from (included) to (excluded), and may cross midnight,
    where the day is the one on which they began. `dates` are ISO dates.
    """

    zone: str
    days: frozenset[int] | None = None
    hours: tuple[int, int] | None = None
    dates: frozenset[str] | None = None
    wording: str = ""
    mark: Mark


Condition = Test | All | AnyOf | Not | Messages | Moment


class Mode(StrEnum):
    """Whether a policy's decision counts, or is only shown."""

    OBSERVE = "observe"
    ENFORCE = "enforce"


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """A part of what a policy is for. What is None narrows nothing; tenants are in lower case."""

    kinds: frozenset[ActionKind] | None = None
    tenants: frozenset[str] | None = None

    @property
    def is_whole(self) -> bool:
        """Whether it is all of it."""
        return self.kinds is None and self.tenants is None

    def has(self, kind: ActionKind, tenant: str) -> bool:
        """Whether such an action of this tenant is in it."""
        of_kind = self.kinds is None or kind in self.kinds
        return of_kind and (self.tenants is None or tenant.lower() in self.tenants)

    def holds(self, other: "Part") -> bool:
        """Whether all of the other part is in it."""
        return _holds(self.kinds, other.kinds) and _holds(self.tenants, other.tenants)


def _holds(some: frozenset[Any] | None, others: frozenset[Any] | None) -> bool:
    return some is None or (others is not None and others <= some)


class Fallen(msgspec.Struct, frozen=True, kw_only=True):
    """That a policy fell back to observing, whatever its file says: since when, and what was overturned."""

    since: datetime
    words: str


class Limit(msgspec.Struct, frozen=True, kw_only=True):
    """At most `count` within any `window`."""

    count: int
    window: timedelta
    wording: str


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """How much one policy may approve by itself."""

    actions: Limit | None = None
    messages: Limit | None = None


MOST_APPROVERS = 5
"""People of whom a policy or a chain can ask that all of them approve."""

INFORMS_ONLY = -(2**31)
"""The priority of a policy that informs and decides nothing: below all, so that its verb never counts."""


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """One policy file."""

    name: str
    description: str
    owner: str
    kinds: frozenset[ActionKind]
    mode: Mode
    part: Part = Part()
    """Where it enforces, if it does: everywhere else it observes."""
    fallen: Fallen | None = None
    """That it observes all the same; None where it does what `mode` says."""
    priority: int = 0
    tenants: frozenset[str] | None = None
    expires: datetime | None = None
    match: All
    unless: tuple[Condition, ...] = ()
    verb: Verb
    reason: str = ""
    classification: Classification | None = None
    limits: Limits = Limits()
    approvers: int = 0
    """How many people have to approve what it approves; 0 for none."""
    remediate_senders_copy: bool = False
    """Whether the sender's own copy of a message goes too."""
    escalation: str | None = None
    inform: str | None = None
    lists: frozenset[str] = frozenset()
    """Names of the lists that its conditions name."""
    file: str
    mark: Mark
    marks: Mapping[str, Mark] = {}
    """Where each key of the file stands."""
    digest: str
    """Of the file's bytes and of the lists it names, as their files are: twelve hexadecimal digits."""

    def mark_of(self, key: str) -> Mark:
        """Return where the key stands; where the policy begins, if it is left out."""
        return self.marks.get(key, self.mark)

    @property
    def decides(self) -> bool:
        """Whether it decides at all; one that only informs does not."""
        return self.priority > INFORMS_ONLY

    def enforces(self, kind: ActionKind, tenant: str, *, enforces_observers: bool) -> bool:
        """Whether its decision on such an action of this tenant counts.

        With `enforces_observers` an observing one's does too, but for one that fell back.
        """
        if self.fallen is not None:
            return False
        return enforces_observers or (self.mode is Mode.ENFORCE and self.part.has(kind, tenant))

    def enforces_somewhere(self, *, enforces_observers: bool) -> bool:
        """Whether its decision counts for any action at all."""
        return self.fallen is None and (enforces_observers or self.mode is Mode.ENFORCE)

    def observes_somewhere(self, *, enforces_observers: bool) -> bool:
        """Whether there is an action of those it is for on which its decision does not count."""
        if self.fallen is not None:
            return True
        return not enforces_observers and (self.mode is Mode.OBSERVE or not self.part.is_whole)

    def has_expired(self, now: datetime) -> bool:
        """Whether its time is over."""
        return self.expires is not None and now >= self.expires

    def is_for(self, tenant: str) -> bool:
        """Whether it is for this tenant."""
        return self.tenants is None or tenant.lower() in self.tenants


class ListType(StrEnum):
    """What the entries of a list are."""

    ADDRESSES = "addresses"
    DOMAINS = "domains"
    NETWORKS = "networks"
    USERS = "users"
    DEVICES = "devices"
    TEXTS = "texts"
    DATES = "dates"
    ROWS = "rows"


class ListEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of a list; `wording` is its value as written. From `expires` on it is in the list no more."""

    wording: str
    mark: Mark
    value: str = ""
    """The value whole, where it is a single one; `wording` may be cut."""
    reason: str = ""
    owner: str = ""
    ticket: str = ""
    expires: datetime | None = None


class Feed(msgspec.Struct, frozen=True, kw_only=True):
    """A list is the members of an Entra group, asked for every `refresh`.

    Once older than `stale`, it is not relied on: what tests it is unknown.
    """

    group: str
    refresh: timedelta
    stale: timedelta


class PolicyList(msgspec.Struct, frozen=True, kw_only=True):
    """One list file. `type` is what its entries are said to be; None where it does not say.

    A list with a `feed` has `members` instead of entries; None where they were never fetched.
    """

    name: str
    description: str = ""
    owner: str = ""
    type: ListType | None = None
    review: datetime | None = None
    """By when somebody is to look it over; None where it names no date."""
    per_tenant: bool = False
    """Whether each tenant says for itself what is in it: then the base is meant with what the tenant adds."""
    adds_to: str | None = None
    """The list of the base that this is a tenant's part of: whatever names that one means this one too."""
    entries: tuple[ListEntry, ...] = ()
    feed: Feed | None = None
    members: tuple[str, ...] | None = None
    file: str
    mark: Mark


class PolicySet(msgspec.Struct, frozen=True, kw_only=True):
    """All policies that are in force together.

    `revision` changes with any byte of any of their files, and with who is in the lists that are fed.

    `git` is the commit that the files were read from, with `+` where they differ from it; empty where there
    is none. `files` are those that the revision is of, so that the set can be kept and made again.
    """

    policies: tuple[Policy, ...]
    lists: tuple[PolicyList, ...] = ()
    chains: tuple[Chain, ...] = ()
    channels: tuple[Channel, ...] = ()
    revision: str
    git: str = ""
    files: Mapping[str, bytes] = {}
    folders: Folders | None = None
    """Where the base lies and where what a tenant adds to it; None where the set is one whole."""


class KeptSet(msgspec.Struct, frozen=True, kw_only=True):
    """The files of a set as they were when it came into force, so that its decisions can be made again."""

    revision: str
    git: str
    at: datetime
    """When it came into force, the last time."""
    files: Mapping[str, bytes]


class Members(msgspec.Struct, frozen=True, kw_only=True):
    """Who was in an Entra group when it was last asked for."""

    group: str
    at: datetime
    values: tuple[str, ...]

"""The audit: what was decided, guarded, intended, called and answered, by whom, when and why."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

import msgspec

ALARM = "audit"
"""The name of the alarm, and of the guard, of an audit that cannot be written or shipped."""


class Event(StrEnum):
    """What an entry tells of."""

    BEGINNING = "beginning"
    """The first entry of a ledger's audit: it counts what was decided and sent before there was one."""
    DECISION = "decision"
    GUARD = "guard"
    INTENT = "intent"
    CALL = "call"
    OUTCOME = "outcome"
    DROPPED = "dropped"
    CONFIRMATION = "confirmation"
    ANSWER = "answer"
    HOLD = "hold"
    RELEASE = "release"
    POLICIES = "policies"
    SETTINGS = "settings"
    UNDO = "undo"
    """An intent to take back what an earlier effect did."""
    MODE = "mode"
    """A person wrote into a policy's file whether it enforces."""
    FALLBACK = "fallback"
    """What a policy approved was overturned: it observes, whatever its file says."""
    REINSTATED = "reinstated"
    """A person let a policy that fell back count again."""
    ALARM = "alarm"
    NOTE = "note"
    """A comment, tag or classification is about to be written to Defender, or was."""
    NOTICE = "notice"
    """People on call were told something, or could not be."""
    RESTORED = "restored"
    """The ledger was restored from a backup: chains are closed, and what was done since is known by the audit alone."""
    ERASURE = "erasure"
    """Personal values of earlier entries were erased."""


Detail = str | int | bool | None


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that happened. `detail` names nobody; whatever may name a person stands in `personal`.

    The chain holds digests of personal values, so that they can be erased and the chain still verifies.
    """

    event: Event
    at: datetime
    actor: str
    """Who did it: `policy NAME@REVISION`, `agent REPLICA`, or `person`, whose name is then the personal value `by`."""
    reason: str = ""
    """In words that name nobody."""
    action_id: str | None = None
    detail: Mapping[str, Detail] = {}
    personal: Mapping[str, str] = {}


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """One entry as it stands in a chain.

    `at`, `event` and `action_id` are columns to search by; what counts is the body. Nothing is taken for granted of
    what was read: in SQLite a column may hold anything.
    """

    replica: str
    number: int
    at: int
    """Microseconds since 1970."""
    event: str
    action_id: str | None
    body: bytes
    mac: bytes


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """One personal value of an entry, beside the chain."""

    replica: str
    number: int
    name: str
    at: int
    salt: bytes
    value: str


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """Where a chain ends, and how far it has been shipped. `number` is 0 before the first entry."""

    replica: str
    number: int
    mac: bytes
    shipped: int = 0


class Anchor(msgspec.Struct, frozen=True, kw_only=True):
    """A head as it was at one moment, kept in a second place. `seal` shows that the key's owner wrote it."""

    tenant: str
    replica: str
    number: int
    at: datetime
    mac: str
    seal: str = ""


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """What is wrong with the audit. `number` is of the first bad entry; None where it is not about one of a chain."""

    replica: str | None
    number: int | None
    at: datetime | None
    words: str
    place: str = ""
    """The copy that it was found in; empty for the ledger."""


class Decided(msgspec.Struct, frozen=True, kw_only=True):
    """One decision as the ledger's own table has it; `content` is all of it, to be bound."""

    action_id: str
    number: int
    content: bytes


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """One person's answer as the ledger's own table has it; `content` is all of it, to be bound."""

    action_id: str
    number: int
    content: bytes


class Carried(msgspec.Struct, frozen=True, kw_only=True):
    """One effect as the ledger's own table has it, observed ones apart; `content` is what was intended, to be bound."""

    id: str
    action_id: str
    went: str
    attempts: int
    content: bytes


class Chained(msgspec.Struct, frozen=True, kw_only=True):
    """What was found of one replica's chain."""

    replica: str
    entries: int
    since: datetime | None
    until: datetime | None
    fault: Fault | None = None
    """The first bad entry; None where there is none."""


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What was found of the whole audit. It holds exactly if there is no fault."""

    chains: tuple[Chained, ...]
    faults: tuple[Fault, ...]
    """Every fault: the first of each chain, then those between the audit and the rest of the ledger."""
    decisions: int
    calls: int
    unaudited: int
    """Decisions and calls from before the audit began, as its first entry counted them."""
    erased: int
    """Personal values that have expired or were erased, which the chain accounts for."""
    witnesses: tuple[str, ...]
    """In words, what the ledger was compared with."""
    restored: tuple[str, ...] = ()
    """In words, that the ledger was restored from a backup, and what only the audit knows since."""
    uncompared: tuple[str, ...] = ()
    """Replicas of whose chains none of these has anything."""

    @property
    def holds(self) -> bool:
        """Whether nothing is wrong."""
        return not self.faults

"""A decision: what should happen to one pending action, and why."""

from datetime import datetime, timedelta
from enum import StrEnum

import msgspec

from agent.model.facts import Facts


class Verb(StrEnum):
    """The three decisions; AIR's own words."""

    APPROVE = "approve"
    REJECT = "reject"
    ESCALATE = "escalate"


class Rule(StrEnum):
    """Which rule put the answers of the policies together."""

    AGREED = "agreed"
    """All policies of the highest priority that matches say the same."""
    DISAGREED = "disagreed"
    """Policies of the highest priority that matches say different things: a person decides."""
    UNDECIDED = "undecided"
    """A policy of that priority or a higher one could not tell: a person decides."""
    UNMATCHED = "unmatched"
    """No policy matched: a person decides."""
    OVER = "over"
    """What would have been approved comes at or after the deadline: a person decides."""
    HELD = "held"
    """A guard held what would have been approved: a person decides."""


class Match(StrEnum):
    """What one policy answered."""

    MATCHED = "matched"
    NOT_MATCHED = "notMatched"
    UNDECIDED = "undecided"


class Clause(msgspec.Struct, frozen=True, kw_only=True):
    """One condition of a policy as it turned out.

    `held` is None for unknown. `words` says it whole, such as ``cluster.mailboxCount` is 12, at most 200`,
    and may quote an attacker's text, shortened and with control characters made visible.
    """

    words: str
    held: bool | None
    facts: tuple[str, ...]
    line: int
    column: int


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One policy's answer and the clauses it rests on: for a match all of them, else those that stood in the way."""

    policy: str
    answer: Match
    verb: Verb
    priority: int
    observes: bool
    clauses: tuple[Clause, ...]


class Ruling(msgspec.Struct, frozen=True, kw_only=True):
    """What a set of policies says together: the verb, who decided it, and the sentence for people."""

    verb: Verb
    policies: tuple[str, ...]
    reason: str


class Unit(StrEnum):
    """What a limit counts."""

    ACTIONS = "actions"
    MESSAGES = "messages"


class Weighed(msgspec.Struct, frozen=True, kw_only=True):
    """One limit of a deciding policy, or one cap of the tenant, as it stood when an approval was weighed against it.

    `spent` is what was approved within the window, by the policy or in the whole tenant, this action apart where
    actions are counted; `asked` is what this approval adds.
    """

    policy: str
    """Empty for a cap, which all policies share."""
    unit: Unit
    count: int
    window: timedelta
    spent: int
    asked: int
    cap: str = ""
    """The cap's name; empty for a limit of a policy."""

    @property
    def is_over(self) -> bool:
        """Whether the approval would pass the limit."""
        return self.spent + self.asked > self.count


class Classification(msgspec.Struct, frozen=True, kw_only=True):
    """What the alerts are to be classified as, in Graph's words."""

    classification: str
    determination: str | None = None

    def __str__(self) -> str:
        return f"{self.classification} ({self.determination})" if self.determination else self.classification


class Guarded(msgspec.Struct, frozen=True, kw_only=True):
    """What one guard rail said against an approval: its name, and why in words.

    `until` is when it will have nothing more to say by itself; None where only a person or other facts end it.
    """

    guard: str
    words: str
    until: datetime | None = None


class Answered(msgspec.Struct, frozen=True, kw_only=True):
    """One person's answer that a decision rests on. `targets` are those that they approved; None for all."""

    object_id: str
    name: str
    at: datetime
    verb: Verb
    reason: str
    grant: str
    """What made it count: `role:…` or `user:…`."""
    targets: tuple[tuple[str, str], ...] | None = None


class Lapse(msgspec.Struct, frozen=True, kw_only=True):
    """That nobody answered before the last chance, and what the chain says becomes of it then.

    `grounds` are those of the decision that asked: on other grounds people are asked anew. It is nobody's no.
    """

    at: datetime
    chain: str
    decide: str
    """A `Fallback`."""
    grounds: str


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """The decision on one pending action, with its grounds.

    `grounds` is a digest of the action's evidence, the verb, the policies and the facts they read: the
    same grounds give the same decision. `shadow` is what would have been decided had observing policies
    counted; None where none had an opinion. `guard` names the guard rail that turned an approval into an
    escalation; None where none did.
    """

    action_id: str
    at: datetime
    verb: Verb
    policies: tuple[str, ...]
    reason: str
    findings: tuple[Finding, ...]
    facts: Facts
    grounds: str
    evidence: str
    """Digest of the evidence as it was: what an approval is bound to."""
    revision: str
    """Of the set of policies."""
    shadow: Ruling | None = None
    guard: str | None = None
    inform: tuple[str, ...] = ()
    """Chains that policies want told, whatever was decided."""
    escalation: str | None = None
    """The chain of the deciding policy, if it names one."""
    agent_version: str = ""
    weighed: tuple[Weighed, ...] = ()
    """The caps and limits that an approval was weighed against, up to the first that it would have passed."""
    held: tuple[Guarded, ...] = ()
    """What guard rails said against an approval, caps and limits apart, in their order: the first held it."""
    approvers: int = 0
    """How many people have to approve it, where a policy or its size says so; 0 where nothing does."""
    senders_copy: bool = False
    """Whether every policy that decided wants the sender's own copy gone too."""
    git: str = ""
    """The commit that the set of policies was read from; empty where there was none."""
    label: str | None = None
    """What the action was about, in the words in which the reason quotes it; None in older records."""
    enforces_observers: bool = False
    """Whether policies in `mode: observe` counted as enforcing."""
    classifications: tuple[Classification, ...] | None = None
    """What the deciding policies name for the alerts, each once; where they differ, a person classifies. None in older
    records."""
    answered: tuple[Answered, ...] = ()
    """The people whose answers it rests on, in the order of their answers; empty where policies decided."""
    lapsed: Lapse | None = None
    """That nobody answered in time, where that is what decided."""
    is_observed: bool = False
    """Whether the agent that made it only observed: nothing was carried out, and none of its amounts is real."""
    shadow_guard: str | None = None
    """The guard rail that would have held what `shadow` approves; None where none would, and in older records."""
    targets: int | None = None
    """How many targets the approval acts on, or the one of `shadow` would: with its copies of messages, each in each
    mailbox; None for other decisions, and in older records."""

"""What the ledger remembers of earlier decisions and answers, in the narrow form in which it is asked for."""

from datetime import datetime
from enum import StrEnum

import msgspec

from agent.model.decision import Guarded, Verb, Weighed
from agent.model.facts import Facts
from agent.model.pending import ActionKind


class About(StrEnum):
    """What an earlier answer is looked up by."""

    SENDER = "sender"
    DOMAIN = "domain"
    CLUSTER_BY = "clusterBy"


class Ended(StrEnum):
    """How Defender showed a pending action that was decided elsewhere.

    `declined` is a person's no. `remediated` is a person's approval or Defender's own closing, because the
    mail was gone: which of them is not told apart by the evidence. Source: [EAI], [AVR].
    """

    REMEDIATED = "remediated"
    DECLINED = "declined"


Matter = tuple[ActionKind, About, str]
"""What earlier answers are looked up for: the kind of pending action, by what, and its value as it is compared."""


class PastAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """How one pending action ended elsewhere, and what it was about.

    One that is about nothing takes an earlier one of its action back: Defender shows that it awaits approval
    again.
    """

    action_id: str
    kind: ActionKind
    at: datetime
    ended: Ended
    about: tuple[tuple[About, str], ...]


class Tally(msgspec.Struct, frozen=True, kw_only=True):
    """How often pending actions that had something in common ended so."""

    remediated: int = 0
    declined: int = 0


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """One decision of the ledger without its words: what is needed to judge the same facts again."""

    action_id: str
    number: int
    """Which of the action's decisions, from 1."""
    at: datetime
    verb: Verb
    guard: str | None
    policies: tuple[str, ...]
    facts: Facts
    weighed: tuple[Weighed, ...]
    held: tuple[Guarded, ...] = ()
    grounds: str
    revision: str
    git: str
    is_of_policies: bool = True
    """Whether policies decided it; people or their silence did otherwise."""

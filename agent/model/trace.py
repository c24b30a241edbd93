"""The trace of one pending action: one for each of its lives, the same in every pass, process and replica.

Nothing is handed on and nothing is remembered for it: an action's id, with the number of the life, names its trace, so
that whoever goes on with the action after hours, a restart or a takeover adds to the same one.
"""

from datetime import datetime
from enum import StrEnum
from hashlib import sha256

import msgspec

Said = str | int | float | bool
"""What a span says of one thing."""


class Phase(StrEnum):
    """What was done about an action: the name of its span."""

    SEEN = "seen"
    """It appeared on a page of incidents, or began a new life: the root of its trace."""
    GATHERED = "gathered"
    """What policies ask for was looked up."""
    DECIDED = "decided"
    PLANNED = "planned"
    """What is to be done was written down, before anything is done."""
    HELD = "held"
    """A guard rail said no."""
    CALLED = "called"
    """A call that changes something left, and came back or did not."""
    SETTLED = "settled"
    """How that call went was written down."""
    NOTED = "noted"
    """The decision was shown in its incident."""
    ESCALATED = "escalated"
    """A step of a chain was taken for it."""
    TOLD = "told"
    """A channel took what people are to be told of it."""
    ANSWERED = "answered"
    LOOKED = "looked"
    """It was looked what became of what was sent, and it was not seen to have worked yet."""
    CONFIRMED = "confirmed"
    ENDED = "ended"
    """It needs nobody any more: decided elsewhere, or its week is over."""


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was done about one action, once it is over.

    `said` is no foreign text: ids, words of closed sets, and numbers. Spans with the same `key` are one, however often
    they are told; without one each is its own.
    """

    action_id: str
    life: int
    phase: Phase
    began: datetime
    ended: datetime
    said: dict[str, Said] = {}
    is_failed: bool = False
    key: str = ""


def trace_of(action_id: str, life: int) -> str:
    """Return the id of the trace of one life of an action: 32 hexadecimal digits."""
    return sha256(f"trace\x1f{action_id}\x1f{life}".encode()).hexdigest()[:32]


def span_of(trace: str, key: str) -> str:
    """Return the id of what is told under this key in a trace: 16 hexadecimal digits."""
    return sha256(f"span\x1f{trace}\x1f{key}".encode()).hexdigest()[:16]

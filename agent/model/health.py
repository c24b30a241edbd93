"""What can be told of a running agent's work: what was done last, and how long ago."""

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum

import msgspec


class Mark(StrEnum):
    """Something that was done, whose last time is remembered."""

    BEGAN = "began"
    """It was begun to look after the tenant."""
    TURN = "turn"
    """It was its turn to be opened."""
    OPENED = "opened"
    """Ledger and Graph were opened: the agent has signed in."""
    LOADED = "loaded"
    """The policies were loaded."""
    MOVED = "moved"
    """Anything went on: a step of a pass, a request, or the wait for a moment that has not come."""
    READ = "read"
    """Defender answered a poll."""
    PASSED = "passed"
    """A pass ended, with problems or without."""
    TRIED_SWITCH = "tried switch"
    """The lookout tried to read the kill switch."""
    READ_SWITCH = "read switch"
    """It read it to the end."""
    WROTE = "wrote"
    """The ledger took a sign of life."""
    TRIED_AUDIT = "tried audit"
    """It was tried to ship the audit."""
    SHIPPED = "shipped"
    """All of it that there was has been shipped."""


class Signs(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of one tenant's work at a moment.

    The ages are of time in which the process could run: while it was stopped, or the machine slept, they stood still.
    """

    since: Mapping[Mark, timedelta]
    """How long ago each thing was done last; what never was is left out."""
    is_resting: bool = False
    """Whether the next pass is not due yet."""
    ships: bool = False
    """Whether there is an audit that is shipped."""


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that has to be so, and whether it is."""

    name: str
    ok: bool
    words: str
    restart_mends: bool = False
    """Whether a restart may mend it where it is not so: it is this process that failed, and not what it needs."""
    failing: int = 0
    """Of how many tenants it is not so."""


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """How a process fares, as probes are told."""

    ok: bool
    tenants: int
    """How many are looked after here."""
    checks: tuple[Check, ...]

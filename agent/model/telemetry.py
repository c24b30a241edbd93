"""What is measured of a running agent: what is counted and timed as it happens, and what is read now and then."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

import msgspec

from agent.model.enactment import State
from agent.model.report import Standing
from agent.model.vitals import Expiry, Passing, Usage


class Counted(StrEnum):
    """What is counted as it happens."""

    DECISION = "decision"
    """`verb`, and `by`: `policies`, `people` or `nobody` (nobody answered in time)."""
    POLICY = "policy"
    """One policy that took part in a decision. `policy`, `verb`."""
    HELD = "held"
    """`guard`."""
    CALL = "call"
    """A call that changes something was settled. `kind`, `outcome`."""
    CONFIRMATION = "confirmation"
    """It was looked what became of what was sent. `seen`."""
    STEP = "step"
    """People are to be told. `chain`, `occasion`."""
    NOTICE = "notice"
    """An attempt to tell people through a channel is over. `channel`, `outcome`."""
    PASS = "pass"  # noqa: S105  no password
    """`outcome`: `clean`, `problems` or `unavailable`."""
    REQUEST = "request"
    """An attempt at a request is over. `api`, `outcome`."""


class Timed(StrEnum):
    """What is timed as it happens."""

    POLL = "poll"
    """Reading the news of incidents, and saving them."""
    PASS = "pass"  # noqa: S105  no password
    NOTICE = "notice"
    """From when it was first tried to tell people until the channel took it. `channel`."""
    CALL = "call"
    """From when a call that changes something left until its outcome was written down."""
    REQUEST = "request"
    """One attempt at a request. `api`."""
    TRANSACTION = "transaction"
    """One transaction of the ledger. `operation`: `read`, `write` or `audited`."""


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """The open actions in one state whose week is not over."""

    at_risk: int = 0
    """Those whose deadline comes within the window that was asked for."""
    deadline: datetime | None = None
    """The earliest, that of the oldest; None where there are none."""


class Sums(msgspec.Struct, frozen=True, kw_only=True):
    """What one cheap look into a ledger finds, at one moment."""

    at: datetime
    open: Mapping[State, int]
    """How many actions there are in each state that is not an end; states with none are left out."""
    waiting: Mapping[State, Waiting]
    """Of the states in which nobody's decision is carried out yet."""
    under_way: int
    """Calls that have left and are not settled."""
    pages: int
    """Pages that are open."""
    notices: int
    """Notices that wait to be sent."""
    notices_since: datetime | None
    """When the one that is overdue for longest was to be sent."""
    watermark: datetime | None
    unshipped: datetime | None
    """When the oldest entry of the audit was written that was not shipped."""
    holds: Mapping[str, int]
    """Holds that stand, by their guard rail."""
    alarms: Mapping[str, int]
    """Alarms that stand, by their family: the first word of the name."""


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """How one tenant's agent stands, as it was last read. None and empty say that it is not known."""

    at: datetime
    mode: str = ""
    version: str = ""
    sums: Sums | None = None
    ended: Mapping[State, int] = {}
    """How many actions have come to each end."""
    agreement: Mapping[Standing, int] = {}
    """How the decisions of the last week stand to what people did."""
    policies: Mapping[str, int] = {}
    """How many policies enforce, and how many observe."""
    passing: Passing | None = None
    polled: datetime | None = None
    """When all news were last read to the end."""
    switch_read: datetime | None = None
    is_held: bool = False
    """Whether anything keeps this process from carrying anything out."""
    usage: tuple[Usage, ...] = ()
    expiries: tuple[Expiry, ...] = ()

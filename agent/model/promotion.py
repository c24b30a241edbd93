"""A promotion: what is asked before a policy may enforce, and what was found."""

from datetime import datetime, timedelta

import msgspec

from agent.model.report import Tally


class Bar(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked of a policy before it may enforce."""

    actions: int = 30
    """At least so many of its decisions are compared with people's."""
    looser: int = 0
    """At most so many of them people rejected though it would have approved; or approved though it would have rejected."""
    days: int = 7
    """It was observed for at least so many days."""


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """How what a policy would have decided by itself compares with what people did."""

    since: datetime | None
    """From when on it is counted; None where this text of the policy never was in force here."""
    until: datetime
    """The last sign of life of an agent here: it was observed until then."""
    why: str = ""
    """Why from then on."""
    tally: Tally = Tally()
    looser: tuple[str, ...] = ()
    """The actions that people rejected, and it would have approved."""
    stricter: tuple[str, ...] = ()
    """The actions that people approved, and it would have rejected."""

    @property
    def observed(self) -> timedelta:
        """How long it was observed."""
        return timedelta(0) if self.since is None else max(self.until - self.since, timedelta(0))


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the bar: what is asked, what was found, and what is missing; empty where it is met."""

    name: str
    asked: str
    found: str
    missing: str = ""

    @property
    def is_met(self) -> bool:
        """Whether what was found is what is asked."""
        return not self.missing

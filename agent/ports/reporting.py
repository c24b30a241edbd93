"""Reports that are sent by themselves: who makes them, and what is remembered of those that were sent."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from agent.model.escalation import Notice
from agent.model.schedule import Period, Reported, Schedule, Stage
from agent.ports.escalation import Channels


class Reporter(Protocol):
    """Makes reports."""

    async def __call__(self, schedule: Schedule, period: Period) -> Notice:
        """Return what tells the report of a period through the schedule's channel: the same whenever it is asked for.

        Raises:
            LedgerError: the ledger cannot be read.
        """
        ...


class ReportLog(Protocol):
    """How the report of each period was sent. Every write is durable when its call returns.

    Raises LedgerError where the ledger cannot be used.
    """

    async def reported(self, period: str) -> Reported | None:
        """Return how far the report of a period has come; None where it was not begun."""
        ...

    async def unfinished(self) -> Sequence[Reported]:
        """Return those that were begun and neither sent nor given up, oldest first."""
        ...

    async def write(self, reported: Reported, before: Stage | None) -> None:
        """Write how far one has come; `before` is the stage that it was read in, None where it was not there.

        Raises:
            Conflict: somebody has written another since.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Reports:
    """What it takes to send reports."""

    schedule: Schedule
    channels: Channels
    log: ReportLog
    reporter: Reporter

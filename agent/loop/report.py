"""What one pass did, for whoever watches."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

NAMED = 3
"""Incidents that are named where many were left for the same reason."""


@dataclass(slots=True)
class PassReport:
    """Counts of one pass, filled in while it runs."""

    began: datetime
    pages: int = 0
    """Pages that polling read: what it cost of the request budget."""
    polled: datetime | None = None
    """When the poll began that read all there was; None where none did."""
    cursor: datetime | None = None
    """The watermark that it went by; None where there was none yet."""
    shown: int = 0
    """Incidents that it was shown, news or not."""
    incidents: int = 0
    """Incidents read that were news."""
    moved: int = 0
    """Those of them that had changed in Defender since they were saved, or were not known."""
    appeared: int = 0
    """Pending actions seen for the first time."""
    decided: int = 0
    sent: int = 0
    """Effects that were tried."""
    noted: int = 0
    """Decisions shown in their incident."""
    confirmed: int = 0
    waiting: int = 0
    """Incidents still to be written to, as many as are looked ahead."""
    untried: int = 0
    """Those of them that were not tried in this pass and do not rest."""
    problems: list[str] = field(default_factory=list)
    """In words, what went wrong; empty for a clean pass."""
    left: dict[str, list[str]] = field(default_factory=dict)
    """By the reason, which incidents were left for later."""
    unavailable_until: datetime | None = None
    """When Graph may be asked again, where it said so."""
    is_unavailable: bool = False
    """Whether Graph was away or asked for patience."""
    held: tuple[str, ...] = ()
    """In words, what kept everything from being carried out when the pass ended."""
    leaves_undecided: bool = False
    """Whether some of what is to be decided was left for the next pass, because there was too much of it for one."""
    has_reloaded: bool = False
    """Whether other policies came into force on the way."""

    def counted(self) -> tuple[int, ...]:
        """Return all that has been counted so far: as long as it stays the same, nothing was done that counts."""
        return (
            self.pages,
            self.incidents,
            self.appeared,
            self.decided,
            self.sent,
            self.noted,
            self.confirmed,
            len(self.problems),
        )

    def leave(self, incident: str, why: str) -> None:
        """Say that an incident was left for later; a reason that several have is told once."""
        incidents = self.left.setdefault(why, [])
        told = _left(incidents, why)
        incidents.append(incident)
        if len(incidents) == 1:
            self.problems.append(_left(incidents, why))
        else:
            self.problems[self.problems.index(told)] = _left(incidents, why)


def _left(incidents: Sequence[str], why: str) -> str:
    if len(incidents) == 1:
        return f"incident {incidents[0]}: {why}"
    more = len(incidents) - NAMED
    rest = f" and {more:,} more" if more > 0 else ""
    return f"{len(incidents):,} incidents ({', '.join(incidents[:NAMED])}{rest}): {why}"

"""What one pass did, for whoever watches."""

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(slots=True)
class PassReport:
    """Counts of one pass, filled in while it runs."""

    began: datetime
    pages: int = 0
    """Pages that polling read: what it cost of the request budget."""
    incidents: int = 0
    """Incidents read that were news."""
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
    unavailable_until: datetime | None = None
    """When Graph may be asked again, where it said so."""
    is_unavailable: bool = False
    """Whether Graph was away or asked for patience."""
    has_reloaded: bool = False
    """Whether other policies came into force on the way."""

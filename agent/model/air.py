"""What AIR itself wrote down of its investigations: which action it proposed on what, and what became of that.

Microsoft 365 keeps one audit record for each change of an investigation, and advanced hunting shows it. It is the
only documented place that names the proposed action, and who approved it. Words are as they came.

Source: the Management Activity API's schema of AIR, and Microsoft's hunting queries for Sentinel [MAPI] [SENQ].
UNCONFIRMED: all spellings of words, and how soon a record is there.
"""

from datetime import datetime
from hashlib import sha256

import msgspec


class AirReading(msgspec.Struct, frozen=True, kw_only=True):
    """How one action stood at a moment before the newest."""

    at: datetime
    status: str | None = None
    approval: str | None = None
    approved_by: str | None = None
    approver_comment: str | None = None


class AirAction(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One action of an investigation on one thing, as it was written down last.

    `keys` are the names of the thing, the strongest first (`model.key`), and empty where it is none that is told
    apart. `at` is when it was written down, `proposed_at` when the action began, where that is said.
    """

    investigation_id: str
    action_id: str
    at: datetime
    proposed_at: datetime | None = None
    action_type: str | None = None
    status: str | None = None
    approval: str | None = None
    approved_by: str | None = None
    approver_comment: str | None = None
    keys: tuple[str, ...] = ()
    link: str | None = None
    """Where people see the investigation."""
    is_volume_anomaly: bool | None = None
    """Of a mail cluster: whether it was found for its volume."""
    earlier: tuple[AirReading, ...] = ()
    """How it stood each time before, oldest first."""
    alerts: tuple[str, ...] = ()
    """The alerts that it is said to be of, by their providers' ids; empty where none are named."""

    @property
    def id(self) -> str:
        """Sixteen hexadecimal digits, the same for the same action on the same thing."""
        whole = "\x1f".join((self.investigation_id, self.action_id, *self.keys[:1]))
        return sha256(whole.encode()).hexdigest()[:16]

    @property
    def places(self) -> tuple[str, ...]:
        """Under which names it is remembered: those of what it acts on, or its own where that has none."""
        return self.keys or (f"action:{self.id}",)


class AirRows(msgspec.Struct, frozen=True, kw_only=True):
    """What one look at AIR's records gave.

    `unreadable` says in words what had to be passed over; `why` why there is nothing to be had, empty where
    there is.
    """

    actions: tuple[AirAction, ...] = ()
    unreadable: tuple[str, ...] = ()
    why: str = ""


class Proposal(msgspec.Struct, frozen=True, kw_only=True):
    """What AIR's records say of a pending action, for people to look it up."""

    investigation_id: str
    action_type: str | None = None
    link: str | None = None
    is_volume_anomaly: bool | None = None

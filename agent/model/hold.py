"""A hold: while one stands, nothing is carried out; and the replica that goes by it."""

from datetime import datetime

import msgspec

KILL_SWITCH = "hold"
"""The hold that a person lays: by a file, a signal or a command."""

BRAKE = "brake"
"""The hold that the agent lays itself, when approvals leave their usual band."""


class Hold(msgspec.Struct, frozen=True, kw_only=True):
    """One hold, under a name that is its own while it stands: since when, by whom, and why."""

    name: str
    since: datetime
    by: str
    reason: str


class Replica(msgspec.Struct, frozen=True, kw_only=True):
    """One running agent, as it tells the ledger of itself.

    `switch_read` is when it last read the kill switch to the end; `cannot` maps kinds of effect to why this
    replica cannot carry them out.
    """

    name: str
    alive: datetime
    switch_read: datetime | None = None
    version: str = ""
    mode: str = ""
    cannot: dict[str, str] = {}

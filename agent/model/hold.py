"""A hold: while one stands, nothing is carried out; and the replica that goes by it."""

from datetime import datetime

import msgspec

from agent.model.vitals import Expiry, Passing, Usage

KILL_SWITCH = "hold"
"""The hold that a person lays: by a signal or a command."""

BRAKE = "brake"
"""The hold that the agent lays itself, when approvals leave their usual band."""

OF_FILE = "file:"
"""How the name of a hold begins that a replica's file lays; the replica's name follows. It ends when the file goes."""


OF_BLINDNESS = "blind:"
"""How the name of a hold begins that stands for one replica only, while it cannot read the kill switch."""


class Hold(msgspec.Struct, frozen=True, kw_only=True):
    """One hold, under a name that is its own while it stands: since when, by whom, and why."""

    name: str
    since: datetime
    by: str
    reason: str

    @property
    def guard(self) -> str:
        """The guard rail that it is of: `brake`, or `hold` for the kill switch, however that was thrown."""
        return guard_of(self.name)

    @property
    def replica(self) -> str | None:
        """The replica whose file lays it; None where no file does."""
        return self.name.removeprefix(OF_FILE) if self.name.startswith(OF_FILE) else None

    @property
    def ended_by(self) -> str:
        """What ends it, in words."""
        if self.name.startswith(OF_FILE):
            return f"removing {self.by}"
        if self.name.startswith(OF_BLINDNESS):
            return f"a whole look of {self.by} at the kill switch"
        return "`air-agent release`" if self.name == KILL_SWITCH else f"`air-agent release {self.name}`"


def guard_of(name: str) -> str:
    """Return the guard rail that a hold of this name is of."""
    return BRAKE if name == BRAKE else KILL_SWITCH


class Replica(msgspec.Struct, frozen=True, kw_only=True):
    """One running agent, as it tells the ledger of itself.

    `alive` is when its loop last gave a sign; `switch_read` is when it last read the kill switch to the end;
    `cannot` maps kinds of effect to why this replica cannot carry them out. What follows it is as it was at `alive`, or
    at the last look before; an older agent does not tell it.
    """

    name: str
    alive: datetime
    switch_read: datetime | None = None
    version: str = ""
    mode: str = ""
    cannot: dict[str, str] = {}
    passing: Passing | None = None
    """None before the end of the first pass."""
    usage: tuple[Usage, ...] = ()
    expiries: tuple[Expiry, ...] = ()
    """Empty before the first look."""

    @property
    def has_lost_its_switch(self) -> bool:
        """Whether its loop lived on when it had stopped reading the kill switch: it carries nothing out then."""
        return self.switch_read is None or self.switch_read < self.alive

"""How a running agent fares, as it tells the ledger with its signs of life: its passes, its requests, and its logins' ends."""

from datetime import datetime, timedelta

import msgspec


class Passing(msgspec.Struct, frozen=True, kw_only=True):
    """The last pass, and how long passes take."""

    began: datetime
    took: timedelta
    longest: timedelta
    """The longest of the last few."""
    of: int
    """How many those were."""
    due: datetime
    """When the next one begins at the latest, unless something wakes the loop before."""
    problems: tuple[str, ...] = ()
    """In words, what went wrong in the last one; empty for a clean pass."""


class Usage(msgspec.Struct, frozen=True, kw_only=True):
    """How much of one API's request budget was used in the last minute."""

    system: str
    used: int
    allowed: int
    until: datetime | None = None
    """Until when nothing leaves, because the API asked for patience; None where it has not."""
    total: int = 0
    """How many have left since the agent started."""


class Expiry(msgspec.Struct, frozen=True, kw_only=True):
    """Until when one credential can be used. `why` says in words why that is not known, or why there is no end."""

    what: str
    """The credential as people know it, such as `the client secret of the agent`."""
    ends: datetime | None = None
    why: str = ""
    is_lasting: bool = False
    """Whether it has no end at all, so that `ends` is not missing."""

"""An alarm: something about the agent itself that a person has to mend, for as long as it lasts."""

from datetime import datetime

import msgspec


class Alarm(msgspec.Struct, frozen=True, kw_only=True):
    """What is wrong, under a name that stays the same while it lasts, and since when."""

    name: str
    since: datetime
    words: str

"""A policy that fell back to observing, since what it approved was overturned."""

from datetime import datetime

import msgspec


class Fallback(msgspec.Struct, frozen=True, kw_only=True):
    """That a policy observes from a moment on, whatever its file says, until somebody ends that.

    `words` say what was overturned, and name nobody. `revision` is of the set that had approved it.
    """

    policy: str
    since: datetime
    action_id: str
    words: str
    revision: str
    ended: datetime | None = None
    """When somebody let it count again; None while it observes."""
    ended_by: str = ""

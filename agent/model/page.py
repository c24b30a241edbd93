"""One page of an answer of Graph's."""

import msgspec

from agent.model.defender import Alert, Incident


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """One page of an answer.

    `is_whole` is False where Graph said that a part is missing: what is here may be used, but the watermark
    must not move past it. A thing that could not be read is named in `unreadable`, for people: it would
    be no more readable the next time, so that it does not hold the watermark.
    """

    incidents: tuple[Incident, ...] = ()
    alerts: tuple[Alert, ...] = ()
    is_whole: bool = True
    unreadable: tuple[str, ...] = ()
    """In words, what could not be read."""

"""A decision without the facts that it was made on: what is told of the earlier ones of an action."""

from datetime import datetime

import msgspec

from agent.model.decision import Answered, Lapse, Verb


class Ruled(msgspec.Struct, frozen=True, kw_only=True):
    """One decision of an action's past. `number` counts them from 1."""

    number: int
    at: datetime
    verb: Verb
    policies: tuple[str, ...]
    reason: str
    guard: str | None = None
    answered: tuple[Answered, ...] = ()
    lapsed: Lapse | None = None

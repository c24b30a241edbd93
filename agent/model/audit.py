"""The audit: what was decided, guarded, intended, called and answered, by whom, when and why."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

import msgspec


class Event(StrEnum):
    """What an entry tells of."""

    DECISION = "decision"
    GUARD = "guard"
    INTENT = "intent"
    CALL = "call"
    OUTCOME = "outcome"
    DROPPED = "dropped"
    CONFIRMATION = "confirmation"
    ANSWER = "answer"
    HOLD = "hold"
    RELEASE = "release"
    POLICIES = "policies"
    SETTINGS = "settings"
    UNDO = "undo"
    ALARM = "alarm"
    NOTE = "note"
    """A comment, tag or classification was written to Defender."""
    ERASURE = "erasure"
    """Personal values of earlier entries were erased."""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that happened. `detail` names nobody; whatever may name a person stands in `personal`.

    The chain holds digests of personal values, so that they can be erased and the chain still verifies.
    """

    event: Event
    at: datetime
    actor: str
    """Who did it: `policy NAME@REVISION`, `agent REPLICA`, or the person or command."""
    reason: str = ""
    """In words that name nobody."""
    action_id: str | None = None
    detail: Mapping[str, str | int | bool | None] = {}
    personal: Mapping[str, str] = {}

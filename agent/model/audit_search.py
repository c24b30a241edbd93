"""One search of the audit: Microsoft takes it, looks for minutes or hours, and then has the records."""

from datetime import datetime
from enum import StrEnum

import msgspec

from agent.model.air import AirAction


class AuditSearch(msgspec.Struct, frozen=True, kw_only=True):
    """One search. Its name is told to Microsoft, so that it is found again where its id was lost."""

    name: str
    asked: datetime
    since: datetime
    until: datetime
    """Of when the records are that are looked for; excluded."""
    query_id: str | None = None
    """Microsoft's id of it; None until it is known."""
    ended: datetime | None = None
    words: str = ""
    """What it came to."""


class Searching(StrEnum):
    """How far Microsoft has come with a search."""

    UNDER_WAY = "underWay"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    """It failed, was cancelled, or is not there any more."""


class AuditFound(msgspec.Struct, frozen=True, kw_only=True):
    """What a search found: the actions of investigations, and in words what was passed over."""

    actions: tuple[AirAction, ...] = ()
    records: int = 0
    unreadable: tuple[str, ...] = ()

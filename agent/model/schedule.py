"""When the report is sent by itself, and of which time: the whole day, or the whole week, before."""

from datetime import datetime
from enum import StrEnum

import msgspec

from agent.model.report import ENOUGH


class Sent(StrEnum):
    """How often the report is sent."""

    NONE = "none"
    DAILY = "daily"
    WEEKLY = "weekly"


class Schedule(msgspec.Struct, frozen=True, kw_only=True):
    """What was set of it."""

    every: Sent
    hour: int
    """Of a clock on the wall in the zone, from 0 to 23: when it is sent on the day after, a Monday where it is weekly."""
    zone: str
    """An IANA zone. Days and weeks begin at its midnight."""
    channel: str
    enough: int = ENOUGH


class Period(msgspec.Struct, frozen=True, kw_only=True):
    """One day or week of which there is one report."""

    name: str
    """Such as `2026-11-25` or `2026-W48`: the same however often it is asked for, and unlike that of any other."""
    since: datetime
    until: datetime
    """Excluded."""
    due: datetime
    """When its report is to be sent."""


class Stage(StrEnum):
    """How far the sending of one report has come."""

    WAITING = "waiting"
    """It is to be tried again: the channel did not take it."""
    SENDING = "sending"
    """It leaves. Whether it did is not known where the process died meanwhile; it is not sent again then."""
    SENT = "sent"
    FAILED = "failed"


OVER = frozenset({Stage.SENT, Stage.FAILED})
"""Stages in which nothing more is done."""


class Reported(msgspec.Struct, frozen=True, kw_only=True):
    """How the report of one period was sent."""

    period: str
    stage: Stage
    at: datetime
    """When it came to this stage."""
    attempts: int = 0
    first: datetime
    """When it was first to be sent."""
    due: datetime | None = None
    """When it is tried again; None where it is not."""
    why: str = ""
    """What went wrong the last time."""

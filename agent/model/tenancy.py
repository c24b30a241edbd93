"""A tenant that is looked after, and the part of the work on tenants that one replica has."""

from datetime import datetime
from enum import StrEnum

import msgspec


class Condition(StrEnum):
    """How one tenant stands in one process."""

    WAITING = "waiting"
    """It is to be opened, and is about to be."""
    OPENING = "opening"
    RUNNING = "running"
    ENDING = "ending"
    """What is under way in it is being finished."""
    FAILED = "failed"
    """It could not be opened, or went on no longer: it is opened again after a while."""
    BROKEN = "broken"
    """Its settings cannot be used: it is opened once they can."""
    ELSEWHERE = "elsewhere"
    """Another replica works on it, or is about to."""


class Tenancy(msgspec.Struct, frozen=True, kw_only=True):
    """One tenant, as it is set at the moment."""

    name: str
    """What it is called here: the name of its settings file, without the ending."""
    tenant_id: str
    """A GUID; empty where the settings are too broken to say."""
    digest: str
    """Of everything that is set for it: another one means that it is to be opened anew."""
    problem: str = ""
    """Why it cannot be opened as it is set, one line for each thing; empty where it can."""


class Share(msgspec.Struct, frozen=True, kw_only=True):
    """That a tenant is one replica's to work on, until the share ends."""

    tenant_id: str
    replica: str
    token: int
    """Grows each time the tenant changes hands, so that whoever had it before is told apart."""
    until: float
    """When it ends at the latest, in seconds of `Shares.now`, wherever this machine's clocks stand."""
    is_asked_back: bool = False
    """Whether another replica is to have it: it is brought to a good end here, and then let go."""


class Holder(msgspec.Struct, frozen=True, kw_only=True):
    """Which other replica has a tenant, and since when."""

    replica: str
    since: datetime
    frees_within: float
    """Seconds after which it is anybody's at the latest, where that replica has died."""

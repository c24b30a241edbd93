"""How an agent stands, as far as its ledger tells."""

from collections.abc import Mapping
from datetime import datetime

import msgspec

from agent.model.alarm import Alarm
from agent.model.enactment import State
from agent.model.fallback import Fallback
from agent.model.hold import Hold, Replica
from agent.model.vitals import Passing


class SetInForce(msgspec.Struct, frozen=True, kw_only=True):
    """The set of policies that came into force last.

    The counts are None where this agent does not load it; `problem` then says why. It also says why a set that
    came later did not load, so that this one stayed in force; empty where all is well.
    """

    revision: str
    git: str
    since: datetime
    enforcing: int | None = None
    observing: int | None = None
    lists: int | None = None
    chains: int | None = None
    channels: int | None = None
    problem: str = ""


class Telling(msgspec.Struct, frozen=True, kw_only=True):
    """How far people on call have been told: pages that are open, notices that wait, and channels that fail."""

    pages: int = 0
    waiting: int = 0
    failing: tuple[str, ...] = ()


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """What is in force, what stands in the way, how far the agent has come, and what is open.

    `alive` is when an agent last left anything in the ledger; None where none has run on it. `is_silent` says
    that this is too long ago for one to be running.
    """

    now: datetime
    mode: str
    """What the settings say: `observe` or `enforce`."""
    policies: SetInForce | None
    """None where no agent has run on this ledger yet."""
    alarms: tuple[Alarm, ...]
    fallbacks: tuple[Fallback, ...] = ()
    """Policies that observe, whatever their files say."""
    holds: tuple[Hold, ...]
    """While there is one, nothing is carried out."""
    replicas: tuple[Replica, ...]
    """What each agent last said of itself, by name, those that have ended too."""
    alive: datetime | None
    is_silent: bool
    watermark: datetime | None
    """Everything in Defender up to it has been read and saved."""
    swept: datetime | None
    """When the last whole sweep began."""
    next_due: datetime | None
    states: Mapping[State, int]
    telling: Telling = Telling()


class Brief(msgspec.Struct, frozen=True, kw_only=True):
    """How the agent stands in one of many tenants, in short."""

    tenant: str
    """What it is called here."""
    tenant_id: str = ""
    """Empty where the settings are too broken to say."""
    mode: str = ""
    problem: str = ""
    """Why nothing of the rest is known: its settings cannot be used, or its ledger cannot be read."""
    alarms: tuple[Alarm, ...] = ()
    holds: tuple[Hold, ...] = ()
    fallbacks: tuple[Fallback, ...] = ()
    alive: datetime | None = None
    is_silent: bool = False
    open: int = 0
    deadline: datetime | None = None
    """The earliest of those that are open."""
    passing: Passing | None = None
    """The last pass of whoever lived last."""

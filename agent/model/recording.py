"""A recording: what Graph was asked and what it answered, with nothing in it that names anybody."""

from collections.abc import Mapping
from datetime import datetime

import msgspec

FORMAT = 1
"""The number of the form in which recordings are written; it grows when an older agent could not read one."""


class Exchange(msgspec.Struct, frozen=True, kw_only=True):
    """One request and its answer, both whole.

    `target` is the path with its query. `status` is 0 where the connection broke before the whole answer had come.
    Of the headers only those are kept that change what is done next.
    """

    at: datetime
    method: str
    target: str
    asked: str = ""
    status: int
    headers: Mapping[str, str] = {}
    body: bytes = b""


class Ending(msgspec.Struct, frozen=True, kw_only=True):
    """Why a recording is not whole: what kind of end it was, in words without anything of Graph's."""

    kind: str
    words: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a recording is: who made it when, what it holds, and how much was replaced. No original value."""

    format: int = FORMAT
    agent: str
    """The version of the agent."""
    at: datetime
    """When it began, by the clock of the agent: who replays it begins there."""
    scope: str
    """What of the tenant it holds, in words."""
    cloud: str
    tenant: str
    """The pseudonym of the tenant's id."""
    grants: tuple[str, ...]
    """The permissions that the agent had, by name."""
    exchanges: int
    statuses: Mapping[str, int]
    """Answers by their status; `0` are connections that broke."""
    incidents: int
    """Incidents that were read."""
    actions: Mapping[str, int]
    """Pending actions by kind."""
    decisions: Mapping[str, int]
    """How they were decided while it was made, by decision."""
    replayed: Mapping[str, int]
    """How they are decided when it is replayed."""
    situations: int = 0
    too_large: tuple[str, ...] = ()
    """Pending actions with more messages than a file of facts may hold: they have none."""
    replaced: Mapping[str, int]
    """How many different things of each kind were replaced."""
    ending: Ending | None = None
    """Why it is not whole; None where it is."""


class Recording(msgspec.Struct, frozen=True, kw_only=True):
    """A recording as it is read back."""

    manifest: Manifest
    exchanges: tuple[Exchange, ...]

"""The settings of how others can tell whether the agent does its work."""

from datetime import timedelta
from typing import Annotated

import msgspec
from msgspec import Meta


class Health(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How others can tell whether the agent does its work, and what becomes of one that does not."""

    listen: Annotated[str, Meta(extra={"written": "listen"})] | None = None
    """Where `run` answers probes (`/healthz`, `/readyz`, `/metrics`), such as `127.0.0.1:8421`, or `0.0.0.0:8421` in a container: without a sign-in, in plain HTTP, and nothing but names of checks, ages and counts. Left out, nothing listens: two agents on one machine would be in each other's way, and who asks no probes needs no open port."""
    stuck_after: Annotated[timedelta, Meta(extra={"least": "30s", "most": "1d"})] = timedelta(minutes=5)
    """How long `run` may stand still, its event loop or a tenant's pass, before it ends itself with exit code 4 and says where it stood; a process that was stopped, or a machine that slept, loses no time by it. Nothing that the agent does takes as long without a sign."""

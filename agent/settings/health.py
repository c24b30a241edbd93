"""The settings of how others can tell whether the agent does its work."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from agent.settings.secret import Secret


class Health(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How others can tell whether the agent does its work, and what becomes of one that does not."""

    listen: Annotated[str, Meta(extra={"written": "listen"})] | None = None
    """Where `run` answers probes (`/healthz`, `/readyz`, `/metrics`), such as `127.0.0.1:8421`, or `0.0.0.0:8421` in a container: without a sign-in, in plain HTTP, and nothing but names of checks and tenants, ages and counts. Left out, nothing listens: two agents on one machine would be in each other's way, and who asks no probes needs no open port."""
    stuck_after: Annotated[timedelta, Meta(extra={"least": "2m", "most": "1d"})] = timedelta(minutes=5)
    """How long `run`, `once` and `serve` may stand still, in their event loop or in a tenant's pass, before they end themselves with exit code 4 and say where they stood; of many tenants one that does is begun anew by itself (by `once`: told as a problem). A process that was stopped, or a machine that slept, loses no time by it. Nothing that the agent does takes as long without a sign; whoever waits for a spent request budget, or for as long as Graph asked for, does not stand still."""
    heartbeat: Annotated[Secret | None, Meta(extra={"file": "heartbeat_file"})] = None
    """The URL of a dead man's switch elsewhere, such as healthchecks.io or Dead Man's Snitch, which sounds an alarm where it is asked no more: a plain GET while all is well here. It holds a token, and never stands in the settings file: only in the environment, or in `health.heartbeat_file`. None by default: only you know who is to notice that the agent is gone."""
    heartbeat_file: Path | None = None
    """A file that holds that URL; a line break at its end does not count."""
    heartbeat_every: Annotated[timedelta, Meta(extra={"least": "10s", "most": "1d"})] = timedelta(minutes=1)
    """How often it is asked. Let it wait for at least three times as long: one request may be lost."""
    hosts: Annotated[str, Meta(extra={"written": "hosts"})] | None = None
    """Hosts inside, with commas between, that `health.heartbeat` may point to although their address is private. None by default, as for channels."""

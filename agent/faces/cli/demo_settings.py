"""The settings that the demo gives its agent and its pages."""

import json
import socket
from datetime import datetime
from pathlib import Path

import msgspec

from agent.simulator import names

PAGES_PER_HOUR = 40
"""The demo's storm limit: so many that each question is told once, and the rest in a summary."""


class Pace(msgspec.Struct, frozen=True, kw_only=True):
    """How the demo's time runs: so many times as fast as real time, from `epoch` until `until`, where that is given."""

    rate: float
    epoch: datetime
    until: datetime | None = None


def settings_text(
    *, url: str, pace: Pace, dry_run: bool, policies: Path, ledger: Path, log: Path, listen: str | None
) -> str:
    """Return the settings file: the simulator at `url`, and the pages at `listen`, where they are shown."""
    mode = "observe" if dry_run else "enforce"
    until = "" if pace.until is None else f"\n  until: {json.dumps(pace.until.isoformat())}"
    # Who reads the pages lives in real time, and so does the budget then: it is nearly all that the simulator allows.
    budget = "" if listen is None else "\n  requests_per_minute: 140"
    web = (
        ""
        if listen is None
        else f"web: {{listen: {json.dumps(listen)}, url: {json.dumps(f'http://{listen}')}}}\n"
    )
    return f"""\
tenant: {{id: {names.TENANT_ID}, name: Contoso (simulated)}}
mode: {mode}
graph:
  cloud: simulator
  url: {json.dumps(url)}{budget}
auth:
  kind: clientSecret
  client_id: {names.CLIENT_ID}
  client_secret_file: client-secret
policies:
  directory: {json.dumps(str(policies))}
  treat_as: enforce
endpoint:
  enabled: true
guards:  # a week's queue is decided within a minute here, which the defaults would hold
  actions_per_hour: 500
  messages_per_hour: 10000
  messages_per_day: 50000
  users_per_day: 10000
  files_per_hour: 50
  protected: vip
escalation:
  pages_per_hour: {PAGES_PER_HOUR}  # an hour is a minute here
pace:
  fresh: 20m  # as long as a busy machine needs for a pass: 20 seconds
ledger:
  url: {json.dumps(f"sqlite:///{ledger.as_posix()}")}
log:
  file: {json.dumps(str(log))}
  format: json
clock:
  rate: {pace.rate:g}
  epoch: {json.dumps(pace.epoch.isoformat())}{until}
{web}"""


def month_text(folder: Path, *, url: str) -> str:
    """Return the settings of an agent that has only watched, and whose tenant is gone: what is left is its ledger."""
    ledger = f"sqlite:///{(folder / 'ledger' / 'ledger.db').as_posix()}"
    return f"""\
tenant: {{id: {names.TENANT_ID}, name: Contoso (simulated)}}
mode: observe
graph: {{cloud: simulator, url: {json.dumps(url)}}}
auth:
  kind: clientSecret
  client_id: {names.CLIENT_ID}
  client_secret_file: client-secret
policies: {{directory: {json.dumps(str(folder / "policies"))}}}
ledger: {{url: {json.dumps(ledger)}}}
log: {{file: {json.dumps(str(folder / "agent.log"))}, format: json, level: warning}}
"""


def a_free_place() -> str:
    """Return an address of this machine and a port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{probe.getsockname()[1]}"

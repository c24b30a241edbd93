"""`simulate`: Graph without Microsoft, on this machine."""

import os
import sys
from datetime import UTC, datetime
from difflib import get_close_matches

import msgspec

from agent.adapters.host import SystemClock
from agent.faces.cli.output import ascii_json
from agent.faces.cli.stopping import stop_when_stdin_closes
from agent.model.errors import SettingsError
from agent.simulator import names, serve
from agent.simulator.switches import Switches, every_position

READY = "ready http://127.0.0.1:"
"""How the line begins that says where the simulator listens; the port follows."""

RECIPE = """\
an agent finds this tenant with these settings:

  tenant: {{id: {tenant}}}
  graph: {{cloud: simulator, url: "http://127.0.0.1:{port}"}}
  auth: {{kind: clientSecret, client_id: {client}}}
  clock: {{rate: {rate:g}, epoch: "{epoch}"}}

and with AIR_AGENT_CLIENT_SECRET={secret} in its environment; `mode: enforce` is allowed here
"""


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """The options as they were given."""

    port: int
    seed: int
    rate: float
    epoch: str | None
    faults: int | None
    position: str


def simulate(asked: Asked, *, as_json: bool, until_stdin_closes: bool) -> None:
    """Serve until asked to stop. The recipe goes to standard error, `ready …` alone to standard output."""
    epoch = _moment(asked.epoch)
    switches = _switches(asked.position)
    if until_stdin_closes:
        stop_when_stdin_closes()

    def on_ready(port: int) -> None:
        told = RECIPE.format(
            tenant=names.TENANT_ID,
            port=port,
            client=names.CLIENT_ID,
            rate=asked.rate,
            epoch=epoch.isoformat().replace("+00:00", "Z"),
            secret=names.CLIENT_SECRET,
        )
        sys.stderr.write(told)
        sys.stderr.flush()
        ready = {"ready": f"http://127.0.0.1:{port}", "tenant": names.TENANT_ID, "client_id": names.CLIENT_ID}
        sys.stdout.write(f"{ascii_json(ready) if as_json else f'{READY}{port}'}\n")
        sys.stdout.flush()

    try:
        serve.run(
            asked.port,
            asked.seed,
            asked.rate,
            epoch,
            switches,
            faults_seed=asked.faults,
            on_ready=on_ready,
        )
    except OSError as error:
        why = os.strerror(error.errno).lower() if error.errno else "no reason was given"
        raise SettingsError(f"`--port {asked.port}`: {why}: choose another, or 0 for any free one") from error


def _moment(text: str | None) -> datetime:
    if text is None:
        return SystemClock().now()
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise SettingsError(f"`--epoch {text}` is not a moment with its zone, such as `2026-08-20T12:00:00Z`")
    return found.astimezone(UTC)


def _switches(name: str) -> Switches:
    positions = every_position()
    if name in positions:
        return positions[name]
    close = get_close_matches(name, positions, n=1)
    hint = f"did you mean `{close[0]}`?" if close else f"one of {', '.join(f'`{one}`' for one in positions)}"
    raise SettingsError(f"`--position {name}` is not known: {hint}")

"""`simulate`: Graph without Microsoft, on this machine."""

import os
import sys
from datetime import UTC, datetime
from difflib import get_close_matches
from pathlib import Path

import msgspec
from starlette.types import ASGIApp

from agent.adapters import recordings
from agent.adapters.host import SystemClock
from agent.faces.cli.stopping import stop_when_stdin_closes
from agent.faces.documents import ascii_json
from agent.faces.moments import written
from agent.model.errors import SettingsError
from agent.simulator import names, serve
from agent.simulator.app import build
from agent.simulator.clock import RealClock, epoch_for
from agent.simulator.faults import Faults, sour
from agent.simulator.replay import Replay
from agent.simulator.several import Several, tenant_ids
from agent.simulator.switches import Switches, ailments, every_position
from agent.simulator.tenant import seed

READY = "ready http://127.0.0.1:"
"""How the line begins that says where the simulator listens; the port follows."""

REPLAYED = 0.5
"""Seconds of a recording's time in a real one: real time itself is not to be had for it, and slow is near the
moment at which it was recorded for longer."""

AS_MANY_AS_NEEDED = 100_000
"""Requests in a minute that a recording answers."""

USUAL_SEED = 7

USUAL_POSITION = "default"

RECIPE = """\
an agent finds {found} with these settings:

  {tenants}
  graph: {{cloud: simulator, url: "http://127.0.0.1:{port}"{more}}}
  auth: {{kind: clientSecret, client_id: {client}}}
  clock: {{rate: {rate:g}, epoch: "{epoch}"{until}}}

and with AIR_AGENT_CLIENT_SECRET={secret} in its environment; {mode}
"""

EACH = """\

and one file for each tenant in the folder `tenants`, such as `{name}1.yaml`, with one line, which has its id:

{lines}
"""

NAME = "tenant"
"""How tenants are called, with a number behind."""

LISTED = 5
"""Tenants whose ids are listed."""

GROUPS = f"""\

groups to feed lists from, with `source: {{group: ID}}`:

  {names.EXECUTIVES}  two executives ({names.VIPS[0]} and {names.VIPS[1]})
  {names.EVERYONE}  everybody
  {names.KIOSKS}  three devices, for a list of `type: devices`
"""

ENFORCES = "`mode: enforce` is allowed here"
OBSERVES = "it only observes: a recording takes no writes"


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """The options as they were given."""

    port: int
    seed: int | None
    rate: float | None
    epoch: str | None
    until: str | None = None
    faults: int | None
    position: str
    tenants: int = 1
    replay: Path | None = None


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What whoever points an agent at it has to know."""

    tenants: tuple[str, ...]
    rate: float
    epoch: datetime
    until: datetime | None = None
    requests_per_minute: int | None = None
    mode: str = ENFORCES
    groups: str = ""

    def recipe(self, port: int) -> str:
        """Return the settings that an agent needs, and which groups its lists can be fed from."""
        most = self.requests_per_minute
        is_one = len(self.tenants) == 1
        recipe = RECIPE.format(
            found="this tenant" if is_one else f"these {len(self.tenants)} tenants",
            tenants=f"tenant: {{id: {self.tenants[0]}}}" if is_one else "tenants: {directory: tenants}",
            port=port,
            more=f", requests_per_minute: {most}" if most is not None else "",
            client=names.CLIENT_ID,
            rate=self.rate,
            epoch=written(self.epoch),
            until=f', until: "{written(self.until)}"' if self.until is not None else "",
            secret=names.CLIENT_SECRET,
            mode=self.mode,
        )
        return recipe + ("" if is_one else self._each()) + self.groups

    def _each(self) -> str:
        lines = [f"  tenant: {{id: {tenant}}}" for tenant in self.tenants[:LISTED]]
        more = len(self.tenants) - LISTED
        if more > 0:
            lines.append(f"  and {more} more, of which each counts up the last group but one")
        return EACH.format(name=NAME, lines="\n".join(lines))


def simulate(asked: Asked, *, as_json: bool, until_stdin_closes: bool) -> None:
    """Serve until asked to stop. The recipe goes to standard error, `ready …` alone to standard output."""
    told, app = _replayed(asked, asked.replay) if asked.replay is not None else _seeded(asked)
    if until_stdin_closes:
        stop_when_stdin_closes()

    def on_ready(port: int) -> None:
        sys.stderr.write(told.recipe(port))
        sys.stderr.flush()
        ready = {
            "ready": f"http://127.0.0.1:{port}",
            "tenant": told.tenants[0],
            "tenants": told.tenants,
            "client_id": names.CLIENT_ID,
        }
        sys.stdout.write(f"{ascii_json(ready) if as_json else f'{READY}{port}'}\n")
        sys.stdout.flush()

    try:
        serve.serve(app, port=asked.port, on_ready=on_ready)
    except OSError as error:
        why = os.strerror(error.errno).lower() if error.errno else "no reason was given"
        raise SettingsError(f"`--port {asked.port}`: {why}: choose another, or 0 for any free one") from error


def _seeded(asked: Asked) -> tuple[Told, ASGIApp]:
    epoch, rate = _moment(asked.epoch), 1.0 if asked.rate is None else asked.rate
    until = None if asked.until is None else _moment(asked.until, "--until")
    tenants = tenant_ids(asked.tenants)
    first = USUAL_SEED if asked.seed is None else asked.seed
    apps = {}
    for number, tenant in enumerate(tenants):
        state = seed(first + number, epoch)
        state.tenant_id = tenant
        faults = Faults() if asked.faults is None else sour(asked.faults + number)
        apps[tenant] = build(state, _switches(asked.position), faults, RealClock(epoch, rate, until))
    told = Told(tenants=tenants, rate=rate, epoch=epoch, until=until, groups=GROUPS)
    return told, Several(apps) if len(apps) > 1 else apps[tenants[0]]


def _replayed(asked: Asked, folder: Path) -> tuple[Told, ASGIApp]:
    """Return a recording as an application, its time where it was recorded."""
    given = (asked.seed, asked.faults, asked.until)
    if given != (None, None, None) or asked.position != USUAL_POSITION or asked.tenants != 1:
        raise SettingsError(
            "`--replay` takes none of `--seed`, `--faults`, `--until`, `--tenants` and `--position`: a recording is what it is"
        )
    rate = REPLAYED if asked.rate is None else asked.rate
    if rate == 1:
        raise SettingsError(
            "`--rate 1` is real time, which the recording is not in: choose another, such as 0.5"
        )
    recording = recordings.read(folder)
    manifest = recording.manifest
    epoch = epoch_for(manifest.at, SystemClock().now(), rate) if asked.epoch is None else _moment(asked.epoch)
    told = Told(
        tenants=(manifest.tenant,),
        rate=rate,
        epoch=epoch,
        requests_per_minute=AS_MANY_AS_NEEDED,
        mode=OBSERVES,
    )
    return told, Replay(recording, RealClock(epoch, rate))


def _moment(text: str | None, option: str = "--epoch") -> datetime:
    if text is None:
        return SystemClock().now()
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise SettingsError(
            f"`{option} {text}` is not a moment with its zone, such as `2026-08-20T12:00:00Z`"
        )
    return found.astimezone(UTC)


def _switches(name: str) -> Switches:
    positions = {**every_position(), **ailments()}
    if name in positions:
        return positions[name]
    close = get_close_matches(name, positions, n=1)
    hint = f"did you mean `{close[0]}`?" if close else f"one of {', '.join(f'`{one}`' for one in positions)}"
    raise SettingsError(f"`--position {name}` is not known: {hint}")

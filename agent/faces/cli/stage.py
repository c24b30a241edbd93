"""The demo's processes and their folder: the simulator, and the agent and its pages exactly as they run in production."""

import asyncio
import contextlib
import os
import signal
import sys
import tempfile
from asyncio.subprocess import PIPE, Process
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Self

import httpx
import msgspec

import agent
from agent.faces.cli.demo_policies import lay_out, rehearsed
from agent.faces.cli.demo_settings import Pace, a_free_place, settings_text
from agent.faces.cli.simulating import READY
from agent.model.errors import SettingsError, Unavailable
from agent.settings.fields import PREFIX
from agent.settings.loading import load
from agent.settings.subjects import Settings
from agent.simulator import names

PATIENCE = 30
"""Seconds for a process to start or to stop; a slow machine needs five."""

POSITION = "unheard words"
"""The simulator's switches: words and types that no published metadata has must be seen to go to people."""

OWN_POLICIES = Path("policies")

ERRORS = "agent.err"
"""The file of the agent's standard error: its console."""

PAGES, SIMULATOR = "pages.err", "simulator.err"
"""Those of the others."""

SHIPPED = "agent.shipped_policies"
"""The package in which the wheel carries the folder `policies/`."""


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """Where the pages are, and the links by which browsers sign in, each once."""

    ready: str
    links: tuple[str, ...]


class Stage:
    """A fresh folder with settings, ledger and logs, and the processes that use it.

    The folder is a temporary one unless `folder` names one, which must be new or empty. The processes end when this one does, however it ends: they stop once their standard input is closed.
    """

    def __init__(
        self, *, seed: int, pace: Pace, dry_run: bool, serves: bool = False, folder: Path | None = None
    ) -> None:
        self._seed = seed
        self._pace = pace
        self._dry_run = dry_run
        self._listen = a_free_place() if serves else None
        self._policies = rehearsed(policies())
        self.folder = Path(tempfile.mkdtemp(prefix="air-agent-demo-")) if folder is None else fresh(folder)
        self.settings_file = self.folder / "air-agent.yaml"
        self.policies = self.folder / "policies"
        self.log = self.folder / "agent.log"
        self.ledger = self.folder / "ledger" / "ledger.db"
        self.url = ""
        self._simulator: Process | None = None
        self._agent: Process | None = None
        self._pages: Process | None = None
        self._heard = 0
        self._open = AsyncExitStack()

    async def __aenter__(self) -> Self:
        try:
            await self._start_simulator()
            lay_out(self._policies, self.policies)
            self._write_settings()
        except BaseException:
            await self._end()
            raise
        self._http = await self._open.enter_async_context(
            httpx.AsyncClient(base_url=self.url, timeout=PATIENCE, trust_env=False)
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._end()

    async def start_agent(self) -> None:
        """Start the agent, or start it again."""
        self._agent = await self._start(
            ["run", "--settings", str(self.settings_file)],
            errors=ERRORS,
            stdout=asyncio.subprocess.DEVNULL,
        )

    async def stop_agent(self) -> None:
        """Ask the agent to finish what is under way, and wait until it has."""
        await _ended(self._agent)

    async def kill_agent(self) -> None:
        """End the agent at once, wherever it is."""
        if self._agent is not None and self._agent.returncode is None:
            self._agent.kill()
            await self._agent.wait()

    async def agent_ended(self) -> None:
        """Return when the agent has ended, for whatever reason."""
        if self._agent is not None:
            await self._agent.wait()

    async def start_pages(self) -> Shown:
        """Start the pages, once the agent has made its ledger; return where they are, and the links that sign in.

        Raises:
            Unavailable: they did not start; with their own words.
        """
        arguments = ["serve", "--json", "--settings", str(self.settings_file)]
        self._pages = await self._start(arguments, errors=PAGES, stdout=PIPE)
        return _decoded(await self._first_line(self._pages, "the pages", PAGES))

    async def pages_ended(self) -> None:
        """Return when the pages have ended, for whatever reason."""
        if self._pages is not None:
            await self._pages.wait()

    def check_agent(self) -> None:
        """Raise SettingsError with the agent's own words if it ended by itself."""
        if self._agent is None or self._agent.returncode is None:
            return
        said = (self.folder / ERRORS).read_text(encoding="utf-8", errors="replace").strip()
        # Notices of the console stand there too, and are no reason.
        lines = [line.removeprefix("error: ") for line in said.splitlines() if line.startswith("error: ")]
        ended = f"the agent ended with {self._agent.returncode}: see {self.log} and {self.folder / ERRORS}"
        raise SettingsError("\n".join(lines[-20:] or [ended]))

    def check_pages(self) -> None:
        """Raise SettingsError with the pages' own words if they ended by themselves."""
        if self._pages is None or self._pages.returncode is None:
            return
        said = (self.folder / PAGES).read_text(encoding="utf-8", errors="replace").strip()
        raise SettingsError(said or f"the pages ended with {self._pages.returncode}: see {self.log}")

    def said(self) -> Sequence[str]:
        """Return what the agent has said on its standard error since this was last asked, in whole lines."""
        with (self.folder / ERRORS).open("rb") as errors:
            errors.seek(self._heard)
            whole, newline, _ = errors.read().rpartition(b"\n")
        self._heard += len(whole + newline)
        return whole.decode("utf-8", "replace").splitlines()

    async def command(self, *arguments: str) -> str:
        """Run one command as a person would beside the agent, and return what it printed."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "agent", *arguments, "--settings", str(self.settings_file)),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env=self._environment(),
            start_new_session=True,
        )
        printed, _ = await process.communicate()
        return printed.decode("utf-8", "replace").strip()

    def settings(self) -> Settings:
        """Return the settings that the agent was given."""
        return load(self.settings_file, self._environment())

    async def ask(self, name: str) -> Mapping[str, Any]:
        """Return what the simulator says of itself: `status` or `requests`.

        Raises:
            Unavailable: it does not answer.
        """
        try:
            answer = await self._http.get(f"/simulator/{name}")
            answer.raise_for_status()
            found: Mapping[str, Any] = answer.json()
        except (httpx.HTTPError, ValueError) as error:
            raise Unavailable(f"the simulator does not say its {name}: {error}") from error
        return found

    async def _start_simulator(self) -> None:
        pace = self._pace
        said = ["simulate", "--seed", str(self._seed), "--rate", f"{pace.rate:g}", "--position", POSITION]
        said += ["--epoch", pace.epoch.isoformat()]
        if pace.until is not None:
            said += ["--until", pace.until.isoformat()]
        self._simulator = await self._start(said, errors=SIMULATOR, stdout=PIPE)
        line = await self._first_line(self._simulator, "the simulator", SIMULATOR, begins=READY)
        self.url = line.removeprefix("ready ")

    async def _first_line(self, process: Process, what: str, errors: str, begins: str = "{") -> str:
        """Return the line in which a process says that it is ready.

        Raises:
            Unavailable: it says something else, or nothing; with its own words.
        """
        assert process.stdout is not None  # noqa: S101  it was asked for
        try:
            line = (await asyncio.wait_for(process.stdout.readline(), PATIENCE)).decode().strip()
        except TimeoutError:
            line = ""
        if line.startswith(begins):
            return line
        said = (self.folder / errors).read_text(encoding="utf-8", errors="replace").strip()
        raise Unavailable(f"{what} did not start: {said.splitlines()[-1] if said else 'it said nothing'}")

    async def _start(self, arguments: Sequence[str], *, errors: str, stdout: int) -> Process:
        with (self.folder / errors).open("ab") as said:
            return await asyncio.create_subprocess_exec(
                sys.executable,
                "-P",
                "-m",
                "agent",
                *arguments,
                "--until-stdin-closes",
                stdin=PIPE,
                stdout=stdout,
                stderr=said,
                env=self._environment(),
                # A Ctrl-C is for this process alone, which stops the others in order.
                start_new_session=True,
            )

    def _environment(self) -> dict[str, str]:
        inherited = {name: text for name, text in os.environ.items() if not name.startswith(PREFIX)}
        ours = str(Path(agent.__file__).parent.parent)
        paths = [ours, *filter(None, [inherited.get("PYTHONPATH")])]
        return inherited | {
            "PYTHONPATH": os.pathsep.join(paths),
            "AIR_AGENT_CLIENT_SECRET": names.CLIENT_SECRET,
        }

    def _write_settings(self) -> None:
        text = settings_text(
            url=self.url,
            pace=self._pace,
            dry_run=self._dry_run,
            policies=self.policies,
            ledger=self.ledger,
            log=self.log,
            listen=self._listen,
        )
        self.settings_file.write_text(text, encoding="utf-8")
        secret = self.folder / "client-secret"
        secret.touch(mode=0o600)
        secret.write_text(names.CLIENT_SECRET, encoding="utf-8")

    async def _end(self) -> None:
        await _ended(self._pages)
        await _ended(self._agent)
        await self._open.aclose()
        await _ended(self._simulator)


def fresh(folder: Path) -> Path:
    """Make the folder, for nobody else to read, and return where it lies.

    Raises:
        SettingsError: something is in it already, or it cannot be made.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise SettingsError(f"`{folder}` is not empty: name a new folder for the demo")
        folder.chmod(0o700)
    except OSError as error:
        why = (error.strerror or "no reason was given").lower()
        raise SettingsError(f"`{folder}` cannot be the demo's folder: {why}") from error
    return folder.absolute()


def policies() -> Path:
    """Return the folder of policies to show: the one that lies here, else the shipped one.

    Raises:
        SettingsError: there is neither.
    """
    if any(OWN_POLICIES.glob("*.yaml")):
        return OWN_POLICIES.absolute()
    shipped = find_spec(SHIPPED)
    for folder in (shipped.submodule_search_locations or ()) if shipped is not None else ():
        if any(Path(folder).glob("*.yaml")):
            return Path(folder)
    raise SettingsError(
        "there are no policies: run the demo in a folder that has `policies/`, or install the wheel"
    )


def _decoded(line: str) -> Shown:
    return msgspec.json.decode(line, type=Shown)


async def _ended(process: Process | None) -> None:
    """Ask the process to stop, wait, and end it where it does not."""
    if process is None:
        return
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(process.wait(), PATIENCE)
        except TimeoutError:
            process.kill()
            await process.wait()
    if process.stdin is not None:
        process.stdin.close()

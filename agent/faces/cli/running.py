"""`run` and `once`: the agent itself."""

import asyncio
from pathlib import Path

import msgspec

from agent.compose import open_world
from agent.connecting import clock_of
from agent.faces.cli.failures import FINDINGS, Ending
from agent.faces.cli.logs import configure
from agent.faces.cli.options import loaded
from agent.faces.cli.output import console, print_json, safe
from agent.faces.cli.stopping import hold_on_signal, reload_on_hangup, stop_on_signals, stop_when_stdin_closes
from agent.faces.documents import ascii_json
from agent.faces.report.dispatch import reporter_of
from agent.loop import run as loop
from agent.loop.report import PassReport
from agent.settings.subjects import Settings
from agent.shelves import require_loads


class Passed(msgspec.Struct, frozen=True, kw_only=True):
    """One pass, as `once --json` and `run --json` tell it."""

    incidents: int
    appeared: int
    decided: int
    sent: int
    noted: int
    confirmed: int
    waiting: int
    held: tuple[str, ...]
    """In words, what keeps everything from being carried out."""
    problems: tuple[str, ...]


WORDS = {
    "incidents": "incidents that were news",
    "appeared": "pending actions seen for the first time",
    "decided": "decisions",
    "sent": "calls that were tried",
    "noted": "decisions written to their incident",
    "confirmed": "actions confirmed: seen to have worked",
    "waiting": "incidents still to be written to",
}


def run(path: Path | None, *, as_json: bool, until_stdin_closes: bool) -> None:
    """Run the agent until it is asked to stop."""
    settings = _loaded(path)
    _say_where(settings)
    if until_stdin_closes:
        stop_when_stdin_closes()
    asyncio.run(_run(settings, as_json=as_json))


def once(path: Path | None, *, as_json: bool) -> None:
    """Make one pass; end with 1 where it had problems, or where everything is held."""
    settings = _loaded(path)
    report = asyncio.run(_once(settings))
    passed = _passed(report)
    if as_json:
        print_json(passed)
    else:
        _tell(passed)
    if passed.problems or passed.held:
        raise Ending(FINDINGS)


def _loaded(path: Path | None) -> Settings:
    """Return the settings, with logging set up and policies that load.

    Whether policies load does not depend on Graph, so that it is not asked first: it may be away.

    Raises:
        SettingsError, PolicyError: the settings or the policies are wrong.
    """
    settings = loaded(path)
    require_loads(settings)
    configure(settings.log, clock_of(settings).now)
    return settings


def _say_where(settings: Settings) -> None:
    """Say where the log goes, if it does not come out here: else a running agent looks like one that hangs."""
    if settings.log.file is None:
        return
    console(stderr=True).print(safe(f"the log goes to {settings.log.file}"), soft_wrap=True)


def _passed(report: PassReport) -> Passed:
    return Passed(
        **{name: getattr(report, name) for name in WORDS}, held=report.held, problems=tuple(report.problems)
    )


def _print_line(report: PassReport) -> None:
    print(ascii_json(msgspec.to_builtins(_passed(report))), flush=True)  # noqa: T201  a line for machines


async def _run(settings: Settings, *, as_json: bool) -> None:
    stop, reload, hold = asyncio.Event(), asyncio.Event(), asyncio.Event()
    stop_on_signals(stop)
    reload_on_hangup(reload, stop)
    hold_on_signal(hold)
    async with open_world(settings, reporter=reporter_of(settings)) as world:
        on_pass = _print_line if as_json else None
        await loop.run(world, stop=stop, reload=reload, hold=hold, on_pass=on_pass)


async def _once(settings: Settings) -> PassReport:
    stop, hold = asyncio.Event(), asyncio.Event()
    stop_on_signals(stop)
    hold_on_signal(hold)
    async with open_world(settings, reporter=reporter_of(settings)) as world:
        return await loop.once(world, stop=stop, hold=hold)


def _tell(passed: Passed) -> None:
    out = console()
    for name, words in WORDS.items():
        out.print(f"{getattr(passed, name):>6}  {words}")
    for held in passed.held:
        out.print(safe(f"held, nothing was carried out: {held}", "red"))
    for problem in passed.problems:
        out.print(safe(f"problem: {problem}", "red"))

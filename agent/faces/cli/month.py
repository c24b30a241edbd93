"""`demo --month`: four weeks in which the agent only watched, lived in a minute, and the report that comes of them.

The passes are the agent's own; only the time leaps from one to the next, and the tenant with its people is simulated
in this process. The ledger that is left is an ordinary one: every command reads it.
"""

import asyncio
import shlex
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

from agent.adapters.host import SystemClock
from agent.compose import NOWHERE, open_simulated
from agent.faces.cli import logs, reporting
from agent.faces.cli.demo_policies import lay_out, rehearsed
from agent.faces.cli.demo_settings import month_text
from agent.faces.cli.output import command, console, print_json
from agent.faces.cli.report_asked import Wanted
from agent.faces.cli.stage import fresh, policies
from agent.faces.cli.stopping import stop_on_signals
from agent.faces.moments import written
from agent.loop.leaping import live
from agent.loop.report import PassReport
from agent.loop.run import load
from agent.model.errors import SettingsError
from agent.model.pace import Pace
from agent.settings.loading import load as load_settings
from agent.settings.subjects import Settings
from agent.simulator import names
from agent.simulator.app import build
from agent.simulator.clock import StandingClock
from agent.simulator.kinds import is_write
from agent.simulator.month import DAYS, Span, lived
from agent.simulator.nouns import Fate
from agent.simulator.people import Habits
from agent.simulator.state import State
from agent.simulator.switches import Switches

PACE = Pace(poll_every=timedelta(hours=1), sweep_every=timedelta(hours=12))
"""Once an hour is enough here: a pass each minute would take an hour of yours."""

HABITS = Habits(soonest=timedelta(minutes=65))
"""So that people decide nothing before the agent has seen it, as it would with a pass each minute."""

ACTIONS = 800
"""So many that the usual kinds have enough to say something of, and all of them take about a minute."""


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """The options as they were given."""

    seed: int
    folder: Path | None = None
    actions: int = ACTIONS
    days: int = DAYS
    beside: tuple[str, ...] = ()
    """Options of the other demo that were given too, and say nothing here."""


class Known(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What the simulator knows of the time that was lived, and where everything is."""

    seed: int
    since: datetime
    until: datetime
    seconds: float
    passes: int
    actions: int
    approved: int
    rejected: int
    left: int
    cancelled: int
    mistakes: int
    writes: int
    """Requests that changed anything in the tenant: what observing must not make."""
    folder: str
    settings: str
    page: str
    report: tuple[str, ...]
    """The command that makes the report again."""


def demo(asked: Asked, *, as_json: bool) -> None:
    """Live the month, and show the report that comes of it.

    Raises:
        SettingsError: something else is asked for at the same time, or the folder is in use.
    """
    if asked.beside:
        named = ", ".join(f"`{one}`" for one in asked.beside)
        raise SettingsError(
            f"`--month` does not go with {named}: the agent only watches, and time leaps: leave one of them out"
        )
    folder = (
        Path(tempfile.mkdtemp(prefix="air-agent-month-")) if asked.folder is None else fresh(asked.folder)
    )
    start = _begins(SystemClock().now(), asked.days)
    span = Span(seed=asked.seed, start=start, days=asked.days, actions=asked.actions)
    settings_file = _written(folder)
    settings = load_settings(settings_file, {})
    progress = console(stderr=True)
    progress.print(_beginning(span), soft_wrap=True)
    began = time.monotonic()
    state, passes, until = asyncio.run(_lived(span, settings))
    wanted = Wanted(
        since=written(span.start),
        until=written(until),
        policies=(),
        tenant=None,
        diff=None,
        output=folder / "report.html",
        most_looser=None,
    )
    known = _known(span, state, passes, until, time.monotonic() - began, folder, wanted)
    reporting.report(settings_file, wanted, reporting.Form.HTML)
    if as_json:
        print_json(known)
        return
    reporting.report(settings_file, msgspec.structs.replace(wanted, output=None), reporting.Form.TERMINAL)
    for line in _ending(known):
        console().print(line, soft_wrap=True)


def _begins(now: datetime, days: int) -> datetime:
    """Return the Monday from which so many days were over by the last Monday: the same days of the week for every seed."""
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight - timedelta(days=now.weekday() + 7 * -(-days // 7))


def _written(folder: Path) -> Path:
    """Write the settings and the policies, and return where the settings are."""
    lay_out(rehearsed(policies()), folder / "policies")
    secret = folder / "client-secret"
    secret.touch(mode=0o600)
    secret.write_text(names.CLIENT_SECRET, encoding="utf-8")
    file = folder / "air-agent.yaml"
    file.write_text(month_text(folder, url=NOWHERE), encoding="utf-8")
    return file


async def _lived(span: Span, settings: Settings) -> tuple[State, int, datetime]:
    """Live it, or as much of it as whoever watches lets it; return the tenant, how many passes that were, and until when."""
    stop = asyncio.Event()
    stop_on_signals(stop)
    clock, state = StandingClock(span.start), lived(span, HABITS)
    logs.configure(settings.log, clock.now)
    app = build(state, Switches(throttle_per_minute=None), clock=clock)
    passes = 0
    async with open_simulated(settings, app, clock, pace=PACE) as world:
        with _bar(span) as show:

            def on_pass(report: PassReport) -> None:
                nonlocal passes
                passes += 1
                show(report.began)

            policies_in_force = await load(world)
            await live(
                world, policies_in_force, span.until, happens=state.next_happening, on_pass=on_pass, stop=stop
            )
    return state, passes, clock.now()


@contextmanager
def _bar(span: Span) -> Iterator[Callable[[datetime], None]]:
    """Show how far the time has come: a bar on a terminal, elsewhere a line for each week that is over."""
    out = console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn())
    with Progress(*columns, console=out, transient=True, disable=not out.is_terminal) as bars:
        task = bars.add_task("", total=span.days)
        began, weeks = time.monotonic(), 0

        def show(now: datetime) -> None:
            nonlocal weeks
            done = (now - span.start) / timedelta(days=1)
            bars.update(task, completed=done, description=f"{now:%a %d %b %H:%M}")
            if not out.is_terminal and done >= 7 * (weeks + 1):
                weeks = int(done // 7)
                out.print(f"{time.monotonic() - began:4.0f} s: week {weeks} is over", soft_wrap=True)

        yield show


def _beginning(span: Span) -> str:
    return (
        f"{span.days} days of a simulated tenant (seed {span.seed}) in about a minute: {span.actions:,} actions wait for approval, "
        f"people decide them in office hours and are wrong in {HABITS.mistakes:.0%}, and the agent only watches"
    )


def _known(
    span: Span, state: State, passes: int, until: datetime, seconds: float, folder: Path, wanted: Wanted
) -> Known:
    done = [one for one in state.judgements.values() if one.at is not None]
    fates = [one.fate for one in done]
    settings, page = folder / "air-agent.yaml", folder / "report.html"
    return Known(
        seed=span.seed,
        since=span.start,
        until=until,
        seconds=round(seconds, 1),
        passes=passes,
        actions=len(state.judgements),
        approved=fates.count(Fate.APPROVED),
        rejected=fates.count(Fate.REJECTED),
        left=fates.count(Fate.LEFT),
        cancelled=fates.count(Fate.CANCELLED),
        mistakes=sum(one.is_mistake for one in done),
        writes=sum(is_write(one.method, one.kind) for one in state.requests),
        folder=str(folder),
        settings=str(settings),
        page=str(page),
        report=("report", "--since", wanted.since or "", "--until", wanted.until or ""),
    )


def _ending(known: Known) -> Iterator[str]:
    yield ""
    decided = known.approved + known.rejected
    yield (
        f"the simulator knows: {known.actions:,} actions, {decided:,} decided by people ({known.approved:,} approved, "
        f"{known.rejected:,} rejected, {known.mistakes:,} by mistake), {known.left:,} left until they expired, "
        f"{known.cancelled:,} cancelled; {known.writes:,} writes by the agent; {known.passes:,} passes in {known.seconds:.0f} s"
    )
    yield ""
    rest = f"--settings {shlex.quote(known.settings)}"
    for name, place in (
        ("the report as a page", known.page),
        ("the same once more", f"{command()} {shlex.join(known.report)} {rest}"),
        ("every action", f"{command()} {shlex.join(known.report)} --format csv {rest}"),
        ("what may enforce first", f"{command()} policy promote vip-recipients {rest}"),
        ("and then", f"{command()} policy promote phishing-simulation {rest}"),
        ("and what not yet", f"{command()} policy promote malicious-url-clusters {rest}"),
    ):
        yield f"  {name:<22} {place}"

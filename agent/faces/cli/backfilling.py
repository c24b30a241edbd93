"""`backfill`: what Graph still has of the time before the agent, judged by the policies in force and put into the history."""

import asyncio
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
from rich.progress import TextColumn

from agent.compose import open_world_to_import
from agent.connecting import clock_of
from agent.faces.cli.failures import FINDINGS, INTERRUPTED, Ending
from agent.faces.cli.logs import configure
from agent.faces.cli.looking import moment_of
from agent.faces.cli.options import loaded
from agent.faces.cli.output import console, print_json, safe
from agent.faces.cli.progress import progress
from agent.faces.report.words import WHY
from agent.judge.past.proposed import REACH
from agent.judge.quote import counted, moment, span
from agent.loop.importing import Brought, Tell, Told, bring_in_the_past
from agent.loop.rehearsing import Rehearsing
from agent.loop.shipping import Shipping
from agent.model.errors import SettingsError, Unavailable
from agent.model.imported import Why
from agent.model.permission import HUNT
from agent.model.truth import Unknown
from agent.settings.durations import written
from agent.settings.subjects import Log, LogLevel, Settings
from agent.shelves import require_loads

EVERY = 10
"""Days, of both rounds together, after which a line is told where there is no terminal to show a bar."""

HUNTING = f"grant {HUNT}"

LEFT: Mapping[Why, str] = {
    Why.OPEN: "still await approval, or did so lately: the agent itself records them",
    Why.RECORDED: "are recorded by the agent already",
    Why.UNSHOWN: "were remediated, and nothing shows that people were ever asked",
    Why.AMBIGUOUS: "do not say in known words how they stand",
    Why.TOO_OLD: "were proposed more than 30 days ago: nothing is known of their mail any more",
}
"""Why something is left out, after its number."""


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """The options as they were given."""

    since: str
    is_dry: bool


class Backfilled(msgspec.Struct, frozen=True, kw_only=True):
    """What an import came to, as `backfill --json` tells it."""

    since: datetime
    until: datetime
    resumed: datetime | None
    """From where an earlier one was taken up; null where it began anew."""
    is_dry: bool
    incidents: int
    proposals: int
    approved: int
    """By people."""
    rejected: int
    unknown: Mapping[Unknown, int]
    left: Mapping[Why, int]
    unknown_then: Mapping[str, int]
    """Facts that cannot be had as they were, by how many proposals policies could not judge without them."""
    missing: tuple[str, ...]
    """What would have to be granted for more."""
    problems: tuple[str, ...]


def backfill(path: Path | None, asked: Asked, *, as_json: bool) -> None:
    """Import the past and print what came of it; end with 1 where something could not be read."""
    settings = loaded(path)
    require_loads(settings)
    configure(Log(level=LogLevel.ERROR), clock_of(settings).now)
    since = _since(asked.since, clock_of(settings).now())
    last: list[Told] = []
    try:
        with tempfile.TemporaryDirectory(prefix="air-agent-backfill-") as folder, _progress(last) as tell:
            elsewhere = Path(folder) / "nothing.db" if asked.is_dry else None
            brought = asyncio.run(_brought(settings, since, tell, elsewhere))
    except KeyboardInterrupt:
        console(stderr=True).print(f"stopped: {_goes_on(last, asked)}")
        raise Ending(INTERRUPTED) from None
    except Unavailable as error:
        raise Unavailable(f"{error}: {_goes_on(last, asked)}", until=error.until) from error
    done = _backfilled(brought, asked)
    if as_json:
        print_json(done)
    else:
        _say(done, asked)
    if done.problems:
        raise Ending(FINDINGS)


def _since(text: str, now: datetime) -> datetime:
    """Return from when on is read. Raises SettingsError where that is further back than anything reaches."""
    since = moment_of(text, now)
    if since is None or since > now - timedelta(minutes=1):
        raise SettingsError(f"`--since {text}` is no time ago: write how far back, such as 30d")
    # A moment may have passed since somebody worked out what to write.
    if now - since > REACH + timedelta(minutes=1):
        raise SettingsError(
            f"`--since {text}` is further back than Graph reaches: hunting knows the last {written(REACH)}: write 30d"
        )
    return max(since, now - REACH)


async def _brought(settings: Settings, since: datetime, tell: Tell, elsewhere: Path | None) -> Brought:
    async with open_world_to_import(settings, elsewhere=elsewhere) as opened:
        if elsewhere is not None:
            imports = Rehearsing(opened.imports)
            return await bring_in_the_past(
                opened.world, imports, since, allow=opened.allow, tell=tell, is_dry=True
            )
        async with Shipping().going(opened.world):
            return await bring_in_the_past(opened.world, opened.imports, since, allow=opened.allow, tell=tell)


@contextmanager
def _progress(last: list[Told]) -> Iterator[Tell]:
    """Show how far it has come and how long it takes: by a bar on a terminal, else by a line now and then."""
    out = console(stderr=True)
    with progress(TextColumn("{task.fields[words]}")) as bar:
        task = bar.add_task("reading the past", total=None, words="")

        def tell(told: Told) -> None:
            is_due = not last or told.waiting or told.done // EVERY > last[-1].done // EVERY
            last[:] = [told]
            words = told.waiting or _so_far(told)
            bar.update(task, total=told.of, completed=told.done, words=safe(words, limit=70).plain)
            if is_due and not out.is_terminal:
                left = bar.tasks[0].time_remaining
                rest = "" if not left else f"; about {span(timedelta(seconds=left))} left"
                out.print(safe(f"{100 * told.done // told.of}% {words}{rest}"), soft_wrap=True)

        yield tell


def _so_far(told: Told) -> str:
    incidents = counted(told.incidents, "incident", "incidents")
    return f"to {told.read:%Y-%m-%d}, {incidents}, {counted(told.actions, 'proposal', 'proposals')}"


def _goes_on(last: list[Told], asked: Asked) -> str:
    """Return what becomes of an import that was broken off."""
    if asked.is_dry:
        return "nothing was written"
    reached = f" up to {moment(last[0].read)}" if last else ""
    return f"what was read{reached} is kept: run it again, and it goes on from there"


def _backfilled(brought: Brought, asked: Asked) -> Backfilled:
    importing, outcome = brought.importing, brought.outcome
    return Backfilled(
        since=importing.since,
        until=importing.until,
        resumed=brought.resumed,
        is_dry=asked.is_dry,
        incidents=importing.incidents,
        proposals=outcome.actions,
        approved=outcome.approved,
        rejected=outcome.rejected,
        unknown=outcome.unknown,
        left={why: importing.left[why] for why in Why if importing.left.get(why)},
        unknown_then=dict(sorted(importing.unknown_then.items())),
        missing=tuple(_missing(brought)),
        problems=importing.problems,
    )


def _missing(brought: Brought) -> Iterator[str]:
    if not brought.can_hunt:
        yield (
            f"{HUNTING}: without it only what people declined is known to have been proposed, and hardly where its "
            "mail lay; then run it again"
        )
    elif brought.no_rows:
        yield f"{brought.no_rows}: without them only what people declined is known to have been proposed"


def _say(done: Backfilled, asked: Asked) -> None:
    out = console()

    def say(text: str, style: str = "") -> None:
        out.print(safe(text, style, limit=2000), soft_wrap=True)

    if done.resumed is not None:
        say(f"taken up where an earlier one was broken off, at {moment(done.resumed)}")
    incidents = counted(done.incidents, "incident", "incidents")
    say(f"{incidents} updated from {moment(done.since)} to {moment(done.until)}")
    verb = "would be" if done.is_dry else "is" if done.proposals == 1 else "are"
    say(
        f"{counted(done.proposals, 'proposal', 'proposals')} {verb} in the history, judged as of when first seen:"
    )
    for count, words in (
        (done.approved, "people approved"),
        (done.rejected, "people rejected"),
        *((count, WHY[why]) for why, count in done.unknown.items()),
    ):
        say(f"{count:>8,}  {words}")
    if done.left:
        say("left out:")
    for why, count in done.left.items():
        say(f"{count:>8,}  {LEFT[why]}")
    if done.unknown_then:
        say("facts that nobody can look up as they were, and policies could not tell without:")
    for fact, count in done.unknown_then.items():
        say(f"{count:>8,}  {fact}")
    for words in done.missing:
        say(words, "yellow")
    for words in done.problems:
        say(f"problem: {words}", "red")
    if not done.is_dry and done.proposals:
        say(f"now: air-agent report --since {asked.since}")

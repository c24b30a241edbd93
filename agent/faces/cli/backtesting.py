"""`policy backtest`: what another set of policies would have made of what the ledger recorded."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import msgspec
from rich.progress import TextColumn

from agent.connecting import clock_of
from agent.faces.backtest_markdown import markdown
from agent.faces.cli.backtest_tables import tell
from agent.faces.cli.failures import FINDINGS, Ending
from agent.faces.cli.looking import moment_of, reading
from agent.faces.cli.options import Listing, loaded_to_look, one_of
from agent.faces.cli.output import console, print_json, print_text, safe
from agent.faces.cli.progress import progress
from agent.faces.cli.sources import in_folder, named
from agent.judge.quote import counted
from agent.loop.backtesting import Progress as OnProgress
from agent.loop.backtesting import Question, backtest
from agent.model.backtest import Backtest
from agent.ports.ledger import Ledger
from agent.settings.subjects import Settings, TreatAs

MOST_ROWS = 200
"""Flips that are told one by one for people, where they do not ask for more."""


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What the command is given."""

    path: Path | None
    against: str | None
    since: str | None
    treat_as: TreatAs | None
    limit: int | None
    most_flips: int | None
    """End with 1 where more actions flip than this; None where any number is fine."""


def treated(word: str | None) -> TreatAs | None:
    """Return how observing policies are treated. Raises SettingsError where the word is none that is known."""
    return None if word is None else one_of("--treat-as", word, TreatAs)


def form(word: str) -> Listing:
    """Return what is to be printed. Raises SettingsError where the word is none that is known."""
    return one_of("--format", word, Listing)


def run_backtest(settings_file: Path | None, asked: Asked, how: Listing) -> None:
    """Print what comes out otherwise; end with 1 where more actions flip than are allowed."""
    settings = loaded_to_look(settings_file)
    folder = asked.path or settings.policies.directory
    since = moment_of(asked.since, clock_of(settings).now())
    base = settings.policies.base
    after = in_folder(folder, base, tenant=settings.tenant.id)
    before = None if asked.against is None else named(asked.against, folder, base)
    limit = asked.limit if asked.limit is not None or how is Listing.JSON else MOST_ROWS
    treat_as = asked.treat_as or settings.policies.treat_as

    async def ask(ledger: Ledger) -> Backtest:
        members = await ledger.members()
        question = Question(
            after=after.policies(members),
            after_name=after.name,
            before=None if before is None else before.policies(members),
            before_name="what was decided" if before is None else before.name,
            since=since,
            enforces_observers=treat_as is TreatAs.ENFORCE,
            words=limit,
        )
        with _progress(settings, since) as on_progress:
            return await backtest(ledger, question, on_progress)

    found = reading(settings, ask)
    match how:
        case Listing.JSON:
            print_json(found)
        case Listing.MARKDOWN:
            print_text(markdown(found, most=limit or MOST_ROWS))
        case Listing.TEXT:
            tell(console(), found, most=limit or MOST_ROWS)
    _gate(found, asked.most_flips)


@contextmanager
def _progress(settings: Settings, since: datetime | None) -> Iterator[OnProgress]:
    """Show how far through time it has come, on a terminal only."""
    now = clock_of(settings).now()
    began = since
    with progress(TextColumn("{task.fields[count]:,} decisions")) as bar:
        task = bar.add_task("looking back", total=1.0, count=0)

        def on_progress(count: int, at: datetime) -> None:
            nonlocal began
            began = began or at
            whole = (now - began).total_seconds()
            done = (at - began).total_seconds() / whole if whole > 0 else 1.0
            bar.update(task, completed=min(done, 1.0), count=count)

        yield on_progress


def _gate(found: Backtest, most: int | None) -> None:
    flips = found.totals.flips
    if most is None or flips <= most:
        return
    actions = counted(flips, "action flips", "actions flip")
    allowed = "none may" if most == 0 else f"at most {most:,} may"
    console(stderr=True).print(safe(f"error: {actions}, {allowed}"), soft_wrap=True)
    raise Ending(FINDINGS)

"""`policy suggest`: policies drafted from what people consistently decided, as files for people to read.

The drafts are written into a folder of their own, and only into one in which nothing is: no file is ever overwritten, and
none of a folder of policies, however the way to it is spelled, is touched.
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import msgspec

from agent.adapters.git import committer
from agent.adapters.ledger.ledger import SqlLedger
from agent.connecting import clock_of
from agent.faces.cli.checking import checked
from agent.faces.cli.kinds import kind_of
from agent.faces.cli.looking import moment_of, reading
from agent.faces.cli.options import loaded_to_look
from agent.faces.cli.output import console, print_json
from agent.faces.cli.progress import bar
from agent.faces.cli.sources import Source, in_folder
from agent.faces.cli.suggestion_files import require_apart, write
from agent.faces.cli.suggestion_tables import tell
from agent.faces.suggestions import Suggested
from agent.judge.compile import compile_set
from agent.judge.suggest.drafting import Check, Drafted, Ground, drafted, policies_of
from agent.judge.suggest.grouping import LEAST, REVERSIBLE, found
from agent.loop.backtesting import Question, backtest
from agent.loop.suggesting import Trial, lives_of, tried
from agent.model.backtest import Backtest
from agent.model.errors import SettingsError
from agent.model.pending import ActionKind
from agent.model.policy import Members
from agent.model.report import Asked as Window
from agent.model.report import Tally
from agent.model.suggestion import Draft, LeftOut, Why
from agent.settings.subjects import Settings

WORDS = 200
"""Flips that are put into words."""


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What the command is given."""

    since: str
    output: Path
    kinds: tuple[str, ...] = ()
    enough: int | None = None
    """None for as many as are sure enough."""
    owner: str | None = None
    settings: Path | None = None


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """What `--json` prints."""

    suggested: Suggested
    output: str | None
    """The folder that was written; null where nothing was."""
    files: tuple[str, ...]


class _Look(msgspec.Struct, frozen=True, kw_only=True):
    """What is looked at, and what drafts are added to."""

    settings: Settings
    source: Source
    ground: Ground
    window: Window
    enough: int


def suggest(asked: Asked, *, as_json: bool) -> None:
    """Draft, write, and print what came of it."""
    settings = loaded_to_look(asked.settings)
    folder = settings.policies.directory
    source = in_folder(folder, settings.policies.base, tenant=settings.tenant.id)
    require_apart(asked.output, folder)
    look = _Look(
        settings=settings,
        source=source,
        ground=Ground(files=source.files, folder=str(folder), owner=_owner(asked.owner, folder)),
        window=_window(settings, asked),
        enough=asked.enough if asked.enough is not None else LEAST,
    )
    suggested = reading(settings, lambda ledger: _suggested(ledger, look))
    files = write(asked.output, suggested) if suggested.drafts else ()
    if as_json:
        print_json(Shown(suggested=suggested, output=str(asked.output) if files else None, files=files))
        return
    tell(console(), suggested, asked.output)


def _window(settings: Settings, asked: Asked) -> Window:
    now = clock_of(settings).now()
    since = moment_of(asked.since, now)
    if since is None or since >= now:
        raise SettingsError(f"`--since {asked.since}` is no time ago: write how far back, such as 90d")
    return Window(
        tenant_id=settings.tenant.id,
        since=since,
        until=now,
        kinds=tuple(_kind(word) for word in asked.kinds),
        enough=settings.report.enough,
    )


def _kind(word: str) -> ActionKind:
    kind = kind_of(word)
    if kind not in REVERSIBLE:
        known = ", ".join(f"`{one}`" for one in sorted(REVERSIBLE))
        raise SettingsError(
            f"`--kind {word}` is not drafted: what is done for it cannot be taken back, or is not known: choose among {known}"
        )
    return kind


def _owner(owner: str | None, folder: Path) -> str:
    name = (owner if owner is not None else committer(folder)).strip()
    if not name or not name.isprintable():
        raise SettingsError(
            "nobody is named who answers for the drafts: write `--owner`, such as `--owner mail-security@contoso.com`"
        )
    return name


async def _suggested(ledger: SqlLedger, look: _Look) -> Suggested:
    members = await ledger.members()
    present = compile_set(look.source.policies(members))
    with bar("what people decided") as on_progress:
        lives, without = await lives_of(ledger.archive, look.window, present, on_progress)
    come = found(lives, look.enough, present.policies)
    trial = await _tried(ledger, look, come.drafts, members)
    agreeing = [one for one in come.drafts if not trial.drafts[one.name].contrary]
    facts = await ledger.archive.facts([place for one in agreeing for place in one.examples])
    files, left = drafted(agreeing, facts, look.ground, _check(look))
    if len(files) < len(come.drafts):
        # What the others would have decided is not in force with these alone.
        trial = await _tried(ledger, look, [one.draft for one in files], members)
    return Suggested(
        since=look.window.since,
        until=look.window.until,
        lives=len(lives),
        enough=look.enough,
        policies=look.source.name,
        drafts=files,
        tried=trial.drafts,
        before=trial.before,
        after=trial.after,
        left_out=(*come.left_out, *_looser(come.drafts, agreeing, trial), *left, *without),
        backtest=await _backtest(ledger, look, files, members) if files else None,
    )


async def _tried(
    ledger: SqlLedger, look: _Look, drafts: Iterable[Draft], members: Mapping[str, Members]
) -> Trial:
    some = tuple(drafts)
    if not some:
        return Trial(drafts={}, before=Tally(), after=Tally())
    present, beside = (
        compile_set(_with(look.source, files).policies(members))
        for files in ({}, policies_of(some, look.ground))
    )
    with bar("what the drafts make of it") as on_progress:
        return await tried(ledger.archive, look.window, some, (present, beside), on_progress)


def _looser(drafts: Iterable[Draft], agreeing: Iterable[Draft], trial: Trial) -> Iterator[LeftOut]:
    kept = {one.name for one in agreeing}
    for one in drafts:
        if one.name not in kept:
            yield LeftOut(
                why=Why.LOOSER,
                sort=one.sort,
                approved=0,
                rejected=0,
                words=f"{trial.drafts[one.name].contrary:,} of what people decided",
            )


async def _backtest(
    ledger: SqlLedger, look: _Look, files: Iterable[Drafted], members: Mapping[str, Members]
) -> Backtest:
    drafts = {f"{look.ground.folder}/{one.draft.name}.yaml": one.policy.encode() for one in files}
    question = Question(
        before=look.source.policies(members),
        before_name=look.source.name,
        after=_with(look.source, drafts).policies(members),
        after_name=f"{look.source.name} with the drafts",
        since=look.window.since,
        enforces_observers=True,
        words=WORDS,
    )
    return await backtest(ledger, question)


def _with(source: Source, files: Mapping[str, bytes]) -> Source:
    return msgspec.structs.replace(source, files={**source.files, **files}, git="" if files else source.git)


def _check(look: _Look) -> Check:
    """Return what checks files as `policy check` would if they lay in the folder."""
    folder = Path(look.ground.folder)
    return lambda files: checked(files, folder, folder)[0].problems

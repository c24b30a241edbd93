"""`record`: one pass that only reads, written down so that it can be given away, and replayed to see that it can."""

import asyncio
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import msgspec

from agent.adapters.recordings import Draft, drafted
from agent.compose import open_replayed, open_world_to_record
from agent.connecting import clock_of, cloud_of, installed
from agent.faces.cli.failures import INTERRUPTED, complain, exit_code
from agent.faces.cli.failures import Ending as Exit
from agent.faces.cli.logs import configure
from agent.faces.cli.looking import every
from agent.faces.cli.options import loaded
from agent.faces.cli.output import console, print_json, safe
from agent.faces.cli.recorded import letter, tell
from agent.faces.cli.stopping import stop_on_signals
from agent.judge.situations import situation_yaml
from agent.judge.strict_yaml import MOST_BYTES
from agent.loop.chosen import pass_over
from agent.loop.passing import one_pass
from agent.loop.report import PassReport
from agent.loop.run import load, start
from agent.model.decision import Decision
from agent.model.enactment import Record
from agent.model.errors import AgentError, Malformed, Refused, SettingsError, Unavailable
from agent.model.recording import Ending, Exchange, Manifest, Recording
from agent.model.situation import Situation
from agent.ports.world import World
from agent.scrub.scrubber import Scrubber
from agent.settings.durations import duration, written
from agent.settings.subjects import Log, LogLevel, Settings
from agent.shelves import require_loads
from agent.simulator.names import ALL_ROLES

UNDECIDED = "not decided"
"""What was over, or could not be judged before the pass was."""

LEAST_OF_A_MESSAGE = 150
"""Bytes that one message takes in a file of facts at least: a file that is too large is not even begun."""

NOT_THERE = 404

HEAD = "# Facts of one pending action of a recording. Every name, address and id in it is made up.\n"


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """The options as they were given."""

    out: Path
    since: str | None = None
    incidents: tuple[str, ...] = ()
    limit: int | None = None


class Passed(msgspec.Struct, frozen=True, kw_only=True):
    """What one pass came to: what it found, and what ended it before its end."""

    records: tuple[Record, ...]
    incidents: int
    problems: tuple[str, ...]
    error: AgentError | None = None
    is_stopped: bool = False


def record(path: Path | None, asked: Asked, *, as_json: bool) -> None:
    """Record one pass, and print what was saved; end as the pass did where Graph ended it."""
    settings = _settings(path, asked)
    with drafted(asked.out) as draft, tempfile.TemporaryDirectory(prefix="air-agent-record-") as folder:
        manifest, passed = asyncio.run(Recorded(settings, asked, draft, Path(folder)).made())
    if as_json:
        print_json(manifest)
    else:
        tell(console(), manifest, asked.out, passed.problems)
    if passed.error is not None:
        complain(passed.error)
        raise Exit(exit_code(passed.error))
    if passed.is_stopped:
        raise Exit(INTERRUPTED)


def _settings(path: Path | None, asked: Asked) -> Settings:
    """Return the settings with this first look, and errors alone on standard error: the log names people.

    Raises:
        SettingsError, PolicyError: something is wrong in them, or in the options.
    """
    settings = loaded(path)
    if asked.since is not None and asked.incidents:
        raise SettingsError(
            "`--since` and `--incident` do not go together: an incident is read whenever it changed"
        )
    require_loads(settings)
    configure(Log(level=LogLevel.ERROR), clock_of(settings).now)
    pace = msgspec.structs.replace(settings.pace, first_look=_first_look(settings, asked.since))
    return msgspec.structs.replace(settings, pace=pace)


def _first_look(settings: Settings, since: str | None) -> timedelta:
    if since is None:
        return settings.pace.first_look
    try:
        return duration(since)
    except ValueError as error:
        raise SettingsError(f"`--since {since}` {error}") from error


class Recorded:
    """One recording, from the first request to the last file."""

    def __init__(self, settings: Settings, asked: Asked, draft: Draft, folder: Path) -> None:
        self._settings = settings
        self._asked = asked
        self._draft = draft
        self._folder = folder
        self._scrubber = Scrubber(cloud_of(settings).graph, settings.tenant.id)
        self._statuses: Counter[int] = Counter()

    async def made(self) -> tuple[Manifest, Passed]:
        """Make it, and return what it is and how the pass went.

        Raises:
            SettingsError, LedgerError, Refused, Unavailable: nothing could be recorded.
        """
        stop = asyncio.Event()
        stop_on_signals(stop)
        out = console(stderr=True)
        if not out.is_terminal:
            what = _scope(self._asked, self._settings.pace.first_look)
            out.print(safe(f"reading {what}: this takes as long as Graph does"), soft_wrap=True)
        with out.status("logging in") as status:
            began, grants, passed = await self._watch(stop, status.update)
            status.update("replaying what was recorded")
            return await self._written(self._manifest(began, grants, passed)), passed

    async def _watch(
        self, stop: asyncio.Event, show: Callable[[str], None]
    ) -> tuple[datetime, tuple[str, ...], Passed]:
        """Make one pass over the tenant, and write every exchange of it down, scrubbed."""

        def keep(one: Exchange) -> None:
            self._draft.add(self._scrubber.exchange(one))
            self._statuses[one.status] += 1
            show(f"reading: {self._draft.count} exchanges")

        async with open_world_to_record(
            self._settings, keep=keep, most=self._asked.limit, ledger=self._folder / "first.db"
        ) as (world, grants):
            began = world.clock.now()
            passed = await one_look(world, stop, self._asked.incidents)
            if not any(status for status in self._statuses if status != NOT_THERE):
                _nothing(passed)
            return began, tuple(one for one in grants if one in ALL_ROLES), passed

    def _manifest(self, began: datetime, grants: tuple[str, ...], passed: Passed) -> Manifest:
        return Manifest(
            agent=installed(),
            at=began,
            scope=_scope(self._asked, self._settings.pace.first_look),
            cloud=self._settings.graph.cloud,
            tenant=self._scrubber.tenant,
            grants=grants,
            exchanges=self._draft.count,
            statuses={str(status): count for status, count in sorted(self._statuses.items())},
            incidents=passed.incidents,
            actions=_counted(one.action.kind for one in passed.records),
            decisions=_decisions(passed.records),
            replayed={},
            replaced=self._scrubber.names.counts,
            ending=_ending(passed),
        )

    async def _written(self, manifest: Manifest) -> Manifest:
        """Replay what was recorded, write what it shows and the rest of the files, and return the whole manifest."""
        recording = Recording(manifest=manifest, exchanges=self._draft.exchanges())
        async with open_replayed(self._settings, recording, ledger=self._folder / "second.db") as world:
            again = await one_look(world, asyncio.Event())
        decided = [one for one in again.records if one.decision is not None]
        too_large = [one.action.id for one in decided if not self._situation(one)]
        whole = msgspec.structs.replace(
            manifest,
            replayed=_decisions(again.records),
            situations=len(decided) - len(too_large),
            too_large=tuple(too_large),
        )
        self._draft.write("README.txt", letter(whole).encode())
        self._draft.finish(whole)
        return whole

    def _situation(self, record: Record) -> bool:
        """Write the facts of one pending action, and return whether they fit into a file."""
        decision = record.decision
        if decision is None:
            return False
        messages = decision.facts.messages or ()
        if len(messages) * LEAST_OF_A_MESSAGE > MOST_BYTES:
            return False
        one = Situation(kind=record.action.kind, tenant=record.action.tenant_id, facts=decision.facts)
        data = f"{HEAD}{situation_yaml(one)}".encode()
        if len(data) > MOST_BYTES:
            return False
        self._draft.write(f"situations/{record.action.id}.yaml", data)
        return True


async def one_look(world: World, stop: asyncio.Event, incidents: Sequence[str] = ()) -> Passed:
    """Make one pass as the agent does after it was started, over these incidents where some are named.

    Where it is stopped, it is broken off at once: it changes nothing.
    """
    report = PassReport(began=world.clock.now())
    policies = await load(world)
    await start(world, policies)
    passing = asyncio.ensure_future(
        pass_over(world, policies, incidents, stop, report)
        if incidents
        else one_pass(world, policies, stop, report)
    )
    stopping = asyncio.ensure_future(stop.wait())
    await asyncio.wait({passing, stopping}, return_when=asyncio.FIRST_COMPLETED)
    is_stopped = not passing.done()
    for task in (passing, stopping):
        task.cancel()
    ended, _ = await asyncio.gather(passing, stopping, return_exceptions=True)
    if isinstance(ended, Exception) and not isinstance(ended, Unavailable | Refused | Malformed):
        raise ended
    return Passed(
        records=tuple(await every(world.ledger)),
        incidents=report.incidents,
        problems=tuple(report.problems),
        error=ended if isinstance(ended, AgentError) else None,
        is_stopped=is_stopped,
    )


def _nothing(passed: Passed) -> None:
    """End the command, since Graph never answered, or had nothing of what was asked for."""
    if passed.error is not None:
        raise passed.error
    console(stderr=True).print("stopped before Graph had answered anything: nothing was kept")
    raise Exit(INTERRUPTED)


def _scope(asked: Asked, first_look: timedelta) -> str:
    if asked.incidents:
        return "one incident" if len(asked.incidents) == 1 else f"{len(asked.incidents)} chosen incidents"
    what = f"at most {asked.limit} incidents" if asked.limit is not None else "every incident"
    return f"{what} updated in the last {written(first_look)}"


def _ending(passed: Passed) -> Ending | None:
    if passed.is_stopped:
        return Ending(kind="stopped", words="stopped by hand before everything was read")
    match passed.error:
        case None:
            return None
        case Unavailable():
            return Ending(
                kind="unavailable", words="Graph was away, or asked for patience, before everything was read"
            )
        case Refused():
            return Ending(kind="refused", words="Graph refused a part of what was asked")
        case _:
            return Ending(kind="malformed", words="an answer of Graph could not be read")


def _decisions(records: Sequence[Record]) -> dict[str, int]:
    return _counted(_decided(one.decision) for one in records)


def _decided(decision: Decision | None) -> str:
    if decision is None:
        return UNDECIDED
    shadow = f" ({decision.shadow.verb} by observing policies)" if decision.shadow is not None else ""
    return f"{decision.verb}{shadow}"


def _counted(words: Iterable[str]) -> dict[str, int]:
    return {str(word): count for word, count in sorted(Counter(words).items())}

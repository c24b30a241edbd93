"""`undo`: takes back what was done for one action, or for all that one policy approved."""

import asyncio
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import msgspec
from rich import box
from rich.console import Console
from rich.progress import Progress, TaskID
from rich.table import Table

from agent.compose import open_world
from agent.connecting import clock_of
from agent.faces.cli.failures import FINDINGS, OUT_OF_REACH, Ending
from agent.faces.cli.logs import configure
from agent.faces.cli.looking import EVERY, matching, moment_of, why_not_one
from agent.faces.cli.options import loaded
from agent.faces.cli.output import console, lines, print_json, safe
from agent.faces.cli.person import person
from agent.faces.cli.progress import progress
from agent.faces.cli.stopping import stop_on_signals
from agent.faces.cli.typed import is_typed
from agent.faces.holds import banner
from agent.faces.telling import what
from agent.judge.confirm import standing
from agent.judge.quote import moment
from agent.judge.taken_back import counted, says
from agent.judge.undo import Undoing
from agent.loop.shipping import Shipping
from agent.loop.undoing import Act, Taken, holds_against, prepare, take_back
from agent.model.decision import Verb
from agent.model.enactment import Record, State
from agent.model.errors import Conflict, Held, SettingsError, Unavailable
from agent.model.hold import Hold
from agent.model.policy import Mode
from agent.model.restored import Gap
from agent.ports.defender import Enactor
from agent.ports.world import World
from agent.settings.subjects import Log, LogLevel, Settings

READ_AT_ONCE = 50
"""Actions whose mail is looked up in one go."""

LONG_REASON = 300
"""Characters of a reason: it stands in comments and in the audit."""


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be taken back, and why."""

    reason: str
    action: str | None = None
    policy: str | None = None
    since: str | None = None
    yes: bool = False


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One action, as `undo --json` tells of it. `what` and `left` may be an attacker's words."""

    id: str
    what: str
    restores: str
    count: int
    left: tuple[str, ...]
    """What cannot be taken back, and what a person can do."""
    beside: tuple[str, ...]
    state: str
    became: str
    """What became of it; empty where nothing was done."""


def undo(path: Path | None, asked: Asked, *, as_json: bool) -> None:
    """Take it back, once it was shown and confirmed; end with 1 where something of it stays."""
    _check(asked)
    settings = loaded(path)
    if settings.mode is not Mode.ENFORCE:
        raise SettingsError("`mode: observe` writes nothing to Graph: undo with `AIR_AGENT_MODE=enforce` set")
    quiet = Log(level=LogLevel.WARNING)  # what is done is told by the command itself
    configure(settings.log if settings.log.file is not None else quiet, clock_of(settings).now)
    asyncio.run(_undo(settings, asked, as_json=as_json))


def _check(asked: Asked) -> None:
    """Raises SettingsError where it is not clear what is to be taken back, or why."""
    if (asked.action is None) is (asked.policy is None):
        raise SettingsError("name one action by its id, or a policy by `--policy NAME --since 2h`")
    if asked.policy is not None and asked.since is None:
        raise SettingsError("say how far back with `--since`, such as `--policy NAME --since 2h`")
    if asked.action is not None and asked.since is not None:
        raise SettingsError(
            "`--since` goes with `--policy`: one action is taken back whenever it was approved"
        )
    if not asked.reason.strip() or len(asked.reason) > LONG_REASON:
        raise SettingsError(f"say why with `--reason`, in at most {LONG_REASON} characters")


async def _undo(settings: Settings, asked: Asked, *, as_json: bool) -> None:
    async with open_world(settings, apart=".undo") as world, Shipping().going(world):
        if world.enactor is None:
            raise SettingsError("nothing can be written to Graph here")
        out = console(stderr=as_json)
        records = await _chosen(world, asked)
        planned = await _prepared(world, records)
        doable = [one for one in planned if one.count or one.arrived or one.before]
        if not as_json or not asked.yes:
            _preview(out, records, planned)
        if not doable:
            _end(records, planned, [], as_json=as_json)
        if held := await holds_against(world):
            _end(records, planned, [], as_json=as_json, stopped=_held(held, world.clock.now()))
        if not asked.yes and not _is_confirmed(out, doable, is_bulk=asked.policy is not None):
            out.print("nothing was done")
            raise Ending(FINDINGS)
        act = Act(by=person(), reason=" ".join(asked.reason.split()))
        taken = await _take_all(world, world.enactor, doable, act)
    _end(records, planned, taken, as_json=as_json)


async def _chosen(world: World, asked: Asked) -> list[Record]:
    """Return the records that are meant; end with 1 where there are none."""
    if asked.action is not None:
        found = await matching(world.ledger, asked.action)
        if len(found) == 1:
            return found
        return _none(why_not_one(asked.action, found))
    since = moment_of(asked.since, world.clock.now())
    decisions = await world.ledger.decisions(since=since, limit=EVERY)
    approved = {
        one.action_id: None for one in decisions if one.verb is Verb.APPROVE and asked.policy in one.policies
    }
    known = await world.ledger.load(list(approved))
    sent = [one for one in known.values() if standing(await world.ledger.effects(one.action.id))]
    for gap in () if world.restored is None else world.restored.gaps:
        if since is None or since < gap.at:
            console(stderr=True).print(safe(_not_known(gap), "yellow"), soft_wrap=True)
    return sent or _none(f"`{asked.policy}` approved nothing since then that was sent and stands")


def _not_known(gap: Gap) -> str:
    return (
        f"what any policy approved between {moment(gap.backup_at)} and {moment(gap.at)} is not in the ledger, which was"
        " restored from a backup: take that back in the Action center (`air-agent audit export` has it)"
    )


def _none(why: str) -> list[Record]:
    console(stderr=True).print(safe(f"error: {why}"), soft_wrap=True)
    raise Ending(FINDINGS)


async def _prepared(world: World, records: Sequence[Record]) -> list[Undoing]:
    """Return what taking each back comes to, with everything read again."""
    planned: list[Undoing] = []
    with _progress("reading", len(records)) as (bar, task):
        for start in range(0, len(records), READ_AT_ONCE):
            some = records[start : start + READ_AT_ONCE]
            planned.extend(await prepare(world, some))
            bar.advance(task, len(some))
    return planned


async def _take_all(
    world: World, enactor: Enactor, planned: Sequence[Undoing], act: Act
) -> list[tuple[Undoing, Taken | Conflict]]:
    """Take them back one after the other, until something keeps the rest from it."""
    stop = asyncio.Event()
    stop_on_signals(stop)
    taken: list[tuple[Undoing, Taken | Conflict]] = []
    with _progress("taking back", len(planned)) as (bar, task):
        for one in planned:
            try:
                done: Taken | Conflict = await take_back(world, enactor, one.action_id, one, act, stop)
            except Conflict as error:
                done = error
            taken.append((one, done))
            bar.advance(task)
            if isinstance(done, Taken) and isinstance(done.stopped, Held | Unavailable):
                break
    return taken


def _preview(out: Console, records: Sequence[Record], planned: Sequence[Undoing]) -> None:
    table = Table(box=box.ROUNDED, show_lines=True, expand=True)
    table.add_column("id", width=8)
    table.add_column("what", ratio=4, overflow="fold")
    table.add_column("is restored", ratio=3, overflow="fold")
    table.add_column("is not, and what a person can do", ratio=6, overflow="fold")
    for record, one in zip(records, planned, strict=True):
        left = [safe(words) for words in _stays(record, one)]
        table.add_row(
            one.action_id[:8],
            safe(what(record)),
            safe(_restores(one)),
            lines(*left, *(safe(words, "dim") for words in one.beside)),
        )
    out.print(table)
    everything = [effect for one in planned for effect in one.effects]
    total = counted(everything) or "nothing"
    out.print(
        safe(f"restores {total}, of {_actions(sum(bool(one.effects) for one in planned))}"), soft_wrap=True
    )
    if stays := sum(sum(one.left.values()) for one in planned):
        out.print(f"{stays} cannot be taken back: the table says why and what to do", soft_wrap=True)


def _stays(record: Record, one: Undoing) -> tuple[str, ...]:
    """Say what cannot be taken back and why, and where nothing was carried out that could be."""
    is_untouched = not (one.count or one.arrived or one.before or one.in_place or one.left or one.beside)
    if is_untouched:
        return (f"the agent carried nothing out for it: it is `{record.state}`",)
    return tuple(f"{count}: {words}" for words, count in one.left.items())


def _held(holds: Sequence[Hold], now: datetime) -> str:
    return "; ".join(banner(hold, now) for hold in holds)


def _restores(one: Undoing) -> str:
    parts = [counted(one.effects)]
    if one.before:
        parts.append(f"{one.before} taken back before")
    if one.in_place:
        parts.append(f"{one.in_place} in place already")
    return ", ".join(part for part in parts if part) or "nothing"


def _is_confirmed(out: Console, doable: Sequence[Undoing], *, is_bulk: bool) -> bool:
    """Whether a person types what is asked for; the number of actions where they are many, so that nobody types it blind."""
    wanted = str(len(doable)) if is_bulk else "yes"
    return is_typed(out, wanted, f"take back {_actions(len(doable))}")


def _actions(count: int) -> str:
    return "1 action" if count == 1 else f"{count} actions"


def _end(
    records: Sequence[Record],
    planned: Sequence[Undoing],
    taken: Sequence[tuple[Undoing, Taken | Conflict]],
    *,
    as_json: bool,
    stopped: str = "",
) -> None:
    """Say what became of each action, and end with what that comes to; `stopped` says why nothing was begun."""
    became = {one.action_id: done for one, done in taken}
    rows = [_row(record, one, became) for record, one in zip(records, planned, strict=True)]
    stopper = next((done.stopped for _, done in taken if isinstance(done, Taken) and done.stopped), None)
    words = stopped or str(stopper or "")
    if as_json:
        print_json({"stopped": words or None, "actions": rows})
    else:
        _tell(rows, words, is_done=bool(taken))
    if isinstance(stopper, Unavailable):
        raise Ending(OUT_OF_REACH)
    if stopped or any(row.state != State.UNDONE for row in rows):
        raise Ending(FINDINGS)


def _row(record: Record, one: Undoing, became: dict[str, Taken | Conflict]) -> Row:
    done = became.get(one.action_id)
    newest = done.record if isinstance(done, Taken) else record
    words = ""
    if isinstance(done, Conflict):
        words = str(done)
    elif isinstance(done, Taken):
        words = says(newest.undone) if newest.undone is not None else "nothing was left to take back"
    left = list(_stays(record, one))
    if isinstance(done, Taken) and newest.undone is not None:
        left = list(newest.undone.left)
    return Row(
        id=one.action_id,
        what=what(record),
        restores=_restores(one),
        count=one.count,
        left=tuple(left),
        beside=one.beside,
        state=newest.state.value,
        became=words,
    )


def _tell(rows: Sequence[Row], stopped: str, *, is_done: bool) -> None:
    out = console()
    if not is_done and stopped:
        out.print(safe(stopped, "red", limit=2000), soft_wrap=True)
        out.print("nothing was done: undo it again once that has ended")
        return
    if not is_done:
        out.print("there is nothing that can be taken back")
        return
    for row in rows:
        if row.became:
            out.print(safe(f"{row.id[:8]}  {row.state}: {row.became}"), soft_wrap=True)
    states = Counter(row.state == State.UNDONE for row in rows)
    out.print(f"{_actions(states[True])} undone, {states[False]} not or only in part", soft_wrap=True)
    if stopped:
        out.print(
            safe(f"stopped: {stopped}: the rest stays as it is, undo it again later", "red"), soft_wrap=True
        )


@contextmanager
def _progress(words: str, total: int) -> Iterator[tuple[Progress, TaskID]]:
    """Give a bar on standard error, where that is a terminal."""
    with progress() as bars:
        yield bars, bars.add_task(words, total=total)

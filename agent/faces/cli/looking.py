"""`pending`, `history` and `show`: what the ledger holds, read while the agent runs or not."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TypeVar

import msgspec
from rich import box
from rich.console import Console
from rich.table import Table

from agent.adapters.ledger.ledger import SqlLedger
from agent.compose import open_ledger_for_reading
from agent.connecting import clock_of
from agent.faces import moments
from agent.faces.cli.failures import FINDINGS, Ending
from agent.faces.cli.options import loaded_to_look, one_of
from agent.faces.cli.output import COLOURS, console, lines, print_json, rows_table, safe
from agent.faces.cli.story import tell
from agent.faces.holds import banner
from agent.faces.story import story
from agent.faces.telling import Row, deciders, row, undone, what
from agent.faces.would_have import would_have
from agent.judge.quote import moment
from agent.model.decision import Decision, Verb
from agent.model.enactment import OPEN, Record, State
from agent.model.errors import LedgerError, SettingsError
from agent.model.hold import Hold
from agent.model.policy import Members
from agent.ports.ledger import Ledger
from agent.settings.subjects import Settings

T = TypeVar("T")

AT_ONCE = 1000
"""Records read at a time."""

EVERY = 1_000_000
"""Decisions read where only some are wanted."""

SHORTEST = 4
"""Characters of an id that say which one is meant."""


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which decisions `history` shows."""

    since: str | None = None
    policy: str | None = None
    decision: str | None = None
    limit: int = 200


class Past(msgspec.Struct, frozen=True, kw_only=True):
    """One decision, as `history` tells it."""

    at: datetime
    id: str
    what: str
    decision: str
    policy: str
    reason: str
    guard: str | None
    shadow: str | None
    """What observing policies would have decided; None where they had no opinion."""
    shadow_guard: str | None
    """The guard rail that would have held what they approve; None where none would."""
    targets: int | None
    """How many targets the approval acts on, or that of observing policies would; None for other decisions."""
    would_have: str
    """What observing policies would have made of it, in words; empty where they had no opinion."""
    revision: str
    undone: str
    """Who took back since what was done for it, when and why; empty where nobody did."""


def pending(path: Path | None, *, as_json: bool) -> None:
    """Print everything that is open, earliest deadline first."""
    settings = loaded_to_look(path)
    now = clock_of(settings).now()
    records, holds = reading(settings, _open)
    rows = [row(record, now) for record in records]
    if as_json:
        print_json({"now": now, "pending": rows, "holds": holds})
        return
    show_holds(console(), holds, now)
    _show_rows(rows)


def history(path: Path | None, wanted: Wanted, *, as_json: bool) -> None:
    """Print decisions, newest first."""
    settings = loaded_to_look(path)
    now = clock_of(settings).now()
    since = moment_of(wanted.since, now)
    if wanted.decision is not None:
        one_of("--decision", wanted.decision, Verb)
    past = reading(settings, lambda ledger: _past(ledger, wanted, since))
    if as_json:
        print_json({"now": now, "decisions": past})
        return
    _show_past(past)


def show(path: Path | None, action: str, *, as_json: bool) -> None:
    """Print everything about one pending action; end with 1 where there is none or more than one."""
    settings = loaded_to_look(path)
    now = clock_of(settings).now()
    record = chosen(settings, action)
    told = reading(settings, lambda ledger: story(ledger, ledger.pages, record, now, settings.graph.cloud))
    if as_json:
        print_json(told)
        return
    tell(console(), told)


def known_members(settings: Settings) -> Mapping[str, Members]:
    """Return who was in each group that lists are fed from, as far as the ledger knows."""
    return reading(settings, lambda ledger: ledger.members())


def chosen(settings: Settings, action: str) -> Record:
    """Return the record whose id this is, or begins; end with 1 where there is none or more than one."""
    found = reading(settings, lambda ledger: matching(ledger, action))
    if len(found) != 1:
        out = console(stderr=True)
        out.print(safe(f"error: {why_not_one(action, found)}"), soft_wrap=True)
        raise Ending(FINDINGS)
    return found[0]


def show_holds(out: Console, holds: Sequence[Hold], now: datetime) -> None:
    """Say first of all that nothing is carried out, where something holds."""
    for hold in holds:
        out.print(safe(banner(hold, now), "red", limit=2000), soft_wrap=True)


async def _open(ledger: Ledger) -> tuple[list[Record], tuple[Hold, ...]]:
    """Return every record that is open, and what holds. All states are read, since a record in none of ours may be open too."""
    await ledger.counts()
    return await every(ledger, OPEN), await ledger.holds()


async def every(ledger: Ledger, states: tuple[State, ...] = ()) -> list[Record]:
    """Return every record in these states, earliest deadline first."""
    records: list[Record] = []
    while True:
        found = await ledger.listed(states=states, limit=AT_ONCE, offset=len(records))
        records.extend(found)
        if len(found) < AT_ONCE:
            return records


def reading(settings: Settings, ask: Callable[[SqlLedger], Awaitable[T]]) -> T:
    """Return what is asked of the ledger, which may be in use by an agent.

    Raises:
        LedgerError: it cannot be opened, or an entry of it cannot be read.
    """

    async def read() -> T:
        async with open_ledger_for_reading(settings) as ledger:
            return await ask(ledger)

    try:
        return asyncio.run(read())
    except (TypeError, ValueError, LookupError, OverflowError) as error:
        raise LedgerError(
            "ledger: an entry cannot be read: it is damaged or was written by another version: "
            "restore a backup, or run the version that wrote it"
        ) from error


async def _past(ledger: Ledger, wanted: Wanted, since: datetime | None) -> list[Past]:
    is_all = wanted.policy is None and wanted.decision is None
    decisions = await ledger.decisions(since=since, limit=wanted.limit if is_all else EVERY)
    chosen = [one for one in decisions if _is_wanted(one, wanted)][: wanted.limit]
    records = await ledger.load(sorted({one.action_id for one in chosen}))
    return [_told(one, records.get(one.action_id)) for one in chosen]


def _is_wanted(decision: Decision, wanted: Wanted) -> bool:
    if wanted.policy is not None and wanted.policy not in decision.policies:
        return False
    return wanted.decision is None or decision.verb == wanted.decision


def _told(decision: Decision, record: Record | None) -> Past:
    return Past(
        at=decision.at,
        id=decision.action_id,
        what=what(record) if record is not None else "",
        decision=decision.verb.value,
        policy=deciders(decision),
        reason=decision.reason,
        guard=decision.guard,
        shadow=decision.shadow.verb.value if decision.shadow is not None else None,
        shadow_guard=decision.shadow_guard,
        targets=decision.targets,
        would_have=would_have(decision),
        revision=decision.revision,
        undone=_undone(decision, record),
    )


def _undone(decision: Decision, record: Record | None) -> str:
    if record is None or record.undone is None or decision.verb is not Verb.APPROVE:
        return ""
    return undone(record) if decision.at <= record.undone.at else ""


async def matching(ledger: Ledger, prefix: str) -> list[Record]:
    """Return the record of this id, or all whose ids begin so."""
    wanted = prefix.strip().lower()
    exact = await ledger.load([wanted])
    if exact:
        return list(exact.values())
    if len(wanted) < SHORTEST:
        return []
    return [record for record in await every(ledger) if record.action.id.startswith(wanted)]


def why_not_one(action: str, found: list[Record]) -> str:
    """Say why an id does not name one action."""
    if found:
        ids = ", ".join(record.action.id for record in found[:10])
        return f"`{action}` begins more than one id: {ids}: give more of it"
    if len(action.strip()) < SHORTEST:
        return (
            f"`{action}` is too short: give at least {SHORTEST} characters of an id from `air-agent pending`"
        )
    return f"nothing is known of `{action}`: `air-agent pending` and `air-agent history` list ids"


def moment_of(text: str | None, now: datetime) -> datetime | None:
    """Return the moment that `--since` names: so long ago, or itself.

    Raises:
        SettingsError: it is neither a duration nor a moment.
    """
    if text is None:
        return None
    try:
        return moments.moment_of(text, now)
    except ValueError as error:
        raise SettingsError(f"`--since {text}` {error}") from error


def _show_rows(rows: list[Row]) -> None:
    out = console()
    if not rows:
        out.print("nothing is open")
        return
    out.print(rows_table(rows, width=out.width))
    waiting = sum(one.needs_people for one in rows)
    out.print(f"{len(rows)} open, {waiting} of them wait for a person")


def _show_past(past: list[Past]) -> None:
    out = console()
    if not past:
        out.print("nothing was decided")
        return
    table = Table(box=box.ROUNDED, show_lines=True, expand=True)
    table.add_column("at", width=17)
    table.add_column("id", width=8)
    table.add_column("what", ratio=3, overflow="fold")
    table.add_column("decision, policy", ratio=2, overflow="fold")
    table.add_column("reason", ratio=5, overflow="fold")
    for one in past:
        verb = one.decision + (f", held by {one.guard}" if one.guard else "")
        parts = [safe(one.reason)]
        if one.would_have:
            parts.append(safe(one.would_have, "dim"))
        if one.undone:
            parts.append(safe(one.undone, "yellow"))
        table.add_row(
            moment(one.at),
            one.id[:8],
            safe(one.what),
            lines(safe(verb, COLOURS.get(one.decision, "")), safe(one.policy)),
            lines(*parts),
        )
    out.print(table)

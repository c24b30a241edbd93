"""`status` of many tenants: one line for each, those first that need somebody."""

import asyncio
from datetime import datetime
from enum import IntEnum

import msgspec
from rich import box
from rich.table import Table

from agent.adapters.ledger.ledger import SqlLedger
from agent.connecting import clock_of
from agent.faces.cli.failures import FINDINGS, Ending
from agent.faces.cli.many import in_each
from agent.faces.cli.output import console, print_json, safe
from agent.faces.holds import age
from agent.faces.telling import remaining
from agent.judge.quote import counted
from agent.loop.standing import briefly
from agent.model.standing import Brief
from agent.settings.roster import FleetSettings
from agent.settings.subjects import Settings
from agent.sights import with_file


class Rank(IntEnum):
    """How badly somebody is needed."""

    BROKEN = 0
    SILENT = 1
    ALARM = 2
    HELD = 3
    FELL_BACK = 4
    FINE = 5


WORDS = {
    Rank.BROKEN: "not known",
    Rank.SILENT: "no agent",
    Rank.ALARM: "alarm",
    Rank.HELD: "held",
    Rank.FELL_BACK: "fell back",
    Rank.FINE: "fine",
}

COLOURS = {Rank.FINE: "green", Rank.HELD: "yellow", Rank.FELL_BACK: "yellow"}


def status(found: FleetSettings, *, as_json: bool) -> None:
    """Print how each tenant stands; end with 1 where one is not fine."""
    now = clock_of(found.process).now()
    briefs = sorted(asyncio.run(_briefs(found, now)), key=_worst_first)
    if as_json:
        print_json({"now": now, "tenants": briefs})
    else:
        _tell(briefs, now)
    if any(rank(one) is not Rank.FINE for one in briefs):
        raise Ending(FINDINGS)


def rank(one: Brief) -> Rank:
    """Return how badly somebody is needed in this tenant."""
    if one.problem:
        return Rank.BROKEN
    if one.is_silent:
        return Rank.SILENT
    if one.alarms:
        return Rank.ALARM
    if one.holds:
        return Rank.HELD
    return Rank.FELL_BACK if one.fallbacks else Rank.FINE


async def _briefs(found: FleetSettings, now: datetime) -> list[Brief]:
    async def look(name: str, settings: Settings, ledger: SqlLedger) -> Brief:
        every, tenant_id = settings.pace.poll_every, settings.tenant.id
        seen = await briefly(ledger, now, settings.mode, tenant=name, tenant_id=tenant_id, poll_every=every)
        return msgspec.structs.replace(seen, holds=await with_file(settings, seen.holds, now))

    return await in_each(found, look, _unknown, read_only=True)


def _unknown(name: str, settings: Settings | None, why: str) -> Brief:
    if settings is None:
        return Brief(tenant=name, problem=why)
    return Brief(tenant=name, tenant_id=settings.tenant.id, mode=settings.mode.value, problem=why)


def _worst_first(one: Brief) -> tuple[Rank, bool, float, str]:
    deadline = 0.0 if one.deadline is None else one.deadline.timestamp()
    return rank(one), one.deadline is None, deadline, one.tenant


def _tell(briefs: list[Brief], now: datetime) -> None:
    table = Table(box=box.SIMPLE_HEAD, expand=True, pad_edge=False)
    for name in ("tenant", "state", "mode"):
        table.add_column(name, no_wrap=True)
    table.add_column("open", justify="right", no_wrap=True)
    table.add_column("first deadline", no_wrap=True)
    table.add_column("last pass", no_wrap=True)
    table.add_column("what is wrong", ratio=1, overflow="fold")
    for one in briefs:
        ranked = rank(one)
        table.add_row(
            safe(one.tenant),
            safe(WORDS[ranked], COLOURS.get(ranked, "red")),
            safe(one.mode),
            f"{one.open:,}" if not one.problem else "",
            _deadline(one, now),
            "" if one.passing is None else age(one.passing.began, now),
            safe("; ".join(_wrong(one, now)), limit=600),
        )
    out = console()
    out.print(table)
    needed = sum(rank(one) is not Rank.FINE for one in briefs)
    tenants = counted(len(briefs), "tenant", "tenants")
    out.print(f"{tenants}, {needed or 'none'} of them not fine; all of one: `air-agent status --tenant NAME`")


def _deadline(one: Brief, now: datetime) -> str:
    if one.deadline is None:
        return ""
    return f"in {remaining(one.deadline - now)}" if one.deadline > now else "over"


def _wrong(one: Brief, now: datetime) -> list[str]:
    """Return everything that is wrong, in a few words each, worst first."""
    said = [one.problem] if one.problem else []
    if one.is_silent:
        said.append(
            "no agent has run yet" if one.alive is None else f"no agent has run since {age(one.alive, now)}"
        )
    said.extend(f"alarm {each.name}: {each.words}" for each in one.alarms)
    said.extend(f"held by {each.by}: {each.reason}" for each in one.holds)
    said.extend(f"`{each.policy}` fell back to observing" for each in one.fallbacks)
    return said

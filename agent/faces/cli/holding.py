"""`hold` and `release`: the kill switch as a flag in the ledger, thrown by a person while an agent runs or not."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import TypeVar

import msgspec

from agent.adapters.ledger.ledger import SqlLedger
from agent.compose import open_ledger_as_it_is
from agent.connecting import clock_of
from agent.faces.cli.failures import FINDINGS, Ending
from agent.faces.cli.many import in_each
from agent.faces.cli.options import fleet_to_audit
from agent.faces.cli.output import console, print_json, safe
from agent.faces.cli.person import person
from agent.faces.holding import Done, lay, lift, reason_of
from agent.faces.holds import banner
from agent.model.hold import Hold
from agent.ports.ledger import Ledger
from agent.settings.roster import FleetSettings
from agent.settings.subjects import Settings
from agent.sights import with_file

T = TypeVar("T")


class DoneIn(Done, frozen=True, kw_only=True):
    """What came of it in one of many tenants."""

    tenant: str
    has_failed: bool = False


def hold(path: Path | None, reason: str, *, is_all: bool, as_json: bool) -> None:
    """Lay the hold, and say since when it stands; in every tenant, end with 1 where that failed in one."""
    found = fleet_to_audit(path, is_all=is_all)
    now = clock_of(found.process).now()

    async def do(ledger: Ledger) -> Done:
        return await lay(ledger, person(), reason_of(reason), now)

    if found.is_many:
        _in_all(found, do, now, as_json=as_json, is_to_end=False)
        return
    _tell(writing(found.only(), do), now, as_json=as_json, also=())


def release(path: Path | None, name: str, reason: str, *, is_all: bool, as_json: bool) -> None:
    """End the hold of this name; end with 1 where something holds all the same."""
    found = fleet_to_audit(path, is_all=is_all)
    now = clock_of(found.process).now()

    async def do(ledger: Ledger) -> Done:
        return await lift(ledger, name, person(), reason_of(reason), now)

    if found.is_many:
        _in_all(found, do, now, as_json=as_json, is_to_end=True)
        return
    settings = found.only()
    done = writing(settings, do)
    holds = asyncio.run(with_file(settings, done.holds, now))
    done = msgspec.structs.replace(done, holds=holds)
    _tell(done, now, as_json=as_json, also=done.holds)
    if done.holds:
        raise Ending(FINDINGS)


def _in_all(
    found: FleetSettings,
    change: Callable[[Ledger], Awaitable[Done]],
    now: datetime,
    *,
    as_json: bool,
    is_to_end: bool,
) -> None:
    """Do it in every tenant; end with 1 where it failed in one, or where one is held that should not be."""

    async def do(name: str, settings: Settings, ledger: SqlLedger) -> DoneIn:
        done = await change(ledger)
        holds = await with_file(settings, done.holds, now)
        return DoneIn(tenant=name, has_changed=done.has_changed, words=done.words, holds=holds)

    def failed(name: str, _settings: Settings | None, why: str) -> DoneIn:
        return DoneIn(
            tenant=name, has_changed=False, words=f"nothing was done: {why}", holds=(), has_failed=True
        )

    done = asyncio.run(in_each(found, do, failed, read_only=False))
    if as_json:
        print_json(done)
    for one in done if not as_json else ():
        style = "red" if one.has_failed else ""
        console().print(safe(f"{one.tenant}: {one.words}", style, limit=2000), soft_wrap=True)
        for hold in one.holds if is_to_end else ():
            text = f"{one.tenant}: still {banner(hold, now)}"
            console().print(safe(text, "red", limit=2000), soft_wrap=True)
    if any(one.has_failed or (is_to_end and one.holds) for one in done):
        raise Ending(FINDINGS)


def writing(settings: Settings, change: Callable[[Ledger], Awaitable[T]]) -> T:
    """Return what comes of a change to the ledger that is there, which an agent may be using.

    Raises:
        LedgerError: there is none yet, or it cannot be written to.
    """

    async def write() -> T:
        async with open_ledger_as_it_is(settings) as ledger:
            return await change(ledger)

    return asyncio.run(write())


def _tell(done: Done, now: datetime, *, as_json: bool, also: tuple[Hold, ...]) -> None:
    if as_json:
        print_json(done)
        return
    out = console()
    out.print(safe(done.words, limit=2000), soft_wrap=True)
    for one in also:
        out.print(safe(f"still {banner(one, now)}", "red", limit=2000), soft_wrap=True)

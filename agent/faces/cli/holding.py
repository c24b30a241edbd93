"""`hold` and `release`: the kill switch as a flag in the ledger, thrown by a person while an agent runs or not."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import TypeVar

import msgspec

from agent.compose import open_ledger_as_it_is, with_file
from agent.connecting import clock_of
from agent.faces.cli.failures import FINDINGS, Ending
from agent.faces.cli.options import loaded_to_audit
from agent.faces.cli.output import console, print_json, safe
from agent.faces.cli.person import person
from agent.faces.holding import Done, lay, lift, reason_of
from agent.faces.holds import banner
from agent.model.hold import Hold
from agent.ports.ledger import Ledger
from agent.settings.subjects import Settings

T = TypeVar("T")


def hold(path: Path | None, reason: str, *, as_json: bool) -> None:
    """Lay the hold, and say since when it stands."""
    settings = loaded_to_audit(path)
    now = clock_of(settings).now()
    done = writing(settings, lambda ledger: lay(ledger, person(), reason_of(reason), now))
    _tell(done, now, as_json=as_json, also=())


def release(path: Path | None, name: str, reason: str, *, as_json: bool) -> None:
    """End the hold of this name; end with 1 where something holds all the same."""
    settings = loaded_to_audit(path)
    now = clock_of(settings).now()
    done = writing(settings, lambda ledger: lift(ledger, name, person(), reason_of(reason), now))
    holds = asyncio.run(with_file(settings, done.holds, now))
    done = msgspec.structs.replace(done, holds=holds)
    _tell(done, now, as_json=as_json, also=done.holds)
    if done.holds:
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

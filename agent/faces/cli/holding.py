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
from agent.faces.holds import banner, is_gone
from agent.judge.quote import moment
from agent.model.errors import SettingsError
from agent.model.hold import BRAKE, KILL_SWITCH, Hold
from agent.ports.ledger import Ledger
from agent.settings.subjects import Settings

T = TypeVar("T")

LONGEST = 500
"""Characters of a reason."""

KNOWN = frozenset({KILL_SWITCH, BRAKE})


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """What `hold --json` and `release --json` tell: whether it changed anything, and what holds now."""

    has_changed: bool
    words: str
    holds: tuple[Hold, ...]


def hold(path: Path | None, reason: str, *, as_json: bool) -> None:
    """Lay the hold, and say since when it stands."""
    settings = loaded_to_audit(path)
    why = _one_line(reason)
    if not why:
        raise SettingsError("the reason is empty: say in a few words why, for whoever finds everything held")
    now = clock_of(settings).now()
    done = writing(settings, lambda ledger: _hold(ledger, why, now))
    _tell(done, now, as_json=as_json, also=())


def release(path: Path | None, name: str, reason: str, *, as_json: bool) -> None:
    """End the hold of this name; end with 1 where something holds all the same."""
    settings = loaded_to_audit(path)
    now = clock_of(settings).now()
    done = writing(settings, lambda ledger: _release(ledger, name, _one_line(reason), now))
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


async def _hold(ledger: Ledger, reason: str, now: datetime) -> Done:
    before = await _named(ledger, KILL_SWITCH)
    await ledger.hold(Hold(name=KILL_SWITCH, since=now, by=person(), reason=reason))
    holds = await ledger.holds()
    if before is None:
        words = (
            "held: nothing is carried out from now on, by any agent on this ledger, until `air-agent release`"
        )
        return Done(has_changed=True, words=words, holds=holds)
    after = await _named(ledger, KILL_SWITCH)
    since = f"held already, since {moment(before.since)}, by {before.by}: {before.reason}"
    if after is not None and after.reason != before.reason:
        return Done(has_changed=True, words=f"{since}; the reason is now: {after.reason}", holds=holds)
    return Done(has_changed=False, words=since, holds=holds)


async def _release(ledger: Ledger, name: str, reason: str, now: datetime) -> Done:
    standing = await _named(ledger, name)
    if standing is None and name not in KNOWN:
        stands = ", ".join(f"`{one.name}`" for one in await ledger.holds()) or "nothing holds"
        raise SettingsError(f"there is no hold `{name}`: name one that stands: {stands}")
    if standing is None:
        return Done(
            has_changed=False,
            words=f"`{name}` is not on: there is nothing to release",
            holds=await ledger.holds(),
        )
    if standing.replica is not None and await _is_alive(ledger, standing.replica, now):
        words = f"`{name}` was not released: it is a file's, and {standing.replica} reads it: {standing.ended_by} ends it"
        return Done(has_changed=False, words=words, holds=await ledger.holds())
    has_ended = await ledger.release(name, person(), reason, now)
    words = f"released: `{name}`, laid {moment(standing.since)} by {standing.by}: {standing.reason}"
    return Done(has_changed=has_ended, words=words, holds=await ledger.holds())


async def _named(ledger: Ledger, name: str) -> Hold | None:
    return next((one for one in await ledger.holds() if one.name == name), None)


async def _is_alive(ledger: Ledger, replica: str, now: datetime) -> bool:
    return any(one.name == replica and not is_gone(one, now) for one in await ledger.replicas())


def _one_line(text: str) -> str:
    return " ".join(text.split())[:LONGEST]


def _tell(done: Done, now: datetime, *, as_json: bool, also: tuple[Hold, ...]) -> None:
    if as_json:
        print_json(done)
        return
    out = console()
    out.print(safe(done.words, limit=2000), soft_wrap=True)
    for one in also:
        out.print(safe(f"still {banner(one, now)}", "red", limit=2000), soft_wrap=True)

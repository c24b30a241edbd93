"""The check of the ledger, its audit, and the files beside it. Nothing is written, and nothing is created."""

from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

from agent.adapters.in_time import in_time
from agent.adapters.ledger.opening import beside, is_there
from agent.adapters.ledger.schema import Unprepared
from agent.adapters.places import owner_beside_us, unwritable
from agent.audit.key import Key
from agent.compose import audit_file, audit_key, open_ledger_as_it_is, open_ledger_for_reading
from agent.faces.doctor.bedside import Bedside
from agent.faces.doctor.machine import PATIENCE
from agent.faces.doctor.said import apart, seen_of
from agent.model.checkup import Seen, failed, passed, warned
from agent.model.errors import LedgerError, SettingsError
from agent.settings.subjects import Settings

LEDGER = "start the agent once with `air-agent run`, or mend what is said"


async def ledger(bedside: Bedside) -> tuple[Seen, ...]:
    """See whether the ledger and its audit can be opened and written. Nothing is written, and nothing is created."""
    one = bedside.settings
    address = one.ledger.address().reveal()
    try:
        there = await in_time(partial(is_there, address), PATIENCE)
    except (OSError, TimeoutError):
        return (
            failed(
                f"the ledger's place does not answer: {one.ledger.url}",
                "check the volume, and how it is mounted",
            ),
        )
    seen = [*await _owned(address), *await _opened(one, address)] if there else [await _not_yet(one, address)]
    return (*seen, *[each async for each in _files(one)])


async def _owned(address: str) -> list[Seen]:
    """See whether it is the agent's own user who looks: what another one may read and write says little of it."""
    place = beside(address, "ledger.db")
    if place is None:
        return []
    try:
        owner = await in_time(partial(owner_beside_us, place.parent), PATIENCE)
    except (OSError, TimeoutError):
        return []
    if owner is None:
        return []
    return [
        warned(
            f"{place.parent} is another user's (number {owner}) than who looks: what follows may be otherwise for the agent",
            f"sudo -u '#{owner}' air-agent doctor",
        )
    ]


async def _not_yet(one: Settings, address: str) -> Seen:
    place = beside(address, "ledger.db")
    why = "" if place is None else await _unwritable(place)
    if why:
        return failed(
            f"there is no ledger yet, and {place} {why}",
            f"make the folder, and chown it to this user: {one.ledger.url}",
        )
    return passed(f"there is no ledger yet at {one.ledger.url}: the agent makes it when it starts")


async def _opened(one: Settings, address: str) -> list[Seen]:
    try:
        async with open_ledger_for_reading(one) as found:
            chains = await found.trail.look(lambda told: list(told.heads()))
    except Unprepared:
        return [
            warned(
                f"the ledger at {one.ledger.url} is of an earlier version, or empty",
                "back it up, and start the agent once with `air-agent run`, which prepares it",
            )
        ]
    except LedgerError as error:
        return [seen_of(error, LEDGER)]
    entries = sum(head.number for head in chains)
    opened = passed(
        f"opens, and nobody else can read it: {one.ledger.url}; the audit has {entries:,} entries"
    )
    return [opened, *await _keyed(one, address, has_audit=bool(chains))]


async def _keyed(one: Settings, address: str, *, has_audit: bool) -> list[Seen]:
    """See whether the audit's key is the one that it was written with, and whether anything can be written."""
    key: Key | None = None
    try:
        key = audit_key(one)
    except (SettingsError, LedgerError) as error:
        beside_it = beside(address, "audit.key")
        if has_audit or beside_it is None or beside_it.exists():
            return [
                seen_of(error, "restore the key that the audit was written with, or set `audit.key_file`")
            ]
    if key is None:
        return [passed("there is no audit's key yet: the agent makes one beside the ledger when it starts")]
    try:
        async with open_ledger_as_it_is(one) as found:
            await found.trail.try_out()
    except LedgerError as error:
        return [seen_of(error, LEDGER)]
    except SettingsError as error:
        return [seen_of(error, "set `audit.key_file`")]
    return [passed("can be written, and the audit's key is the one that it was written with")]


async def _files(one: Settings) -> AsyncIterator[Seen]:
    try:
        file = audit_file(one)
    except SettingsError as error:
        words, mend = apart(error, "audit.file: PATH")
        yield failed(words, mend)
    else:
        yield await _file("audit.file", file)
    for setting, path in (("audit.anchor", one.audit.anchor), ("log.file", one.log.file)):
        if path is not None:
            yield await _file(setting, path)
    if one.hold.file is not None:
        async for seen in _hold_of(one.hold.file.parent):
            yield seen


async def _hold_of(folder: Path) -> AsyncIterator[Seen]:
    """Give that the folder of the kill switch is gone, where it is."""
    try:
        is_there = await in_time(folder.is_dir, PATIENCE)
    except (OSError, TimeoutError):
        is_there = False
    if not is_there:
        yield failed(
            f"`hold.file`: the folder {folder} is not there, which counts as a hold: nothing is carried out",
            f"mkdir -p {folder}",
        )


async def _file(setting: str, path: Path) -> Seen:
    why = await _unwritable(path)
    if why:
        return failed(
            f"`{setting}`: {path} {why}",
            f"give this user {path.parent} to write, or name another file in `{setting}`",
        )
    return passed(f"`{setting}`: {path} can be written")


async def _unwritable(path: Path) -> str:
    try:
        return await in_time(partial(unwritable, path), PATIENCE)
    except TimeoutError:
        return f"does not answer within {PATIENCE:g} s"

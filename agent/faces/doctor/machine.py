"""The checks of this machine: settings, policies, ledger, disk."""

from collections.abc import AsyncIterator, Iterator
from functools import partial
from pathlib import Path

from agent.adapters.in_time import in_time
from agent.adapters.ledger.opening import beside, is_there
from agent.adapters.ledger.schema import Unprepared
from agent.adapters.places import is_open_to_all, unwritable
from agent.audit.key import Key
from agent.compose import audit_file, audit_key, open_ledger_as_it_is, open_ledger_for_reading
from agent.faces.doctor.bedside import Bedside
from agent.faces.doctor.said import apart, seen_of
from agent.judge.doctor.disk import judge_disk
from agent.judge.quote import counted
from agent.model.checkup import Room, Seen, failed, passed, warned
from agent.model.errors import LedgerError, PolicyError, SettingsError
from agent.model.policy import Mode
from agent.settings.subjects import Settings, TreatAs

PATIENCE = 5.0
"""Seconds to wait for a file system, such as one of another machine that hangs."""

MOST_PROBLEMS = 10
"""Problems of policies that are told one by one."""

LEDGER = "start the agent once with `air-agent run`, or mend what is said"


async def settings(bedside: Bedside) -> tuple[Seen, ...]:
    """See what is set, and whether other users can read its secrets. That they load is known by then."""
    return (passed(summary(bedside.settings)), *[seen async for seen in _secrets(bedside.settings)])


def summary(one: Settings) -> str:
    """Return in one line whose agent this is and how it is set."""
    name = f"{one.tenant.name}, " if one.tenant.name else ""
    return f"tenant {name}{one.tenant.id}, mode {one.mode}, cloud {one.graph.cloud}, login by {one.auth.kind}"


async def _secrets(one: Settings) -> AsyncIterator[Seen]:
    for path in _secret_files(one):
        try:
            is_open = await in_time(partial(is_open_to_all, path), PATIENCE)
        except (OSError, TimeoutError):
            continue
        if is_open:
            yield warned(
                f"{path} holds a secret, and every user of this machine can read it",
                f"chmod o= {path} (in Kubernetes: `defaultMode: 0440`)",
            )


def _secret_files(one: Settings) -> Iterator[Path]:
    found = (
        one.auth.certificate_path,
        one.auth.certificate_password_file,
        one.auth.client_secret_file,
        one.ledger.password_file,
        one.audit.key_file,
        one.web.client_secret_file,
        one.web.certificate_key,
    )
    yield from (path for path in found if path is not None)


async def policies(bedside: Bedside) -> tuple[Seen, ...]:
    """See whether the policies load, and whether any of them counts."""
    folder = bedside.settings.policies.directory
    try:
        found = bedside.policies()
    except PolicyError as error:
        told = [
            failed(str(one), f"air-agent policy check {folder}") for one in error.problems[:MOST_PROBLEMS]
        ]
        more = len(error.problems) - MOST_PROBLEMS
        if more > 0:
            told.append(failed(f"and {more} more problems", f"air-agent policy check {folder}"))
        return tuple(told)
    treats = bedside.settings.policies.treat_as is TreatAs.ENFORCE
    enforcing = sum(one.enforces_somewhere(enforces_observers=treats) for one in found.policies)
    words = (
        f"{counted(len(found.policies), 'policy', 'policies')} of revision {found.revision} load, {enforcing} enforcing; "
        f"{counted(len(found.lists), 'list', 'lists')}, {counted(len(found.chains), 'chain', 'chains')}"
    )
    if bedside.settings.mode is Mode.ENFORCE and not enforcing:
        return (
            warned(
                f"{words}: in `mode: enforce`, and every policy observes: all is left to people",
                "air-agent policy promote NAME, once `air-agent report` speaks for it",
            ),
        )
    return (passed(words),)


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
    seen = await _opened(one, address) if there else [await _not_yet(one, address)]
    return (*seen, *[each async for each in _files(one)])


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
    hold = one.hold_file()
    if hold is not None and one.hold.file is not None and not hold.parent.is_dir():
        yield failed(
            f"`hold.file`: the folder {hold.parent} is not there, which counts as a hold: nothing is carried out",
            f"mkdir -p {hold.parent}",
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


async def disk(bedside: Bedside) -> tuple[Seen, ...]:
    """See how much room there is where the agent writes."""
    rooms: list[Room] = []
    lost: list[Seen] = []
    for what, path in _written(bedside.settings):
        try:
            rooms.append(await in_time(partial(bedside.around.room, path, what), PATIENCE))
        except (OSError, TimeoutError) as error:
            why = getattr(error, "strerror", None) or "no answer"
            lost.append(failed(f"{path} ({what}): {why.lower()}", "check the volume, and how it is mounted"))
    if not rooms and not lost:
        return (passed("nothing is written on this machine"),)
    return (*lost, *judge_disk(rooms))


def _written(one: Settings) -> Iterator[tuple[str, Path]]:
    """Give where the agent writes, by the setting that says so."""
    place = beside(one.ledger.address().reveal(), "ledger.db")
    if place is not None:
        yield "ledger.url", place.parent
    if one.audit.file is not None:
        yield "audit.file", one.audit.file
    elif place is not None:
        yield "audit.file", place.parent
    if one.audit.anchor is not None:
        yield "audit.anchor", one.audit.anchor
    if one.log.file is not None:
        yield "log.file", one.log.file

"""`backup` and `restore`: the ledger into a file, and back into an empty one, whichever database it is in."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec
from rich import box
from rich.progress import TaskID
from rich.table import Table

from agent.adapters.ledger.backing import restoring
from agent.adapters.ledger.backing.archive import manifest_of
from agent.adapters.ledger.backing.restoring import Source
from agent.adapters.ledger.backing.taking import Order, take
from agent.adapters.ledger.files import KEY_FILE
from agent.adapters.ledger.opening import beside
from agent.adapters.ledger.place import is_file
from agent.audit.key import Key
from agent.compose import audit_file, audit_key, open_ledger_for_reading
from agent.connecting import clock_of, installed, replica_of
from agent.faces.cli.auditing import chain_words, fault_words
from agent.faces.cli.failures import FINDINGS, Ending
from agent.faces.cli.options import loaded_to_audit
from agent.faces.cli.output import console, print_json, safe
from agent.faces.cli.person import person
from agent.faces.cli.progress import bar, progress
from agent.judge.quote import counted, moment
from agent.model.backup import Checked, Manifest, Since
from agent.model.errors import LedgerError, SettingsError
from agent.settings.subjects import Settings

SHOWN = 20
"""Faults that are printed one by one."""


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """How a backup is to be restored. `audit` is None for the file of the settings."""

    audit: Sequence[Path] | None
    is_without: bool
    is_despite: bool


def backup(path: Path | None, file: Path, *, as_json: bool) -> None:
    """Write a backup, and say what has to be kept apart from it."""
    settings = loaded_to_audit(path)
    key = audit_key(settings)
    order = Order(path=file, key=key, at=clock_of(settings).now(), version=installed())

    async def taken(advance: Callable[[int, int], None]) -> Manifest:
        async with open_ledger_for_reading(settings) as ledger:
            return await ledger.as_of_now(lambda connection, tenant: take(connection, tenant, order, advance))

    with bar("rows") as advance:
        manifest = asyncio.run(taken(advance))
    size = file.stat().st_size
    if as_json:
        print_json({"file": str(file), "bytes": size, **msgspec.structs.asdict(manifest)})
        return
    out = console()
    out.print(
        safe(f"backup of {_what(manifest)} written to {file}: {_rows(manifest)}, {size:,} bytes"),
        soft_wrap=True,
    )
    out.print(
        safe(
            f"the audit's key is not in it, and without it the backup cannot be restored: keep {_where(settings)} apart"
            f" from it (fingerprint {key.fingerprint})"
        ),
        soft_wrap=True,
    )


def check(path: Path | None, file: Path, asked: Asked, *, as_json: bool) -> None:
    """Check a backup; end with 1 where anything is wrong."""
    settings = loaded_to_audit(path)
    source = _source(settings, file, asked)
    with _told() as tell:
        found = restoring.check(source, clock_of(settings).now(), tell)
    if as_json:
        print_json({"holds": found.holds, **msgspec.structs.asdict(found)})
    else:
        _show(found)
        if found.holds:
            _tell_since(found.since)
    if not found.holds:
        raise Ending(FINDINGS)


def restore(path: Path | None, file: Path, asked: Asked, *, as_json: bool) -> None:
    """Restore a backup; end with 1 where anything is wrong."""
    settings = loaded_to_audit(path)
    _require_all_files(settings, asked)
    source = _source(settings, file, asked)
    order = restoring.Order(
        url=settings.ledger.address().reveal(),
        replica=replica_of(settings),
        by=person(),
        at=clock_of(settings).now(),
        is_despite=asked.is_despite,
    )
    with _told() as tell:
        found = restoring.restore(source, order, tell)
    is_done = found.holds or asked.is_despite
    if as_json:
        print_json({"holds": found.holds, "is_restored": is_done, **msgspec.structs.asdict(found)})
    else:
        _show(found)
        _tell_done(found, is_done=is_done)
    if not found.holds:
        raise Ending(FINDINGS)


def _require_all_files(settings: Settings, asked: Asked) -> None:
    """Raise SettingsError where the file of the settings may be one of several: what others sent would be sent again."""
    if asked.audit or asked.is_without or is_file(settings.ledger.address().reveal()):
        return
    raise SettingsError(
        "the audit of a ledger in PostgreSQL lies in a file of each replica that ever worked on it: name all of them, each"
        " with `--audit`, or use `--without-audit`: then people are asked about everything that may have been sent"
    )


def _source(settings: Settings, file: Path, asked: Asked) -> Source:
    if asked.is_without and asked.audit:
        raise SettingsError("`--audit` and `--without-audit` say two things: leave one of them out")
    anchors = settings.audit.anchor
    return Source(
        path=file,
        key=_key(settings, file),
        tenant_id=settings.tenant.id,
        files=None if asked.is_without else _files(settings, asked),
        anchors=() if anchors is None or not anchors.exists() else (anchors,),
    )


def _files(settings: Settings, asked: Asked) -> tuple[Path, ...]:
    """Return the files that the audit was shipped to. Those that were named must be there; the settings' may not be."""
    if asked.audit:
        return tuple(asked.audit)
    usual = audit_file(settings) if settings.ledger.url.startswith("sqlite") else settings.audit.file
    return (usual,) if usual is not None and usual.exists() else ()


def _key(settings: Settings, file: Path) -> Key:
    """Return the audit's key; where it is missing, say which one it is."""
    lies = beside(settings.ledger.address().reveal(), KEY_FILE)
    if settings.audit.key is None and lies is not None and not lies.exists():
        raise LedgerError(
            f"`{lies}` is missing, the audit's key: put it there first, mode 0600: this backup needs the one with"
            f" the fingerprint {manifest_of(file).key}"
        )
    return audit_key(settings)


@contextmanager
def _told() -> Iterator[restoring.Progress]:
    """Give what is told how far it is, and shows that on a terminal: a bar for each part of the work."""
    with progress() as bars:
        tasks: dict[str, TaskID] = {}

        def tell(words: str, done: int, of: int) -> None:
            if words not in tasks:
                tasks[words] = bars.add_task(words, total=None)
            bars.update(tasks[words], completed=done, total=of)

        yield tell


def _show(found: Checked) -> None:
    out = console()
    manifest = found.manifest
    out.print(
        safe(f"backup of {_what(manifest)}, air-agent {manifest.version}, schema {manifest.schema}"),
        soft_wrap=True,
    )
    shown = Table("table", "rows", "digest", box=box.SIMPLE_HEAD)
    shown.columns[1].justify = "right"
    for one in manifest.tables:
        if one.rows:
            shown.add_row(one.name, f"{one.rows:,}", f"{one.digest[:12]} fits")
    out.print(shown)
    for chain in found.audit.chains:
        out.print(safe(f"audit: {chain_words(chain)}"), soft_wrap=True)
    for words in found.audit.restored:
        out.print(safe(f"audit: {words}"), soft_wrap=True)
    faults = [*found.faults, *(f"the audit: {fault_words(fault)}" for fault in found.audit.faults)]
    for fault in faults[:SHOWN]:
        out.print(safe(f"wrong: {fault}", "red"), soft_wrap=True)
    if len(faults) > SHOWN:
        out.print(f"and {len(faults) - SHOWN:,} more, which --json tells")
    if found.holds:
        out.print(
            f"it holds: {_rows(manifest)}, every digest fits, every reference is there, every chain of the audit holds"
        )
    else:
        out.print("it does not hold", style="bold red")


def _tell_since(since: Since) -> None:
    out = console()
    if since.until is not None:
        actions = counted(since.actions, "action", "actions")
        out.print(
            safe(
                f"since then the shipped audit has {counted(since.entries, 'entry', 'entries')}, the last of"
                f" {moment(since.until)}, with {counted(since.calls, 'call', 'calls')}: {actions} of which the ledger does"
                " not know what was done go to people"
            ),
            soft_wrap=True,
        )
    elif not since.unknown:
        out.print("since then nothing was done, by the shipped audit")
    if since.unknown:
        out.print(
            safe(
                f"not all that was sent since then is known: {since.unknown}: everything that may have been goes to people",
                "yellow",
            ),
            soft_wrap=True,
        )


def _tell_done(found: Checked, *, is_done: bool) -> None:
    out = console()
    if not is_done:
        out.print("nothing was restored", style="bold red")
        return
    _tell_since(found.since)
    out.print(
        f"restored: {_rows(found.manifest)}; everything is held: start the agent, which looks how things are and sends"
        " nothing, look at `air-agent status` and `air-agent pending`, and then"
        ' `air-agent release --reason "looked at what was restored"`',
        soft_wrap=True,
    )


def _what(manifest: Manifest) -> str:
    return f"tenant {manifest.tenant_id} as of {moment(manifest.at)}"


def _rows(manifest: Manifest) -> str:
    tables = sum(one.rows > 0 for one in manifest.tables)
    return f"{counted(manifest.rows, 'row', 'rows')} of {counted(tables, 'table', 'tables')}"


def _where(settings: Settings) -> str:
    lies = beside(settings.ledger.address().reveal(), KEY_FILE)
    return (
        str(lies) if settings.audit.key is None and lies is not None else "the one that `audit.key` is set to"
    )

"""`audit verify`, `export` and `erase`: the audit, read while the agent runs or not."""

import asyncio
import os
import stat
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import IO, TypeVar

import msgspec
import typer

from agent.audit.chain import micros
from agent.audit.key import Key
from agent.audit.lines import exported, read_anchors, read_lines
from agent.audit.verify import Beside, Told
from agent.audit.verify import verify as verified
from agent.audit.witness import Copy, shipped
from agent.audit.witness import anchors as anchored
from agent.compose import audit_file, audit_key, open_ledger_as_it_is, open_ledger_for_reading
from agent.connecting import clock_of
from agent.faces.cli.failures import FINDINGS, Ending
from agent.faces.cli.looking import moment_of
from agent.faces.cli.options import loaded_to_audit, loaded_to_look
from agent.faces.cli.output import console, print_json, print_plain, safe
from agent.faces.cli.person import person
from agent.faces.cli.progress import bar
from agent.faces.documents import ascii_json
from agent.judge.quote import counted, moment
from agent.model.audit import Chained, Fault, Verdict
from agent.model.errors import LedgerError, SettingsError
from agent.settings.subjects import Settings

T = TypeVar("T")

SHOWN = 20
"""Faults that are printed one by one."""


class Places(msgspec.Struct, frozen=True, kw_only=True):
    """Which files the ledger is compared with; None for those of the settings."""

    files: Sequence[Path] | None = None
    anchors: Sequence[Path] | None = None


def verify(path: Path | None, places: Places, *, as_json: bool) -> None:
    """Check the whole audit; end with 1 where anything is wrong."""
    settings = loaded_to_audit(path)
    key = audit_key(settings)
    is_single = settings.ledger.url.startswith("sqlite")
    with bar("entries") as advance:
        # The copies first: what is written meanwhile is then in the ledger and not missed there.
        copies = _copies(settings, key, places)

        def check(told: Told) -> Verdict:
            are_all = is_single or places.files is not None
            return verified(told, key, settings.tenant.id, copies=copies, are_all=are_all, progress=advance)

        found = _look(settings, check)
    if as_json:
        print_json({"holds": found.holds, **msgspec.structs.asdict(found)})
    else:
        _tell(found)
    if not found.holds:
        raise Ending(FINDINGS)


def export(path: Path | None, out: Path | None, *, since: str | None, is_personal: bool) -> None:
    """Write every entry as a line of JSON."""
    settings = loaded_to_look(path)
    after = moment_of(since, clock_of(settings).now())
    from_at = None if after is None else micros(after)

    def write(told: Told, into: Callable[[bytes], object]) -> int:
        count = 0
        for replica in told.replicas():
            with closing(told.links(replica)) as links, closing(told.values(replica)) as values:
                beside = Beside(values)
                for link in links:
                    kept = beside.of(link)
                    if from_at is None or link.at >= from_at:
                        line = exported(settings.tenant.id, link, kept if is_personal else None)
                        into(line + b"\n")
                        count += 1
        return count

    if out is None:
        with _standard_output() as printed:
            _look(settings, lambda told: write(told, printed))
        return
    with _opened(out) as file:
        count = _look(settings, lambda told: write(told, file.write))
    console(stderr=True).print(safe(f"{counted(count, 'entry', 'entries')} written to {out}"), soft_wrap=True)


def erase(path: Path | None, value: str, *, is_sure: bool, as_json: bool) -> None:
    """Show what would be erased, ask, and erase it; end with 1 where there is nothing, or the answer is no."""
    if len(value.strip()) < 3:
        raise SettingsError("VALUE is too short: give at least 3 characters, or most of the audit would go")
    settings = loaded_to_audit(path)
    found = asyncio.run(_containing(settings, value))
    total = sum(found.values())
    out = console(stderr=as_json)
    if total and not is_sure:
        _preview(found)
        if not typer.confirm("Erase them for good?", err=True):
            out.print("nothing was erased")
            raise Ending(FINDINGS)
    gone = asyncio.run(_erase(settings, value)) if total else 0
    if as_json:
        print_json({"erased": gone, "by_name": dict(found)})
    else:
        out.print(f"{counted(gone, 'value', 'values')} erased" if gone else "no personal value contains it")
    if not gone:
        raise Ending(FINDINGS)


async def _containing(settings: Settings, value: str) -> Mapping[str, int]:
    async with open_ledger_for_reading(settings) as ledger:
        return await ledger.trail.containing(value)


async def _erase(settings: Settings, value: str) -> int:
    async with open_ledger_as_it_is(settings) as ledger:
        return await ledger.trail.erase(value, person(), clock_of(settings).now())


def _look(settings: Settings, at: Callable[[Told], T]) -> T:
    async def look() -> T:
        async with open_ledger_for_reading(settings) as ledger:
            return await ledger.trail.look(at)

    try:
        return asyncio.run(look())
    except (TypeError, ValueError, AttributeError, OverflowError) as error:
        raise LedgerError(
            "ledger: an entry of the audit cannot be read: `air-agent audit verify` says which"
        ) from error


def _copies(settings: Settings, key: Key, places: Places) -> list[Copy]:
    """Read what stands outside the ledger. Files that were named must be there; those of the settings may not be yet."""
    tenant = settings.tenant.id
    found: list[Copy] = []
    for path in _chosen(places.files, settings.audit.file or _usual(settings)):
        with _reading(path) as lines:
            found.append(shipped(str(path), key, tenant, read_lines(lines)))
    for path in _chosen(places.anchors, settings.audit.anchor):
        with _reading(path) as lines:
            found.append(anchored(str(path), key, tenant, read_anchors(lines)))
    return found


def _usual(settings: Settings) -> Path | None:
    return audit_file(settings) if settings.ledger.url.startswith("sqlite") else None


def _chosen(named: Sequence[Path] | None, usual: Path | None) -> Sequence[Path]:
    if named is not None:
        return named
    return [] if usual is None or not usual.exists() else [usual]


@contextmanager
def _reading(path: Path) -> Iterator[IO[bytes]]:
    try:
        with path.open("rb") as file:
            yield file
    except OSError as error:
        why = (error.strerror or "no reason was given").lower()
        raise SettingsError(f"`{path}` cannot be read: {why}") from error


@contextmanager
def _opened(path: Path) -> Iterator[IO[bytes]]:
    """Open the file to write, readable by nobody else: it may name mailboxes and subjects."""
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            if stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                os.fchmod(file.fileno(), 0o600)  # it may have been there, open to others
            yield file
    except OSError as error:
        why = (error.strerror or "no reason was given").lower()
        raise SettingsError(f"`--out {path}` cannot be written: {why}") from error


@contextmanager
def _standard_output() -> Iterator[Callable[[bytes], object]]:
    """Give what prints a line: as it is to a program, and to a terminal with nothing in it that acts."""
    if sys.stdout is None:
        raise SettingsError("standard output is closed: leave it open, or use `--out`")
    yield _print_visible if sys.stdout.isatty() else sys.stdout.buffer.write
    sys.stdout.flush()


def _print_visible(line: bytes) -> None:
    print_plain(ascii_json(msgspec.json.decode(line)))


def _preview(found: Mapping[str, int]) -> None:
    out = console(stderr=True)
    out.print("personal values of the audit that contain it:")
    for name, count in sorted(found.items()):
        out.print(f"  {count:>7,}  {name}")
    out.print("the ledger's own records, backups and exports are not touched")


def _tell(found: Verdict) -> None:
    out = console()
    for chain in found.chains:
        out.print(safe(chain_words(chain)), soft_wrap=True)
    for words in found.restored:
        out.print(safe(words), soft_wrap=True)
    for fault in found.faults[:SHOWN]:
        out.print(safe(f"wrong: {fault_words(fault)}", "red"), soft_wrap=True)
    if len(found.faults) > SHOWN:
        out.print(f"and {len(found.faults) - SHOWN:,} more, which --json tells")
    out.print(safe(_compared(found)), soft_wrap=True)
    if found.holds:
        said = (
            f"{counted(found.decisions, 'decision', 'decisions')} and {counted(found.calls, 'call', 'calls')}"
        )
        out.print(f"the audit holds: {said}, each with its entry and as it was written")
        if found.unaudited:
            out.print(f"{found.unaudited:,} decisions and calls are from before the audit began")
    else:
        out.print("the audit does not hold", style="bold red")


def chain_words(chain: Chained) -> str:
    """Say how far a chain fits."""
    span = f", {_at(chain.since)} to {_at(chain.until)}" if chain.entries else ""
    fits = counted(chain.entries, "entry fits", "entries fit")
    return f"{chain.replica}: {fits}{span}" + ("; then it breaks" if chain.fault else "")


def fault_words(fault: Fault) -> str:
    """Say where something is wrong, and what."""
    place = f"{fault.place}: " if fault.place else ""
    if fault.replica is None:
        return place + fault.words
    number = "" if fault.number is None else f" entry {fault.number}"
    at = "" if fault.at is None else f" ({_at(fault.at)})"
    return f"{place}{fault.replica}{number}{at} {fault.words}"


def _compared(found: Verdict) -> str:
    if not found.witnesses:
        return (
            "compared with nothing outside the ledger: a chain whose end was cut off with its head, or that was written "
            "anew with the key, would look the same"
        )
    without = f"; none of them has anything of {', '.join(found.uncompared)}" if found.uncompared else ""
    return f"compared with {', '.join(found.witnesses)}{without}"


def _at(at: datetime | None) -> str:
    return "?" if at is None else moment(at)

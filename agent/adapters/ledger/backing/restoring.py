"""A backup is checked, or restored: read whole into a ledger that is thrown away, and from there into the real one.

Nothing is written into the real one before everything was looked at, and then all of it in one transaction.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path

import msgspec
from sqlalchemy import insert, text
from sqlalchemy.engine import Connection

from agent.adapters.ledger.auditing import LOCK, Book, Keeper, chain_of
from agent.adapters.ledger.backing import archive, holding_back, regaining
from agent.adapters.ledger.backing.rows import columns, first_taken, kept, read, with_room, write
from agent.adapters.ledger.backing.scratch import scratch
from agent.adapters.ledger.backing.taking import Counting
from agent.adapters.ledger.failures import told_apart
from agent.adapters.ledger.opening import is_there
from agent.adapters.ledger.place import opened_raw
from agent.adapters.ledger.restore_tables import restores
from agent.adapters.ledger.told import SqlTold
from agent.audit.entries import of_restored
from agent.audit.gap import Broken, Chains, Done, Told
from agent.audit.key import Key
from agent.audit.lines import Unreadable, read_anchors, read_lines
from agent.audit.restores import Restores, restored
from agent.audit.verify import verify
from agent.audit.witness import Copy, anchors, shipped
from agent.model.audit import Link, Verdict
from agent.model.backup import Checked, Manifest, Since
from agent.model.errors import LedgerError
from agent.model.hold import KILL_SWITCH, Hold

Progress = Callable[[str, int, int], None]
"""Told what is being done, and how much of how much of it is done."""


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """What is restored: the backup, by which key, whose it is, and which files the audit was shipped to since.

    `files` are None where it is to be taken for unknown what was sent since the backup, whatever files there are.
    """

    path: Path
    key: Key
    tenant_id: str
    files: tuple[Path, ...] | None
    anchors: tuple[Path, ...] = ()


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """Where it is restored to, when, by whom, and as which replica. `is_despite` is whether faults do not keep it from it."""

    url: str
    replica: str
    by: str
    at: datetime
    is_despite: bool = False


def check(source: Source, now: datetime, progress: Progress) -> Checked:
    """Return what is found of a backup, and of the audit since; nothing is written anywhere.

    Raises:
        LedgerError: it is damaged, is another tenant's, was sealed with another key, or is newer than this agent.
    """
    with _looked_at(source, progress) as (_, connection, checked):
        if not checked.holds:
            return checked
        whose = Keeper(key=source.key, tenant_id=source.tenant_id, replica="restore")
        return msgspec.structs.replace(
            checked, since=_go_on(connection, source, checked.manifest, whose, "", now)
        )


def restore(source: Source, order: Order, progress: Progress) -> Checked:
    """Restore a backup into an empty ledger, and return what was found of it there.

    Where anything is wrong, nothing is written, unless that was asked for.

    Raises:
        LedgerError: it is damaged, is another tenant's, was sealed with another key, or is newer than this agent; or
            the ledger is not empty.
    """
    if is_there(order.url):
        with opened_raw(order.url) as (engine, name), told_apart(name), engine.begin() as connection:
            _require_empty(connection, source.tenant_id, name)
    with _looked_at(source, progress) as (manifest, there, checked):
        if not checked.holds and not order.is_despite:
            return checked
        whose = Keeper(key=source.key, tenant_id=source.tenant_id, replica=order.replica)
        since = _go_on(there, source, manifest, whose, order.by, order.at)
        with (
            opened_raw(order.url) as (engine, name),
            told_apart(name),
            engine.connect().execution_options(writes=True) as connection,
            connection.begin() as transaction,
        ):
            with_room(connection)
            if connection.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
            _require_empty(connection, source.tenant_id, name)
            _copy(there, connection, source.tenant_id, manifest, progress)
            found = _verified(connection, source, _copies(source), progress)
            if not found.holds and not order.is_despite:
                transaction.rollback()
        return msgspec.structs.replace(checked, audit=found, since=since)


@contextmanager
def _looked_at(source: Source, progress: Progress) -> Iterator[tuple[Manifest, Connection, Checked]]:
    """Give the backup in a ledger that is thrown away, and what is found of it there."""
    with ExitStack() as opened:
        found = opened.enter_context(archive.reading(source.path, source.key, source.tenant_id))
        counting = Counting(lambda done, of: progress("reading the backup", done, of), found.manifest.rows)
        connection, faults = opened.enter_context(scratch(found, source.tenant_id, counting))
        verdict = _verified(connection, source, (), progress)
        yield found.manifest, connection, Checked(manifest=found.manifest, audit=verdict, faults=faults)


def _verified(connection: Connection, source: Source, copies: Sequence[Copy], progress: Progress) -> Verdict:
    return verify(
        SqlTold(connection, source.tenant_id),
        source.key,
        source.tenant_id,
        copies=copies,
        progress=lambda done, of: progress("checking the audit", done, of),
    )


def _require_empty(connection: Connection, tenant_id: str, name: str) -> None:
    taken = first_taken(connection, tenant_id)
    if taken is None:
        return
    away = (
        "stop the agent, and move it with its `-wal` and `-shm` to another folder, but leave `audit.key` and the audit's files"
        if connection.dialect.name == "sqlite"
        else "name an empty database in `ledger.url`, or take the tenant out of what agents look after, back it up and delete"
        " its rows"
    )
    raise LedgerError(
        f"ledger `{name}`: has something of this tenant already (`{taken}`), and a backup is never restored over a ledger: {away}"
    )


def _go_on(
    connection: Connection, source: Source, manifest: Manifest, whose: Keeper, by: str, now: datetime
) -> Since:
    """Bring into the restored ledger what is known of the time since, hold it, and say in its audit that it was restored."""
    tenant = source.tenant_id
    chains = regaining.known_chains(connection, tenant, source.key)
    try:
        told = regaining.take_entries(connection, tenant, chains, _lines(source.files or ()))
    except (Broken, Unreadable) as error:
        raise LedgerError(
            f"the shipped audit: {error}: find out who changed it, or restore with `--without-audit`: then people are asked"
            " about everything that may have been sent"
        ) from error
    had = {chain.replica: chain for chain in manifest.chains}
    left = regaining.apply(connection, tenant, told)
    regaining.claim(connection, tenant, left)
    regaining.count(connection, tenant, left)
    unknown = _unknown(source, manifest, chains, told, left)
    actions = regaining.remember(connection, tenant, told, left, manifest.at, now)
    ends = regaining.close(connection, tenant, chains, had, now)
    # By a clock that is behind, what was sent last would seem to have come after the restore.
    at = max(now, manifest.at, told.until or now)
    row = {"tenant_id": tenant, "at": at, "backup_at": manifest.at, "is_known": int(not unknown)}
    connection.execute(insert(restores), row)
    later = chain_of(connection, tenant, whose.replica)
    book = Book(Keeper(key=whose.key, tenant_id=tenant, replica=whose.replica, later=later))
    details = restored(ends, backup_at=manifest.at, is_known=not unknown, unknown=unknown)
    book.tell(of_restored(details, by, f"from {source.path.name}", now))
    holding_back.hold(connection, tenant, book, told, _hold(manifest, by, now))
    holding_back.fall_back(connection, tenant, told)
    if unknown:
        holding_back.doubt(connection, tenant, book, now)
    holding_back.ask_anew(connection, tenant, None if unknown else actions, now)
    book.close(connection)
    return Since(
        entries=told.entries, calls=told.calls, until=told.until, actions=len(actions), unknown=unknown
    )


def _hold(manifest: Manifest, by: str, now: datetime) -> Hold:
    made = f"{manifest.at:%Y-%m-%d %H:%MZ}"
    reason = f"the ledger was restored from the backup of {made}: look what was done since, then release"
    return Hold(name=KILL_SWITCH, since=now, by=by, reason=reason)


def _unknown(source: Source, manifest: Manifest, chains: Chains, told: Told, left: Sequence[Done]) -> str:
    """Return why the shipped audit does not tell all that was sent since the backup; empty where it does."""
    if source.files is None:
        return "it was restored without the shipped audit"
    if not source.files:
        return "there is no file that the audit was shipped to"
    for chain in manifest.chains:
        if chain.is_alive and chains.reached.get(chain.replica, 0) < chain.shipped:
            return f"the shipped audit does not reach up to the backup: entry {chain.shipped} of `{chain.replica}` is not in it"
    for replica, number in sorted(chains.missing.items()):
        return f"the shipped audit has a gap: entry {number} of `{replica}` is missing"
    if any(done.marks is None for done in left):
        return "an agent of an older version sent something, and its audit does not say to what"
    earlier = Restores(told.restores)
    for one in earlier.found:
        if not one.is_known:
            return f"an earlier restore, of {one.at:%Y-%m-%d %H:%MZ}, did not know it, and its ledger is lost too"
    for replica, last in sorted(earlier.ends.items()):
        if last > chains.end(replica):
            return (
                f"an earlier restore knew entry {last} of `{replica}`, and the shipped audit does not have it"
            )
    for copy in _anchored(source):
        for replica, witness in copy.chains.items():
            if witness.last > chains.reached.get(replica, 0):
                return f"{copy.words} goes up to entry {witness.last} of `{replica}`, and the shipped audit does not"
    return ""


def _copy(
    there: Connection, connection: Connection, tenant_id: str, manifest: Manifest, progress: Progress
) -> None:
    counting = Counting(lambda done, of: progress("writing the ledger", min(done, of), of), manifest.rows)
    for table in kept():
        counting.more(write(connection, tenant_id, table.name, columns(table), read(there, tenant_id, table)))


def _copies(source: Source) -> list[Copy]:
    lines = _lines(source.files or ())
    words = ", ".join(str(path) for path in source.files or ())
    mine = [shipped(words, source.key, source.tenant_id, lines)] if source.files else []
    return [*mine, *_anchored(source)]


def _anchored(source: Source) -> Iterator[Copy]:
    for path in source.anchors:
        with _opened(path) as file:
            yield anchors(str(path), source.key, source.tenant_id, read_anchors(file))


def _lines(files: Sequence[Path]) -> Iterator[tuple[str, Link]]:
    """Give the lines of all files, the file with the oldest first line first."""
    for path in sorted(files, key=_begins):
        with _opened(path) as file:
            yield from read_lines(file)


def _begins(path: Path) -> int:
    with _opened(path) as file:
        return next((link.at for _, link in read_lines(file)), 0)


@contextmanager
def _opened(path: Path) -> Iterator[Iterator[bytes]]:
    try:
        with path.open("rb") as file:
            yield file
    except OSError as error:
        raise LedgerError(
            f"`{path}` cannot be read: {(error.strerror or 'no reason was given').lower()}"
        ) from error

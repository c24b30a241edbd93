"""A ledger that is thrown away: where a backup is read into first, so that everything in it can be looked at.

It begins in the form that the backup has, and is then migrated as any older ledger would be.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import create_engine, event, text
from sqlalchemy.engine import Connection, Engine

from agent.adapters.ledger.backing.archive import Archive
from agent.adapters.ledger.backing.rows import kinds_of, with_room, write
from agent.adapters.ledger.backing.taking import Counting
from agent.adapters.ledger.columns import metadata
from agent.adapters.ledger.failures import told_apart
from agent.adapters.ledger.schema import newest, upgrade

SHOWN = 20
"""Faults that are told one by one."""


@contextmanager
def scratch(
    archive: Archive, tenant_id: str, counting: Counting
) -> Iterator[tuple[Connection, tuple[str, ...]]]:
    """Give a ledger that holds the backup, in this version's form; and what is wrong with how its tables refer to each other.

    Raises:
        LedgerError: the backup is damaged, or of a newer version.
    """
    with TemporaryDirectory(prefix="air-agent-") as folder, told_apart(f"{folder}/ledger.db"):
        engine = _engine(Path(folder) / "ledger.db")
        try:
            with engine.begin() as connection:
                with_room(connection)
                _fill(connection, archive, tenant_id, counting)
                yield connection, tuple(_faults(connection))
        finally:
            engine.dispose()


def _engine(path: Path) -> Engine:
    def connect() -> sqlite3.Connection:
        connection = sqlite3.connect(path, isolation_level=None)
        connection.execute("PRAGMA journal_mode = OFF")
        connection.execute("PRAGMA synchronous = OFF")
        return connection

    engine = create_engine(
        f"sqlite:///{path}", creator=connect, pool_size=1, max_overflow=0, hide_parameters=True
    )
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
    return engine


def _fill(connection: Connection, archive: Archive, tenant_id: str, counting: Counting) -> None:
    manifest = archive.manifest
    is_newest = manifest.schema == newest()
    if is_newest:
        metadata.create_all(connection)
    else:
        upgrade(connection, manifest.schema)
    for table in manifest.tables:
        kinds = kinds_of(connection, table.name, table.columns)
        rows = archive.rows(table, kinds, counting.more)
        write(connection, tenant_id, table.name, table.columns, rows)
    if not is_newest:
        upgrade(connection, newest())


def _faults(connection: Connection) -> Iterator[str]:
    """Give where a row refers to one that is not there."""
    found = connection.execute(text("PRAGMA foreign_key_check")).all()
    for table, row, parent, _ in found[:SHOWN]:
        yield f"row {row} of `{table}` refers to one of `{parent}` that is not there"
    if len(found) > SHOWN:
        yield f"and {len(found) - SHOWN:,} more"

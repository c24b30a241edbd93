"""Open the ledger that a URL names: SQLite's file or PostgreSQL's database."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import URL, create_engine, event, make_url
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import ArgumentError

from agent.adapters.ledger.auditing import Keeper, is_begun, require_key
from agent.adapters.ledger.desk import Desk
from agent.adapters.ledger.failures import told_apart
from agent.adapters.ledger.files import KEY_FILE, made_key, prepare, read_key, require_private
from agent.adapters.ledger.ledger import SqlLedger
from agent.adapters.ledger.schema import migrate, require_newest
from agent.audit.key import Key
from agent.model.errors import LedgerError
from agent.ports.telemetry import SILENT, Telemetry

PATIENCE = 10.0
"""Seconds to wait for another process's lock, or for a server to answer, before giving up."""

SHAPES = "write `sqlite:////directory/ledger.db` or `postgresql+psycopg://user@host/name`"


REPLICA = "agent"
"""Whose chain of the audit is continued, where nobody says."""


@asynccontextmanager
async def open_ledger(
    url: str,
    tenant_id: str,
    *,
    read_only: bool = False,
    as_it_is: bool = False,
    replica: str = REPLICA,
    key: Key | None = None,
    telemetry: Telemetry = SILENT,
) -> AsyncIterator[SqlLedger]:
    """Give the tenant's ledger, ready to use, and close it afterwards.

    A ledger that is not there is created, an older one is migrated. With `read_only` neither happens and
    nothing can be written; this may be done while an agent runs. So may `as_it_is`, with which neither happens
    either, and which writes.

    Args:
        url: where it is.
        tenant_id: whose it is.
        read_only: whether it is only looked at.
        as_it_is: whether it has to be there, in this version's form.
        replica: whose chain of the audit is continued.
        key: the audit's. Left out, SQLite's lies in a file beside the ledger, which is made at first; PostgreSQL has no beside.
        telemetry: is told how long transactions take.

    Raises:
        LedgerError: it cannot be opened, lies open to other users, is newer than this agent, or its audit was written with another key.
    """
    parsed = _parse(url)
    name = parsed.set(query={}).render_as_string(hide_password=True)
    loop = asyncio.get_running_loop()
    with ThreadPoolExecutor(1, thread_name_prefix="ledger") as worker:
        engine = await loop.run_in_executor(worker, _open, parsed, name, read_only, as_it_is)
        try:
            keeper = None
            if not read_only:
                whose = (tenant_id, replica)
                keeper = await loop.run_in_executor(worker, _keeper, engine, parsed, name, whose, key)
            yield SqlLedger(Desk(engine, tenant_id, worker, name, keeper, telemetry))
        finally:
            await asyncio.shield(loop.run_in_executor(worker, engine.dispose))


def is_there(url: str) -> bool:
    """Whether there is a ledger; a server's counts as there."""
    parsed = _parse(url)
    return parsed.get_backend_name() != "sqlite" or Path(parsed.database or "").absolute().exists()


def beside(url: str, name: str) -> Path | None:
    """Return the path of a file of this name beside the ledger; None where the ledger is a server's."""
    return _beside(_parse(url), name)


def key_beside(url: str) -> Key | None:
    """Return the key in the file beside this ledger; None where there is none.

    Raises:
        LedgerError: it lies open to other users, or is none; or there is no ledger either.
    """
    path = beside(url, KEY_FILE)
    if path is None:
        return None
    if path.exists():
        return _key(read_key(path), path)
    require_private(Path(_parse(url).database or "").absolute())
    return None


def _keeper(engine: Engine, url: URL, name: str, whose: tuple[str, str], key: Key | None) -> Keeper:
    """Return who keeps the audit, once the key is known to be the one that it was written with."""
    tenant_id, replica = whose
    path = _beside(url, KEY_FILE)
    with told_apart(name), engine.begin() as connection:
        if key is None:
            if path is None:
                raise LedgerError(
                    f"ledger `{name}`: the audit needs a key: set AIR_AGENT_AUDIT_KEY or `audit.key_file`, the same "
                    "for every replica"
                )
            if not path.exists() and is_begun(connection, tenant_id):
                raise LedgerError(
                    f"ledger `{name}`: `{path}` is missing, the key that its audit was written with: restore it"
                )
            key = _key(made_key(path), path)
        keeper = Keeper(key=key, tenant_id=tenant_id, replica=replica)
        require_key(connection, keeper)
    return keeper


def _beside(url: URL, name: str) -> Path | None:
    if url.get_backend_name() != "sqlite":
        return None
    return Path(url.database or "").absolute().with_name(name)


def _key(text: str, path: Path) -> Key:
    try:
        return Key(text)
    except ValueError as error:
        raise LedgerError(f"ledger: `{path}` {error}, or restore the one that was there") from error


def _open(url: URL, name: str, read_only: bool, as_it_is: bool) -> Engine:
    is_file, must_be_there = url.get_backend_name() == "sqlite", read_only or as_it_is
    engine = _sqlite(url, read_only, must_be_there) if is_file else _postgresql(url, read_only)
    try:
        with told_apart(name):
            (require_newest if must_be_there else migrate)(engine, name)
    except BaseException:
        engine.dispose()
        raise
    return engine


def _parse(url: str) -> URL:
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError) as error:
        raise LedgerError(f"ledger: the url cannot be understood: {SHAPES}") from error
    match parsed.drivername:
        case "sqlite" if parsed.database and parsed.database != ":memory:":
            return parsed
        case "sqlite":
            raise LedgerError(
                "ledger: a ledger in memory would forget: write `sqlite:////directory/ledger.db`"
            )
        case "postgresql" | "postgresql+psycopg":
            return parsed.set(drivername="postgresql+psycopg")
        case other:
            raise LedgerError(f"ledger: `{other}` is not supported: {SHAPES}")


def _sqlite(url: URL, read_only: bool, must_be_there: bool) -> Engine:
    path = Path(url.database or "").absolute()
    (require_private if must_be_there else prepare)(path)
    place = f"file:{quote(str(path))}?mode={'ro' if read_only else 'rw'}"

    def connect() -> sqlite3.Connection:
        connection = sqlite3.connect(place, uri=True, timeout=PATIENCE, isolation_level=None)
        try:
            if not read_only:
                connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute("PRAGMA secure_delete = ON")
        except BaseException:
            connection.close()
            raise
        return connection

    engine = create_engine(
        url.set(query={}), creator=connect, pool_size=1, max_overflow=0, hide_parameters=True
    )
    event.listen(engine, "begin", _begin)
    return engine


def _begin(connection: Connection) -> None:
    """Begin for writing where writing is meant: to begin for reading first may end in a refusal."""
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _postgresql(url: URL, read_only: bool) -> Engine:
    try:
        engine = create_engine(
            url,
            pool_size=1,
            max_overflow=0,
            pool_pre_ping=True,
            hide_parameters=True,
            connect_args={"connect_timeout": int(PATIENCE), "application_name": "air-agent"},
        )
    except ImportError as error:
        raise LedgerError(
            "ledger: PostgreSQL needs its driver: `pip install 'air-agent[postgres]'`"
        ) from error

    @event.listens_for(engine, "connect")
    def prepare_session(connection: Any, _: object) -> None:
        connection.execute("SET synchronous_commit = on")
        connection.execute(f"SET lock_timeout = {int(PATIENCE * 1000)}")
        connection.execute(f"SET default_transaction_read_only = {'on' if read_only else 'off'}")
        connection.commit()

    return engine

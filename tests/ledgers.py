"""Ledgers for tests: opened as the agent opens them, but that a new file begins as a copy of an empty one.

What the migrations make of nothing is the same each time, and to run them takes longer than most tests: those of the
migrations themselves run them. How a query is written in SQL is worked out once for all ledgers of a process, too. And
every statement is held to naming the tenant.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import make_url
from sqlalchemy.engine import Compiled, Dialect, Engine

from agent.adapters.ledger import glances, opening, place
from agent.adapters.ledger.files import prepare
from agent.adapters.ledger.ledger import SqlLedger
from agent.audit.key import Key
from agent.ports.telemetry import SILENT, Telemetry
from tests import by_tenant


@asynccontextmanager
async def open_ledger(
    url: str,
    tenant_id: str,
    *,
    read_only: bool = False,
    as_it_is: bool = False,
    replica: str = opening.REPLICA,
    key: Key | None = None,
    telemetry: Telemetry = SILENT,
    together: glances.Files | None = None,
) -> AsyncIterator[SqlLedger]:
    """Give the tenant's ledger, as the agent's own `open_ledger` does."""
    if not read_only and not as_it_is:
        begin(url)
    async with opening.open_ledger(
        url,
        tenant_id,
        read_only=read_only,
        as_it_is=as_it_is,
        replica=replica,
        key=key,
        telemetry=telemetry,
        together=together,
    ) as ledger:
        for engine in (ledger._desk._reading, ledger._desk._writing):
            _share(engine)
            by_tenant.watch(engine)
        yield ledger


DIALECTS: dict[str, Dialect] = {}
COMPILED: dict[Any, Compiled] = {}
"""Queries in SQL, by the dialect and what they ask."""


def _share(engine: Engine) -> None:
    """Have this engine look for its queries where all others do: they are kept by the very object that is their dialect."""
    engine.dialect = DIALECTS.setdefault(engine.dialect.driver, engine.dialect)
    engine.update_execution_options(compiled_cache=COMPILED)


def begin(url: str) -> None:
    """Put an empty ledger where a file is meant and none is."""
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        return
    path = Path(parsed.database or "").absolute()
    if not path.exists():
        prepare(path)
        path.write_bytes(_empty())


@cache
def _empty() -> bytes:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "ledger" / "ledger.db"
        place._open(make_url(f"sqlite:///{path}"), "empty", False, False, 1).dispose()
        return path.read_bytes()

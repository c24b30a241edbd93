"""One tenant's place at the database: what is read and written there, in transactions, on one thread."""

import asyncio
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import Concatenate, ParamSpec, TypeVar

from sqlalchemy.engine import Connection, Engine

from agent.adapters.ledger.auditing import Book, Keeper
from agent.adapters.ledger.failures import told_apart
from agent.model.errors import LedgerError
from agent.model.telemetry import Timed
from agent.ports.telemetry import SILENT, Telemetry

P = ParamSpec("P")
T = TypeVar("T")

SNAPSHOT = {"postgresql": {"isolation_level": "REPEATABLE READ"}}
"""What makes all queries of one reading see the same moment; in SQLite they do so anyway."""


class Desk:
    """Runs what is asked of the database.

    It is spoken to on the worker's one thread, so that the loop never waits for a disk and statements keep their
    order. A call that is cancelled is finished all the same: what was begun is written whole. `keeper` is
    None where nothing can be written. `telemetry` is told how long transactions take.
    """

    def __init__(
        self,
        engine: Engine,
        tenant_id: str,
        worker: ThreadPoolExecutor,
        name: str,
        keeper: Keeper | None,
        telemetry: Telemetry = SILENT,
    ) -> None:
        self._reading = engine.execution_options(**SNAPSHOT.get(engine.dialect.name, {}))
        self._writing = engine.execution_options(writes=True)
        self._tenant_id = tenant_id
        self._worker = worker
        self._name = name
        self._keeper = keeper
        self._telemetry = telemetry

    @property
    def keeper(self) -> Keeper:
        """Who keeps the audit. Raises LedgerError where the ledger was opened for reading only."""
        if self._keeper is None:
            raise LedgerError(f"ledger `{self._name}`: is read-only: it was opened to look")
        return self._keeper

    async def read(
        self, query: Callable[Concatenate[Connection, str, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Return what a query finds, all of it as of one moment."""
        return await self._on_worker(
            partial(self._transaction, "read", self._reading, query, *args, **kwargs)
        )

    async def write(
        self, change: Callable[Concatenate[Connection, str, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Make a change of which the audit does not tell."""
        return await self._on_worker(
            partial(self._transaction, "write", self._writing, change, *args, **kwargs)
        )

    async def audited(
        self, change: Callable[Concatenate[Connection, str, Book, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Make a change together with the entries that tell of it, or neither."""
        return await self._on_worker(partial(self._told, change, *args, **kwargs))

    def at_once(
        self, change: Callable[Concatenate[Connection, str, Book, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Do the same and let nothing else run meanwhile."""
        return self._worker.submit(partial(self._told, change, *args, **kwargs)).result()

    async def _on_worker(self, work: Callable[[], T]) -> T:
        running = asyncio.get_running_loop().run_in_executor(self._worker, work)
        running.add_done_callback(_look_at_failure)
        return await asyncio.shield(running)

    def _transaction(
        self,
        operation: str,
        engine: Engine,
        work: Callable[Concatenate[Connection, str, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        with self._timed(operation), told_apart(self._name), engine.begin() as connection:
            return work(connection, self._tenant_id, *args, **kwargs)

    def _told(
        self, change: Callable[Concatenate[Connection, str, Book, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        book = Book(self.keeper)
        with self._timed("audited"), told_apart(self._name), self._writing.begin() as connection:
            done = change(connection, self._tenant_id, book, *args, **kwargs)
            book.close(connection)
            return done

    @contextmanager
    def _timed(self, operation: str) -> Iterator[None]:
        """Tell how long it took, whatever came of it."""
        began = time.perf_counter()
        try:
            yield
        finally:
            self._telemetry.time(Timed.TRANSACTION, time.perf_counter() - began, operation=operation)


def _look_at_failure(running: "asyncio.Future[T]") -> None:
    """Mark a failure as seen, so that one whose caller was cancelled is not reported as lost."""
    if not running.cancelled():
        running.exception()

"""One tenant's desk at the database: what is read and written there, in transactions, one after the other.

Where a tenant is shared out among replicas, every change begins by asking whether it is still this one's, and keeps
the row that says so from being given to another until it is committed: so that a change is either made before a
takeover or not at all, however late whoever makes it learns of that.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Concatenate, ParamSpec, TypeVar

from sqlalchemy.engine import Connection

from agent.adapters.ledger.auditing import Book, Keeper
from agent.adapters.ledger.failures import told_apart
from agent.adapters.ledger.fencing import require_share
from agent.adapters.ledger.line import Line
from agent.adapters.ledger.place import Place
from agent.model.errors import LedgerError
from agent.model.telemetry import Timed
from agent.model.tenancy import Share
from agent.ports.telemetry import SILENT, Telemetry

P = ParamSpec("P")
T = TypeVar("T")

SNAPSHOT = {"postgresql": {"isolation_level": "REPEATABLE READ"}}
"""What makes all queries of one reading see the same moment; in SQLite they do so anyway."""


class Desk:
    """Runs what is asked of the database.

    It is spoken to in the tenant's line, so that the loop never waits for a disk and statements keep their
    order. A call that is cancelled is finished all the same: what was begun is written whole. `keeper` is
    None where nothing can be written, and `share` where every change may be made. `telemetry` is told how long
    transactions take.
    """

    def __init__(
        self,
        place: Place,
        tenant_id: str,
        line: Line,
        keeper: Keeper | None,
        share: Share | None = None,
        telemetry: Telemetry = SILENT,
    ) -> None:
        engine = place.engine
        self._reading = engine.execution_options(**SNAPSHOT.get(engine.dialect.name, {}))
        self._writing = engine.execution_options(writes=True)
        self._tenant_id = tenant_id
        self._line = line
        self._name = place.name
        self._keeper = keeper
        self._telemetry = telemetry
        self._share = share
        self.changes = 0
        """How many changes of this tenant were tried here, each counted once it is over."""

    @property
    def keeper(self) -> Keeper:
        """Who keeps the audit. Raises LedgerError where the ledger was opened for reading only."""
        if self._keeper is None:
            raise LedgerError(f"ledger `{self._name}`: is read-only: it was opened to look")
        return self._keeper

    @property
    def has_departures(self) -> bool:
        """Whether targets are known by their marks alone; who only reads is not told."""
        return self._keeper is not None and self._keeper.has_departures

    def chain(self, replica: str) -> str:
        """Return which chain is called so by who writes here."""
        return replica if self._keeper is None else self._keeper.chain_of(replica)

    async def read(
        self, query: Callable[Concatenate[Connection, str, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Return what a query finds, all of it as of one moment."""
        return await self._line.do(partial(self._look, query, *args, **kwargs))

    async def write(
        self, change: Callable[Concatenate[Connection, str, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Make a change of which the audit does not tell."""
        return await self._line.do(partial(self._change, change, *args, **kwargs))

    async def audited(
        self, change: Callable[Concatenate[Connection, str, Book, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Make a change together with the entries that tell of it, or neither."""
        return await self._line.do(partial(self._told, change, *args, **kwargs))

    def at_once(
        self, change: Callable[Concatenate[Connection, str, Book, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Do the same and let nothing else run meanwhile."""
        return self._line.at_once(partial(self._told, change, *args, **kwargs))

    def _look(
        self, query: Callable[Concatenate[Connection, str, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        with self._timed("read"), told_apart(self._name), self._reading.begin() as connection:
            return query(connection, self._tenant_id, *args, **kwargs)

    def _change(
        self, change: Callable[Concatenate[Connection, str, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        with self._timed("write"), told_apart(self._name), self._begun() as connection:
            return change(connection, self._tenant_id, *args, **kwargs)

    def _told(
        self, change: Callable[Concatenate[Connection, str, Book, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        book = Book(self.keeper)
        with self._timed("audited"), told_apart(self._name), self._begun() as connection:
            done = change(connection, self._tenant_id, book, *args, **kwargs)
            book.close(connection)
            return done

    @contextmanager
    def _begun(self) -> Iterator[Connection]:
        """Give a transaction that may change the tenant's ledger, and commit it. Raises Lost."""
        try:
            with self._writing.begin() as connection:
                if self._share is not None:
                    require_share(connection, self._share)
                yield connection
        finally:
            self.changes += 1

    @contextmanager
    def _timed(self, operation: str) -> Iterator[None]:
        """Tell how long it took, whatever came of it."""
        began = time.perf_counter()
        try:
            yield
        finally:
            self._telemetry.time(Timed.TRANSACTION, time.perf_counter() - began, operation=operation)

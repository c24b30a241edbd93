"""What is asked of every tenant's ledger every two seconds: what holds, and what waits to be shipped.

Mostly nothing has changed since it was asked last. So each file has a session of its own for it, which tells in
microseconds whether anything was committed since, by whoever it was; and a server is asked for all tenants at once. What
is told is never older than the question. Before anything leaves, its own transaction asks again: see `leaving`.
"""

import threading
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, TypeVar

from sqlalchemy.engine import Connection, Engine

from agent.adapters.ledger import holding, unshipped
from agent.adapters.ledger.failures import told_apart
from agent.adapters.together import Together
from agent.model.errors import LedgerError
from agent.model.hold import Hold

K = TypeVar("K")

PATIENCE = 5.0
"""Seconds that a disk has to answer in, also on a machine with far too much to do. A server is given up by its own rules."""


class Glance(NamedTuple):
    """What was seen of one tenant's ledger."""

    holds: tuple[Hold, ...]
    """Those that stand, oldest first."""
    waiting: Mapping[str, datetime]
    """The moment of the first entry that was not shipped yet, by chain."""
    stamp: object
    """Is another one once anybody else has changed anything: in a file at all, at a server that an audit tells of."""


Ask = Callable[[], Awaitable[Glance]]
"""Looks at one tenant's ledger. Raises LedgerError."""


class Watched:
    """One tenant's file, seen through a session of its own; looked at in one thread at a time."""

    def __init__(self, engine: Engine, name: str, tenant_id: str) -> None:
        self._engine, self._name, self._tenant_id = engine, name, tenant_id
        self._turn = threading.Lock()
        self._is_closed = False
        self._connection: Connection | None = None
        self._seen: tuple[int, Glance] | None = None

    def look(self) -> Glance:
        """Return how it stands. Raises LedgerError."""
        with self._turn:
            try:
                with told_apart(self._name):
                    return self._look()
            finally:
                self._close_if_asked()

    def close(self) -> None:
        """Close it, or leave that to a look that has not come back yet."""
        self._is_closed = True
        if self._turn.acquire(blocking=False):
            try:
                self._close_if_asked()
            finally:
                self._turn.release()

    def _look(self) -> Glance:
        connection = self._connection = self._connection or self._engine.connect()
        version = _version(connection)
        if self._seen is None or self._seen[0] != version:
            with connection.begin():
                found = _glances(connection, {self._tenant_id: version})[self._tenant_id]
            self._seen = version, found
        return self._seen[1]

    def _close_if_asked(self) -> None:
        if not self._is_closed:
            return
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        self._engine.dispose()


Files = Together[Watched, Glance]
Server = Together[str, Glance]
"""By tenant."""


def files() -> Files:
    """Return what looks at the files of every tenant of a process."""
    return Together(_look_at_files, PATIENCE)


def server(engine: Engine, name: str) -> Server:
    """Return what asks a server for every tenant of a process."""

    def look(tenant_ids: Sequence[str]) -> Iterator[tuple[str, Glance]]:
        with told_apart(name), engine.begin() as connection:
            found = _glances(connection, unshipped.ends_of(connection, tenant_ids))
        yield from found.items()

    return Together(look, None)


def of(together: Together[K, Glance], key: K, name: str) -> Ask:
    """Return what looks at one ledger, whose messages call it so."""

    async def ask() -> Glance:
        try:
            return await together.ask(key)
        except TimeoutError:
            why = f"no answer within {PATIENCE:g} s: check the disk"
            raise LedgerError(f"ledger `{name}`: {why}") from None

    return ask


def _look_at_files(watched: Sequence[Watched]) -> Iterator[tuple[Watched, Glance | Exception]]:
    for one in watched:
        try:
            found: Glance | Exception = one.look()
        except Exception as error:  # noqa: BLE001  it is raised where it was asked
            found = error
        yield one, found


def _glances(connection: Connection, stamps: Mapping[str, object]) -> Mapping[str, Glance]:
    """Return how these tenants' ledgers stand, each with its stamp."""
    tenant_ids = list(stamps)
    holds, waiting = holding.standing_of(connection, tenant_ids), unshipped.waiting_of(connection, tenant_ids)
    return {one: Glance(holds[one], waiting[one], stamp) for one, stamp in stamps.items()}


def _version(connection: Connection) -> int:
    """Return what is another number once anybody else has committed anything. Source: sqlite.org, PRAGMA data_version."""
    driver = connection.connection.driver_connection
    assert driver is not None  # noqa: S101  it is connected
    version: int = driver.execute("PRAGMA data_version").fetchone()[0]
    return version

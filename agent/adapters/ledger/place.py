"""A database that ledgers are in: opened once, for one tenant or for many.

In SQLite each tenant has a file and a thread of its own. In PostgreSQL all tenants of a process share a few sessions
and as many threads; each tenant's work is done piece by piece (see `line`), so that one that floods has one of them.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field

from sqlalchemy import URL, make_url
from sqlalchemy.engine import Engine
from sqlalchemy.exc import ArgumentError

from agent.adapters.ledger.engines import postgresql, sqlite
from agent.adapters.ledger.failures import told_apart
from agent.adapters.ledger.glances import Server, server
from agent.adapters.ledger.schema import migrate, require_newest
from agent.model.errors import LedgerError

AT_ONCE = 4
"""Tenants whose work is done at the same time where many share a place."""

SHAPES = "write `sqlite:////directory/ledger.db` or `postgresql+psycopg://user@host/name`"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """An open database, in this version's form."""

    engine: Engine
    workers: Executor
    """Who speaks to it, but for what must happen at once."""
    name: str
    """What messages call it: the address without its password."""
    url: str = field(repr=False)
    is_read_only: bool
    server: Server | None = None
    """What looks at the ledgers of all tenants together; None for a file."""


@asynccontextmanager
async def open_place(
    url: str, *, read_only: bool = False, as_it_is: bool = False, at_once: int = 1
) -> AsyncIterator[Place]:
    """Give the database, ready to use, and close it afterwards.

    One that is not there is created, an older one is migrated, but not with `read_only` or `as_it_is`: see
    `open_ledger`.

    Args:
        url: where it is.
        read_only: whether it is only looked at.
        as_it_is: whether it has to be there, in this version's form.
        at_once: how many tenants' work is done at the same time. SQLite has one writer.

    Raises:
        LedgerError: it cannot be opened, lies open to other users, or is newer than this agent.
    """
    parsed = address(url)
    name = named(parsed)
    is_server = parsed.get_backend_name() != "sqlite"
    at_once = at_once if is_server else 1
    loop = asyncio.get_running_loop()
    with ThreadPoolExecutor(at_once, thread_name_prefix="ledger") as workers:
        engine = await loop.run_in_executor(workers, _open, parsed, name, read_only, as_it_is, at_once)
        try:
            yield Place(
                engine=engine,
                workers=workers,
                name=name,
                url=url,
                is_read_only=read_only,
                server=server(engine, name) if is_server else None,
            )
        finally:
            await asyncio.shield(loop.run_in_executor(workers, engine.dispose))


@contextmanager
def opened_raw(url: str) -> Iterator[tuple[Engine, str]]:
    """Give the database of a ledger, in this version's form, created where it is not there; and what it is called.

    Raises:
        LedgerError: it cannot be opened, lies open to other users, or is newer than this agent.
    """
    parsed = address(url)
    name = named(parsed)
    engine = _open(parsed, name, read_only=False, as_it_is=False, at_once=1)
    try:
        yield engine, name
    finally:
        engine.dispose()


def address(url: str) -> URL:
    """Return what a URL names.

    Raises:
        LedgerError: it names no database that can hold a ledger.
    """
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError) as error:
        raise LedgerError(f"ledger: the url cannot be understood: {SHAPES}") from error
    match parsed.drivername:
        case "sqlite" if parsed.database and parsed.database != ":memory:":
            return parsed
        case "sqlite":
            raise LedgerError(
                "ledger: a ledger in memory would forget: write `sqlite:////directory/ledger.db`"
            )
        case "postgresql" | "postgresql+psycopg":
            return parsed.set(drivername="postgresql+psycopg")
        case other:
            raise LedgerError(f"ledger: `{other}` is not supported: {SHAPES}")


def is_file(url: str) -> bool:
    """Whether this names a file, and no server's database. Raises LedgerError where it names neither."""
    return address(url).get_backend_name() == "sqlite"


def named(url: URL) -> str:
    """Return what messages call this address: without its password, and without whatever its query may hold."""
    return url.set(query={}).render_as_string(hide_password=True)


def _open(url: URL, name: str, read_only: bool, as_it_is: bool, at_once: int) -> Engine:
    must_be_there = read_only or as_it_is
    if url.get_backend_name() == "sqlite":
        engine = sqlite(url, read_only=read_only, must_be_there=must_be_there)
    else:
        # More sessions than workers: what must happen at once happens in whose thread it is asked for, and what is
        # looked at for all tenants together has a thread of its own.
        engine = postgresql(url, read_only=read_only, sessions=at_once + 2)
    try:
        with told_apart(name):
            (require_newest if must_be_there else migrate)(engine, name)
    except BaseException:
        engine.dispose()
        raise
    return engine

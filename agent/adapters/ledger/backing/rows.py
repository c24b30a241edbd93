"""Rows of a tenant, as they are stored: out of one database and into another, whichever the two are.

Both databases store the same: whole numbers, text and bytes (see `columns`). So rows are not decoded, and come out as
they went in. They come in the order of their keys' bytes, wherever a database would sort text otherwise.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from sqlalchemy import Column, Table, inspect, select, type_coerce
from sqlalchemy.engine import Connection
from sqlalchemy.types import BigInteger, Integer, LargeBinary, NullType

from agent.adapters.ledger import (  # noqa: F401  every table has to be known here
    history_tables,
    page_tables,
    report_tables,
    restore_tables,
    session_tables,
    tables,
)
from agent.adapters.ledger.columns import Key, metadata
from agent.model.errors import LedgerError

Row = Sequence[Any]

OF_THE_MOMENT = frozenset({"sessions", "leases", "replicas", "shares", "members"})
"""Tables of who is at work or signed in: what they said was true for seconds, and is nobody's afterwards."""

AT_ONCE = 2_000
"""Rows that are read and written together."""

ROOM = 65_536
"""Kilobytes of a file's pages that are kept in memory: with SQLite's usual 2,000 a large restore takes several times as long."""


def kept() -> tuple[Table, ...]:
    """Return the tables of a tenant that a backup holds, those first that others refer to."""
    return tuple(
        table
        for table in metadata.sorted_tables
        if "tenant_id" in table.c and table.name not in OF_THE_MOMENT
    )


def columns(table: Table) -> tuple[str, ...]:
    """Return the names of its columns but for the tenant's."""
    return tuple(str(column.name) for column in table.c if column.name != "tenant_id")


def read(connection: Connection, tenant_id: str, table: Table) -> Iterator[Row]:
    """Give the tenant's rows, by their keys.

    Raises:
        LedgerError: a column holds what it never should.
    """
    own = [column for column in table.c if column.name != "tenant_id"]
    query = (
        select(*(type_coerce(column, NullType()).label(column.name) for column in own))
        .where(table.c.tenant_id == tenant_id)
        .order_by(
            *(_ordered(connection, column) for column in table.primary_key if column.name != "tenant_id")
        )
    )
    kinds = tuple(kind_of(column) for column in own)
    options = {"yield_per": AT_ONCE}
    with connection.execute(query, execution_options=options) as found:
        for row in found:
            values = [bytes(one) if isinstance(one, memoryview) else one for one in row]
            require(table.name, kinds, values)
            yield values


def write(
    connection: Connection, tenant_id: str, table: str, names: Sequence[str], rows: Iterable[Row]
) -> int:
    """Add rows to a table that has these columns, and return how many that were."""
    quote = connection.dialect.identifier_preparer.quote
    place = "?" if connection.dialect.name == "sqlite" else "%s"
    told, places = ", ".join(map(quote, ("tenant_id", *names))), ", ".join([place] * (1 + len(names)))
    statement = f"INSERT INTO {quote(table)} ({told}) VALUES ({places})"  # noqa: S608  names of ours
    count, left = 0, iter(rows)
    while some := [(tenant_id, *row) for row in islice(left, AT_ONCE)]:
        connection.exec_driver_sql(statement, some)
        count += len(some)
    return count


def with_room(connection: Connection) -> None:
    """Give SQLite room in memory for indexes that are written in no order of theirs; nothing where it is a server."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(f"PRAGMA cache_size = -{ROOM}")


def first_taken(connection: Connection, tenant_id: str) -> str | None:
    """Return a table that has something of the tenant; None where all are empty, but for those of the moment."""
    for table in kept():
        query = select(table.c.tenant_id).where(table.c.tenant_id == tenant_id).limit(1)
        if connection.execute(query).first() is not None:
            return table.name
    return None


def kinds_of(connection: Connection, table: str, names: Sequence[str]) -> tuple[type, ...]:
    """Return what each of these columns holds in the database that there is, be it of an older revision.

    Raises:
        LedgerError: the table has no such column.
    """
    there = inspect(connection)
    if not there.has_table(table):
        raise LedgerError(f"backup: there is no table `{table}` in a ledger of its schema: it was made up")
    known = {column["name"]: column["type"] for column in there.get_columns(table)}
    if unknown := [name for name in names if name not in known]:
        raise LedgerError(
            f"backup: table `{table}` has no column `{unknown[0]}` in its schema: it was made up"
        )
    return tuple(_kind(known[name]) for name in names)


def kind_of(column: Column[Any]) -> type:
    """Return what a column holds: whole numbers, text or bytes."""
    return _kind(column.type)


def require(table: str, kinds: Sequence[type], row: Row) -> None:
    """Raise LedgerError where a value is not of its column's kind: SQLite stores whatever it is given."""
    for kind, value in zip(kinds, row, strict=True):
        if value is not None and type(value) is not kind:
            raise LedgerError(f"table `{table}` holds what is none of its own: run `air-agent audit verify`")


def _kind(of: Any) -> type:
    if isinstance(of, LargeBinary):
        return bytes
    if isinstance(of, Integer | BigInteger) or isinstance(getattr(of, "impl_instance", None), Integer):
        return int
    return str


def _ordered(connection: Connection, column: Column[Any]) -> Any:
    is_text = isinstance(column.type, Key) and connection.dialect.name == "postgresql"
    return column.collate("C") if is_text else column

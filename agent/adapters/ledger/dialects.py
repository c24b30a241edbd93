"""What SQLite and PostgreSQL say in ways of their own."""

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection


def inserting(connection: Connection, table: Table) -> "sqlite.Insert | postgresql.Insert":
    """Return an insert that can say what happens to a row that is there already: each dialect has its own."""
    return postgresql.insert(table) if connection.dialect.name == "postgresql" else sqlite.insert(table)

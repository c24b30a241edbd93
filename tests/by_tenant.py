"""Every statement of a ledger names the tenant of each table that holds anything of one.

All that is tested over a ledger is held to it: one statement that forgets it in one of its tables, and tenants that
share a database could see or change what is another's.
"""

import re
from functools import cache, lru_cache
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Engine

from agent.adapters.ledger.columns import metadata

_NAMED = re.compile(r"\b(?:FROM|JOIN|UPDATE|INTO)\s+(\w+)(?:\s+AS\s+(\w+))?((?:,\s*\w+(?:\s+AS\s+\w+)?)*)")
_MORE = re.compile(r",\s*(\w+)(?:\s+AS\s+(\w+))?")


class Forgotten(AssertionError):
    """A statement says nothing of the tenant of a table."""


def watch(engine: Engine) -> None:
    """Hold every statement of this engine to it."""
    event.listen(engine, "before_cursor_execute", _look)


def _look(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
    forgotten = unnamed(statement)
    if forgotten:
        raise Forgotten(f"nothing is said of the tenant of {', '.join(forgotten)}: {statement}")


@cache
def of_tenants() -> frozenset[str]:
    """Return the tables that hold what is of a tenant."""
    return frozenset(name for name, table in metadata.tables.items() if "tenant_id" in table.columns)


@lru_cache(maxsize=4096)
def unnamed(statement: str) -> tuple[str, ...]:
    """Return the tables of which a statement does not name the tenant."""
    tables = {}
    for found in _NAMED.finditer(statement):
        pairs = [(found[1], found[2]), *((more[1], more[2]) for more in _MORE.finditer(found[3] or ""))]
        tables.update({alias or table: table for table, alias in pairs if table in of_tenants()})
    alone = len(tables) == 1 and re.search(r"\btenant_id\b", statement) is not None
    return tuple(
        sorted(
            name for name in tables if not alone and re.search(rf"\b{name}\.tenant_id\b", statement) is None
        )
    )

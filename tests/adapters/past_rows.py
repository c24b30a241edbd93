"""Decisions of the history, written as they are: without the records that they were of."""

from collections.abc import Iterable
from typing import Any

import msgspec
from sqlalchemy import insert
from sqlalchemy.engine import Connection

from agent.adapters.ledger.history import lines
from agent.adapters.ledger.history_tables import history
from agent.adapters.ledger.ledger import SqlLedger
from agent.model.history import Decided


async def wrote(ledger: SqlLedger, rows: Iterable[Decided]) -> None:
    """Write these decisions."""
    await ledger._desk.write(_insert, list(rows))


def _insert(connection: Connection, tenant_id: str, rows: list[Decided]) -> None:
    connection.execute(insert(history), [_stored(tenant_id, one) for one in rows])


def _stored(tenant_id: str, one: Decided) -> dict[str, Any]:
    plain = msgspec.structs.asdict(one)
    found = {name: str(value) if isinstance(value, str) else value for name, value in plain.items()}
    several = {name: lines(found[name]) for name in ("policies", "people", "shadow_policies")}
    flags = {name: int(found[name]) for name in ("is_native", "is_imported")}
    del found["by"]
    ended = "" if one.ended is None else str(one.ended)
    return {
        **found,
        **several,
        **flags,
        "tenant_id": tenant_id,
        "ended": ended,
        "decider": str(one.by),
        "words": "",
    }

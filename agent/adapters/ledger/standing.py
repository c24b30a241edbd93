"""Which records stand where, in the narrow form in which pages ask for it."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Text, cast, func, select
from sqlalchemy.engine import Connection

from agent.adapters.ledger.tables import records
from agent.model.enactment import State

EACH = records.c.id.concat(" ").concat(cast(records.c.version, Text))
"""An action's id has sixteen hexadecimal digits, and so no blank and no line break in it."""


def standing(
    connection: Connection,
    tenant_id: str,
    states: Sequence[State],
    ended: Sequence[State],
    since: datetime | None,
) -> Mapping[str, int]:
    """Return the versions of records in these states, and of those that ended in others lately.

    A ledger has many that ended once. So that only those changed lately are looked at, their state stands in an
    expression, which no index has.
    """
    found = _versions(connection, tenant_id, records.c.state.in_([str(state) for state in states]))
    if since is None:
        return found
    is_ended = records.c.state.concat("").in_([str(state) for state in ended])
    return found | _versions(connection, tenant_id, records.c.updated >= since, is_ended)


def _versions(connection: Connection, tenant_id: str, *conditions: ColumnElement[bool]) -> dict[str, int]:
    """Return the versions, as one text of the database's making: a row for each costs several times as much."""
    query = select(func.aggregate_strings(EACH, "\n")).where(records.c.tenant_id == tenant_id, *conditions)
    told: str = connection.scalar(query) or ""
    each = (line.split(" ") for line in told.splitlines())
    return {action_id: int(version) for action_id, version in each}

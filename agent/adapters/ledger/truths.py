"""What people and Defender did about proposals. Each function runs inside a transaction that the caller has opened."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.engine import Connection

from agent.adapters.ledger.claims import chunks
from agent.adapters.ledger.history import lines, split
from agent.adapters.ledger.report_tables import truths
from agent.adapters.ledger.writes import upsert
from agent.model.decision import Verb
from agent.model.truth import Certainty, Source, Truth, Unknown

CHANGES = ("verb", "unknown", "source", "certainty", "at", "people")


def save(connection: Connection, tenant_id: str, found: Sequence[Truth]) -> None:
    """Write what is known of proposals, in place of what is there of them."""
    rows = {
        (one.action_id, one.first_seen): {
            "tenant_id": tenant_id,
            "action_id": one.action_id,
            "first_seen": one.first_seen,
            "verb": None if one.verb is None else str(one.verb),
            "unknown": None if one.unknown is None else str(one.unknown),
            "source": str(one.source),
            "certainty": str(one.certainty),
            "at": one.at,
            "people": lines(one.by),
        }
        for one in found
    }
    if rows:
        upsert(connection, truths, [rows[name] for name in sorted(rows)], CHANGES)


def of_actions(
    connection: Connection, tenant_id: str, action_ids: Sequence[str]
) -> Mapping[str, tuple[Truth, ...]]:
    """Return what is known of these actions' proposals, oldest first; actions of which nothing is are left out."""
    found: dict[str, tuple[Truth, ...]] = {}
    for some in chunks(sorted(set(action_ids))):
        query = (
            select(truths)
            .where(truths.c.tenant_id == tenant_id, truths.c.action_id.in_(some))
            .order_by(truths.c.action_id, truths.c.first_seen)
        )
        for row in connection.execute(query):
            found[row.action_id] = (*found.get(row.action_id, ()), truth(row))
    return found


def truth(row: Any) -> Truth:
    """Return what a row says."""
    return Truth(
        action_id=row.action_id,
        first_seen=row.first_seen,
        verb=None if row.verb is None else Verb(row.verb),
        unknown=None if row.unknown is None else Unknown(row.unknown),
        source=Source(row.source),
        certainty=Certainty(row.certainty),
        at=row.at,
        by=split(row.people),
    )

"""Turning decided records back to be judged anew, very many at a time, by what stands in columns: no body is read or written.

Each function runs inside a transaction that the caller has opened.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import and_, bindparam, or_, select, update
from sqlalchemy.engine import Connection

from agent.adapters.ledger.columns import Key, Moment
from agent.adapters.ledger.tables import decisions, records
from agent.model.basis import Basis
from agent.model.enactment import State
from agent.model.errors import Conflict

_BASES = (
    select(
        records.c.id,
        records.c.deadline,
        records.c.version,
        decisions.c.revision,
        decisions.c.observed,
        decisions.c.guard,
    )
    .select_from(records)
    .outerjoin(
        decisions,
        and_(
            decisions.c.tenant_id == records.c.tenant_id,
            decisions.c.action_id == records.c.id,
            decisions.c.number == records.c.decisions,
            records.c.decision_digest.is_not(None),
        ),
    )
    .where(
        records.c.tenant_id == bindparam("of_tenant"),
        records.c.state == bindparam("of_state"),
    )
    .order_by(records.c.deadline, records.c.id)
    .limit(bindparam("at_most"))
)

_DEADLINE, _ID = bindparam("after_deadline", type_=Moment), bindparam("after_id", type_=Key)

# As two conditions, so that either database goes on in its index from where it was.
_BASES_AFTER = _BASES.where(
    records.c.deadline >= _DEADLINE, or_(records.c.deadline > _DEADLINE, records.c.id > _ID)
)

_TURN_BACK = (
    update(records)
    .where(
        records.c.tenant_id == bindparam("of_tenant"),
        records.c.id == bindparam("of_id"),
        records.c.version == bindparam("of_version"),
    )
    .values(
        state=str(State.SEEN),
        due=bindparam("at"),
        updated=bindparam("at"),
        version=records.c.version + 1,
        is_to_visit=1 - records.c.is_noted,
    )
)


def bases(
    connection: Connection, tenant_id: str, state: State, after: Basis | None, limit: int
) -> tuple[Basis, ...]:
    """Return what records in this state rest on, earliest deadline first: those that follow one, where it is named."""
    bound = {"of_tenant": tenant_id, "of_state": str(state), "at_most": limit}
    if after is None:
        rows = connection.execute(_BASES, bound)
    else:
        place = {"after_deadline": after.deadline, "after_id": after.action_id}
        rows = connection.execute(_BASES_AFTER, {**bound, **place})
    return tuple(
        Basis(
            action_id=action_id,
            state=state,
            deadline=deadline,
            version=version,
            revision=revision,
            is_observed=bool(observed),
            guard=guard,
        )
        for action_id, deadline, version, revision, observed, guard in rows
    )


def turn_back(connection: Connection, tenant_id: str, some: Sequence[Basis], now: datetime) -> None:
    """Let these be seen and not decided, and due at once. Raises Conflict where one was changed meanwhile."""
    bound = [
        {"of_tenant": tenant_id, "of_id": one.action_id, "of_version": one.version, "at": now}
        for one in sorted(some, key=lambda one: one.action_id)
    ]
    if connection.execute(_TURN_BACK, bound).rowcount != len(bound):
        raise Conflict("a record was changed meanwhile: read it again")

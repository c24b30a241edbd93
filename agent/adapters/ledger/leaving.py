"""What stands between an intended effect and the wire: the lease, the holds, and the mark that it was sent.

All of it is asked in the transaction in which the effect is written down as sent, so that no other agent and no
person can come in between. A paused agent finds its token stale there, whatever it remembers.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import literal_column, or_, select, text, update
from sqlalchemy.engine import Connection

from agent.adapters.ledger import amounts
from agent.adapters.ledger.auditing import Book
from agent.adapters.ledger.columns import EPOCH
from agent.adapters.ledger.dialects import inserting
from agent.adapters.ledger.reads import effect
from agent.adapters.ledger.tables import effects, holds, leases
from agent.audit.entries import of_call, of_outcome
from agent.model.audit import Entry
from agent.model.enactment import Effect, Outcome, Went
from agent.model.errors import Conflict, Held
from agent.model.hold import guard_of
from agent.model.rails import Leave

LOCK = 0x61697267
"""What tells this lock from those of other programs in the same database."""

SETTLED_FROM = {
    Went.INTENDED: (Went.SENT,),
    Went.DONE: (Went.INTENDED, Went.SENT, Went.UNKNOWN, Went.DONE),
    Went.REFUSED: (Went.INTENDED, Went.SENT, Went.UNKNOWN, Went.REFUSED),
    Went.UNKNOWN: (Went.INTENDED, Went.SENT, Went.UNKNOWN),
}
"""From what an effect may come to each outcome. What is settled for good does not change any more, and
nothing is put back that may have been applied."""


def lease(
    connection: Connection, tenant_id: str, incident_id: str, replica: str, now: datetime, until: datetime
) -> int | None:
    """Take or renew the lease, and return its token; None while another replica has it."""
    statement = inserting(connection, leases)
    taken = statement.on_conflict_do_update(
        index_elements=[leases.c.tenant_id, leases.c.incident_id],
        set_={"replica": replica, "token": leases.c.token + 1, "until": until},
        where=or_(leases.c.replica == replica, leases.c.until <= now),
    ).returning(leases.c.token)
    row = {"tenant_id": tenant_id, "incident_id": incident_id, "replica": replica, "token": 1, "until": until}
    token: int | None = connection.scalar(taken, row)
    return token


def let_go(connection: Connection, tenant_id: str, incident_id: str, token: int) -> None:
    """End the lease that has this token: it runs out at once. Its token stays, so that the next one is larger."""
    connection.execute(
        update(leases)
        .where(leases.c.tenant_id == tenant_id, leases.c.incident_id == incident_id, leases.c.token == token)
        .values(until=EPOCH)
    )


def depart(
    connection: Connection, tenant_id: str, book: Book, effect_id: str, now: datetime, leave: Leave
) -> None:
    """Turn an intended effect into a sent one, and count the attempt, where nothing stands against it."""
    _one_by_one(connection, tenant_id)
    _fence(connection, tenant_id, leave)
    _unless_held(connection, tenant_id, leave.despite)
    amounts.within(connection, tenant_id, effect_id, now, leave.caps)
    amounts.room(connection, tenant_id, effect_id, now, leave.active)
    sent = connection.execute(
        update(effects)
        .where(
            effects.c.tenant_id == tenant_id, effects.c.id == effect_id, effects.c.went == str(Went.INTENDED)
        )
        .values(
            went=str(Went.SENT),
            attempts=effects.c.attempts + 1,
            sent_at=now,
            settled_at=None,
            sent_by=leave.replica,
        )
        .returning(effects)
    ).first()
    if sent is None:
        raise Conflict(f"effect `{effect_id}` is not intended any more: it must not be sent")
    book.tell(of_call(effect(sent), leave, now))


def _one_by_one(connection: Connection, tenant_id: str) -> None:
    """Wait until no other agent is between weighing what was sent and sending more.

    SQLite has one writer at a time anyway. PostgreSQL would let two weigh the same sum, and both send.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(
            text("SELECT pg_advisory_xact_lock(:ours, hashtext(:tenant))"),
            {"ours": LOCK, "tenant": tenant_id},
        )


def allow(connection: Connection, tenant_id: str, book: Book, leave: Leave, entry: Entry) -> None:
    """Let something be written that is no effect, where the lease is still the writer's and nothing holds."""
    _fence(connection, tenant_id, leave)
    _unless_held(connection, tenant_id, leave.despite)
    book.tell(entry)


def _fence(connection: Connection, tenant_id: str, leave: Leave) -> None:
    """Renew the lease that is relied on. Raises Conflict where it is another's by now."""
    renewed = connection.execute(
        update(leases)
        .where(
            leases.c.tenant_id == tenant_id,
            leases.c.incident_id == leave.incident_id,
            leases.c.replica == leave.replica,
            leases.c.token == leave.token,
        )
        .values(until=leave.until)
    )
    if renewed.rowcount != 1:
        raise Conflict(
            f"incident `{leave.incident_id}` was taken over by another agent: nothing more is sent in it"
        )


def _unless_held(connection: Connection, tenant_id: str, despite: Sequence[str]) -> None:
    found = connection.execute(
        select(holds.c.name, holds.c.reason)
        .where(holds.c.tenant_id == tenant_id, holds.c.name.not_in(despite))
        .order_by(holds.c.since, holds.c.name)
        .limit(1)
    ).first()
    if found is not None:
        raise Held(guard_of(found.name), found.reason)


def interrupted(connection: Connection, tenant_id: str, replica: str, now: datetime) -> tuple[Effect, ...]:
    """Return effects that were sent and never settled, by this replica or by one whose lease has run out."""
    is_leased = (
        select(leases.c.incident_id)
        .where(
            leases.c.tenant_id == tenant_id,
            leases.c.incident_id == effects.c.incident_id,
            leases.c.replica == effects.c.sent_by,
            leases.c.until > now,
        )
        .exists()
    )
    query = (
        select(effects)
        .where(effects.c.tenant_id == tenant_id, literal_column("effects.went = 'sent'"))
        .where(or_(effects.c.sent_by == replica, effects.c.sent_by.is_(None), ~is_leased))
        .order_by(effects.c.action_id, effects.c.ordinal)
    )
    return tuple(effect(row) for row in connection.execute(query))


def settle(
    connection: Connection, tenant_id: str, book: Book, effect_id: str, outcome: Outcome, now: datetime
) -> None:
    """Write how an effect went."""
    if outcome.went not in SETTLED_FROM:
        raise ValueError(f"an effect cannot be settled as `{outcome.went}`")
    values: dict[str, object] = {"went": str(outcome.went), "detail": outcome.detail, "settled_at": now}
    if outcome.went == Went.INTENDED:
        values |= {"settled_at": None, "sent_at": None}
    if outcome.bulk_id is not None:
        values["bulk_id"] = outcome.bulk_id
    if outcome.request_id is not None:
        values["request_id"] = outcome.request_id
    settled = connection.execute(
        update(effects)
        .where(
            effects.c.tenant_id == tenant_id,
            effects.c.id == effect_id,
            effects.c.went.in_([str(went) for went in SETTLED_FROM[outcome.went]]),
        )
        .values(values)
        .returning(effects)
    ).first()
    if settled is None:
        raise Conflict(f"effect `{effect_id}` cannot become {outcome.went} from what it is: read it again")
    book.tell(of_outcome(effect(settled), outcome, book.author, now))

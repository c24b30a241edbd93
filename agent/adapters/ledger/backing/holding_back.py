"""What keeps a restored ledger from doing anything again: a hold, questions asked anew, and calls that may have been made.

Where the audit does not tell what was sent since the backup, everything that was intended in it may have been: it counts
as sent with an outcome that nobody knows, which is read back and never sent again. What people approved before the restore
was for that time, and may have been carried out in it: they are asked anew.
"""

from collections.abc import Collection
from datetime import datetime

import msgspec
from sqlalchemy import bindparam, delete, insert, select, update
from sqlalchemy.engine import Connection

from agent.adapters.ledger import codec
from agent.adapters.ledger.auditing import Book
from agent.adapters.ledger.reads import effect
from agent.adapters.ledger.report_tables import fallbacks
from agent.adapters.ledger.tables import effects, holds, records
from agent.audit.entries import of_hold, of_outcome
from agent.audit.gap import Told
from agent.model.audit import Event
from agent.model.enactment import OPEN, Outcome, Went
from agent.model.hold import BRAKE, Hold


def hold(connection: Connection, tenant_id: str, book: Book, told: Told, laid: Hold) -> None:
    """Lay the kill switch's hold, in the place of one that stood; and the brake, where it was on when the ledger was lost."""
    mine = [laid]
    if told.held.get(BRAKE):
        reason = "it was on when the ledger was lost"
        mine.append(Hold(name=BRAKE, since=laid.since, by=laid.by, reason=reason))
    for one in mine:
        connection.execute(delete(holds).where(holds.c.tenant_id == tenant_id, holds.c.name == one.name))
        connection.execute(insert(holds), {"tenant_id": tenant_id, **msgspec.structs.asdict(one)})
        book.tell(of_hold(one))


def fall_back(connection: Connection, tenant_id: str, told: Told) -> None:
    """Have policies observe that fell back since the backup, and those count again that were reinstated."""
    for policy, entries in told.fallen.items():
        mine = (fallbacks.c.tenant_id == tenant_id, fallbacks.c.policy == policy, fallbacks.c.ended.is_(None))
        for entry in entries:
            body = entry.body
            if body.event == Event.REINSTATED:
                ended = {"ended": body.at, "ended_by": "a person"}
                connection.execute(update(fallbacks).where(*mine).values(ended))
            elif connection.execute(select(fallbacks.c.policy).where(*mine)).first() is None:
                row = {
                    "tenant_id": tenant_id,
                    "policy": policy,
                    "since": body.at,
                    "action_id": body.action_id or "",
                    "words": body.reason,
                    "revision": str(body.detail.get("revision")),
                }
                connection.execute(insert(fallbacks), row)


def doubt(connection: Connection, tenant_id: str, book: Book, now: datetime) -> int:
    """Turn what was intended into what nobody knows of whether it was sent, and return how many effects that were."""
    outcome = Outcome(
        went=Went.UNKNOWN, detail="the ledger was restored from a backup: it may have been sent since"
    )
    doubted = connection.execute(
        update(effects)
        .where(effects.c.tenant_id == tenant_id, effects.c.went == str(Went.INTENDED))
        .values(went=str(Went.UNKNOWN), detail=outcome.detail, sent_at=now, settled_at=now)
        .returning(effects)
    ).all()
    book.tell(*(of_outcome(effect(row), outcome, book.author, now) for row in doubted))
    return len(doubted)


def ask_anew(connection: Connection, tenant_id: str, actions: Collection[str] | None, now: datetime) -> None:
    """Have people asked anew about these actions, or about every open one: what they approved before does not count."""
    query = select(records.c.id, records.c.notes).where(
        records.c.tenant_id == tenant_id, records.c.state.in_([str(state) for state in OPEN])
    )
    rows = [
        {
            "of_id": row.id,
            "notes": codec.write(msgspec.structs.replace(codec.read_notes(row.notes), asked_since=now)),
        }
        for row in connection.execute(query).all()
        if actions is None or row.id in actions
    ]
    if rows:
        mine = (records.c.tenant_id == tenant_id, records.c.id == bindparam("of_id"))
        connection.execute(update(records).where(*mine).values(notes=bindparam("notes")), rows)

"""What people answered. Each function runs inside a transaction that the caller has opened."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec
from sqlalchemy import func, insert, select
from sqlalchemy.engine import Connection

from agent.adapters.ledger import codec
from agent.adapters.ledger.auditing import Book, answer_content
from agent.adapters.ledger.claims import chunks
from agent.adapters.ledger.failures import conflicting
from agent.adapters.ledger.page_tables import people_answers
from agent.adapters.ledger.writes import drop_effects, release_approvals, save_records
from agent.audit.entries import of_answer
from agent.model.answer import Answer
from agent.model.enactment import Record


def answer(
    connection: Connection,
    tenant_id: str,
    book: Book,
    one: Answer,
    record: Record,
    now: datetime,
    dropped: Sequence[str] = (),
) -> Answer:
    """Write an answer and the record as it leaves it; the record's version makes it count once."""
    save_records(connection, tenant_id, book, [record], now)
    drop_effects(connection, tenant_id, book, dropped, now)
    release_approvals(connection, tenant_id, dropped)
    query = select(func.max(people_answers.c.number)).where(
        people_answers.c.tenant_id == tenant_id, people_answers.c.action_id == one.action_id
    )
    numbered = msgspec.structs.replace(one, number=(connection.scalar(query) or 0) + 1)
    row = {
        "tenant_id": tenant_id,
        "action_id": numbered.action_id,
        "number": numbered.number,
        "at": numbered.at,
        "object_id": numbered.person.object_id,
        "verb": str(numbered.verb),
        "body": codec.write(numbered),
    }
    with conflicting("somebody else has answered meanwhile: read it again"):
        connection.execute(insert(people_answers), row)
    book.tell(of_answer(numbered, book.binding(answer_content(row))))
    return numbered


def answers(
    connection: Connection, tenant_id: str, action_ids: Sequence[str]
) -> Mapping[str, tuple[Answer, ...]]:
    """Return every answer to these actions, oldest first."""
    found: dict[str, list[Answer]] = defaultdict(list)
    for some in chunks(list(dict.fromkeys(action_ids))):
        query = (
            select(people_answers.c.action_id, people_answers.c.body)
            .where(people_answers.c.tenant_id == tenant_id, people_answers.c.action_id.in_(some))
            .order_by(people_answers.c.action_id, people_answers.c.number)
        )
        for row in connection.execute(query):
            found[row.action_id].append(codec.read_answer(row.body))
    return {action_id: tuple(given) for action_id, given in found.items()}

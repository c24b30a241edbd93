"""What the ledger keeps beside records: earlier answers, sets that were in force, members of groups, alarms.

Each function runs inside a transaction that the caller has opened.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import delete, func, insert, select
from sqlalchemy.engine import Connection, Row

from agent.adapters.ledger import codec
from agent.adapters.ledger.auditing import Book
from agent.adapters.ledger.claims import chunks
from agent.adapters.ledger.dialects import inserting
from agent.adapters.ledger.tables import alarms, answers, list_members, policy_sets
from agent.adapters.ledger.writes import upsert
from agent.audit.entries import of_alarm, of_cleared, of_set
from agent.model.alarm import Alarm
from agent.model.past import About, Ended, Matter, PastAnswer, Tally
from agent.model.pending import ActionKind
from agent.model.policy import KeptSet, Members


def save_answers(connection: Connection, tenant_id: str, batch: Sequence[PastAnswer]) -> None:
    """Write how actions ended elsewhere; what was known of the same actions is replaced."""
    for some in chunks(sorted({one.action_id for one in batch})):
        connection.execute(
            delete(answers).where(answers.c.tenant_id == tenant_id, answers.c.action_id.in_(some))
        )
    rows = [
        {
            "tenant_id": tenant_id,
            "kind": str(one.kind),
            "about": str(about),
            "value": value,
            "action_id": one.action_id,
            "at": one.at,
            "ended": str(one.ended),
        }
        for one in batch
        for about, value in dict.fromkeys(one.about)
    ]
    if rows:
        rows.sort(key=lambda row: (row["kind"], row["about"], row["value"], row["action_id"]))
        connection.execute(insert(answers), rows)


def answered(
    connection: Connection, tenant_id: str, matters: Sequence[Matter], since: datetime
) -> Mapping[Matter, Tally]:
    """Return how actions ended, by their kind and what they were about.

    One statement for each kind and each thing looked up by, so that the table's key finds the values.
    """
    counts: dict[Matter, dict[str, int]] = defaultdict(dict)
    values: dict[tuple[ActionKind, About], dict[str, None]] = defaultdict(dict)
    for kind, about, value in matters:
        values[kind, about][value] = None
    for (kind, about), asked in values.items():
        for some in chunks(list(asked)):
            query = (
                select(answers.c.value, answers.c.ended, func.count())
                .where(
                    answers.c.tenant_id == tenant_id,
                    answers.c.kind == str(kind),
                    answers.c.about == str(about),
                    answers.c.value.in_(some),
                    answers.c.at >= since,
                )
                .group_by(answers.c.value, answers.c.ended)
            )
            for value, ended, count in connection.execute(query):
                counts[kind, about, value][ended] = count
    return {matter: _tally(counts.get(matter, {})) for matter in matters}


def _tally(counts: Mapping[str, int]) -> Tally:
    return Tally(remediated=counts.get(Ended.REMEDIATED, 0), declined=counts.get(Ended.DECLINED, 0))


def keep_set(connection: Connection, tenant_id: str, book: Book, kept: KeptSet) -> None:
    """Keep a set's files. An agent that starts again with the set that is in force brings nothing new into force."""
    last = kept_set(connection, tenant_id, None)
    if last is not None and last.revision == kept.revision:
        kept = msgspec.structs.replace(kept, at=last.at)
    row = {
        "tenant_id": tenant_id,
        "revision": kept.revision,
        "git": kept.git,
        "at": kept.at,
        "files": codec.write_files(kept.files),
    }
    upsert(connection, policy_sets, [row], ("at", "git"))
    book.tell(of_set(kept, book.author, book.binding(codec.write_files(kept.files))))


def kept_set(connection: Connection, tenant_id: str, revision: str | None) -> KeptSet | None:
    """Return a set; the last one in force where no revision is named."""
    query = select(policy_sets).where(policy_sets.c.tenant_id == tenant_id)
    if revision is not None:
        query = query.where(policy_sets.c.revision == revision)
    row = connection.execute(query.order_by(policy_sets.c.at.desc(), policy_sets.c.revision).limit(1)).first()
    return None if row is None else _kept(row)


def kept_sets(
    connection: Connection, tenant_id: str, before: datetime | None, limit: int
) -> tuple[KeptSet, ...]:
    """Return sets, the one that came into force last first; only those before a moment, where one is named."""
    query = select(policy_sets).where(policy_sets.c.tenant_id == tenant_id)
    if before is not None:
        query = query.where(policy_sets.c.at < before)
    newest_first = query.order_by(policy_sets.c.at.desc(), policy_sets.c.revision).limit(limit)
    return tuple(_kept(row) for row in connection.execute(newest_first))


def _kept(row: Row[Any]) -> KeptSet:
    return KeptSet(revision=row.revision, git=row.git, at=row.at, files=codec.read_files(row.files))


def save_members(connection: Connection, tenant_id: str, members: Members) -> None:
    """Remember who is in a group."""
    row = {
        "tenant_id": tenant_id,
        "group_id": members.group,
        "at": members.at,
        "members": codec.write_texts(members.values),
    }
    upsert(connection, list_members, [row], ("at", "members"))


def members(connection: Connection, tenant_id: str) -> Mapping[str, Members]:
    """Return what is remembered of every group."""
    query = select(list_members).where(list_members.c.tenant_id == tenant_id)
    return {
        row.group_id: Members(group=row.group_id, at=row.at, values=codec.read_texts(row.members))
        for row in connection.execute(query)
    }


def raise_alarm(connection: Connection, tenant_id: str, book: Book | None, alarm: Alarm) -> None:
    """Raise an alarm; one that stands keeps its moment. Without a book it is told nowhere else."""
    words = select(alarms.c.words).where(alarms.c.tenant_id == tenant_id, alarms.c.name == alarm.name)
    if book is not None and connection.scalar(words) != alarm.words:
        book.tell(of_alarm(alarm, book.author))
    row = {"tenant_id": tenant_id, "name": alarm.name, "since": alarm.since, "words": alarm.words}
    statement = inserting(connection, alarms)
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=[alarms.c.tenant_id, alarms.c.name], set_={"words": statement.excluded.words}
        ),
        [row],
    )


def clear_alarm(connection: Connection, tenant_id: str, book: Book, name: str, now: datetime) -> None:
    """End an alarm."""
    ended = connection.execute(delete(alarms).where(alarms.c.tenant_id == tenant_id, alarms.c.name == name))
    if ended.rowcount > 0:
        book.tell(of_cleared(name, book.author, now))


def standing(connection: Connection, tenant_id: str) -> tuple[Alarm, ...]:
    """Return the alarms that stand, oldest first."""
    query = select(alarms).where(alarms.c.tenant_id == tenant_id).order_by(alarms.c.since, alarms.c.name)
    return tuple(Alarm(name=row.name, since=row.since, words=row.words) for row in connection.execute(query))

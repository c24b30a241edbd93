"""Personal values of the audit, taken away: by their age, or because they name somebody who asked.

SQLite writes zeros over what is deleted (`secure_delete`); its write-ahead log loses the old pages when it is next
emptied. What stands in backups, and in PostgreSQL until it has vacuumed, is for the operator.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime
from unicodedata import normalize

import msgspec
from sqlalchemy import delete, select, tuple_
from sqlalchemy.engine import Connection

from agent.adapters.ledger.auditing import Book
from agent.adapters.ledger.claims import chunks
from agent.adapters.ledger.tables import audit_values
from agent.audit.entries import of_erasure
from agent.audit.erasures import EXPIRED, erased

AT_ONCE = 2_000
"""Values that are fetched together."""

Place = tuple[str, int, str]
"""Replica, number and name of one value."""


def count(connection: Connection, tenant_id: str, text: str) -> Mapping[str, int]:
    """Return how many values contain this text, by their names."""
    return Counter(name for _, _, name in _containing(connection, tenant_id, text))


def erase(connection: Connection, tenant_id: str, book: Book, text: str, by: str, now: datetime) -> int:
    """Erase every value that contains this text, whatever its case, and return how many that were."""
    places = sorted(_containing(connection, tenant_id, text))
    for some in chunks(places):
        keys = tuple_(audit_values.c.replica, audit_values.c.number, audit_values.c.name)
        connection.execute(delete(audit_values).where(audit_values.c.tenant_id == tenant_id, keys.in_(some)))
    if places:
        book.tell(of_erasure(erased(places), by, now))
    return len(places)


def expire(connection: Connection, tenant_id: str, book: Book, before: datetime, now: datetime) -> int:
    """Erase the values of entries from before this moment, and return how many that were."""
    gone = connection.execute(
        delete(audit_values).where(audit_values.c.tenant_id == tenant_id, audit_values.c.at < before)
    ).rowcount
    if gone:
        book.tell(of_erasure({EXPIRED: before.isoformat(), "values": gone}, "", now))
    return gone


def _containing(connection: Connection, tenant_id: str, text: str) -> Iterator[Place]:
    """Give the places of values that contain this text.

    Compared here and not by the database: SQLite knows the case of ASCII only. Targets are JSON, in which a quotation
    mark is written otherwise. A letter with an accent may be one character or two.
    """
    wanted = _folded(text)
    in_json = msgspec.json.encode(wanted).decode()[1:-1]
    columns = (audit_values.c.replica, audit_values.c.number, audit_values.c.name, audit_values.c.value)
    query = select(*columns).where(audit_values.c.tenant_id == tenant_id)
    for row in connection.execute(query, execution_options={"yield_per": AT_ONCE}):
        folded = _folded(row.value)
        if wanted in folded or in_json in folded:
            yield (row.replica, row.number, row.name)


def _folded(text: str) -> str:
    return normalize("NFC", normalize("NFC", text).casefold())

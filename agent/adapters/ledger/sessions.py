"""Who is signed in to the pages of one tenant."""
# ruff: noqa: D102  # what each method promises stands in `ports.Sessions`, once

from datetime import datetime

import msgspec
from sqlalchemy import ColumnElement, delete, insert, or_, select, update
from sqlalchemy.engine import Connection

from agent.adapters.ledger import codec
from agent.adapters.ledger.desk import Desk
from agent.adapters.ledger.session_tables import sessions
from agent.model.errors import LedgerError
from agent.model.session import Session


class SqlSessions:
    """`ports.Sessions` in SQLite or PostgreSQL."""

    def __init__(self, desk: Desk) -> None:
        self._read, self._write = desk.read, desk.write

    async def find(self, session_id: str) -> Session | None:
        return await self._read(_find, session_id)

    async def begin(self, session: Session) -> None:
        await self._write(_begin, session)

    async def keep(self, session: Session) -> None:
        await self._write(_keep, session)

    async def touch(self, session_id: str, seen: datetime) -> None:
        await self._write(_touch, session_id, seen)

    async def end(self, session_id: str) -> None:
        await self._write(_end, session_id)

    async def end_all(self, object_id: str) -> int:
        return await self._write(_end_all, object_id)

    async def expire(self, seen_before: datetime, began_before: datetime) -> int:
        return await self._write(_expire, seen_before, began_before)


def _find(connection: Connection, tenant_id: str, session_id: str) -> Session | None:
    query = select(sessions.c.body, sessions.c.seen).where(*_is(tenant_id, session_id))
    row = connection.execute(query).one_or_none()
    if row is None:
        return None
    try:
        session = codec.read_session(row.body)
    except LedgerError:
        # Nobody is signed in by it. Were it an error, whoever has its cookie could not even sign in anew.
        return None
    return msgspec.structs.replace(session, seen=row.seen)


def _begin(connection: Connection, tenant_id: str, session: Session) -> None:
    row = {
        "tenant_id": tenant_id,
        "id": session.id,
        "object_id": session.person.object_id,
        "began": session.began,
        "seen": session.seen,
        "body": codec.write(session),
    }
    connection.execute(insert(sessions), row)


def _keep(connection: Connection, tenant_id: str, session: Session) -> None:
    # Neither who it is of nor when it began ever changes.
    connection.execute(update(sessions).where(*_is(tenant_id, session.id)).values(body=codec.write(session)))


def _touch(connection: Connection, tenant_id: str, session_id: str, seen: datetime) -> None:
    connection.execute(update(sessions).where(*_is(tenant_id, session_id)).values(seen=seen))


def _is(tenant_id: str, session_id: str) -> tuple[ColumnElement[bool], ...]:
    return sessions.c.tenant_id == tenant_id, sessions.c.id == session_id


def _end(connection: Connection, tenant_id: str, session_id: str) -> None:
    connection.execute(delete(sessions).where(*_is(tenant_id, session_id)))


def _end_all(connection: Connection, tenant_id: str, object_id: str) -> int:
    is_theirs = (sessions.c.tenant_id == tenant_id, sessions.c.object_id == object_id)
    return connection.execute(delete(sessions).where(*is_theirs)).rowcount


def _expire(connection: Connection, tenant_id: str, seen_before: datetime, began_before: datetime) -> int:
    is_over = or_(sessions.c.seen < seen_before, sessions.c.began < began_before)
    return connection.execute(delete(sessions).where(sessions.c.tenant_id == tenant_id, is_over)).rowcount

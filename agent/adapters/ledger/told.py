"""The audit as it lies in the tables, raw, for whoever checks it: nothing is taken for what a column should hold."""

import sqlite3
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from typing import Any

from sqlalchemy import Column, Select, Table, select, type_coerce
from sqlalchemy.engine import Connection
from sqlalchemy.types import NullType

from agent.adapters.ledger.auditing import answer_content, decision_content, effect_content
from agent.adapters.ledger.columns import escaped, unescaped
from agent.adapters.ledger.page_tables import people_answers
from agent.adapters.ledger.tables import audit_entries, audit_heads, audit_values, decisions, effects
from agent.model.audit import Carried, Decided, Event, Given, Head, Kept, Link
from agent.model.enactment import WOULD_BE

AT_ONCE = 2_000
"""Rows that are fetched together."""


@contextmanager
def undecoded(connection: Connection) -> Iterator[None]:
    """Have text that is none come as bytes inside the `with`: SQLite keeps any bytes as text, and its driver refuses them."""
    driver = connection.connection.dbapi_connection
    if not isinstance(driver, sqlite3.Connection):
        yield
        return
    before, driver.text_factory = driver.text_factory, _text
    try:
        yield
    finally:
        driver.text_factory = before


def _text(stored: bytes) -> str | bytes:
    try:
        return stored.decode()
    except UnicodeDecodeError:
        return stored


class SqlTold:
    """`audit.verify.Told` of one tenant, inside a transaction that the caller has opened."""

    def __init__(self, connection: Connection, tenant_id: str) -> None:
        self._connection = connection
        self._tenant_id = tenant_id

    def heads(self) -> Sequence[Head]:
        """Return the head of every chain."""
        return [
            Head(replica=row["replica"], number=row["number"], mac=row["mac"], shipped=row["shipped"])
            for row in self._rows(self._of(audit_heads))
        ]

    def replicas(self) -> Sequence[str]:
        """Return every replica that has entries or values."""
        found: set[str] = set()
        for table in (audit_entries, audit_values):
            query = select(_raw(table.c.replica)).where(table.c.tenant_id == self._tenant_id).distinct()
            found.update(row["replica"] for row in self._rows(query))
        return sorted(found, key=str)

    def erasures(self) -> Iterator[bytes]:
        """Give the bodies of all entries that say that they are of erasures."""
        return self._bodies(Event.ERASURE)

    def restores(self) -> Iterator[bytes]:
        """Give the bodies of all entries that say that they are of restores."""
        return self._bodies(Event.RESTORED)

    def links(self, replica: str) -> "Generator[Link]":
        """Give the entries of one chain by their numbers."""
        entries = audit_entries.c
        columns = (entries.number, entries.at, entries.event, entries.action_id, entries.body, entries.mac)
        query = select(*map(_raw, columns)).where(
            entries.tenant_id == self._tenant_id, entries.replica == replica
        )
        with closing(self._fetched(query.order_by(entries.number))) as rows:
            for number, at, event, action_id, body, mac in rows:
                yield Link(
                    replica=replica,
                    number=number,
                    at=at,
                    event=_read(event),
                    action_id=_read(action_id),
                    body=body,
                    mac=mac,
                )

    def values(self, replica: str) -> "Generator[Kept]":
        """Give the personal values of one chain by the numbers of their entries."""
        values = audit_values.c
        columns = (values.number, values.name, values.at, values.salt, values.value)
        query = select(*map(_raw, columns)).where(
            values.tenant_id == self._tenant_id, values.replica == replica
        )
        with closing(self._fetched(query.order_by(values.number, values.name))) as rows:
            for number, name, at, salt, value in rows:
                yield Kept(
                    replica=replica, number=number, name=_read(name), at=at, salt=salt, value=_read(value)
                )

    def decided(self) -> Iterator[Decided]:
        """Give every decision."""
        for row in self._rows(self._of(decisions)):
            yield Decided(
                action_id=row["action_id"], number=row["number"], content=decision_content(row, row["at"])
            )

    def given(self) -> Iterator[Given]:
        """Give every answer of a person."""
        for row in self._rows(self._of(people_answers)):
            yield Given(action_id=row["action_id"], number=row["number"], content=answer_content(row))

    def carried(self) -> Iterator[Carried]:
        """Give every effect that was meant to leave."""
        query = self._of(effects).where(effects.c.went.not_in(sorted(WOULD_BE)))
        for row in self._rows(query):
            yield Carried(
                id=row["id"],
                action_id=row["action_id"],
                went=row["went"],
                attempts=row["attempts"],
                content=effect_content(row),
            )

    def _bodies(self, event: Event) -> Iterator[bytes]:
        query = self._of(audit_entries).where(audit_entries.c.event == str(event))
        return (row["body"] for row in self._rows(query))

    def _of(self, table: Table) -> Select[Any]:
        return select(*map(_raw, table.c)).where(table.c.tenant_id == self._tenant_id)

    def _rows(self, query: Select[Any]) -> Iterator[dict[str, Any]]:
        names = [column.name for column in query.selected_columns]
        for row in self._fetched(query):
            yield dict(zip(names, map(_read, row), strict=True))

    def _fetched(self, query: Select[Any]) -> "Generator[Any]":
        """Give rows as they come; who stops early leaves no cursor open."""
        found = self._connection.execute(query, execution_options={"yield_per": AT_ONCE})
        try:
            yield from found
        finally:
            found.close()


def _raw(column: Column[Any]) -> Any:
    """Return the column without what makes values of it."""
    return type_coerce(column, NullType()).label(column.name)


def _read(value: Any) -> Any:
    """Return text as it was before it was stored, bytes where it was never stored so; anything else as it is."""
    if type(value) is not str or "\\" not in value:
        return value
    found = unescaped(value)
    return found if escaped(found) == value else value.encode()

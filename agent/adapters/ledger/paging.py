"""Pages and the outbox. Each function runs inside a transaction that the caller has opened."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import bindparam, func, insert, select, update
from sqlalchemy.engine import Connection

from agent.adapters.ledger import codec
from agent.adapters.ledger.auditing import Book
from agent.adapters.ledger.claims import chunks
from agent.adapters.ledger.dialects import inserting
from agent.adapters.ledger.failures import conflicting
from agent.adapters.ledger.page_tables import notices, page_members, pages
from agent.adapters.ledger.tables import records
from agent.audit.entries import of_notice
from agent.model.chain import Urgency
from agent.model.enactment import State
from agent.model.errors import Conflict
from agent.model.escalation import Delivery, Page, Posted

RANKS = {Urgency.HIGH: 0, Urgency.NORMAL: 1, Urgency.LOW: 2}
"""The order in which urgencies are sent."""


def standing(
    connection: Connection, tenant_id: str, states: Sequence[State], now: datetime
) -> Mapping[str, int]:
    """Return the version of every record in these states whose week is not over.

    Some of the states are never left: without the deadline this would cost by the age of the ledger.
    """
    query = select(records.c.id, records.c.version).where(
        records.c.tenant_id == tenant_id,
        records.c.state.in_([str(state) for state in states]),
        records.c.deadline > now,
    )
    return {row.id: row.version for row in connection.execute(query)}


def open_pages(connection: Connection, tenant_id: str) -> tuple[Page, ...]:
    """Return the pages that are not closed, oldest first."""
    query = select(pages.c.version, pages.c.body).where(
        pages.c.tenant_id == tenant_id, pages.c.closed.is_(None)
    )
    return tuple(_page(row) for row in connection.execute(query.order_by(pages.c.opened, pages.c.id)))


def page(connection: Connection, tenant_id: str, page_id: str) -> Page | None:
    """Return a page."""
    query = select(pages.c.version, pages.c.body)
    row = connection.execute(query.where(pages.c.tenant_id == tenant_id, pages.c.id == page_id)).one_or_none()
    return None if row is None else _page(row)


def of_action(connection: Connection, tenant_id: str, action_id: str) -> tuple[Page, ...]:
    """Return every page that ever had this action on it, newest first."""
    ids = select(page_members.c.page_id).where(
        page_members.c.tenant_id == tenant_id, page_members.c.action_id == action_id
    )
    query = select(pages.c.version, pages.c.body).where(pages.c.tenant_id == tenant_id, pages.c.id.in_(ids))
    return tuple(_page(row) for row in connection.execute(query.order_by(pages.c.opened.desc(), pages.c.id)))


def save(
    connection: Connection,
    tenant_id: str,
    batch: Sequence[Page],
    posted: Sequence[Posted],
    overtaken: Sequence[str],
) -> None:
    """Write pages, drop notices that were overtaken, and put new ones into the outbox."""
    _save_pages(connection, tenant_id, sorted(batch, key=lambda one: one.id))
    for some in chunks(sorted(set(overtaken))):
        _drop(connection, tenant_id, some)
    if posted:
        rows = [_row(tenant_id, one) for one in sorted(posted, key=lambda one: one.notice.id)]
        connection.execute(inserting(connection, notices).on_conflict_do_nothing(), rows)


def _save_pages(connection: Connection, tenant_id: str, batch: Sequence[Page]) -> None:
    fresh = [one for one in batch if not one.version]
    changed = [one for one in batch if one.version]
    if fresh:
        with conflicting("a new page is in the ledger already: read it again"):
            connection.execute(insert(pages), [_page_row(tenant_id, one) for one in fresh])
    if changed:
        rows = [
            _page_row(tenant_id, one) | {"of_id": one.id, "of_version": one.version, "of_tenant": tenant_id}
            for one in changed
        ]
        statement = (
            update(pages)
            .where(
                pages.c.tenant_id == bindparam("of_tenant"),
                pages.c.id == bindparam("of_id"),
                pages.c.version == bindparam("of_version"),
            )
            .values({name: bindparam(name) for name in ("version", "due", "closed", "body")})
        )
        written = connection.execute(statement, rows, execution_options={"preserve_rowcount": True})
        if written.rowcount != len(rows):
            raise Conflict("a page was changed meanwhile: read it again")
    members = [
        {"tenant_id": tenant_id, "action_id": member.action_id, "page_id": one.id}
        for one in batch
        for member in one.members
    ]
    if members:
        connection.execute(inserting(connection, page_members).on_conflict_do_nothing(), members)


def _drop(connection: Connection, tenant_id: str, notice_ids: Sequence[str]) -> None:
    """Turn waiting notices into dropped ones: they are never sent."""
    query = select(notices.c.body).where(
        notices.c.tenant_id == tenant_id,
        notices.c.id.in_(notice_ids),
        notices.c.delivery == str(Delivery.WAITING),
    )
    for body in connection.scalars(query.with_for_update()).all():
        before = codec.read_posted(body)
        _settle(connection, tenant_id, _dropped(before))


def _dropped(before: Posted) -> Posted:
    return msgspec.structs.replace(before, delivery=Delivery.DROPPED, due=None)


def due(
    connection: Connection, tenant_id: str, now: datetime, limit: int, apart_from: Sequence[str]
) -> tuple[Posted, ...]:
    """Return notices that wait and whose time has come, the loudest and oldest first."""
    query = (
        select(notices.c.body)
        .where(notices.c.tenant_id == tenant_id, notices.c.delivery == str(Delivery.WAITING))
        .where(notices.c.due <= now, notices.c.channel.not_in(list(apart_from)))
        .order_by(notices.c.rank, notices.c.at, notices.c.id)
        .limit(limit)
    )
    return tuple(codec.read_posted(body) for body in connection.scalars(query))


def collected(connection: Connection, tenant_id: str, channel: str) -> tuple[Posted, ...]:
    """Return notices of low urgency that wait for this channel, oldest first."""
    query = select(notices.c.body).where(
        notices.c.tenant_id == tenant_id,
        notices.c.delivery == str(Delivery.WAITING),
        notices.c.channel == channel,
        notices.c.rank == RANKS[Urgency.LOW],
    )
    return tuple(
        codec.read_posted(body) for body in connection.scalars(query.order_by(notices.c.at, notices.c.id))
    )


def waiting(connection: Connection, tenant_id: str) -> int:
    """Return how many notices wait to be sent."""
    query = select(func.count()).where(
        notices.c.tenant_id == tenant_id, notices.c.delivery == str(Delivery.WAITING)
    )
    return connection.scalar(query) or 0


def posted(connection: Connection, tenant_id: str, page_ids: Sequence[str]) -> tuple[Posted, ...]:
    """Return every notice of these pages, or of a key where it belongs to none, of each the oldest first."""
    return tuple(
        codec.read_posted(body)
        for some in chunks(page_ids)
        for body in connection.scalars(
            select(notices.c.body)
            .where(notices.c.tenant_id == tenant_id, notices.c.page_id.in_(some))
            .order_by(notices.c.page_id, notices.c.at, notices.c.id)
        )
    )


def settle(connection: Connection, tenant_id: str, book: Book, one: Posted, now: datetime) -> bool:
    """Write how a notice's delivery stands, and tell of one that was sent or given up; return whether it was written.

    A notice that was dropped while it was on its way and was not taken stays dropped.
    """
    if not _settle(connection, tenant_id, one):
        return False
    if one.delivery in {Delivery.SENT, Delivery.GIVEN_UP}:
        book.tell(of_notice(one, book.author, now))
    return True


def _settle(connection: Connection, tenant_id: str, one: Posted) -> bool:
    row = _row(tenant_id, one)
    changed = {name: row[name] for name in ("delivery", "due", "body")}
    statement = update(notices).where(notices.c.tenant_id == tenant_id, notices.c.id == one.notice.id)
    if one.delivery is not Delivery.SENT:
        statement = statement.where(notices.c.delivery == str(Delivery.WAITING))
    return connection.execute(statement.values(**changed)).rowcount == 1


def loud_since(connection: Connection, tenant_id: str, since: datetime) -> Mapping[str, datetime]:
    """Return the moments at which people were paged, by the event; what nobody was told in the end does not count."""
    query = (
        select(notices.c.event, func.min(notices.c.at))
        .where(
            notices.c.tenant_id == tenant_id,
            notices.c.event.is_not(None),
            notices.c.at >= since,
            notices.c.delivery != str(Delivery.DROPPED),
        )
        .group_by(notices.c.event)
    )
    return {row[0]: row[1] for row in connection.execute(query)}


def next_due(connection: Connection, tenant_id: str) -> datetime | None:
    """Return the earliest `due` of any page and any notice that waits."""
    of_pages = select(func.min(pages.c.due)).where(pages.c.tenant_id == tenant_id, pages.c.due.is_not(None))
    of_notices = select(func.min(notices.c.due)).where(
        notices.c.tenant_id == tenant_id, notices.c.delivery == str(Delivery.WAITING)
    )
    found = (connection.scalar(of_pages), connection.scalar(of_notices))
    return min((one for one in found if one is not None), default=None)


def _page(row: Any) -> Page:
    return msgspec.structs.replace(codec.read_page(row.body), version=row.version)


def _page_row(tenant_id: str, one: Page) -> dict[str, Any]:
    return {
        "tenant_id": tenant_id,
        "id": one.id,
        "version": one.version + 1,
        "opened": one.opened,
        "due": one.due,
        "closed": one.closed,
        "body": codec.write(one),
    }


def _row(tenant_id: str, one: Posted) -> dict[str, Any]:
    notice = one.notice
    return {
        "tenant_id": tenant_id,
        "id": notice.id,
        "page_id": notice.page_id or notice.key,
        "channel": notice.channel,
        "event": notice.event if notice.is_page else None,
        "delivery": str(one.delivery),
        "rank": RANKS[notice.urgency],
        "at": notice.at,
        "due": one.due,
        "body": codec.write(one),
    }

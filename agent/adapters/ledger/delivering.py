"""How channels took what people were to be told. Each function runs inside a transaction that the caller has opened.

The index by channel and delivery is asked one stretch at a time, so that its cost goes by the channels and by the window,
not by the age of the outbox.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, func, literal_column, select
from sqlalchemy.engine import Connection

from agent.adapters.ledger import codec
from agent.adapters.ledger.page_tables import notices
from agent.model.escalation import Delivery, Posted
from agent.model.history import Delivered

SETTLED: ColumnElement[bool] = literal_column("notices.delivery <> 'waiting'")
"""The condition of the index, word for word, or SQLite would not use it."""


def delivered(connection: Connection, tenant_id: str, since: datetime) -> tuple[Delivered, ...]:
    """Return how every channel took its notices since a moment, by name."""
    waiting = _waiting(connection, tenant_id)
    names = sorted({*_channels(connection, tenant_id), *waiting})
    return tuple(_delivered(connection, tenant_id, name, since, waiting.get(name, [])) for name in names)


def _waiting(connection: Connection, tenant_id: str) -> dict[str, list[Posted]]:
    """Return what waits, the newest first, by its channel: that is never much, or somebody was told."""
    query = select(notices.c.body).where(
        notices.c.tenant_id == tenant_id, notices.c.delivery == str(Delivery.WAITING)
    )
    found: dict[str, list[Posted]] = {}
    for body in connection.scalars(query.order_by(notices.c.at.desc())):
        one = codec.read_posted(body)
        found.setdefault(one.notice.channel, []).append(one)
    return found


def _channels(connection: Connection, tenant_id: str) -> Iterator[str]:
    """Give the names of channels that ever settled a notice, in order."""
    query = select(notices.c.channel).where(notices.c.tenant_id == tenant_id, SETTLED)
    query = query.order_by(notices.c.channel).limit(1)
    name = connection.scalar(query)
    while name is not None:
        yield name
        name = connection.scalar(query.where(notices.c.channel > name))


def _delivered(
    connection: Connection, tenant_id: str, name: str, since: datetime, waiting: Sequence[Posted]
) -> Delivered:
    mine = (notices.c.tenant_id == tenant_id, notices.c.channel == name, SETTLED)
    counts = {
        delivery: connection.scalar(
            select(func.count()).where(*mine, notices.c.delivery == str(delivery), notices.c.at >= since)
        )
        or 0
        for delivery in (Delivery.SENT, Delivery.GIVEN_UP, Delivery.DROPPED)
    }
    failing = [one for one in waiting if one.attempts and one.why]
    newest = select(notices.c.body).where(*mine, notices.c.delivery == str(Delivery.SENT))
    last_sent = connection.scalar(newest.order_by(notices.c.at.desc()).limit(1))
    return Delivered(
        channel=name,
        sent=counts[Delivery.SENT],
        given_up=counts[Delivery.GIVEN_UP],
        dropped=counts[Delivery.DROPPED],
        waiting=len(waiting),
        failing=len(failing),
        why=failing[0].why if failing else "",
        last_sent=None if last_sent is None else codec.read_posted(last_sent).sent_at,
    )

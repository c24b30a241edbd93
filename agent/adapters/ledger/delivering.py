"""How channels took what people were to be told. Each function runs inside a transaction that the caller has opened.

The index by channel and delivery is asked one stretch at a time, so that its cost goes by the channels and by the window,
not by the age of the outbox.
"""

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.engine import Connection

from agent.adapters.ledger import codec
from agent.adapters.ledger.page_tables import notices
from agent.model.escalation import Delivery
from agent.model.history import Delivered

MOST_WAITING = 200
"""Notices that wait of one channel that are looked at: more would not tell more."""


def delivered(connection: Connection, tenant_id: str, since: datetime) -> tuple[Delivered, ...]:
    """Return how every channel took its notices since a moment, by name."""
    return tuple(_delivered(connection, tenant_id, name, since) for name in _channels(connection, tenant_id))


def _channels(connection: Connection, tenant_id: str) -> Iterator[str]:
    """Give the names of channels that ever had a notice, in order."""
    query = select(notices.c.channel).where(notices.c.tenant_id == tenant_id)
    query = query.order_by(notices.c.channel).limit(1)
    name = connection.scalar(query)
    while name is not None:
        yield name
        name = connection.scalar(query.where(notices.c.channel > name))


def _delivered(connection: Connection, tenant_id: str, name: str, since: datetime) -> Delivered:
    mine = (notices.c.tenant_id == tenant_id, notices.c.channel == name)
    counts = {
        delivery: connection.scalar(
            select(func.count()).where(*mine, notices.c.delivery == str(delivery), notices.c.at >= since)
        )
        or 0
        for delivery in (Delivery.SENT, Delivery.GIVEN_UP, Delivery.DROPPED)
    }
    of_waiting = select(notices.c.body).where(*mine, notices.c.delivery == str(Delivery.WAITING))
    waiting = [
        codec.read_posted(body)
        for body in connection.scalars(of_waiting.order_by(notices.c.at.desc()).limit(MOST_WAITING))
    ]
    failing = [one for one in waiting if one.attempts and one.why]
    return Delivered(
        channel=name,
        sent=counts[Delivery.SENT],
        given_up=counts[Delivery.GIVEN_UP],
        dropped=counts[Delivery.DROPPED],
        waiting=len(waiting),
        failing=len(failing),
        why=failing[0].why if failing else "",
        last_sent=_last_sent(connection, tenant_id, name),
    )


def _last_sent(connection: Connection, tenant_id: str, name: str) -> datetime | None:
    query = (
        select(notices.c.body)
        .where(notices.c.tenant_id == tenant_id, notices.c.channel == name)
        .where(notices.c.delivery == str(Delivery.SENT))
        .order_by(notices.c.at.desc())
        .limit(1)
    )
    body = connection.scalar(query)
    return None if body is None else codec.read_posted(body).sent_at

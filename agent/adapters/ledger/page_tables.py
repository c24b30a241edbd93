"""The tables of what people are told and what they answer, as the newest revision of the schema leaves them."""

from sqlalchemy import Column, ForeignKeyConstraint, Index, Integer, LargeBinary, Table, text

from agent.adapters.ledger.columns import Key, Moment, metadata

# What people are told of, and whether anything is still to be done about it.
pages = Table(
    "pages",
    metadata,
    Column("tenant_id", Key, primary_key=True),
    Column("id", Key, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("opened", Moment, nullable=False),
    Column("due", Moment),
    Column("closed", Moment),
    Column("body", LargeBinary, nullable=False),
)
Index(
    "ix_pages_open",
    pages.c.tenant_id,
    pages.c.opened,
    sqlite_where=text("closed IS NULL"),
    postgresql_where=text("closed IS NULL"),
)
Index(
    "ix_pages_due",
    pages.c.tenant_id,
    pages.c.due,
    sqlite_where=text("due IS NOT NULL"),
    postgresql_where=text("due IS NOT NULL"),
)

page_members = Table(
    "page_members",
    metadata,
    Column("tenant_id", Key, primary_key=True),
    Column("action_id", Key, primary_key=True),
    Column("page_id", Key, primary_key=True),
)

# The outbox. `rank` puts loud notices before quiet ones; `event` is null where it does not count as a page.
notices = Table(
    "notices",
    metadata,
    Column("tenant_id", Key, primary_key=True),
    Column("id", Key, primary_key=True),
    Column("page_id", Key, nullable=False),
    Column("channel", Key, nullable=False),
    Column("event", Key),
    Column("delivery", Key, nullable=False),
    Column("rank", Integer, nullable=False),
    Column("at", Moment, nullable=False),
    Column("due", Moment),
    Column("body", LargeBinary, nullable=False),
)
Index(
    "ix_notices_due",
    notices.c.tenant_id,
    notices.c.due,
    sqlite_where=text("delivery = 'waiting'"),
    postgresql_where=text("delivery = 'waiting'"),
)
Index(
    "ix_notices_channel",
    notices.c.tenant_id,
    notices.c.channel,
    notices.c.delivery,
    notices.c.at,
    sqlite_where=text("delivery <> 'waiting'"),
    postgresql_where=text("delivery <> 'waiting'"),
)
Index("ix_notices_page", notices.c.tenant_id, notices.c.page_id, notices.c.at)
Index(
    "ix_notices_event",
    notices.c.tenant_id,
    notices.c.at,
    sqlite_where=text("event IS NOT NULL"),
    postgresql_where=text("event IS NOT NULL"),
)

# What people answered. Only ever added to; `number` counts an action's answers from 1.
people_answers = Table(
    "people_answers",
    metadata,
    Column("tenant_id", Key, primary_key=True),
    Column("action_id", Key, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("at", Moment, nullable=False),
    Column("object_id", Key, nullable=False),
    Column("verb", Key, nullable=False),
    Column("body", LargeBinary, nullable=False),
    ForeignKeyConstraint(["tenant_id", "action_id"], ["records.tenant_id", "records.id"]),
)

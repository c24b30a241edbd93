"""The table of who is signed in to the pages, as the newest revision of the schema leaves it."""

from sqlalchemy import Column, Index, LargeBinary, Table

from agent.adapters.ledger.columns import Key, Moment, metadata

# `id` is a digest of what the browser holds. Nothing of it is audited: answers are, with who gave them.
sessions = Table(
    "sessions",
    metadata,
    Column("tenant_id", Key, primary_key=True),
    Column("id", Key, primary_key=True),
    Column("object_id", Key, nullable=False),
    Column("began", Moment, nullable=False),
    Column("seen", Moment, nullable=False),
    Column("body", LargeBinary, nullable=False),
)
Index("ix_sessions_seen", sessions.c.tenant_id, sessions.c.seen)

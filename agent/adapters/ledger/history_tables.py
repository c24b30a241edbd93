"""The table of the history, as the newest revision of the schema leaves it."""

from sqlalchemy import Column, Index, Integer, Table

from agent.adapters.ledger.columns import Key, Moment, metadata

# Only ever added to: a row for each decision, and for each ending that no decision here was. `ended` is empty for a
# decision. Several policies or people stand one on each line, with a line break before the first and after the last.
# `persons` holds the names and object ids of people without their case, and `words` everything that is searched, likewise.
history = Table(
    "history",
    metadata,
    Column("tenant_id", Key, primary_key=True),
    Column("at", Moment, primary_key=True),
    Column("action_id", Key, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("ended", Key, primary_key=True),
    Column("kind", Key, nullable=False),
    Column("incident_id", Key, nullable=False),
    Column("first_seen", Moment, nullable=False),
    Column("deadline", Moment, nullable=False),
    Column("verb", Key),
    Column("decider", Key, nullable=False),
    Column("guard", Key),
    Column("policies", Key),
    Column("people", Key),
    Column("persons", Key),
    Column("answered", Moment),
    Column("shadow", Key),
    Column("shadow_policies", Key),
    Column("status", Key),
    Column("words", Key, nullable=False),
    Column("revision", Key),
    Column("shadow_guard", Key),
    Column("targets", Integer),
    Column("messages", Integer),
    Column("is_native", Integer),
    Column("is_imported", Integer),
)
Index(
    "ix_history_incident",
    history.c.tenant_id,
    history.c.incident_id,
    history.c.at,
    history.c.action_id,
    history.c.number,
    history.c.ended,
)
Index(
    "ix_history_action",
    history.c.tenant_id,
    history.c.action_id,
    history.c.at,
    history.c.number,
    history.c.ended,
)

"""The tables behind reports, promotion and import, as the newest revision of the schema leaves them."""

from sqlalchemy import Column, Index, Integer, LargeBinary, Table, text

from agent.adapters.ledger.columns import Key, Moment, metadata

# What people and Defender did about a proposal, as far as it is known now; replaced where more becomes known.
truths = Table(
    "truths",
    metadata,
    Column("tenant_id", Key, primary_key=True),
    Column("action_id", Key, primary_key=True),
    Column("first_seen", Moment, primary_key=True),
    Column("verb", Key),
    Column("unknown", Key),
    Column("source", Key, nullable=False),
    Column("certainty", Key, nullable=False),
    Column("at", Moment, nullable=False),
    Column("people", Key),
)

# What the audit's records said of the actions of investigations, in the form of AIR's own rows.
audit_actions = Table(
    "audit_actions",
    metadata,
    Column("tenant_id", Key, primary_key=True),
    Column("place", Key, primary_key=True),
    Column("id", Key, primary_key=True),
    Column("at", Moment, nullable=False),
    Column("body", LargeBinary, nullable=False),
)

# Searches of the audit: asked for, then known by an id, then ended. Of each name there is one.
audit_searches = Table(
    "audit_searches",
    metadata,
    Column("tenant_id", Key, primary_key=True),
    Column("name", Key, primary_key=True),
    Column("asked", Moment, nullable=False),
    Column("since", Moment, nullable=False),
    Column("until", Moment, nullable=False),
    Column("query_id", Key),
    Column("ended", Moment),
    Column("words", Key, nullable=False),
)

# A policy that observes since then, whatever its file says, until somebody promotes it again.
fallbacks = Table(
    "fallbacks",
    metadata,
    Column("tenant_id", Key, primary_key=True),
    Column("policy", Key, primary_key=True),
    Column("since", Moment, primary_key=True),
    Column("action_id", Key, nullable=False),
    Column("words", Key, nullable=False),
    Column("revision", Key, nullable=False),
    Column("ended", Moment),
    Column("ended_by", Key),
)
# Two replicas that see the same at once do not both write it down.
Index(
    "ix_fallbacks_standing",
    fallbacks.c.tenant_id,
    fallbacks.c.policy,
    unique=True,
    sqlite_where=text("ended IS NULL"),
    postgresql_where=text("ended IS NULL"),
)

# Up to which moment it was looked whether deletions stand.
lookbacks = Table(
    "lookbacks",
    metadata,
    Column("tenant_id", Key, primary_key=True),
    Column("until", Moment, nullable=False),
)

# How far an import of what Graph still has has come.
imports = Table(
    "imports",
    metadata,
    Column("tenant_id", Key, primary_key=True),
    Column("since", Moment, primary_key=True),
    Column("until", Moment, primary_key=True),
    Column("body", LargeBinary, nullable=False),
)

# Proposals that were imported: what the history's rows of them were made from. None of them is a record.
imported = Table(
    "imported",
    metadata,
    Column("tenant_id", Key, primary_key=True),
    Column("action_id", Key, primary_key=True),
    Column("first_seen", Moment, primary_key=True),
    Column("deadline", Moment, nullable=False),
    Column("seen", Moment, nullable=False),
    Column("ended", Key, nullable=False),
    Column("ended_at", Moment, nullable=False),
    Column("status", Key),
    Column("action", LargeBinary, nullable=False),
    Column("decision", LargeBinary, nullable=False),
)

# How the report of each period was sent.
reported = Table(
    "reported",
    metadata,
    Column("tenant_id", Key, primary_key=True),
    Column("period", Key, primary_key=True),
    Column("stage", Key, nullable=False),
    Column("at", Moment, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("first", Moment, nullable=False),
    Column("due", Moment),
    Column("why", Key, nullable=False),
)

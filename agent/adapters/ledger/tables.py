"""The ledger's tables, as the newest revision of the schema leaves them.

One schema for SQLite and PostgreSQL. What is asked for has a column; all else lies in bodies (see
`codec`). The tenant is the first column of every key and index, so that tenants cannot meet.
Partial indexes keep the cost of looking for work by the amount of work, not by the age of the ledger.
"""

from sqlalchemy import BigInteger, Column, ForeignKeyConstraint, Index, Integer, LargeBinary, Table, text

from agent.adapters.ledger.columns import Key, Moment, metadata

VERSION_TABLE = "ledger_version"
"""Where Alembic keeps the revision; a name of our own, so that another program's is not taken for it."""

# `is_to_visit` is 1 where the record's incident is to be written to. `decisions` counts the decisions it
# has had; `decision_digest` is of the one in force, null where none is.
records = Table(
    "records",
    metadata,
    Column("tenant_id", Key, primary_key=True),
    Column("id", Key, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("state", Key, nullable=False),
    Column("kind", Key, nullable=False),
    Column("incident_id", Key, nullable=False),
    Column("first_seen", Moment, nullable=False),
    Column("deadline", Moment, nullable=False),
    Column("due", Moment),
    Column("is_noted", Integer, nullable=False),
    Column("is_to_visit", Integer, nullable=False),
    Column("updated", Moment, nullable=False),
    Column("decisions", Integer, nullable=False),
    Column("decision_digest", Key),
    Column("action", LargeBinary, nullable=False),
    Column("plan", LargeBinary),
    Column("notes", LargeBinary, nullable=False),
)
Index("ix_records_listed", records.c.tenant_id, records.c.deadline, records.c.id)
# Its `version` is for `standing`, which would have to look each record up else: ten times the work.
Index(
    "ix_records_state",
    records.c.tenant_id,
    records.c.state,
    records.c.deadline,
    records.c.id,
    records.c.version,
)
# Its `id` is asked for by nobody: without it SQLite takes this index, as the smallest, for what others are there for.
Index("ix_records_updated", records.c.tenant_id, records.c.updated, records.c.id, records.c.version)
Index("ix_records_incident", records.c.tenant_id, records.c.incident_id, records.c.deadline, records.c.id)
Index(
    "ix_records_due",
    records.c.tenant_id,
    records.c.due,
    records.c.state,
    records.c.deadline,
    records.c.id,
    sqlite_where=text("due IS NOT NULL"),
    postgresql_where=text("due IS NOT NULL"),
)
Index(
    "ix_records_to_visit",
    records.c.tenant_id,
    records.c.incident_id,
    records.c.deadline,
    sqlite_where=text("is_to_visit = 1"),
    postgresql_where=text("is_to_visit = 1"),
)

# Only ever added to. `number` counts an action's decisions from 1. `observed` is 1 where its agent only observed.
decisions = Table(
    "decisions",
    metadata,
    Column("tenant_id", Key, primary_key=True),
    Column("action_id", Key, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("at", Moment, nullable=False),
    Column("verb", Key, nullable=False),
    Column("guard", Key),
    Column("shadow_verb", Key),
    Column("grounds", Key, nullable=False),
    Column("revision", Key, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("by_people", Integer),
    Column("observed", Integer),
    ForeignKeyConstraint(["tenant_id", "action_id"], ["records.tenant_id", "records.id"]),
)
Index("ix_decisions_at", decisions.c.tenant_id, decisions.c.at, decisions.c.action_id, decisions.c.number)
Index(
    "ix_decisions_approved",
    decisions.c.tenant_id,
    decisions.c.at,
    decisions.c.action_id,
    sqlite_where=text("verb = 'approve' OR guard IS NOT NULL"),
    postgresql_where=text("verb = 'approve' OR guard IS NOT NULL"),
)
Index(
    "ix_decisions_braked",
    decisions.c.tenant_id,
    decisions.c.at,
    sqlite_where=text("guard = 'brake'"),
    postgresql_where=text("guard = 'brake'"),
)

effects = Table(
    "effects",
    metadata,
    Column("tenant_id", Key, primary_key=True),
    Column("id", Key, primary_key=True),
    Column("action_id", Key, nullable=False),
    Column("ordinal", Integer, nullable=False),
    Column("incident_id", Key, nullable=False),
    Column("went", Key, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("intended_at", Moment, nullable=False),
    Column("sent_at", Moment),
    Column("settled_at", Moment),
    Column("detail", Key, nullable=False),
    Column("bulk_id", Key),
    Column("targets", LargeBinary, nullable=False),
    Column("kind", Key, nullable=False),
    Column("before", LargeBinary),
    Column("senders_copy", Integer, nullable=False),
    Column("undoes", Key),
    Column("request_id", Key),
    Column("sent_by", Key),
    Column("amount", Integer, nullable=False),
    ForeignKeyConstraint(["tenant_id", "action_id"], ["records.tenant_id", "records.id"]),
)
Index(
    "ix_effects_given",
    effects.c.tenant_id,
    effects.c.intended_at,
    sqlite_where=text("went <> 'dropped'"),
    postgresql_where=text("went <> 'dropped'"),
)
Index("ix_effects_action", effects.c.tenant_id, effects.c.action_id, effects.c.ordinal)
Index(
    "ix_effects_intended",
    effects.c.tenant_id,
    effects.c.action_id,
    sqlite_where=text("went = 'intended'"),
    postgresql_where=text("went = 'intended'"),
)

Index(
    "ix_effects_sent",
    effects.c.tenant_id,
    effects.c.sent_by,
    sqlite_where=text("went = 'sent'"),
    postgresql_where=text("went = 'sent'"),
)
Index(
    "ix_effects_sent_at",
    effects.c.tenant_id,
    effects.c.sent_at,
    sqlite_where=text("sent_at IS NOT NULL"),
    postgresql_where=text("sent_at IS NOT NULL"),
)

# What an effect of a kind has claimed, so that no other of that kind does it again. `what` and `place` are the
# two parts of a target. What would only have been claimed stands under kinds of its own (see `claims`).
targets = Table(
    "targets",
    metadata,
    Column("tenant_id", Key, primary_key=True),
    Column("kind", Key, primary_key=True),
    Column("what", Key, primary_key=True),
    Column("place", Key, primary_key=True),
    Column("effect_id", Key, nullable=False),
    ForeignKeyConstraint(["tenant_id", "effect_id"], ["effects.tenant_id", "effects.id"]),
    sqlite_with_rowid=False,
)

# `observed` is 1 where it would only have been.
approvals = Table(
    "approvals",
    metadata,
    Column("tenant_id", Key, primary_key=True),
    Column("policy", Key, primary_key=True),
    Column("at", Moment, primary_key=True),
    Column("action_id", Key, primary_key=True),
    Column("messages", BigInteger, nullable=False),
    Column("observed", Integer),
    sqlite_with_rowid=False,
)
Index("ix_approvals_at", approvals.c.tenant_id, approvals.c.at)

cursors = Table(
    "cursors",
    metadata,
    Column("tenant_id", Key, primary_key=True),
    Column("watermark", Moment),
    Column("swept", Moment),
    Column("truths_until", Moment),
)

incidents = Table(
    "incidents",
    metadata,
    Column("tenant_id", Key, primary_key=True),
    Column("id", Key, primary_key=True),
    Column("version", Key, nullable=False),
    Column("seen_at", Moment, nullable=False),
)
Index("ix_incidents_seen_at", incidents.c.tenant_id, incidents.c.seen_at)

# How pending actions ended elsewhere, by what they had in common with others.
answers = Table(
    "answers",
    metadata,
    Column("tenant_id", Key, primary_key=True),
    Column("kind", Key, primary_key=True),
    Column("about", Key, primary_key=True),
    Column("value", Key, primary_key=True),
    Column("action_id", Key, primary_key=True),
    Column("at", Moment, nullable=False),
    Column("ended", Key, nullable=False),
    sqlite_with_rowid=False,
)
Index("ix_answers_action", answers.c.tenant_id, answers.c.action_id)

# The files of every set that was ever in force. `at` is when that was the last time.
policy_sets = Table(
    "policy_sets",
    metadata,
    Column("tenant_id", Key, primary_key=True),
    Column("revision", Key, primary_key=True),
    Column("git", Key, nullable=False),
    Column("at", Moment, nullable=False),
    Column("files", LargeBinary, nullable=False),
)

list_members = Table(
    "list_members",
    metadata,
    Column("tenant_id", Key, primary_key=True),
    Column("group_id", Key, primary_key=True),
    Column("at", Moment, nullable=False),
    Column("members", LargeBinary, nullable=False),
)

alarms = Table(
    "alarms",
    metadata,
    Column("tenant_id", Key, primary_key=True),
    Column("name", Key, primary_key=True),
    Column("since", Moment, nullable=False),
    Column("words", Key, nullable=False),
)

# Which replica may carry anything out in an incident. `token` grows each time it changes hands.
leases = Table(
    "leases",
    metadata,
    Column("tenant_id", Key, primary_key=True),
    Column("incident_id", Key, primary_key=True),
    Column("replica", Key, nullable=False),
    Column("token", BigInteger, nullable=False),
    Column("until", Moment, nullable=False),
)
# At a takeover those that stand are ended, and most do not stand any more.
Index(
    "ix_leases_standing",
    leases.c.tenant_id,
    leases.c.replica,
    sqlite_where=text("until > 0"),
    postgresql_where=text("until > 0"),
)

holds = Table(
    "holds",
    metadata,
    Column("tenant_id", Key, primary_key=True),
    Column("name", Key, primary_key=True),
    Column("since", Moment, nullable=False),
    Column("by", Key, nullable=False),
    Column("reason", Key, nullable=False),
)

replicas = Table(
    "replicas",
    metadata,
    Column("tenant_id", Key, primary_key=True),
    Column("name", Key, primary_key=True),
    Column("alive", Moment, nullable=False),
    Column("body", LargeBinary, nullable=False),
)
Index("ix_replicas_alive", replicas.c.tenant_id, replicas.c.alive)

# The end of each replica's chain, and how far it has been shipped. A chain that was `closed` is never continued.
audit_heads = Table(
    "audit_heads",
    metadata,
    Column("tenant_id", Key, primary_key=True),
    Column("replica", Key, primary_key=True),
    Column("number", BigInteger, nullable=False),
    Column("mac", LargeBinary, nullable=False),
    Column("shipped", BigInteger, nullable=False),
    Column("shipped_at", Moment),
    Column("closed", Moment),
)

# Only ever added to.
audit_entries = Table(
    "audit_entries",
    metadata,
    Column("tenant_id", Key, primary_key=True),
    Column("replica", Key, primary_key=True),
    Column("number", BigInteger, primary_key=True),
    Column("at", Moment, nullable=False),
    Column("event", Key, nullable=False),
    Column("action_id", Key),
    Column("body", LargeBinary, nullable=False),
    Column("mac", LargeBinary, nullable=False),
)
Index("ix_audit_entries_at", audit_entries.c.tenant_id, audit_entries.c.at)
Index("ix_audit_entries_action", audit_entries.c.tenant_id, audit_entries.c.action_id)

# What may name a person, apart from the chain, so that it can be erased; the chain holds salted digests of it.
audit_values = Table(
    "audit_values",
    metadata,
    Column("tenant_id", Key, primary_key=True),
    Column("replica", Key, primary_key=True),
    Column("number", BigInteger, primary_key=True),
    Column("name", Key, primary_key=True),
    Column("at", Moment, nullable=False),
    Column("salt", LargeBinary, nullable=False),
    Column("value", Key, nullable=False),
)
Index("ix_audit_values_at", audit_values.c.tenant_id, audit_values.c.at)

# What AIR's own rows said of the actions of investigations, once under each name of what it acts on. `place` is the
# name's digest: a cluster's is a whole query, and longer than an index takes.
air_actions = Table(
    "air_actions",
    metadata,
    Column("tenant_id", Key, primary_key=True),
    Column("place", Key, primary_key=True),
    Column("id", Key, primary_key=True),
    Column("at", Moment, nullable=False),
    Column("body", LargeBinary, nullable=False),
)
Index("ix_air_actions_at", air_actions.c.tenant_id, air_actions.c.at)

"""The tables of what a restored ledger knows of the time after its backup, as the newest revision leaves them."""

from sqlalchemy import Column, Index, Integer, Table

from agent.adapters.ledger.columns import Key, Moment, metadata

# Each time the ledger was restored. `is_known` is 1 where the audit told all that was sent since the backup.
restores = Table(
    "restores",
    metadata,
    Column("tenant_id", Key, primary_key=True),
    Column("at", Moment, primary_key=True),
    Column("backup_at", Moment, nullable=False),
    Column("is_known", Integer, nullable=False),
)

# Targets of effects that left between a backup and its restore, by their marks: the audit names nobody.
departures = Table(
    "departures",
    metadata,
    Column("tenant_id", Key, primary_key=True),
    Column("kind", Key, primary_key=True),
    Column("mark", Key, primary_key=True),
    Column("effect_id", Key, nullable=False),
    Column("action_id", Key, nullable=False),
    Column("at", Moment, nullable=False),
)

# Effects that left between a backup and its restore and are in no other table: how much they took, for caps to count.
departed_effects = Table(
    "departed_effects",
    metadata,
    Column("tenant_id", Key, primary_key=True),
    Column("effect_id", Key, primary_key=True),
    Column("action_id", Key, nullable=False),
    Column("kind", Key, nullable=False),
    Column("amount", Integer, nullable=False),
    Column("sent_at", Moment, nullable=False),
    Index("ix_departed_effects_sent", "tenant_id", "sent_at"),
)

# Actions for which more was done between a backup and its restore than the ledger remembers, in `words`.
unremembered = Table(
    "unremembered",
    metadata,
    Column("tenant_id", Key, primary_key=True),
    Column("action_id", Key, primary_key=True),
    Column("at", Moment, nullable=False),
    Column("words", Key, nullable=False),
)

"""The tables by which replicas share tenants, as the newest revision of the schema leaves them.

They are PostgreSQL's: a file is one replica's. All moments in them are by the database's clock.
"""

from sqlalchemy import BigInteger, Column, Integer, Table

from agent.adapters.ledger.columns import Key, Moment, metadata

# Which replica a tenant is worked on by, `until` then. `token` grows each time it changes hands. `instance` is that of
# the replica's process, empty once it has let go: so the tenant is nobody's though it tells who had it last.
shares = Table(
    "shares",
    metadata,
    Column("tenant_id", Key, primary_key=True),
    Column("replica", Key, nullable=False),
    Column("instance", Key, nullable=False),
    Column("token", BigInteger, nullable=False),
    Column("since", Moment, nullable=False),
    Column("until", Moment, nullable=False),
)

# The replicas that are alive, `until` then at least. `tenants` counts those that one could work on. `backend` and
# `backend_start` say which session renewed it last: one that is gone tells that its process is.
members = Table(
    "members",
    metadata,
    Column("replica", Key, primary_key=True),
    Column("instance", Key, nullable=False),
    Column("version", Key, nullable=False),
    Column("tenants", Integer, nullable=False),
    Column("started", Moment, nullable=False),
    Column("until", Moment, nullable=False),
    Column("backend", Integer, nullable=False),
    Column("backend_start", Moment, nullable=False),
)

# One row: the oldest revision whose agents may work with the schema as it is.
oldest = Table("ledger_oldest", metadata, Column("revision", Key, primary_key=True))

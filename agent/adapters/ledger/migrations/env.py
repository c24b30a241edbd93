"""What Alembic runs: the revisions, on the connection and in the transaction that the ledger has opened."""

from alembic import context

from agent.adapters.ledger.columns import metadata
from agent.adapters.ledger.tables import VERSION_TABLE

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
    transactional_ddl=True,
)
context.run_migrations()

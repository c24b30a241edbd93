"""What a restored ledger knows of the time after its backup."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create its tables, and let chains of the audit be closed."""
    op.add_column("audit_heads", sa.Column("closed", sa.BigInteger()))
    op.create_table(
        "restores",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("backup_at", sa.BigInteger(), nullable=False),
        sa.Column("is_known", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "at", name="pk_restores"),
    )
    op.create_table(
        "departures",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("mark", sa.Text(), nullable=False),
        sa.Column("effect_id", sa.Text(), nullable=False),
        sa.Column("action_id", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "kind", "mark", name="pk_departures"),
    )
    op.create_table(
        "unremembered",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("action_id", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "action_id", name="pk_unremembered"),
    )

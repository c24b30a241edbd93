"""How much of what left between a backup and its restore the caps would not count otherwise."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create its table. Agents of the revisions before go on working: nothing that they know is changed."""
    op.create_table(
        "departed_effects",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("effect_id", sa.Text(), nullable=False),
        sa.Column("action_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("amount", sa.Integer(), nullable=False),
        sa.Column("sent_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "effect_id", name="pk_departed_effects"),
    )
    op.create_index("ix_departed_effects_sent", "departed_effects", ["tenant_id", "sent_at"])

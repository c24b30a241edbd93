"""What policies are judged by and were judged by: earlier answers, sets in force, members of groups; alarms, signs of life."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables, and let decisions be read in a fixed order."""
    op.create_table(
        "answers",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("about", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("action_id", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("ended", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "kind", "about", "value", "action_id", name="pk_answers"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_answers_action", "answers", ["tenant_id", "action_id"])
    op.create_table(
        "policy_sets",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("revision", sa.Text(), nullable=False),
        sa.Column("git", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("files", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "revision", name="pk_policy_sets"),
    )
    op.create_table(
        "list_members",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("group_id", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("members", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "group_id", name="pk_list_members"),
    )
    op.create_table(
        "alarms",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "name", name="pk_alarms"),
    )
    op.add_column("cursors", sa.Column("alive", sa.BigInteger()))
    op.drop_index("ix_decisions_at", "decisions")
    op.create_index("ix_decisions_at", "decisions", ["tenant_id", "at", "action_id", "number"])
    op.create_index("ix_approvals_at", "approvals", ["tenant_id", "at"])

"""Which replica works on which tenant, how old an agent may be, and what a restored ledger knows of the time after its backup."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create its tables."""
    _shares()
    _oldest()
    _restores()


def _shares() -> None:
    op.create_table(
        "shares",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("replica", sa.Text(), nullable=False),
        sa.Column("instance", sa.Text(), nullable=False),
        sa.Column("token", sa.BigInteger(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", name="pk_shares"),
    )
    op.create_table(
        "members",
        sa.Column("replica", sa.Text(), nullable=False),
        sa.Column("instance", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("tenants", sa.Integer(), nullable=False),
        sa.Column("started", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("backend", sa.Integer(), nullable=False),
        sa.Column("backend_start", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("replica", name="pk_members"),
    )
    op.create_index(
        "ix_leases_standing",
        "leases",
        ["tenant_id", "replica"],
        sqlite_where=sa.text("until > 0"),
        postgresql_where=sa.text("until > 0"),
    )


def _oldest() -> None:
    """Say that agents of the revision before may work with this schema: nothing that they know was changed.

    A later revision leaves the row as it is where it only adds, and raises it where it does more.
    """
    op.create_table(
        "ledger_oldest",
        sa.Column("revision", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("revision", name="pk_ledger_oldest"),
    )
    op.execute("INSERT INTO ledger_oldest (revision) VALUES ('0006')")


def _restores() -> None:
    """Let chains of the audit be closed, too."""
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

"""What a report compares, policies that fell back to observing, what was imported, and which reports were sent."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Widen the history by what a report needs, and create its tables. What older ledgers do not say stays unknown."""
    for column in (
        sa.Column("revision", sa.Text()),
        sa.Column("shadow_guard", sa.Text()),
        sa.Column("targets", sa.Integer()),
        sa.Column("messages", sa.Integer()),
        sa.Column("is_native", sa.Integer()),
        sa.Column("is_imported", sa.Integer()),
    ):
        op.add_column("history", column)
    op.add_column("cursors", sa.Column("truths_until", sa.BigInteger()))
    _observed()
    op.create_index("ix_history_action", "history", ["tenant_id", "action_id", "at", "number", "ended"])
    _truths()
    _audited()
    _fallbacks()
    op.create_table(
        "imports",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "since", "until", name="pk_imports"),
    )
    _imported()
    op.create_table(
        "reported",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("first", sa.BigInteger(), nullable=False),
        sa.Column("due", sa.BigInteger()),
        sa.Column("why", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "period", name="pk_reported"),
    )


def _observed() -> None:
    """Tell what would only have been approved from what was: an agent that observed planned it so at that moment."""
    op.add_column("decisions", sa.Column("observed", sa.Integer()))
    op.add_column("approvals", sa.Column("observed", sa.Integer()))
    op.execute(
        "UPDATE approvals SET observed = 1 WHERE EXISTS (SELECT 1 FROM effects WHERE effects.tenant_id = approvals.tenant_id "
        "AND effects.action_id = approvals.action_id AND effects.intended_at = approvals.at AND effects.went = 'observed')"
    )


def _truths() -> None:
    op.create_table(
        "truths",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("action_id", sa.Text(), nullable=False),
        sa.Column("first_seen", sa.BigInteger(), nullable=False),
        sa.Column("verb", sa.Text()),
        sa.Column("unknown", sa.Text()),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("certainty", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("people", sa.Text()),
        sa.PrimaryKeyConstraint("tenant_id", "action_id", "first_seen", name="pk_truths"),
    )


def _audited() -> None:
    op.create_table(
        "audit_actions",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "place", "id", name="pk_audit_actions"),
    )
    op.create_table(
        "audit_searches",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("asked", sa.BigInteger(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("query_id", sa.Text()),
        sa.Column("ended", sa.BigInteger()),
        sa.Column("words", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "name", name="pk_audit_searches"),
    )


def _imported() -> None:
    op.create_table(
        "imported",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("action_id", sa.Text(), nullable=False),
        sa.Column("first_seen", sa.BigInteger(), nullable=False),
        sa.Column("deadline", sa.BigInteger(), nullable=False),
        sa.Column("seen", sa.BigInteger(), nullable=False),
        sa.Column("ended", sa.Text(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.Text()),
        sa.Column("action", sa.LargeBinary(), nullable=False),
        sa.Column("decision", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "action_id", "first_seen", name="pk_imported"),
    )


def _fallbacks() -> None:
    op.create_table(
        "fallbacks",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("policy", sa.Text(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("action_id", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("revision", sa.Text(), nullable=False),
        sa.Column("ended", sa.BigInteger()),
        sa.Column("ended_by", sa.Text()),
        sa.PrimaryKeyConstraint("tenant_id", "policy", "since", name="pk_fallbacks"),
    )
    op.create_index(
        "ix_fallbacks_standing",
        "fallbacks",
        ["tenant_id", "policy"],
        unique=True,
        sqlite_where=sa.text("ended IS NULL"),
        postgresql_where=sa.text("ended IS NULL"),
    )
    op.create_table(
        "lookbacks",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", name="pk_lookbacks"),
    )

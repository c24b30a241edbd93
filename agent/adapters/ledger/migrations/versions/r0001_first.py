"""The first schema."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create every table."""
    _create_records()
    _create_decisions()
    _create_effects()
    _create_approvals()
    _create_cursors()


def _create_records() -> None:
    op.create_table(
        "records",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("incident_id", sa.Text(), nullable=False),
        sa.Column("first_seen", sa.BigInteger(), nullable=False),
        sa.Column("deadline", sa.BigInteger(), nullable=False),
        sa.Column("due", sa.BigInteger()),
        sa.Column("is_noted", sa.Integer(), nullable=False),
        sa.Column("is_to_visit", sa.Integer(), nullable=False),
        sa.Column("updated", sa.BigInteger(), nullable=False),
        sa.Column("decisions", sa.Integer(), nullable=False),
        sa.Column("decision_digest", sa.Text()),
        sa.Column("action", sa.LargeBinary(), nullable=False),
        sa.Column("plan", sa.LargeBinary()),
        sa.Column("notes", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_records"),
    )
    op.create_index("ix_records_listed", "records", ["tenant_id", "deadline", "id"])
    op.create_index("ix_records_state", "records", ["tenant_id", "state", "deadline", "id"])
    op.create_index("ix_records_incident", "records", ["tenant_id", "incident_id", "deadline", "id"])
    _create_partial_index(
        "ix_records_due", "records", ["tenant_id", "due", "state", "deadline", "id"], "due IS NOT NULL"
    )
    _create_partial_index(
        "ix_records_to_visit", "records", ["tenant_id", "incident_id", "deadline"], "is_to_visit = 1"
    )


def _create_decisions() -> None:
    op.create_table(
        "decisions",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("action_id", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("verb", sa.Text(), nullable=False),
        sa.Column("guard", sa.Text()),
        sa.Column("shadow_verb", sa.Text()),
        sa.Column("grounds", sa.Text(), nullable=False),
        sa.Column("revision", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "action_id", "number", name="pk_decisions"),
        sa.ForeignKeyConstraint(
            ["tenant_id", "action_id"], ["records.tenant_id", "records.id"], name="fk_decisions_records"
        ),
    )
    op.create_index("ix_decisions_at", "decisions", ["tenant_id", "at"])


def _create_effects() -> None:
    op.create_table(
        "effects",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("action_id", sa.Text(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("incident_id", sa.Text(), nullable=False),
        sa.Column("went", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("intended_at", sa.BigInteger(), nullable=False),
        sa.Column("sent_at", sa.BigInteger()),
        sa.Column("settled_at", sa.BigInteger()),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("bulk_id", sa.Text()),
        sa.Column("targets", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_effects"),
        sa.ForeignKeyConstraint(
            ["tenant_id", "action_id"], ["records.tenant_id", "records.id"], name="fk_effects_records"
        ),
    )
    op.create_index("ix_effects_action", "effects", ["tenant_id", "action_id", "ordinal"])
    _create_partial_index("ix_effects_intended", "effects", ["tenant_id", "action_id"], "went = 'intended'")
    op.create_table(
        "targets",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("network_message_id", sa.Text(), nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("effect_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "network_message_id", "recipient", name="pk_targets"),
        sa.ForeignKeyConstraint(
            ["tenant_id", "effect_id"], ["effects.tenant_id", "effects.id"], name="fk_targets_effects"
        ),
        sqlite_with_rowid=False,
    )


def _create_approvals() -> None:
    op.create_table(
        "approvals",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("policy", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("action_id", sa.Text(), nullable=False),
        sa.Column("messages", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "policy", "at", "action_id", name="pk_approvals"),
        sqlite_with_rowid=False,
    )


def _create_cursors() -> None:
    op.create_table(
        "cursors",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("watermark", sa.BigInteger()),
        sa.Column("swept", sa.BigInteger()),
        sa.PrimaryKeyConstraint("tenant_id", name="pk_cursors"),
    )
    op.create_table(
        "incidents",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_incidents"),
    )
    op.create_index("ix_incidents_seen_at", "incidents", ["tenant_id", "seen_at"])


def _create_partial_index(name: str, table: str, columns: list[str], where: str) -> None:
    op.create_index(name, table, columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where))

"""Every kind of effect; leases, holds and replicas; the audit; what hunting's rows say of actions."""

import json
import zlib

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

SENT = sa.text("went = 'sent'")
APPROVED = sa.text("verb = 'approve' OR guard IS NOT NULL")
BRAKED = sa.text("guard = 'brake'")
GIVEN = sa.text("went <> 'dropped'")
SENT_AT = sa.text("sent_at IS NOT NULL")


def upgrade() -> None:
    """Create the tables, and let effects be of other kinds than soft deletion."""
    _decisions()
    _effects()
    _targets()
    _standing()
    _audit()
    op.create_table(
        "air_actions",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "place", "id", name="pk_air_actions"),
    )
    op.create_index("ix_air_actions_at", "air_actions", ["tenant_id", "at"])


def _effects() -> None:
    op.add_column("effects", sa.Column("kind", sa.Text(), nullable=False, server_default="softDelete"))
    op.add_column("effects", sa.Column("before", sa.LargeBinary()))
    op.add_column("effects", sa.Column("senders_copy", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("effects", sa.Column("undoes", sa.Text()))
    op.add_column("effects", sa.Column("request_id", sa.Text()))
    op.add_column("effects", sa.Column("sent_by", sa.Text()))
    op.add_column("effects", sa.Column("amount", sa.Integer(), nullable=False, server_default="0"))
    _count_targets()
    op.create_index(
        "ix_effects_given",
        "effects",
        ["tenant_id", "intended_at"],
        sqlite_where=GIVEN,
        postgresql_where=GIVEN,
    )
    op.create_index(
        "ix_effects_sent", "effects", ["tenant_id", "sent_by"], sqlite_where=SENT, postgresql_where=SENT
    )
    op.create_index(
        "ix_effects_sent_at",
        "effects",
        ["tenant_id", "sent_at"],
        sqlite_where=SENT_AT,
        postgresql_where=SENT_AT,
    )


def _count_targets() -> None:
    """Write down of each effect how many targets it has, so that they can be summed."""
    connection = op.get_bind()
    table = sa.table("effects", *(sa.column(name) for name in ("tenant_id", "id", "targets", "amount")))
    counted = [
        {"of_tenant": row.tenant_id, "of_id": row.id, "many": _length(bytes(row.targets))}
        for row in connection.execute(sa.select(table.c.tenant_id, table.c.id, table.c.targets))
    ]
    if counted:
        mine = (table.c.tenant_id == sa.bindparam("of_tenant"), table.c.id == sa.bindparam("of_id"))
        connection.execute(sa.update(table).where(*mine).values(amount=sa.bindparam("many")), counted)


def _length(body: bytes) -> int:
    return len(json.loads(zlib.decompress(body) if body[:1] == b"x" else body))


def _decisions() -> None:
    for name, columns, where in (
        ("ix_decisions_approved", ["tenant_id", "at", "action_id"], APPROVED),
        ("ix_decisions_braked", ["tenant_id", "at"], BRAKED),
    ):
        op.create_index(name, "decisions", columns, sqlite_where=where, postgresql_where=where)


def _targets() -> None:
    op.rename_table("targets", "targets_of_mail")
    if op.get_bind().dialect.name == "postgresql":
        # Names of constraints are the database's there, not the table's.
        op.execute("ALTER TABLE targets_of_mail DROP CONSTRAINT pk_targets")
        op.execute("ALTER TABLE targets_of_mail DROP CONSTRAINT fk_targets_effects")
    op.create_table(
        "targets",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("effect_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "kind", "what", "place", name="pk_targets"),
        sa.ForeignKeyConstraint(
            ["tenant_id", "effect_id"], ["effects.tenant_id", "effects.id"], name="fk_targets_effects"
        ),
        sqlite_with_rowid=False,
    )
    op.execute(
        "INSERT INTO targets (tenant_id, kind, what, place, effect_id) "
        "SELECT tenant_id, 'softDelete', network_message_id, recipient, effect_id FROM targets_of_mail"
    )
    op.drop_table("targets_of_mail")


def _standing() -> None:
    op.create_table(
        "leases",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("incident_id", sa.Text(), nullable=False),
        sa.Column("replica", sa.Text(), nullable=False),
        sa.Column("token", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "incident_id", name="pk_leases"),
    )
    op.create_table(
        "holds",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "name", name="pk_holds"),
    )
    op.create_table(
        "replicas",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("alive", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "name", name="pk_replicas"),
    )
    op.create_index("ix_replicas_alive", "replicas", ["tenant_id", "alive"])
    # Signs of life are the replicas' own now.
    op.drop_column("cursors", "alive")


def _audit() -> None:
    op.create_table(
        "audit_heads",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("replica", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("mac", sa.LargeBinary(), nullable=False),
        sa.Column("shipped", sa.BigInteger(), nullable=False),
        sa.Column("shipped_at", sa.BigInteger()),
        sa.PrimaryKeyConstraint("tenant_id", "replica", name="pk_audit_heads"),
    )
    op.create_table(
        "audit_entries",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("replica", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("action_id", sa.Text()),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("mac", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "replica", "number", name="pk_audit_entries"),
    )
    op.create_index("ix_audit_entries_at", "audit_entries", ["tenant_id", "at"])
    op.create_index("ix_audit_entries_action", "audit_entries", ["tenant_id", "action_id"])
    op.create_table(
        "audit_values",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("replica", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "replica", "number", "name", name="pk_audit_values"),
    )
    op.create_index("ix_audit_values_at", "audit_values", ["tenant_id", "at"])

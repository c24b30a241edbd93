"""Pages, the outbox, and what people answered."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

OPEN = sa.text("closed IS NULL")
DUE = sa.text("due IS NOT NULL")
WAITING = sa.text("delivery = 'waiting'")
COUNTED = sa.text("event IS NOT NULL")


def upgrade() -> None:
    """Create the tables, and tell decisions by people from those of policies."""
    op.add_column("decisions", sa.Column("by_people", sa.Integer()))
    _pages()
    _notices()
    op.create_table(
        "people_answers",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("action_id", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("object_id", sa.Text(), nullable=False),
        sa.Column("verb", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "action_id", "number", name="pk_people_answers"),
        sa.ForeignKeyConstraint(
            ["tenant_id", "action_id"],
            ["records.tenant_id", "records.id"],
            name="fk_people_answers_records",
        ),
    )


def _pages() -> None:
    op.create_table(
        "pages",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("opened", sa.BigInteger(), nullable=False),
        sa.Column("due", sa.BigInteger()),
        sa.Column("closed", sa.BigInteger()),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_pages"),
    )
    for name, column, where in (("ix_pages_open", "opened", OPEN), ("ix_pages_due", "due", DUE)):
        op.create_index(name, "pages", ["tenant_id", column], sqlite_where=where, postgresql_where=where)
    op.create_table(
        "page_members",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("action_id", sa.Text(), nullable=False),
        sa.Column("page_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "action_id", "page_id", name="pk_page_members"),
    )


def _notices() -> None:
    op.create_table(
        "notices",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("page_id", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("event", sa.Text()),
        sa.Column("delivery", sa.Text(), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("due", sa.BigInteger()),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_notices"),
    )
    op.create_index("ix_notices_page", "notices", ["tenant_id", "page_id", "at"])
    for name, column, where in (("ix_notices_due", "due", WAITING), ("ix_notices_event", "at", COUNTED)):
        op.create_index(name, "notices", ["tenant_id", column], sqlite_where=where, postgresql_where=where)

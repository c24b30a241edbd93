"""Who is signed in to the pages, what was changed last, and the history as people look through it."""

import json
import zlib
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

SETTLED = sa.text("delivery <> 'waiting'")

AT_ONCE = 500
"""Decisions of older ledgers that are read together."""

ENDED = {"superseded": "elsewhere", "expired": "expired"}
"""States of records that ended otherwise than by a decision here, and what the history calls that."""


def upgrade() -> None:
    """Create the table, and the index by which pages find what is new."""
    op.create_table(
        "sessions",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("object_id", sa.Text(), nullable=False),
        sa.Column("began", sa.BigInteger(), nullable=False),
        sa.Column("seen", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_sessions"),
    )
    op.create_index("ix_sessions_seen", "sessions", ["tenant_id", "seen"])
    op.create_index("ix_records_updated", "records", ["tenant_id", "updated", "id", "version"])
    op.drop_index("ix_records_state", "records")
    op.create_index("ix_records_state", "records", ["tenant_id", "state", "deadline", "id", "version"])
    op.create_index(
        "ix_notices_channel",
        "notices",
        ["tenant_id", "channel", "delivery", "at"],
        sqlite_where=SETTLED,
        postgresql_where=SETTLED,
    )
    _history()


def _history() -> None:
    history = op.create_table(
        "history",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("action_id", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("ended", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("incident_id", sa.Text(), nullable=False),
        sa.Column("first_seen", sa.BigInteger(), nullable=False),
        sa.Column("deadline", sa.BigInteger(), nullable=False),
        sa.Column("verb", sa.Text()),
        sa.Column("decider", sa.Text(), nullable=False),
        sa.Column("guard", sa.Text()),
        sa.Column("policies", sa.Text()),
        sa.Column("people", sa.Text()),
        sa.Column("persons", sa.Text()),
        sa.Column("answered", sa.BigInteger()),
        sa.Column("shadow", sa.Text()),
        sa.Column("shadow_policies", sa.Text()),
        sa.Column("status", sa.Text()),
        sa.Column("words", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "at", "action_id", "number", "ended", name="pk_history"),
    )
    _fill(history)
    of_incident = ["tenant_id", "incident_id", "at", "action_id", "number", "ended"]
    op.create_index("ix_history_incident", "history", of_incident)


def _fill(history: sa.Table) -> None:
    """Write what older ledgers hold: every decision, and how actions ended that are not pending any more."""
    connection = op.get_bind()
    columns = "r.tenant_id, r.id, r.kind, r.incident_id, r.first_seen, r.deadline, r.action, r.notes"
    decided = f"""
        SELECT {columns}, d.number, d.at, d.verb, d.guard, d.body FROM decisions d
        JOIN records r ON r.tenant_id = d.tenant_id AND r.id = d.action_id"""  # noqa: S608  no foreign text
    ended = f"""
        SELECT {columns}, r.state, r.decisions AS number, r.updated AS at, r.plan FROM records r
        WHERE r.state IN ('superseded', 'expired')"""  # noqa: S608
    for query, make in ((decided, _decided), (ended, _ended)):
        found = connection.execute(sa.text(query), execution_options={"yield_per": AT_ONCE})
        for some in found.partitions():
            rows = [row for row in map(make, some) if row is not None]
            if rows:
                connection.execute(sa.insert(history), rows)


def _decided(old: Any) -> dict[str, Any]:
    body = _read(old.body)
    answered, lapsed, shadow = body.get("answered") or [], body.get("lapsed"), body.get("shadow") or {}
    decider = "guard" if old.guard else "people" if answered else "nobody" if lapsed else "policies"
    names = [one["name"] for one in answered]
    return _row(old) | {
        "ended": "",
        "verb": old.verb,
        "decider": decider,
        "guard": old.guard,
        "policies": _lines(body["policies"]),
        "people": _lines(names),
        "persons": _lines(text.casefold() for one in answered for text in (one["name"], one["object_id"])),
        "answered": max((_micros(one["at"]) for one in answered), default=None),
        "shadow": shadow.get("verb"),
        "shadow_policies": _lines(shadow.get("policies") or []),
        "status": None,
        "words": _words(old, body["reason"], *body["policies"], *names),
    }


def _ended(old: Any) -> dict[str, Any] | None:
    """Return how an action ended; None where it goes on under another id, or ended with another action's messages."""
    status = _status(_read(old.action))
    is_elsewhere = old.state == "superseded"
    if is_elsewhere and (
        status == "pendingApproval" or (old.plan and _read(old.plan).get("duplicate_of") is not None)
    ):
        return None
    empty = dict.fromkeys(
        ("verb", "guard", "policies", "people", "persons", "answered", "shadow", "shadow_policies")
    )
    return (
        _row(old)
        | empty
        | {
            "ended": ENDED[old.state],
            "decider": "elsewhere" if is_elsewhere else "nobody",
            "status": status,
            "words": _words(old, _read(old.notes).get("why") or ""),
        }
    )


def _row(old: Any) -> dict[str, Any]:
    names = ("tenant_id", "at", "number", "kind", "incident_id", "first_seen", "deadline")
    return {"action_id": old.id} | {name: getattr(old, name) for name in names}


def _status(action: dict[str, Any]) -> str | None:
    """Return Defender's word of the sighting that was updated last."""
    seen = action["first_seen"]
    latest: dict[str, Any] = max(
        action["sightings"],
        key=lambda one: (_micros(one.get("last_update_date_time") or seen), one["alert_id"]),
        default={},
    )
    status: str | None = latest.get("remediation_status")
    return status


def _words(old: Any, *said: str) -> str:
    action = _read(old.action)
    name = action["incident"].get("display_name") or ""
    return _escaped("\n".join((str(old.id), action["label"], name, *said)).casefold())


def _lines(texts: Iterable[str]) -> str | None:
    told = [" ".join(text.splitlines()) for text in texts]
    return _escaped("\n" + "\n".join(told) + "\n") if told else None


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\0", "\\0")


def _micros(at: str) -> int:
    return (datetime.fromisoformat(at) - EPOCH) // timedelta(microseconds=1)


def _read(body: bytes) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(zlib.decompress(body) if body[:1] == b"x" else body)
    return found

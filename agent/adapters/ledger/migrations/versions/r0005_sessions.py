"""Who is signed in to the pages, what was changed last, and the history as people look through it."""

import zlib
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import msgspec
import sqlalchemy as sa
from alembic import op

from agent.model.errors import LedgerError

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


T = TypeVar("T")


class Answered(msgspec.Struct):
    """What is read of a person's answer. Of all bodies only what is needed is read, as older versions wrote it."""

    object_id: str
    name: str
    at: datetime


class Shadow(msgspec.Struct):
    """What is read of a shadow decision."""

    verb: str
    policies: tuple[str, ...] = ()


class Body(msgspec.Struct):
    """What is read of a decision."""

    reason: str
    policies: tuple[str, ...]
    answered: tuple[Answered, ...] = ()
    lapsed: dict[str, object] | None = None
    shadow: Shadow | None = None


class Sighting(msgspec.Struct):
    """What is read of an alert."""

    alert_id: str
    remediation_status: str | None = None
    last_update_date_time: datetime | None = None


class Incident(msgspec.Struct):
    """What is read of an incident."""

    display_name: str | None = None


class Action(msgspec.Struct):
    """What is read of a pending action."""

    label: str
    first_seen: datetime
    incident: Incident
    sightings: tuple[Sighting, ...]


class Plan(msgspec.Struct):
    """What is read of a plan."""

    duplicate_of: str | None = None


class Notes(msgspec.Struct):
    """What is read of what a record says of itself."""

    why: str = ""


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
    body = _read(old.body, Body)
    answered, shadow = body.answered, body.shadow
    decider = "guard" if old.guard else "people" if answered else "nobody" if body.lapsed else "policies"
    names = [one.name for one in answered]
    return _row(old) | {
        "ended": "",
        "verb": old.verb,
        "decider": decider,
        "guard": old.guard,
        "policies": _lines(body.policies),
        "people": _lines(names),
        "persons": _lines(text.casefold() for one in answered for text in (one.name, one.object_id)),
        "answered": max((_micros(one.at) for one in answered), default=None),
        "shadow": None if shadow is None else shadow.verb,
        "shadow_policies": None if shadow is None else _lines(shadow.policies),
        "status": None,
        "words": _words(old, body.reason, *body.policies, *names),
    }


def _ended(old: Any) -> dict[str, Any] | None:
    """Return how an action ended; None where it goes on under another id, or ended with another action's messages."""
    status = _status(_read(old.action, Action))
    is_elsewhere = old.state == "superseded"
    is_covered = old.plan is not None and _read(old.plan, Plan).duplicate_of is not None
    if is_elsewhere and (status == "pendingApproval" or is_covered):
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
            "words": _words(old, _read(old.notes, Notes).why),
        }
    )


def _row(old: Any) -> dict[str, Any]:
    """Return what rows have alike.

    A decision from before its action was first seen is of an earlier week, of which the record says no more: that it had
    ended by then.
    """
    names = ("tenant_id", "at", "number", "kind", "incident_id")
    is_earlier = old.at < old.first_seen
    return {name: getattr(old, name) for name in names} | {
        "action_id": old.id,
        "first_seen": min(old.at, old.first_seen),
        "deadline": old.first_seen if is_earlier else old.deadline,
    }


def _status(action: Action) -> str | None:
    """Return Defender's word of the sighting that was updated last."""
    seen = action.first_seen
    latest = max(
        action.sightings, key=lambda one: (one.last_update_date_time or seen, one.alert_id), default=None
    )
    return None if latest is None else latest.remediation_status


def _words(old: Any, *said: str) -> str:
    action = _read(old.action, Action)
    name = action.incident.display_name or ""
    return _escaped("\n".join((str(old.id), action.label, name, *said)).casefold())


def _lines(texts: Iterable[str]) -> str | None:
    told = [" ".join(text.splitlines()) for text in texts]
    return _escaped("\n" + "\n".join(told) + "\n") if told else None


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\0", "\\0")


def _micros(at: datetime) -> int:
    return (at - EPOCH) // timedelta(microseconds=1)


def _read(body: bytes, shape: type[T]) -> T:
    try:
        return msgspec.json.decode(zlib.decompress(body) if body[:1] == b"x" else body, type=shape)
    except (msgspec.DecodeError, zlib.error) as error:
        raise LedgerError("ledger: an entry cannot be read: it is damaged: restore a backup") from error

"""What is written to the ledger. Each function runs inside a transaction that the caller has opened.

Everything that is written in bulk is put into the order of its keys first, so that two agents which write
the same rows wait for each other and do not lock each other out.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Table, bindparam, delete, func, insert, or_, select, update
from sqlalchemy.engine import Connection

from agent.adapters.ledger import codec, departed, history
from agent.adapters.ledger.auditing import Book, decision_content, effect_content
from agent.adapters.ledger.claims import chunks, claim, claim_as_observed, free
from agent.adapters.ledger.dialects import inserting
from agent.adapters.ledger.failures import conflicting
from agent.adapters.ledger.reads import effect
from agent.adapters.ledger.tables import approvals, cursors, decisions, effects, incidents, records
from agent.audit.chain import micros
from agent.audit.entries import Before, of_change, of_decision, of_dropped, of_intent
from agent.model.decision import Decision
from agent.model.enactment import WOULD_BE, Approval, Effect, Record, State, Undone, Went
from agent.model.errors import Conflict
from agent.model.history import as_ended, ending_of, taken

REMEMBERED = timedelta(days=40)
"""How long an incident's version is kept after it was last saved. Longer than any sweep looks back;
an incident that is forgotten is read once more, nothing else."""

FORGOTTEN_AT_ONCE = 1000
"""How many versions one save forgets at most, so that none takes long."""

NEVER_SENT = tuple(sorted(str(went) for went in (Went.DROPPED, *WOULD_BE)))
"""An effect that went this way claims nothing and may be planned again under the same id."""


def move_cursor(connection: Connection, tenant_id: str, watermark: datetime) -> None:
    """Set the watermark."""
    upsert(connection, cursors, [{"tenant_id": tenant_id, "watermark": watermark}], ("watermark",))


def mark_swept(connection: Connection, tenant_id: str, moment: datetime) -> None:
    """Remember when the last whole sweep began."""
    upsert(connection, cursors, [{"tenant_id": tenant_id, "swept": moment}], ("swept",))


def save_records(
    connection: Connection, tenant_id: str, book: Book, batch: Sequence[Record], now: datetime
) -> None:
    """Write records, and append the decisions that differ from those in the ledger."""
    if not batch:
        return
    ordered = sorted(batch, key=lambda one: one.action.id)
    heads = _heads(connection, tenant_id, [one.action.id for one in ordered if one.version])
    fresh: list[dict[str, Any]] = []
    changed: list[dict[str, Any]] = []
    appended: list[dict[str, Any]] = []
    past: list[dict[str, Any]] = []
    for one in ordered:
        action_id = one.action.id
        version, digest, number, before = heads.get(action_id, _NEW)
        if one.version != version or one.action.tenant_id != tenant_id:
            raise Conflict(f"the record of `{action_id}` was changed meanwhile: read it again")
        body = None if one.decision is None else codec.write_decision(one.decision)
        newest = None if body is None else codec.digest(body)
        if one.decision is not None and body is not None and newest != digest:
            number += 1
            row = _decision_row(tenant_id, one.decision, action_id, number, body)
            appended.append(row)
            past.append(history.row(tenant_id, taken(one, one.decision, number), one))
            content = book.binding(decision_content(row, micros(one.decision.at)))
            book.tell(*of_decision(one, one.decision, number, content, now))
        book.tell(*of_change(before, one, book.author, now))
        ending = ending_of(before.state, before.confirmation.pending, one)
        if ending is not None:
            past.append(history.row(tenant_id, as_ended(ending, one, number, now), one))
        written = _record_row(tenant_id, one, now) | {"decisions": number, "decision_digest": newest}
        (changed if one.version else fresh).append(written)
    if fresh:
        with conflicting("a new record is in the ledger already: read it again"):
            connection.execute(insert(records), fresh)
    _update_records(connection, changed)
    if appended:
        with conflicting("a record was decided by somebody else meanwhile: read it again"):
            connection.execute(insert(decisions), appended)
    history.save(connection, past)


def save_effects(
    connection: Connection,
    tenant_id: str,
    book: Book,
    batch: Sequence[Effect],
    now: datetime,
    undone: Mapping[str, Undone | None] | None = None,
) -> None:
    """Write new effects, and claim their targets; what would only have been claims them among its like.

    `undone` says of which actions a person takes something back.
    """
    if not batch:
        return
    last = _last_ordinals(connection, tenant_id, sorted({one.action_id for one in batch}))
    rows = []
    for one in batch:
        last[one.action_id] = last.get(one.action_id, 0) + 1
        row = _effect_row(tenant_id, one, last[one.action_id])
        rows.append(row)
        if one.went not in WOULD_BE:
            act = (undone or {}).get(one.action_id)
            marks = "".join(book.mark(one.kind, target) for target in one.targets)
            book.tell(of_intent(one, book.author, book.binding(effect_content(row)), now, act, marks=marks))
    rows.sort(key=lambda row: str(row["id"]))
    statement = inserting(connection, effects)
    # Calls that were made before it was dropped stay counted.
    kept = {"tenant_id", "id", "attempts"}
    replaced = {name: statement.excluded[name] for name in rows[0] if name not in kept}
    statement = statement.on_conflict_do_update(
        index_elements=[effects.c.tenant_id, effects.c.id],
        set_=replaced,
        where=or_(*(effects.c.went == went for went in NEVER_SENT)),
    )
    with conflicting("an effect belongs to an action that has no record: save it with its record"):
        written = connection.execute(statement, rows, execution_options={"preserve_rowcount": True})
    if written.rowcount != len(rows):
        raise Conflict("an effect was planned already: read its action again")
    real = [one for one in batch if str(one.went) not in NEVER_SENT]
    departed.refuse(connection, tenant_id, book, real)
    claim(connection, tenant_id, real)
    claim_as_observed(connection, tenant_id, [one for one in batch if one.went in WOULD_BE])


def drop_effects(
    connection: Connection, tenant_id: str, book: Book, effect_ids: Sequence[str], now: datetime
) -> None:
    """Turn intended effects into dropped ones, and let go of their targets."""
    for some in chunks(sorted(set(effect_ids))):
        mine = (effects.c.tenant_id == tenant_id, effects.c.id.in_(some))
        dropped = connection.execute(
            update(effects)
            .where(*mine, effects.c.went == str(Went.INTENDED))
            .values(went=str(Went.DROPPED), settled_at=now)
            .returning(effects)
        ).all()
        if len(dropped) != len(some):
            raise Conflict("an effect that was to be dropped has left already: read its action again")
        book.tell(*(of_dropped(effect(row), book.author, now) for row in dropped))
        free(connection, tenant_id, some)


def release_approvals(connection: Connection, tenant_id: str, dropped: Sequence[str]) -> None:
    """Forget the approvals of plans that were dropped whole: what was never sent counts against no limit."""
    other = effects.alias()
    for some in chunks(sorted(set(dropped))):
        plans = connection.execute(
            select(effects.c.action_id, effects.c.intended_at)
            .distinct()
            .where(effects.c.tenant_id == tenant_id, effects.c.id.in_(some))
            .where(
                ~select(other.c.id)
                .where(
                    other.c.tenant_id == tenant_id,
                    other.c.action_id == effects.c.action_id,
                    other.c.intended_at == effects.c.intended_at,
                    other.c.went != str(Went.DROPPED),
                )
                .exists()
            )
        ).all()
        for action_id, intended_at in plans:
            connection.execute(
                delete(approvals).where(
                    approvals.c.tenant_id == tenant_id,
                    approvals.c.action_id == action_id,
                    approvals.c.at == intended_at,
                )
            )


def save_approvals(connection: Connection, tenant_id: str, batch: Sequence[Approval]) -> None:
    """Write automatic approvals."""
    if not batch:
        return
    rows = [
        {
            "tenant_id": tenant_id,
            "policy": one.policy,
            "at": one.at,
            "action_id": one.action_id,
            "messages": one.messages,
            "observed": 1 if one.is_observed else None,
        }
        for one in batch
    ]
    with conflicting("an approval was counted already: read its action again"):
        connection.execute(insert(approvals), rows)


def save_versions(connection: Connection, tenant_id: str, versions: Mapping[str, str], now: datetime) -> None:
    """Remember in which versions incidents were saved, and forget those not seen for long."""
    if not versions:
        return
    rows = [
        {"tenant_id": tenant_id, "id": incident_id, "version": version, "seen_at": now}
        for incident_id, version in sorted(versions.items())
    ]
    upsert(connection, incidents, rows, ("version", "seen_at"))
    forgotten = (
        select(incidents.c.id)
        .where(incidents.c.tenant_id == tenant_id, incidents.c.seen_at < now - REMEMBERED)
        .order_by(incidents.c.seen_at)
        .limit(FORGOTTEN_AT_ONCE)
    )
    connection.execute(
        delete(incidents).where(incidents.c.tenant_id == tenant_id, incidents.c.id.in_(forgotten))
    )


_SETTABLE = tuple(column.name for column in records.c if column.name not in {"tenant_id", "id", "kind"})

_UPDATE = (
    update(records)
    .where(
        records.c.tenant_id == bindparam("of_tenant"),
        records.c.id == bindparam("of_id"),
        records.c.version == bindparam("of_version"),
    )
    .values({name: bindparam(name) for name in _SETTABLE})
)


_Head = tuple[int, str | None, int, Before]
"""What a save must know of a record as it is: version, digest of the decision in force, how many it had, and its state."""

_NEW: _Head = (0, None, 0, Before())


def _heads(connection: Connection, tenant_id: str, action_ids: Sequence[str]) -> dict[str, _Head]:
    columns = ("id", "version", "decision_digest", "decisions", "state", "notes")
    found: dict[str, _Head] = {}
    for some in chunks(action_ids):
        query = select(*(records.c[name] for name in columns)).where(
            records.c.tenant_id == tenant_id, records.c.id.in_(some)
        )
        for row in connection.execute(query):
            seen = codec.read_notes(row.notes).confirmation
            before = Before(State(row.state), seen)
            found[row.id] = (row.version, row.decision_digest, row.decisions, before)
    return found


def _update_records(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    if not rows:
        return
    bound = [
        {name: row[name] for name in _SETTABLE}
        | {"of_tenant": row["tenant_id"], "of_id": row["id"], "of_version": row["version"] - 1}
        for row in rows
    ]
    if connection.execute(_UPDATE, bound).rowcount != len(rows):
        raise Conflict("a record was changed meanwhile: read it again")


def _record_row(tenant_id: str, one: Record, now: datetime) -> dict[str, Any]:
    action = one.action
    return {
        "tenant_id": tenant_id,
        "id": action.id,
        "version": one.version + 1,
        "state": str(one.state),
        "kind": str(action.kind),
        "incident_id": action.incident.id,
        "first_seen": action.first_seen,
        "deadline": action.deadline,
        "due": one.due,
        "is_noted": int(one.is_noted),
        "is_to_visit": int(not one.is_noted or one.state == State.INTENDED),
        "updated": now,
        "action": codec.write(action),
        "plan": None if one.plan is None else codec.write(one.plan),
        "notes": codec.write(
            codec.Notes(
                one.confirmation,
                one.why,
                one.undone,
                one.lapse,
                one.discounted,
                one.asked_since,
                one.life,
                one.worked_before,
            )
        ),
    }


def _decision_row(
    tenant_id: str, decision: Decision, action_id: str, number: int, body: bytes
) -> dict[str, Any]:
    return {
        "tenant_id": tenant_id,
        "action_id": action_id,
        "number": number,
        "at": decision.at,
        "verb": str(decision.verb),
        "guard": decision.guard,
        "shadow_verb": None if decision.shadow is None else str(decision.shadow.verb),
        "grounds": decision.grounds,
        "revision": decision.revision,
        "body": codec.pack(body),
        "by_people": 1 if decision.answered else None,
        "observed": 1 if decision.is_observed else None,
    }


def _effect_row(tenant_id: str, one: Effect, ordinal: int) -> dict[str, Any]:
    return {
        "tenant_id": tenant_id,
        "id": one.id,
        "action_id": one.action_id,
        "ordinal": ordinal,
        "incident_id": one.incident_id,
        "went": str(one.went),
        "attempts": one.attempts,
        "intended_at": one.intended_at,
        "sent_at": one.sent_at,
        "settled_at": one.settled_at,
        "detail": one.detail,
        "bulk_id": one.bulk_id,
        "targets": codec.write(one.targets),
        "amount": len(one.targets),
        "kind": str(one.kind),
        "before": codec.write_texts(one.before) if one.before else None,
        "senders_copy": int(one.senders_copy),
        "undoes": one.undoes,
        "request_id": one.request_id,
        "sent_by": one.sent_by,
    }


def _last_ordinals(connection: Connection, tenant_id: str, action_ids: Sequence[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for some in chunks(action_ids):
        query = (
            select(effects.c.action_id, func.max(effects.c.ordinal))
            .where(effects.c.tenant_id == tenant_id, effects.c.action_id.in_(some))
            .group_by(effects.c.action_id)
        )
        found.update((row[0], row[1]) for row in connection.execute(query))
    return found


def upsert(
    connection: Connection, table: Table, rows: Sequence[dict[str, Any]], overwritten: Sequence[str]
) -> None:
    """Write rows; of one that is there already these columns are overwritten."""
    statement = inserting(connection, table)
    statement = statement.on_conflict_do_update(
        index_elements=list(table.primary_key.columns),
        set_={name: statement.excluded[name] for name in overwritten},
    )
    connection.execute(statement, list(rows))

"""What the shipped audit tells of the time after a backup is brought into the ledger that is restored from it.

Its entries go on from where the backup's chains end. How calls went is written to effects that the backup has; of those
that it does not have, the targets are claimed by their marks, and their actions are people's. Every chain is closed then:
whatever else was written to one, and is lost, what comes next would be a fork of it.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.engine import Connection

from agent.adapters.ledger import claims
from agent.adapters.ledger.backing.rows import AT_ONCE
from agent.adapters.ledger.columns import moment
from agent.adapters.ledger.dialects import inserting
from agent.adapters.ledger.restore_tables import departed_effects, departures, unremembered
from agent.adapters.ledger.tables import audit_entries, audit_heads, effects
from agent.adapters.ledger.writes import NEVER_SENT
from agent.audit.gap import DROPPED, Chains, Done, Entered, Told
from agent.audit.key import Key
from agent.model.audit import Link
from agent.model.backup import ChainEnd


def known_chains(connection: Connection, tenant_id: str, key: Key) -> Chains:
    """Return the chains as the backup has them."""
    chains = Chains(key, tenant_id)
    query = (
        select(audit_entries.c.replica, audit_entries.c.mac)
        .where(audit_entries.c.tenant_id == tenant_id)
        .order_by(audit_entries.c.replica, audit_entries.c.number)
    )
    for row in connection.execute(query, execution_options={"yield_per": AT_ONCE}):
        chains.know(row.replica, row.mac)
    return chains


def take_entries(
    connection: Connection, tenant_id: str, chains: Chains, lines: Iterable[tuple[str, Link]]
) -> Told:
    """Add the entries that go on from the backup's chains, and return what all that it does not have tell.

    Raises:
        Broken: a line was changed.
    """
    told = Told()

    def entries() -> Iterator[dict[str, Any]]:
        for entry in chains.read(lines):
            told.add(entry)
            if entry.is_next:
                yield _row(tenant_id, entry)

    rows = entries()
    while some := list(islice(rows, AT_ONCE)):
        connection.execute(insert(audit_entries), some)
    return told


def _row(tenant_id: str, entry: Entered) -> dict[str, Any]:
    link = entry.link
    return {
        "tenant_id": tenant_id,
        "replica": link.replica,
        "number": link.number,
        "at": moment(link.at),
        "event": link.event,
        "action_id": link.action_id,
        "body": link.body,
        "mac": link.mac,
    }


def close(
    connection: Connection, tenant_id: str, chains: Chains, had: Mapping[str, ChainEnd], now: datetime
) -> dict[str, tuple[int, int]]:
    """Close every chain where it ends now; return of each how far the backup had it, and how far it is known."""
    ends: dict[str, tuple[int, int]] = {}
    query = select(audit_entries.c.replica).where(audit_entries.c.tenant_id == tenant_id).distinct()
    for replica in sorted({*had, *connection.scalars(query)}):
        before = had.get(replica)
        last = chains.last(replica)
        if last is None:
            continue
        number, mac = last
        shipped = before.shipped if before is not None else 0
        reached = chains.reached.get(replica, 0)
        # What no file has any more is shipped anew.
        row = {"number": number, "mac": mac, "shipped": reached if reached >= shipped else 0, "closed": now}
        statement = inserting(connection, audit_heads).on_conflict_do_update(
            index_elements=[audit_heads.c.tenant_id, audit_heads.c.replica], set_=row
        )
        connection.execute(statement, {"tenant_id": tenant_id, "replica": replica, **row})
        ends[replica] = (before.number if before is not None else 0, number)
    return ends


def apply(connection: Connection, tenant_id: str, told: Told) -> list[Done]:
    """Write how calls went to the effects that are there; return what left and claims nothing there.

    That is what is not there, and what is there as never sent: the same plan made again has the same effects.
    """
    there: dict[str, tuple[str, int]] = {}
    for some in claims.chunks(sorted(told.effects)):
        query = select(effects.c.id, effects.c.went, effects.c.attempts).where(
            effects.c.tenant_id == tenant_id, effects.c.id.in_(some)
        )
        there.update((row.id, (row.went, row.attempts)) for row in connection.execute(query))
    left = [done for effect_id, done in told.effects.items() if effect_id not in there and done.has_left]
    for effect_id, (went, attempts) in sorted(there.items()):
        done = told.effects[effect_id]
        if went not in NEVER_SENT:
            _settle(connection, tenant_id, done, attempts)
        elif done.attempts > attempts:
            if went == DROPPED:
                _settle(connection, tenant_id, done, attempts)
            left.append(done)
    return left


def _settle(connection: Connection, tenant_id: str, done: Done, attempts: int) -> None:
    values: dict[str, Any] = {"went": done.went, "attempts": max(attempts, done.attempts)}
    values["settled_at"] = done.settled_at
    if done.sent_at is not None:
        values |= {"sent_at": done.sent_at, "sent_by": done.sent_by}
    values |= {"bulk_id": done.bulk_id} if done.bulk_id is not None else {}
    values |= {"request_id": done.request_id} if done.request_id is not None else {}
    if done.went == DROPPED:
        claims.free(connection, tenant_id, [done.effect_id])
    connection.execute(
        update(effects).where(effects.c.tenant_id == tenant_id, effects.c.id == done.effect_id).values(values)
    )


def claim(connection: Connection, tenant_id: str, left: Iterable[Done]) -> None:
    """Claim the targets of what left, by their marks."""
    rows = [
        {
            "tenant_id": tenant_id,
            "kind": done.kind,
            "mark": mark,
            "effect_id": done.effect_id,
            "action_id": done.action_id,
            "at": done.intended_at or done.sent_at,
        }
        for done in left
        for mark in done.marks or ()
    ]
    if rows:
        connection.execute(inserting(connection, departures).on_conflict_do_nothing(), rows)


def count(connection: Connection, tenant_id: str, left: Iterable[Done]) -> None:
    """Write down how much of what left the caps would not count otherwise: what no effect that was sent tells of."""
    counted = {done.effect_id: done for done in left if done.sent_at is not None}
    for some in claims.chunks(sorted(counted)):
        query = select(effects.c.id).where(
            effects.c.tenant_id == tenant_id, effects.c.id.in_(some), effects.c.sent_at.is_not(None)
        )
        for effect_id in connection.scalars(query):
            del counted[effect_id]
    rows = [
        {
            "tenant_id": tenant_id,
            "effect_id": done.effect_id,
            "action_id": done.action_id,
            "kind": done.kind,
            "amount": done.targets,
            "sent_at": done.sent_at,
        }
        for done in counted.values()
    ]
    if rows:
        connection.execute(inserting(connection, departed_effects).on_conflict_do_nothing(), rows)


def remember(
    connection: Connection,
    tenant_id: str,
    told: Told,
    left: Iterable[Done],
    backup_at: datetime,
    now: datetime,
) -> set[str]:
    """Write down for which actions more was done than is remembered, and return them."""
    calls: dict[str, int] = {}
    for done in left:
        calls[done.action_id] = calls.get(done.action_id, 0) + done.attempts
    known = connection.scalars(
        select(unremembered.c.action_id).where(unremembered.c.tenant_id == tenant_id)
    ).all()
    found = {*calls, *told.answered, *told.undone} - {""}
    rows = [
        {
            "tenant_id": tenant_id,
            "action_id": action_id,
            "at": now,
            "words": _words(action_id, calls.get(action_id, 0), told, backup_at),
        }
        for action_id in sorted(found - set(known))
    ]
    if rows:
        connection.execute(insert(unremembered), rows)
    return found


def _words(action_id: str, calls: int, told: Told, backup_at: datetime) -> str:
    said = [
        *([] if not calls else ["1 call for it left" if calls == 1 else f"{calls} calls for it left"]),
        *(["a person answered it"] if action_id in told.answered else []),
        *(["a person took back what was done for it"] if action_id in told.undone else []),
    ]
    return (
        f"{' and '.join(said)} after the backup of {backup_at:%Y-%m-%d %H:%MZ} that the ledger was restored from:"
        " look what became of it (`air-agent audit export` has it)"
    )

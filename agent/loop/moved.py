"""Saving records whose state moved, together with what becomes of their effects."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from agent.judge.confirm import LEFT, after_sending, still_watched
from agent.model.enactment import Effect, PendingSeen, Record, State, Went
from agent.ports import World

ENDS = {State.SUPERSEDED: PendingSeen.CLOSED, State.EXPIRED: PendingSeen.EXPIRED}
"""States in which nothing more is done, and what they say of the pending action."""


async def save_moved(
    world: World,
    moves: Sequence[tuple[Record | None, Record]],
    *,
    versions: Mapping[str, str] | None = None,
) -> None:
    """Save each record (before, after) in one transaction.

    A record that leaves `intended` lets go of what was not sent. What was sent for it is followed to its
    end, however the record itself ends.
    """
    if not moves and not versions:
        return
    now = world.clock.now()
    records: list[Record] = []
    dropped: list[str] = []
    for before, after in moves:
        if before is None or before.state is after.state:
            records.append(after)
            continue
        is_leaving = before.state is State.INTENDED
        if not is_leaving and after.state not in ENDS:
            records.append(after)
            continue
        effects = await world.ledger.effects(after.action.id)
        if is_leaving:
            dropped.extend(effect.id for effect in effects if effect.went is Went.INTENDED)
        sent = [effect for effect in effects if effect.went in LEFT]
        records.append(ended(after, sent, now))
    await world.ledger.save(records, dropped=dropped, versions=versions, now=now)


def ended(record: Record, sent: Sequence[Effect], now: datetime) -> Record:
    """Return a record as it ends, given what was sent for it.

    One that Defender closed after we acted is not superseded. One whose week ended stays expired, unless
    nobody knows whether a call of it was applied.
    """
    pending = ENDS.get(record.state)
    if pending is None or not sent:
        return record
    is_unsure = any(effect.went in {Went.UNKNOWN, Went.SENT} for effect in sent)
    if record.state is State.EXPIRED and not is_unsure:
        return still_watched(record, sent, now)
    seen = msgspec.structs.replace(record.confirmation, pending=pending)
    return msgspec.structs.replace(after_sending(record, sent), confirmation=seen)

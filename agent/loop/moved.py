"""Saving records whose state moved, together with what becomes of their effects."""

from collections.abc import Mapping, Sequence

import msgspec

from agent.judge.confirm import LEFT, after_sending
from agent.model.enactment import PendingSeen, Record, State, Went
from agent.ports import World


async def save_moved(
    world: World,
    moves: Sequence[tuple[Record | None, Record]],
    *,
    versions: Mapping[str, str] | None = None,
) -> None:
    """Save each record (before, after) in one transaction.

    A record that leaves `intended` lets go of what was not sent. One that Defender closed after a part of it
    was sent is not superseded: what was sent is still confirmed.
    """
    records: list[Record] = []
    dropped: list[str] = []
    for before, after in moves:
        if before is None or before.state is not State.INTENDED or after.state is State.INTENDED:
            records.append(after)
            continue
        effects = await world.ledger.effects(after.action.id)
        dropped.extend(effect.id for effect in effects if effect.went is Went.INTENDED)
        sent = [effect for effect in effects if effect.went in LEFT]
        if after.state is State.SUPERSEDED and sent:
            seen = msgspec.structs.replace(after.confirmation, pending=PendingSeen.CLOSED)
            records.append(msgspec.structs.replace(after_sending(after, sent), confirmation=seen))
            continue
        records.append(after)
    await world.ledger.save(records, dropped=dropped, versions=versions, now=world.clock.now())

"""Saving records whose state moved, together with what becomes of their effects."""

from collections.abc import Mapping, Sequence

from agent.judge.confirm import ENDS, LEFT, ended
from agent.model.enactment import Record, State, Went
from agent.ports import World


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

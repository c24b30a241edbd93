"""Saving records whose state moved, together with what becomes of their effects."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

import msgspec

from agent.judge.confirm import ENDS, ended
from agent.judge.remember import remembered
from agent.loop.despite import despite_others
from agent.loop.grounding import taken_by_ours, truths_of_moves
from agent.loop.tracing import trace
from agent.model.enactment import Record, State, Went
from agent.model.past import Ended, PastAnswer
from agent.model.trace import Phase
from agent.ports.world import World

AT_ONCE = 500
"""Records looked at between two commits."""


async def save_moved(
    world: World,
    moves: Sequence[tuple[Record | None, Record]],
    *,
    versions: Mapping[str, str] | None = None,
) -> None:
    """Save each record (before, after) in one transaction.

    A record that leaves `intended` lets go of what was not sent. What was sent for it is followed to its
    end, however the record itself ends. How a record ended elsewhere is kept with it, and what people decided.
    """
    if not moves and not versions:
        return
    now = world.clock.now()
    records: list[Record] = []
    dropped: list[str] = []
    planned = await world.ledger.effects_of(
        [after.action.id for before, after in moves if _is_over(before, after)]
    )
    for before, after in moves:
        if before is None or not _is_over(before, after):
            records.append(after)
            continue
        effects = planned.get(after.action.id, ())
        if before.state is State.INTENDED:
            dropped.extend(effect.id for effect in effects if effect.went is Went.INTENDED)
        records.append(ended(before, after, effects, now))
    taken = await taken_by_ours(world, moves, records)
    answers = _answers(moves, records, taken, now)
    truths = await truths_of_moves(world, moves, records, taken, now)
    await world.ledger.save(
        records, dropped=dropped, answers=answers, truths=truths, versions=versions, now=now
    )
    for before, after in moves:
        if before is not None and before.state is not after.state and after.state in ENDS:
            trace(world, after, Phase.ENDED, now, state=after.state.value)


def _is_over(before: Record | None, after: Record) -> bool:
    """Whether it is over with what was planned: it is not to be carried out any more, or with the action itself."""
    if before is None or before.state is after.state:
        return False
    return before.state is State.INTENDED or after.state in ENDS


async def turn_back_whole(world: World, states: Sequence[State], is_meant: Callable[[Record], bool]) -> int:
    """Have judged anew, at once, the records in these states that are meant; return how many those are.

    Each is read whole. Where its decision's basis says enough, `turning.turn_back` does the same in a fraction of the time.
    """
    now = world.clock.now()
    found = offset = 0

    async def some() -> tuple[int, int]:
        records = await world.ledger.listed(states=states, limit=AT_ONCE, offset=offset)
        moves: list[tuple[Record | None, Record]] = [
            (record, msgspec.structs.replace(record, state=State.SEEN, due=now))
            for record in records
            if is_meant(record)
        ]
        await save_moved(world, moves)
        return len(records), len(moves)

    while (done := await despite_others(some)) is not None and done[0]:
        found += done[1]
        offset += done[0] - done[1]
    return found


def _answers(
    moves: Sequence[tuple[Record | None, Record]],
    records: Sequence[Record],
    taken: frozenset[str],
    now: datetime,
) -> list[PastAnswer]:
    """Return how these records ended elsewhere, but for those whose mail our own deletions took."""
    found: list[PastAnswer] = []
    for (before, _), record in zip(moves, records, strict=True):
        answer = remembered(before, record, now)
        if answer is None:
            continue
        is_doubtful = answer.ended is Ended.REMEDIATED and bool(answer.about)
        if not (is_doubtful and answer.action_id in taken):
            found.append(answer)
    return found

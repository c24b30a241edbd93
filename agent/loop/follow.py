"""What becomes of things later: effects are looked at, what waits is judged anew, weeks end."""

import asyncio
from collections.abc import Sequence

import msgspec

from agent.judge.confirm import LEFT, confirm, expire, is_watched, watch
from agent.judge.track import WAITING
from agent.loop.despite import despite_others
from agent.loop.lookup import look_up_messages
from agent.loop.moved import save_moved
from agent.loop.report import PassReport
from agent.model.enactment import Effect, Record, State
from agent.ports import World

LOOKED_AT = (State.SENT, State.UNKNOWN, State.REFUSED, State.UNVERIFIED, State.CONTRADICTED)
"""States with mail to be looked at."""

LOOKED_AT_BESIDE = WAITING | {State.EXPIRED}
"""States that wait for something else; what was sent before is looked at all the same."""

AT_ONCE = 200
"""Records looked at between two commits."""


async def follow(world: World, report: PassReport, stop: asyncio.Event) -> None:
    """Look after everything that is due and needs no decision."""
    await despite_others(lambda: _end(world))

    async def some() -> bool:
        states = (*LOOKED_AT, *sorted(LOOKED_AT_BESIDE))
        records = await world.ledger.due(world.clock.now(), states, AT_ONCE)
        if records:
            await _look_at(world, records, report)
        return bool(records)

    while not stop.is_set() and await despite_others(some):
        continue


async def _end(world: World) -> None:
    """Judge anew what has waited long enough, and expire what nobody decided in its week."""
    seen: set[str] = set()
    while True:
        due = await world.ledger.due(world.clock.now(), sorted(WAITING), AT_ONCE + len(seen))
        records = [record for record in due if record.action.id not in seen]
        if not records:
            return
        seen.update(record.action.id for record in records)
        now = world.clock.now()
        moves: list[tuple[Record | None, Record]] = []
        for record in records:
            if now >= record.action.deadline:
                moves.append((record, expire(record, now)))
            elif not is_watched(record, await world.ledger.effects(record.action.id)):
                moves.append((record, msgspec.structs.replace(record, state=State.SEEN, due=now)))
        if moves:
            await save_moved(world, moves)


async def _look_at(world: World, records: Sequence[Record], report: PassReport) -> None:
    """Look where the mail of these records is, all at once."""
    effects: dict[str, list[Effect]] = {}
    for record in records:
        found = await world.ledger.effects(record.action.id)
        effects[record.action.id] = [effect for effect in found if effect.went in LEFT]
    leaned = [target for record in records if record.plan is not None for target in record.plan.leaned]
    targets = [t for group in effects.values() for effect in group for t in effect.targets]
    messages = dict.fromkeys(target[0] for target in (*targets, *leaned))
    mail = await look_up_messages(world, list(messages))
    if mail.why:
        report.problems.append(f"what was sent could not all be looked at: {mail.why}")
    claimed = await world.ledger.covered(leaned)
    now = world.clock.now()
    after: list[Record] = []
    for record in records:
        sent = effects[record.action.id]
        if record.state in LOOKED_AT_BESIDE:
            after.append(watch(record, sent, mail, now))
            continue
        looked = confirm(record, sent, mail, now)
        theirs = record.plan.leaned if record.plan is not None else ()
        is_loose = any(target not in claimed for target in theirs)
        if is_loose and looked.state is not State.CONFIRMED and looked.action.is_pending:
            why = "another action was to take some of its messages, and did not"
            looked = msgspec.structs.replace(looked, state=State.SEEN, due=now, why=why)
        after.append(looked)
    report.confirmed += sum(record.state is State.CONFIRMED for record in after)
    await world.ledger.save(after, now=now)

"""What becomes of things later: effects are looked at, what waits is judged anew, weeks end."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from agent.judge.confirm import confirm, expire, is_watched, standing, watch
from agent.judge.look import at_mail, at_quarantine, at_target
from agent.judge.plans.means import Problem
from agent.judge.taken_back import is_looked_back
from agent.judge.track import WAITING
from agent.loop.despite import despite_others
from agent.loop.lookup import find, look_up_messages
from agent.loop.moved import save_moved
from agent.loop.report import PassReport
from agent.loop.tracing import trace
from agent.loop.undoing import look_back
from agent.model.defender import Mail
from agent.model.enactment import CLOSED, MAIL_EFFECTS, Effect, EffectKind, Pair, Record, State
from agent.model.errors import Malformed, Refused, Unavailable
from agent.model.telemetry import Counted
from agent.model.trace import Phase
from agent.ports.world import World

LOOKED_AT = (State.SENT, State.UNKNOWN, State.REFUSED, State.UNVERIFIED, State.CONTRADICTED)
"""States of which what was sent is to be looked at."""

LOOKED_AT_BESIDE = WAITING | {State.EXPIRED}
"""States that wait for something else; what was sent before is looked at all the same."""

AT_REST = CLOSED - LOOKED_AT_BESIDE
"""States in which only what a person took back is still looked at."""

DUE = tuple(sorted({*LOOKED_AT, *LOOKED_AT_BESIDE, *CLOSED}))
"""States to look at when they are due: what is closed is due only after something of it was taken back."""

AT_ONCE = 200
"""Records looked at between two commits."""

ENDED_AT_ONCE = 500
"""Records judged anew or expired between two commits: each time all that is due is gone through to find them."""


async def follow(world: World, report: PassReport, stop: asyncio.Event) -> None:
    """Look after everything that is due and needs no decision."""
    await despite_others(lambda: _end(world))

    async def some() -> bool:
        records = await world.ledger.due(world.clock.now(), DUE, AT_ONCE)
        back = [record for record in records if is_looked_back(record)]
        others = [record for record in records if not is_looked_back(record)]
        await look_back(world, back, report)
        await _look_at(world, [record for record in others if record.state not in AT_REST], report)
        await _rest(world, [record for record in others if record.state in AT_REST])
        return bool(records)

    while not stop.is_set() and await despite_others(some):
        continue


async def _rest(world: World, records: Sequence[Record]) -> None:
    """Leave alone what is over and was due all the same."""
    if records:
        rested = [msgspec.structs.replace(record, due=None) for record in records]
        await world.ledger.save(rested, now=world.clock.now())


async def _end(world: World) -> None:
    """Judge anew what has waited long enough, and expire what nobody decided in its week."""
    seen: set[str] = set()
    stay = 0
    while True:
        due = await world.ledger.due(world.clock.now(), sorted(WAITING), ENDED_AT_ONCE + stay)
        records = [record for record in due if record.action.id not in seen]
        if not records:
            return
        seen.update(record.action.id for record in records)
        planned = await world.ledger.effects_of([record.action.id for record in records])
        now = world.clock.now()
        moves: list[tuple[Record | None, Record]] = []
        for record in records:
            if now >= record.action.deadline:
                moves.append((record, expire(record, now)))
            elif is_looked_back(record) or is_watched(record, planned.get(record.action.id, ())):
                stay += 1
            else:
                moves.append((record, msgspec.structs.replace(record, state=State.SEEN, due=now)))
        if moves:
            await save_moved(world, moves)


async def _look_at(world: World, records: Sequence[Record], report: PassReport) -> None:
    """Look what became of what was sent for these records: their mail all at once."""
    if not records:
        return
    began = world.clock.now()
    planned = await world.ledger.effects_of([record.action.id for record in records])
    effects: dict[str, Sequence[Effect]] = {
        record.action.id: standing(planned.get(record.action.id, ())) for record in records
    }
    mail = await _mail(world, records, effects, report)
    leaned = [target for record in records if record.plan is not None for target in record.plan.leaned]
    claimed = await world.ledger.covered(leaned)
    now = world.clock.now()
    after: list[Record] = []
    for record in records:
        sent = effects[record.action.id]
        theirs = record.plan.leaned if record.plan is not None else ()
        reached = {**at_mail(sent, mail, theirs), **await _others(world, record, sent, report)}
        if record.state in LOOKED_AT_BESIDE:
            after.append(watch(record, sent, reached, now))
            continue
        looked = confirm(record, sent, reached, now)
        is_loose = any(target not in claimed for target in theirs)
        if is_loose and looked.state is not State.CONFIRMED and looked.action.is_pending:
            why = "another action was to take some of its messages, and did not"
            looked = msgspec.structs.replace(looked, state=State.SEEN, due=now, why=why)
        after.append(looked)
    report.confirmed += sum(record.state is State.CONFIRMED for record in after)
    await world.ledger.save(after, now=now)
    _tell(world, after, began, now)


def _tell(world: World, looked: Sequence[Record], began: datetime, now: datetime) -> None:
    """Tell what was seen of what was sent."""
    for record in looked:
        seen = record.confirmation.effect
        if seen is None:
            continue
        world.telemetry.count(Counted.CONFIRMATION, seen=seen.value)
        phase = Phase.CONFIRMED if record.state is State.CONFIRMED else Phase.LOOKED
        checks, state = record.confirmation.checks, record.state.value
        trace(world, record, phase, began, now, seen=seen.value, state=state, checks=checks)


async def _mail(
    world: World, records: Sequence[Record], effects: Mapping[str, Sequence[Effect]], report: PassReport
) -> Mail:
    """Return where the mail of all these records is."""
    leaned = [target for record in records if record.plan is not None for target in record.plan.leaned]
    sent = [
        target
        for group in effects.values()
        for effect in group
        if effect.kind in MAIL_EFFECTS
        for target in effect.targets
    ]
    mail = await look_up_messages(world, list(dict.fromkeys(target[0] for target in (*sent, *leaned))))
    if mail.why:
        report.problems.append(f"what was sent could not all be looked at: {mail.why}")
    return mail


async def _others(
    world: World, record: Record, effects: Sequence[Effect], report: PassReport
) -> Mapping[tuple[EffectKind, Pair], bool]:
    """Return what became of the effects that are not on mail; what cannot be read is left out."""
    others = [effect for effect in effects if effect.kind not in MAIL_EFFECTS]
    if not others:
        return {}
    try:
        found = await find(world, record.action)
        reached: dict[tuple[EffectKind, Pair], bool] = {}
        for effect in others:
            if effect.kind is EffectKind.QUARANTINE_FILE:
                ended = await world.targets.quarantine(effect.bulk_id) if effect.bulk_id else None
                reached |= at_quarantine(effect, ended)
            elif not isinstance(found, Problem):
                reached |= at_target(effect, found)
    except (Unavailable, Refused, Malformed) as error:
        report.problems.append(f"what was sent for {record.action.id} could not be looked at: {error}")
        return {}
    if isinstance(found, Problem):
        report.problems.append(f"what was sent for {record.action.id} could not be looked at: {found.words}")
    return reached

"""What becomes of things later: effects are looked at, duplicates judged anew, weeks end."""

import msgspec

from agent.judge.confirm import LEFT, confirm, expire
from agent.judge.track import UNDISPATCHED
from agent.loop.moved import save_moved
from agent.loop.report import PassReport
from agent.model.defender import Mail
from agent.model.enactment import Effect, Record, State
from agent.model.errors import Refused
from agent.ports import World

LOOKED_AT = (State.SENT, State.UNKNOWN, State.REFUSED)
"""States with mail to be looked at."""

AT_ONCE = 200
"""Records looked at between two commits."""


async def follow(world: World, report: PassReport) -> None:
    """Look after everything that is due and needs no decision."""
    await _look_at_effects(world, report)
    await _end(world)


async def _look_at_effects(world: World, report: PassReport) -> None:
    while records := await world.ledger.due(world.clock.now(), LOOKED_AT, AT_ONCE):
        effects: dict[str, list[Effect]] = {}
        for record in records:
            found = await world.ledger.effects(record.action.id)
            effects[record.action.id] = [effect for effect in found if effect.went in LEFT]
        messages = {t[0]: None for group in effects.values() for effect in group for t in effect.targets}
        mail = await _mail(world, list(messages), report)
        now = world.clock.now()
        after = [confirm(record, effects[record.action.id], mail, now) for record in records]
        report.confirmed += sum(record.state is State.CONFIRMED for record in after)
        await world.ledger.save(after, now=now)


async def _mail(world: World, messages: list[str], report: PassReport) -> Mail:
    try:
        return await world.defender.mail(messages)
    except Refused as error:
        report.problems.append(str(error))
        return Mail(unresolved=frozenset(messages), why=str(error))


async def _end(world: World) -> None:
    """Judge duplicates anew after their hour, and expire what nobody decided in its week."""
    waiting = [state for state in UNDISPATCHED if state is not State.SEEN]
    while records := await world.ledger.due(world.clock.now(), waiting, AT_ONCE):
        now = world.clock.now()
        moves: list[tuple[Record | None, Record]] = []
        for record in records:
            if now >= record.action.deadline:
                moves.append((record, expire(record, now)))
            else:
                why = "the hour of the approval it repeats is over"
                moves.append((record, msgspec.structs.replace(record, state=State.SEEN, due=now, why=why)))
        await save_moved(world, moves)

"""Approvals that a guard rail keeps from being carried out: they are people's until it lets go."""

from agent.judge.confirm import standing
from agent.judge.rails.holding import held_words
from agent.judge.settle import held
from agent.loop.despite import despite_others
from agent.loop.moved import save_moved
from agent.model.decision import Guarded
from agent.model.enactment import Record, State
from agent.model.errors import Held
from agent.model.hold import Hold
from agent.ports.world import World

AT_ONCE = 200
"""Records laid aside between two commits."""


async def lay_aside(world: World, hold: Hold) -> int:
    """Lay aside everything that is about to be carried out, while something holds; return how many that were.

    They are judged anew once nothing holds.
    """
    laid = 0

    async def some() -> int:
        records = await world.ledger.listed(states=[State.INTENDED], limit=AT_ONCE)
        said = Guarded(guard=hold.guard, words=held_words(hold))
        moves = [(record, await _laid(world, record, said)) for record in records]
        await save_moved(world, moves)
        return sum(after.state is not State.INTENDED for _, after in moves)

    while count := await despite_others(some):
        laid += count
    return laid


async def lay_one_aside(world: World, record: Record, no: Held) -> None:
    """Leave to people what a guard rail kept from leaving; what was sent of it before is followed."""
    said = Guarded(guard=no.guard, words=no.words, until=no.until)
    newest = (await world.ledger.load([record.action.id]))[record.action.id]
    await save_moved(world, [(newest, await _laid(world, newest, said))])


async def _laid(world: World, record: Record, said: Guarded) -> Record:
    sent = standing(await world.ledger.effects(record.action.id))
    return held(record, said, sent, world.clock.now())

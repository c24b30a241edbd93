"""Having judged anew what was decided: by what its decision rests on, so that very many are turned back in seconds.

Only of what is about to be carried out is more read than that: it has to let go of what was not sent.
"""

from collections.abc import Callable

from agent.loop.despite import despite_others
from agent.loop.moved import turn_back_whole
from agent.model.basis import Basis, basis_of
from agent.model.enactment import State
from agent.ports.world import World

AT_ONCE = 2000
"""Records turned back between two commits: some tens of milliseconds, in which nothing else is written."""


async def turn_back(world: World, states: list[State], is_meant: Callable[[Basis], bool]) -> int:
    """Have judged anew, at once, the records in these states that are meant; return how many those are."""
    found = 0
    for state in states:
        if state is State.INTENDED:
            found += await turn_back_whole(world, [state], lambda record: is_meant(basis_of(record)))
        else:
            found += await _turn_back_in(world, state, is_meant)
    return found


async def _turn_back_in(world: World, state: State, is_meant: Callable[[Basis], bool]) -> int:
    now = world.clock.now()
    found, last = 0, None

    async def some() -> tuple[int, Basis | None]:
        bases = await world.ledger.bases(state, after=last, limit=AT_ONCE)
        meant = [one for one in bases if is_meant(one)]
        await world.ledger.turn_back(meant, now)
        return len(meant), bases[-1] if bases else None

    while (done := await despite_others(some)) is not None and done[1] is not None:
        found += done[0]
        last = done[1]
    return found

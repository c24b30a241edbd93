"""What is written to Defender for people to read: told to the audit before it leaves, and how it went after.

It destroys nothing and a repeat finds its own marker, so that it needs no plan and no claim; but it is a write, and
none is made of which the audit does not tell.
"""

from typing import Protocol

from agent.audit.entries import agent, of_note
from agent.loop.perform import Turn
from agent.loop.shipping import require
from agent.model.enactment import Outcome
from agent.model.errors import Held, Unavailable
from agent.ports.defender import Departing
from agent.ports.world import World


class Write(Protocol):
    """One write to Defender, all but for what is awaited before it leaves."""

    async def __call__(self, *, departing: Departing) -> Outcome:
        """Make it."""
        ...


async def noting(world: World, turn: Turn, what: str, place: str, text: str, write: Write) -> Outcome:
    """Make a write with its entries, and return how it went.

    Args:
        world: everything outside.
        turn: by whose lease it is written.
        what: `comment`, `tags` or `classification`.
        place: the incident's or alert's id.
        text: what is written.
        write: the call.

    Raises:
        Unavailable: it was definitely not made.
        Held, Conflict, Lost: nothing may be written now, or not by this agent.
    """
    author = agent(world.replica)

    async def departing() -> None:
        try:
            await require(world)
        except Held as no:
            raise Unavailable(str(no)) from no
        await turn.lookout.unless_held()
        world.fence()
        entry = of_note(what, place, author, world.clock.now(), text=text)
        await world.ledger.allow(turn.leave(world), entry)
        world.fence()

    outcome = await write(departing=departing)
    await world.ledger.audit([of_note(what, place, author, world.clock.now(), outcome=outcome)])
    return outcome

"""Several agents over one ledger: whoever saves second reads again, and goes on."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog

from agent.model.errors import Conflict, Lost

TRIES = 5
"""How often something is done anew, in a row, before it is left for the next pass: the others get on with it."""

T = TypeVar("T")

log = structlog.get_logger()


async def insist(step: Callable[[], Awaitable[T]]) -> T:
    """Take a step that reads what it changes; once more where another agent changed it meanwhile.

    Raises:
        Conflict: the others were quicker every time.
        Lost: there is nothing to be done here any more.
    """
    for _ in range(TRIES - 1):
        try:
            return await step()
        except Lost:
            raise
        except Conflict:
            continue
    return await step()


async def despite_others(step: Callable[[], Awaitable[T]]) -> T | None:
    """Take such a step; None where the others were quicker every time: what is left is for the next pass, and no failure.

    Raises:
        Lost: there is nothing to be done here any more.
    """
    try:
        return await insist(step)
    except Lost:
        raise
    except Conflict as error:
        log.warning("left for the next pass: another agent was quicker", why=str(error))
        return None

"""A thread for one thing at a time: a write that never ends keeps its own channel waiting, and nothing else.

Threads that asyncio keeps are few, and shared by all that may block, the look at the kill switch's file among it: none of
them may be lost to a pipe that nobody reads or to a network drive that is gone.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from threading import Thread

from agent.model.errors import Refused

PATIENCE = 10.0
"""Real seconds after which a write that has not ended is left to itself."""


class Busy(Exception):
    """What was begun before has not ended yet."""


class OwnThread:
    """Does one thing after the other, each for as long as patience lasts."""

    def __init__(self, name: str, patience: float = PATIENCE) -> None:
        self._name = name
        self._patience = patience
        self._is_busy = False

    async def do(self, work: Callable[[], None]) -> None:
        """Return once the work is done.

        Raises:
            Busy: what was begun before has not ended.
            TimeoutError: it did not end in time, and goes on by itself.
            OSError, ValueError, Refused: what the work has raised.
        """
        if self._is_busy:
            raise Busy
        loop = asyncio.get_running_loop()
        done: asyncio.Future[None] = loop.create_future()

        def settle(error: Exception | None) -> None:
            self._is_busy = False
            if done.done():
                return
            if error is None:
                done.set_result(None)
            else:
                done.set_exception(error)

        def run() -> None:
            failure: Exception | None = None
            try:
                work()
            except (OSError, ValueError, Refused) as error:
                failure = error
            with suppress(RuntimeError):  # the loop has ended meanwhile: nobody waits for it any more
                loop.call_soon_threadsafe(settle, failure)

        self._is_busy = True
        Thread(target=run, name=self._name, daemon=True).start()
        async with asyncio.timeout(self._patience):
            await done

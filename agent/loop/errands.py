"""What is done beside everything else, and waited for in the end: each errand tells by itself what went wrong."""

import asyncio
from collections.abc import Coroutine


class Errands:
    """Errands under way."""

    def __init__(self) -> None:
        self._under_way: set[asyncio.Task[None]] = set()

    def run(self, errand: Coroutine[object, object, None]) -> None:
        """Begin one."""
        task = asyncio.create_task(errand)
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def rest(self) -> None:
        """Return once none is under way."""
        while self._under_way:
            await asyncio.gather(*self._under_way)

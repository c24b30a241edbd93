"""What takes long to work out for a page: one at a time, in a thread, so that the other pages stay as quick as they are.

Whoever asks waits a while. Where it is not over by then they are told so, it goes on, and the next look finds it. What was
found is kept under its key, which names all that it depends on.
"""

import asyncio
from collections.abc import Callable, Hashable
from typing import TypeVar

from starlette.requests import Request

T = TypeVar("T")

PATIENCE = 8.0
"""Seconds that whoever asks waits."""

KEPT = 200
"""Results that are kept."""

AT_ONCE = 20
"""What runs or waits at one time; whoever asks for more is told to come later."""

UNDER_WAY = "it is being worked out: with many messages that takes up to a minute"


class Slowly:
    """The slow work of one site: what runs, and what came of the last."""

    def __init__(self, patience: float = PATIENCE) -> None:
        self._patience = patience
        self._one = asyncio.Lock()
        self._under_way: dict[Hashable, asyncio.Task[object]] = {}
        self._found: dict[Hashable, object] = {}

    async def get(self, key: Hashable, work: Callable[[], T]) -> T | None:
        """Return what the work comes to; None where that is not known yet: it is under way, or there is too much."""
        if key not in self._found:
            task = self._under_way.get(key)
            if task is None and len(self._under_way) >= AT_ONCE:
                return None
            if task is None:
                task = self._under_way[key] = asyncio.create_task(self._do(key, work))
            done, _ = await asyncio.wait({task}, timeout=self._patience)
            if not done:
                return None
            task.result()
        found: T = self._found[key]  # type: ignore[assignment]  # a key belongs to one kind of work
        return found

    async def _do(self, key: Hashable, work: Callable[[], object]) -> object:
        try:
            async with self._one:
                found = await asyncio.to_thread(work)
        finally:
            del self._under_way[key]
        self._found[key] = found
        while len(self._found) > KEPT:
            del self._found[next(iter(self._found))]
        return found


def slowly(request: Request) -> Slowly:
    """Return the slow work of this site, which lives as long as the process."""
    found: Slowly = request.app.state.slowly
    return found

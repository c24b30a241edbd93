"""Work for which no page waits long: it goes on beside the pages, and whoever asks later has what came of it."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

T = TypeVar("T")

PATIENCE = 0.5
"""Seconds that a page waits."""


@dataclass(slots=True)
class Patiently(Generic[T]):
    """Something that takes long the first time, and little afterwards."""

    _known: T | None = None
    _task: asyncio.Task[T] | None = None

    async def get(self, work: Callable[[], Coroutine[Any, Any, T]]) -> T | None:
        """Return what the work gives, or what it gave before where it takes too long; None where it never ended yet.

        Work that goes on is not begun again. Raises what the work raises.
        """
        if self._task is None:
            self._task = asyncio.create_task(work())
        await asyncio.wait({self._task}, timeout=PATIENCE)
        if self._task is not None and self._task.done():
            done, self._task = self._task, None
            self._known = done.result()
        return self._known

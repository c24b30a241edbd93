"""One tenant's turn at the workers that several share: one piece of work at a time, in the order in which it was asked for."""

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Any, TypeVar

T = TypeVar("T")


class Line:
    """Does what it is given on the workers, never two pieces at once; each takes one place there, however long the line.

    A worker takes one piece and then stands at the end again, so that a tenant with much to do keeps no other waiting.
    """

    def __init__(self, workers: Executor) -> None:
        self._workers = workers
        self._waiting: deque[Callable[[], None]] = deque()
        self._turn = threading.Lock()
        """Whoever has it does a piece of work."""
        self._state = threading.Lock()
        self._is_served = False
        """Whether a worker does a piece, or is about to."""

    async def do(self, work: Callable[[], T]) -> T:
        """Have it done in its turn, and return what came of it. Whoever is cancelled meanwhile, it is done whole."""
        running = asyncio.wrap_future(self._ask(work))
        running.add_done_callback(_look_at_failure)
        return await asyncio.shield(running)

    async def rest(self) -> None:
        """Return once everything is done that was asked for."""
        await self.do(_nothing)

    def at_once(self, work: Callable[[], T]) -> T:
        """Do it in this very thread, and before it what was asked for before: it waits for no other tenant's work."""
        asked = self._ask(work)
        with self._turn:
            while not asked.done():
                self._next()()
        return asked.result()

    def _ask(self, work: Callable[[], T]) -> "Future[T]":
        """Have this done once everything is done that was asked for before."""
        asked: Future[T] = Future()
        with self._state:
            self._waiting.append(lambda: _do(asked, work))
            is_served, self._is_served = self._is_served, True
        if not is_served:
            self._workers.submit(self._serve)
        return asked

    def _serve(self) -> None:
        is_served = True
        while is_served:
            with self._turn:
                self._next()()
            with self._state:
                self._is_served = is_served = bool(self._waiting)
            if is_served and self._stands_again():
                return

    def _stands_again(self) -> bool:
        """Stand at the end once more, and return whether that could be done: workers that are leaving take nothing new."""
        try:
            self._workers.submit(self._serve)
        except RuntimeError:
            return False
        return True

    def _next(self) -> Callable[[], None]:
        """Return what is first; nothing is left to do where it was done at once meanwhile."""
        with self._state:
            return self._waiting.popleft() if self._waiting else _nothing


def _do(asked: "Future[Any]", work: Callable[[], Any]) -> None:
    """Do the work and say how it went; whoever asked has to look at it."""
    if not asked.set_running_or_notify_cancel():
        return
    try:
        done = work()
    except BaseException as error:  # noqa: BLE001  it is raised where the work was asked for
        asked.set_exception(error)
    else:
        asked.set_result(done)


def _nothing() -> None:
    """Do nothing."""


def _look_at_failure(running: "asyncio.Future[Any]") -> None:
    """Mark a failure as seen, so that one whose caller was cancelled is not reported as lost."""
    if not running.cancelled():
        running.exception()

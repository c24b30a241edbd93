"""What many ask in the same moment is looked at in one go: in one thread, and with one change of hands for all of them.

Each of hundreds of tenants asks every two seconds whether something holds. One at a time, the changes from thread to
thread would cost many times what the looking does. What hangs is told as late, keeps no other waiting for longer than
patience lasts, and is not looked at once more before it has come back. Threads end with the process, however they hang.
"""

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")

Looks = Callable[[Sequence[K]], Iterable[tuple[K, V | Exception]]]
"""Looks at one after the other, in a thread, and gives what it found, or why that cannot be said."""


@dataclass(slots=True, eq=False)
class _Batch(Generic[K, V]):
    """What is looked at by one thread."""

    asking: dict[K, "list[asyncio.Future[V]]"]
    found: deque[tuple[K, V | Exception]] = field(default_factory=deque)
    """What was not told yet."""
    failure: Exception | None = None
    """What ended it before everything was looked at."""
    is_given_up: bool = False
    timer: asyncio.TimerHandle | None = None


class Together(Generic[K, V]):
    """Looks for all who ask in the same round of the event loop. One of these is one loop's.

    Args:
        looks: what looks; it is called in threads, for different keys at the same time where some hang.
        patience: seconds without anything coming back until what is looked at is late; None where it always comes back.
    """

    def __init__(self, looks: "Looks[K, V]", patience: float | None) -> None:
        self._looks = looks
        self._patience = patience
        self._next: dict[K, list[asyncio.Future[V]]] = {}
        """Who asks for what is not looked at yet."""
        self._is_about_to_begin = False
        self._under_way: set[K] = set()
        """What some thread looks at: no other one does at the same time."""
        self._late: set[K] = set()
        """What of that hangs."""

    async def ask(self, key: K) -> V:
        """Return what a look finds that begins after this.

        Raises:
            TimeoutError: it hangs.
            Exception: whatever the look ended with.
        """
        loop = asyncio.get_running_loop()
        if not self._is_about_to_begin:
            self._is_about_to_begin = True
            loop.call_soon(self._begin)
        answer: asyncio.Future[V] = loop.create_future()
        self._next[key] = [*(one for one in self._next.get(key, ()) if not one.done()), answer]
        return await (asyncio.wait_for(answer, self._patience) if key in self._late else answer)

    def _begin(self) -> None:
        """Look at everything that is asked for and not under way; the rest begins as that comes back."""
        self._is_about_to_begin = False
        free = {key: asking for key, asking in self._next.items() if key not in self._under_way}
        self._next = {key: asking for key, asking in self._next.items() if key not in free}
        if free:
            self._under_way.update(free)
            self._look(free)

    def _look(self, asking: "dict[K, list[asyncio.Future[V]]]") -> None:
        """Have a thread look at all of these."""
        batch: _Batch[K, V] = _Batch(asking)
        keys, loop = list(asking), asyncio.get_running_loop()

        def work() -> None:
            try:
                for one in self._looks(keys):
                    batch.found.append(one)
                    if batch.is_given_up:
                        break
            except Exception as error:  # noqa: BLE001  it is raised where it was asked
                batch.failure = error
            with suppress(RuntimeError):  # the loop has ended: nobody waits for it any more
                loop.call_soon_threadsafe(self._come_back, batch)

        if self._patience is not None:
            batch.timer = loop.call_later(self._patience, self._lose_patience, batch, self._patience)
        threading.Thread(target=work, name="together", daemon=True).start()

    def _come_back(self, batch: "_Batch[K, V]") -> None:
        """Tell everybody what was found, and look at what was asked for meanwhile."""
        if batch.timer is not None:
            batch.timer.cancel()
        if not batch.is_given_up:
            self._tell(batch)
        # Left are the one that hung, or what a look that failed did not come to.
        for key, asking in batch.asking.items():
            self._late.discard(key)
            self._under_way.discard(key)
            _settle(asking, batch.failure or RuntimeError("it was not looked at"))
        if self._next:
            self._begin()

    def _lose_patience(self, batch: "_Batch[K, V]", patience: float) -> None:
        """Tell what was found until now; where that is nothing, one hangs, and each of the rest is looked at by itself."""
        if self._tell(batch):
            loop = asyncio.get_running_loop()
            batch.timer = loop.call_later(patience, self._lose_patience, batch, patience)
            return
        batch.is_given_up = True
        rest = dict(batch.asking)
        late = next(iter(rest), None)
        if late is None:  # all was told, and the thread is about to say that it is done
            return
        _settle([*rest.pop(late), *self._next.pop(late, ())], TimeoutError())
        batch.asking = {late: []}
        self._late.add(late)
        for key, asking in rest.items():
            self._look({key: asking})

    def _tell(self, batch: "_Batch[K, V]") -> bool:
        """Tell what was found, and return whether that is anything."""
        is_any = bool(batch.found)
        while batch.found:
            key, found = batch.found.popleft()
            self._under_way.discard(key)
            _settle(batch.asking.pop(key), found)
        return is_any


def _settle(asking: "list[asyncio.Future[V]]", found: V | Exception) -> None:
    for answer in asking:
        if answer.done():  # whoever asked was cancelled
            continue
        if isinstance(found, Exception):
            answer.set_exception(found)
        else:
            answer.set_result(found)

"""The watchdog: a thread that ends the process where its event loop stands still, and says where it stood.

What it counts is time in which the process could run. A process that was stopped (`SIGSTOP`, a frozen container, a laptop
that slept) must not end itself on waking for the time that passed meanwhile. So the thread adds up its own short rests:
one that took much longer than it should have is one in which nothing of the process ran, and counts as a short one.

A thread of Python needs the interpreter's lock. Where C code keeps it, as `re` does over a pattern that explodes, no
thread runs. For that a timer of the kernel is wound up again by every round of the thread; it counts the processor time
of the process, which stands still with it too. When it runs out, `faulthandler` writes every stack to standard error
without needing the lock, and the process dies by SIGPROF. What sleeps in C code with the lock in its hand uses no
processor time, and is left to whoever watches from outside: a probe, or the service manager's own watchdog.

Source: Python's documentation of `faulthandler` (`register`, `chain`) and `signal.setitimer`.
"""

import asyncio
import faulthandler
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from time import monotonic
from traceback import FrameSummary, extract_stack
from types import FrameType
from typing import Any

import msgspec

TICK = 1.0
"""Seconds of one rest."""

LONGEST_TICK = 2.0
"""Seconds that a rest counts at most."""

LAST_WORDS = 10.0
"""Seconds to say why: a log on a disk that hangs keeps no process from ending."""

STANDARD_ERROR = 2

DEEPEST, MOST_TASKS = 40, 60
"""Frames of one stack that are told, the innermost, and tasks."""


class Stack(msgspec.Struct, frozen=True, kw_only=True):
    """Where one thread or task stood, the innermost call last."""

    of: str
    frames: tuple[str, ...]


class Awake:
    """How long this process has been able to run, in seconds."""

    def __init__(self, clock: Callable[[], float] = monotonic, *, longest: float = LONGEST_TICK) -> None:
        self._clock = clock
        self._longest = longest
        self._sum = 0.0
        self._last = clock()

    def now(self) -> float:
        """Return it. It never goes back, and stands still where nobody calls `tick`."""
        return self._sum + min(max(self._clock() - self._last, 0.0), self._longest)

    def tick(self) -> None:
        """Count the time since the last call, at most as much as one rest may take."""
        self._sum, self._last = self.now(), self._clock()


class Watchdog:
    """Calls `end` where `stood` says that the loop has stood still for longer than `limit` seconds.

    Args:
        awake: counted here.
        stood: returns for how many seconds of that it has stood still.
        end: says where everything stood, and ends the process.
    """

    def __init__(
        self,
        *,
        awake: Awake,
        limit: float,
        stood: Callable[[], float],
        end: Callable[[str], object],
        tick: float = TICK,
    ) -> None:
        self._awake = awake
        self._limit = limit
        self._stood = stood
        self._end = end
        self._tick = tick
        self._is_over = threading.Event()

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Watch inside the `with`. The main thread begins it: the signal's disposition is the process's."""
        thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)
        is_told = sys.__stderr__ is not None
        if is_told:
            faulthandler.register(signal.SIGPROF, file=STANDARD_ERROR, all_threads=True, chain=True)
        self._wind_up()
        thread.start()
        try:
            yield
        finally:
            self._is_over.set()
            thread.join()
            signal.setitimer(signal.ITIMER_PROF, 0)
            if is_told:
                faulthandler.unregister(signal.SIGPROF)

    def _wind_up(self) -> None:
        signal.setitimer(signal.ITIMER_PROF, self._limit)

    def _watch(self) -> None:
        while not self._is_over.wait(self._tick):
            self._awake.tick()
            self._wind_up()
            stood = self._stood()
            if stood > self._limit:
                self._end(f"the event loop has stood still for {stood:.0f} s")


def end(code: int, say: Callable[[], object]) -> None:
    """End the process at once, whatever it is doing, once it was said why.

    Nothing is tidied up: what hangs might hang there too, and what was under way is taken up by the next start.
    """
    last = threading.Timer(LAST_WORDS, os._exit, (code,))
    last.daemon = True
    last.start()
    try:
        say()
    finally:
        os._exit(code)


def stacks(loop: asyncio.AbstractEventLoop) -> tuple[Stack, ...]:
    """Return where every thread stands, and what every task of this loop waits for. May be called from any thread."""
    names = {thread.ident: thread.name for thread in threading.enumerate()}
    threads = [
        Stack(of=f"thread {names.get(number, number)}", frames=_frames(extract_stack(frame)))
        for number, frame in sys._current_frames().items()  # noqa: SLF001  its documented use
    ]
    main = f"thread {threading.main_thread().name}"
    own = [one for one in threads if one.of == main]
    return (*own, *_tasks(loop), *(one for one in threads if one.of != main))


def _tasks(loop: asyncio.AbstractEventLoop) -> Iterator[Stack]:
    try:
        found = sorted(asyncio.all_tasks(loop), key=asyncio.Task.get_name)
    except RuntimeError:  # tasks come and go meanwhile: the threads have to do
        return
    for task in found[:MOST_TASKS]:
        yield Stack(of=f"task {task.get_name()}", frames=tuple(_awaited(task.get_coro()))[-DEEPEST:])


def _awaited(awaiting: Any) -> Iterator[str]:
    """Give the calls of a coroutine, each awaited by the one before it."""
    while awaiting is not None:
        frame = _first(awaiting, "cr_frame", "ag_frame", "gi_frame")
        if isinstance(frame, FrameType):
            yield _place(frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_name)
        awaiting = _first(awaiting, "cr_await", "ag_await", "gi_yieldfrom")


def _first(of: object, *names: str) -> Any:
    return next((getattr(of, name) for name in names if hasattr(of, name)), None)


def _frames(found: Sequence[FrameSummary]) -> tuple[str, ...]:
    return tuple(_place(one.filename, one.lineno or 0, one.name) for one in found)[-DEEPEST:]


def _place(file: str, line: int, name: str) -> str:
    """Return a place in the code, without the folders that lead to the package."""
    parts = file.replace(os.sep, "/").split("/")
    return f"{'/'.join(parts[-3:])}:{line} {name}"

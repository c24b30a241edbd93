"""How this process fares with one tenant: kept here by the loop, told to the ledger by the lookout, and asked by probes.

Whoever runs the loop hands it in, and can look at it from outside: what was done last, and how long ago. That goes by
`elapsed`, which need not be a clock: while a process is stopped nothing can be done, and no time is lost by it.

Whether anything moves is not told by each step for itself: most of them would have to, down to single requests. It is
seen: the loop's own signs, what the pass under way has counted so far, and how much was asked of Graph. Where none of
these changes, nothing goes on.
"""

from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from time import monotonic

from agent.loop.report import PassReport
from agent.model.health import Mark, Signs
from agent.model.vitals import Expiry, Passing, Usage
from agent.ports.world import World

REMEMBERED = 20
"""Passes whose length is remembered."""

MOST_PROBLEMS, LONGEST = 5, 300
"""Problems of a pass that are told, and characters of each: the log has them all."""


@dataclass(slots=True)
class Vitals:
    """What is known by now."""

    elapsed: Callable[[], float] = monotonic
    passing: Passing | None = None
    polled: datetime | None = None
    """When the news of incidents were last read to the end; None before the first time."""
    expiries: tuple[Expiry, ...] = ()
    lengths: deque[timedelta] = field(default_factory=lambda: deque(maxlen=REMEMBERED))
    under_way: PassReport | None = None
    """What the pass under way has counted so far; None between two."""
    due: datetime | None = None
    """When the next pass begins at the latest, while it is waited for; None while one is under way."""
    signs_given: int = 0
    marks: dict[Mark, float] = field(default_factory=dict)
    _world: World | None = None
    _seen: object = None
    _pages: int = 0
    """Of how many pages of the pass under way it is known already that Defender gave them."""

    def __post_init__(self) -> None:
        """Begin."""
        self.mark(Mark.BEGAN)

    def go_by(self, elapsed: Callable[[], float]) -> None:
        """Count by this from now on; what was done stays as long ago as it was."""
        if elapsed is not self.elapsed:
            then, now = self.elapsed(), elapsed()
            self.marks = {mark: now - (then - at) for mark, at in self.marks.items()}
            self.elapsed = elapsed

    @property
    def world(self) -> World | None:
        """What it is looked after in; None while that is closed."""
        return self._world

    @asynccontextmanager
    async def during(self, world: World) -> AsyncIterator[None]:
        """Note that the world is open and its policies are loaded, until the end: meanwhile something has to move."""
        self._world = world
        self.under_way = self.due = None
        for one in (Mark.OPENED, Mark.LOADED, Mark.MOVED):
            self.mark(one)
        try:
            yield
        finally:
            self.closed()

    def closed(self) -> None:
        """Note that the world is closed, or given up, whether it will be opened again or not."""
        self._world = self.under_way = self.due = None
        self.marks = {}
        self.mark(Mark.BEGAN)

    def mark(self, what: Mark) -> None:
        """Note that something was done just now."""
        self.marks[what] = self.elapsed()

    def begin(self, report: PassReport) -> None:
        """Note that a pass begins, whose report this is."""
        self.under_way, self.due, self._pages = report, None, 0

    def passed(self, began: datetime, now: datetime, due: datetime, problems: Sequence[str]) -> None:
        """Note that a pass is over, and when the next one is due."""
        took = max(now - began, timedelta(0))  # a clock may be set back meanwhile
        self.lengths.append(took)
        said = [one[:LONGEST] for one in problems[:MOST_PROBLEMS]]
        if len(problems) > MOST_PROBLEMS:
            said.append(f"and {len(problems) - MOST_PROBLEMS:,} more: see the log")
        self.passing = Passing(
            began=began,
            took=took,
            longest=max(self.lengths),
            of=len(self.lengths),
            due=due,
            problems=tuple(said),
        )
        self._note_pages()
        self.under_way, self.due = None, due
        self.mark(Mark.PASSED)

    def look(self) -> None:
        """Note whether anything has moved since the last look, or is not due yet.

        Where a request budget is spent, whoever asks waits for its turn: for up to a minute, by the agent's clock.
        """
        self._note_pages()
        asked = () if self._world is None or self._world.login is None else self._world.login.usage()
        seen = self._moving(asked)
        is_spent = any(one.used >= one.allowed or one.until is not None for one in asked)
        if seen != self._seen or is_spent or self.is_resting:
            self._seen = seen
            self.mark(Mark.MOVED)

    @property
    def is_resting(self) -> bool:
        """Whether the next pass is waited for, and not due yet."""
        return self._world is not None and self.due is not None and self._world.clock.now() < self.due

    def signs(self) -> Signs:
        """Return what is known, as ages."""
        now = self.elapsed()
        return Signs(
            since={mark: timedelta(seconds=max(now - at, 0.0)) for mark, at in self.marks.copy().items()},
            is_resting=self.is_resting,
            ships=self._world is not None and self._world.trail is not None and self._world.sink is not None,
        )

    def _note_pages(self) -> None:
        if self.under_way is not None and self.under_way.pages > self._pages:
            self._pages = self.under_way.pages
            self.mark(Mark.READ)

    def _moving(self, asked: Sequence[Usage]) -> object:
        """Return what is another thing where something has gone on."""
        requests = tuple(one.total for one in asked)
        counted = None if self.under_way is None else self.under_way.counted()
        return self.signs_given, counted, requests

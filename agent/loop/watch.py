"""The watch of one process: that its event loop goes round, and that every tenant's work moves.

What is stuck is told to whoever runs it, who knows what can be begun anew: one tenant of many, or the whole process.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from time import monotonic

import msgspec
import structlog

from agent.judge.attest import alive, ready, stuck, trouble
from agent.loop.vitals import Vitals
from agent.model.health import Check, Health, Mark, Signs

EVERY = 1.0
"""Seconds between two rounds."""

LOOK = 5.0
"""Seconds between two looks at the tenants: of three hundred, one takes some milliseconds."""

BEGUN = 60.0
"""Seconds after which a process counts as begun though no tenant could be opened: it goes on trying."""

OnStuck = Callable[[str, str], None]
"""Is told the name of a tenant that is stuck, and why it is taken for that."""

log = structlog.get_logger()


@dataclass(slots=True)
class Watch:
    """Goes round once a second, and looks at every tenant.

    `elapsed` must stand still while the process cannot run: then nothing can move.
    """

    stuck_after: timedelta
    on_stuck: OnStuck
    elapsed: Callable[[], float] = monotonic
    tenants: Callable[[], Mapping[str, Vitals]] = dict
    """Returns everything that is looked after in this process, by name: set by whoever runs it."""
    beside: list[Callable[[], Check]] = field(default_factory=list)
    """What else is told of with the work."""
    on_round: list[Callable[[], object]] = field(default_factory=list)
    """What else is done in each round; it must not wait for anything."""
    ticked: float = 0.0
    """When it went round last."""
    opens_in_time: bool = False
    """Whether a tenant that is still being opened can be stuck too: where it is not to wait for what is away."""
    _seen: dict[str, Vitals] = field(default_factory=dict)
    """The tenants as they were at the last look: what other threads are told of."""

    _began: float = 0.0
    _looked: float | None = None

    def __post_init__(self) -> None:
        """Begin."""
        self.ticked = self._began = self.elapsed()

    @property
    def has_begun(self) -> bool:
        """Whether a tenant is looked after, or it has been tried for a while; there may be none here."""
        is_open = any(Mark.LOADED in one.since for one in self.signs().values())
        return is_open or self.elapsed() - self._began >= BEGUN

    async def keep(self) -> None:
        """Go round, again and again, until cancelled."""
        while True:
            try:
                self.round()
            except Exception:  # a bug in here must not look like a loop that stands still
                log.exception("what is watched could not be looked at")
            await asyncio.sleep(EVERY)

    def round(self) -> None:
        """Note that the loop goes round, and look at the tenants now and then."""
        self.ticked = self.elapsed()
        if not self._seen or self._looked is None or self.ticked - self._looked >= LOOK:
            self._looked = self.ticked
            self.look()
        for also in self.on_round:
            also()

    def look(self) -> None:
        """Look at every tenant, and tell of each that is stuck; it is given as long again then."""
        self._seen = dict(self.tenants())
        for name, vitals in self._seen.items():
            vitals.go_by(self.elapsed)
            vitals.look()
            why = stuck(vitals.signs(), self.stuck_after, opens_in_time=self.opens_in_time)
            if why:
                log.error("stuck", tenant=name, why=why)
                vitals.closed()
                self.on_stuck(name, why)

    def signs(self) -> dict[str, Signs]:
        """Return what is known of every tenant. May be asked from any thread."""
        return {name: one.signs() for name, one in self._seen.items()}

    def alive(self) -> Health:
        """Say whether the work is done. May be asked from any thread."""
        found = alive(self._tick(), self.signs(), self.stuck_after)
        return msgspec.structs.replace(found, checks=(*found.checks, *(ask() for ask in self.beside)))

    def ready(self) -> Health:
        """Say whether this process can be counted on. May be asked from any thread."""
        found = ready(self.signs())
        if found.tenants or self.has_begun:
            return found
        unknown = Check(name="tenants", ok=False, words="it is not known yet whose work this is", failing=0)
        return msgspec.structs.replace(found, ok=False, checks=(unknown,))

    def trouble(self) -> str:
        """Return why the agent could not tell people of trouble by itself; empty where it could."""
        if not self.has_begun:
            return "no tenant is open yet"
        return trouble(self._tick(), self.signs(), self.stuck_after)

    def _tick(self) -> timedelta:
        return timedelta(seconds=max(self.elapsed() - self.ticked, 0.0))

"""The watch of one process: that its event loop goes round, and that every tenant's work moves.

What is stuck is told to whoever runs it, who knows what can be begun anew: one tenant of many, or the whole process.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from time import monotonic

import structlog

from agent.judge.attest import alive, ready, stuck
from agent.loop.vitals import Vitals
from agent.model.health import Health

EVERY = 1.0
"""Seconds between two rounds."""

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
    tenants: dict[str, Vitals] = field(default_factory=dict)
    """Everything that is looked after, by name, kept by whoever runs it; an empty name where there is no other tenant."""
    ticked: float = 0.0
    """When it went round last."""

    def __post_init__(self) -> None:
        """Begin."""
        self.ticked = self.elapsed()

    def vitals(self, name: str) -> Vitals:
        """Return new vitals of a tenant, which are looked at from now on."""
        made = Vitals(elapsed=self.elapsed)
        self.tenants[name] = made
        return made

    async def keep(self) -> None:
        """Go round, again and again, until cancelled."""
        while True:
            self.round()
            await asyncio.sleep(EVERY)

    def round(self) -> None:
        """Note that the loop goes round, and tell of every tenant that is stuck; each is given as long again then."""
        self.ticked = self.elapsed()
        for name, vitals in list(self.tenants.items()):
            vitals.look()
            why = stuck(vitals.signs(), self.stuck_after)
            if why:
                log.error("stuck", tenant=name, why=why)
                vitals.closed()
                self.on_stuck(name, why)

    def alive(self) -> Health:
        """Say whether the work is done. May be asked from any thread."""
        tick = timedelta(seconds=self.elapsed() - self.ticked)
        return alive(tick, {name: one.signs() for name, one in self._all()}, self.stuck_after)

    def ready(self) -> Health:
        """Say whether this process can be counted on. May be asked from any thread."""
        return ready({name: one.signs() for name, one in self._all()})

    def _all(self) -> list[tuple[str, Vitals]]:
        return list(self.tenants.items())

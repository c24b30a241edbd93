"""What probes of the pages are answered: that they answer, and whether the ledger behind them can be read.

Anybody may ask, under any host name: who probes knows an address and no name. So the ledger is read once in a while for
all who ask, and nothing else is told.
"""

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta
from time import monotonic

import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from agent.faces.probes.app import ALIVE, READY, told
from agent.judge.attest import ago
from agent.model.errors import LedgerError
from agent.model.health import Check, Health
from agent.ports.ledger import Ledger

PROBES = frozenset({ALIVE, READY})
"""What is asked by programs that have no session and know no host name."""

EVERY = 2.0
"""Seconds between two readings of the ledger at least, however many ask."""

PATIENCE = 5.0
"""Seconds that one may take."""

log = structlog.get_logger()


@dataclass(slots=True)
class Probing:
    """What is known of the ledger."""

    ledger: Ledger
    looked: float | None = None
    """When it was last read, or tried."""
    read: float | None = None
    """When it was last read."""
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    def alive(self) -> Health:
        """Say that the pages are served: whoever hears it knows."""
        turning = Check(name="loop", ok=True, words="it answers", restart_mends=True)
        return Health(ok=True, tenants=1, checks=(turning,))

    async def ready(self) -> Health:
        """Say whether the ledger can be read, which every page needs."""
        async with self._turn:
            if self.looked is None or monotonic() - self.looked >= EVERY:
                await self._look()
        is_read = self.read is not None and self.read == self.looked
        known = "never" if self.read is None else f"{ago(timedelta(seconds=monotonic() - self.read))} ago"
        check = Check(name="ledger", ok=is_read, words=f"read {known}", failing=0 if is_read else 1)
        return Health(ok=is_read, tenants=1, checks=(check,))

    async def _look(self) -> None:
        began = monotonic()
        try:
            await asyncio.wait_for(self.ledger.alive(), PATIENCE)
            self.read = began
        except (LedgerError, TimeoutError) as error:
            log.warning("not ready: the ledger cannot be read", why=str(error) or "no answer in time")
        self.looked = began


async def _alive(request: Request) -> Response:
    return told(_of(request).alive())


async def _ready(request: Request) -> Response:
    return told(await _of(request).ready())


def _of(request: Request) -> Probing:
    found: Probing = request.app.state.probing
    return found


ROUTES = (Route(ALIVE, _alive), Route(READY, _ready))

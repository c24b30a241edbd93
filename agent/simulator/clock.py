"""The simulated world's time, running at a rate."""

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Anything that knows the moment."""

    def now(self) -> datetime:
        """Return the moment, aware, in UTC."""
        ...


class RealClock:
    """Runs `rate` times as fast as this machine's clock, both showing the same moment at `epoch`.

    Another process that is given the same two numbers shows the same time.
    """

    def __init__(self, epoch: datetime, rate: float = 1.0) -> None:
        self._epoch = epoch
        self._rate = rate

    def now(self) -> datetime:
        """Return the moment, aware, in UTC."""
        real = datetime.fromtimestamp(time.time_ns() / 1_000_000_000, UTC)
        return self._epoch + (real - self._epoch) * self._rate

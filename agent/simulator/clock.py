"""The simulated world's time: running at a rate, or moved by hand."""

import time
from datetime import UTC, datetime, timedelta
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


class ManualClock:
    """Stands still until it is moved."""

    def __init__(self, start: datetime) -> None:
        self._now = start

    def now(self) -> datetime:
        """Return the moment, aware, in UTC."""
        return self._now

    def advance(self, by: timedelta) -> None:
        """Move the moment on."""
        self._now += by

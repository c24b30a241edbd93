"""The simulated world's time, running at a rate."""

import asyncio
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

    From `until` on, a moment of real time, it runs as this machine's does. Another process that is given the same shows
    the same time.
    """

    def __init__(self, epoch: datetime, rate: float = 1.0, until: datetime | None = None) -> None:
        self._epoch = epoch
        self._rate = rate
        self._until = until

    def now(self) -> datetime:
        """Return the moment, aware, in UTC."""
        real = datetime.fromtimestamp(time.time_ns() / 1_000_000_000, UTC)
        fast = real if self._until is None else min(real, self._until)
        return self._epoch + (fast - self._epoch) * self._rate + (real - fast)


class StandingClock:
    """Stands still, but for waits, which take no time: the moment waited for is then the present. Fulfils ports.Clock."""

    def __init__(self, moment: datetime) -> None:
        self._moment = moment

    def now(self) -> datetime:
        """Return the moment, aware, in UTC."""
        return self._moment

    async def sleep_until(self, moment: datetime) -> None:
        """Make it that moment, where it is not later already."""
        self._moment = max(self._moment, moment)
        await asyncio.sleep(0)


def epoch_for(moment: datetime, now: datetime, rate: float) -> datetime:
    """Return the epoch with which a clock of this rate shows `moment` at `now`.

    `now` is real time. There is none at rate 1, which is real time itself.
    """
    return now + (moment - now) / (1 - rate)

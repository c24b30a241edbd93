"""One time for several processes: it runs at a rate, and can be set forward, so that nobody waits for hours."""

import asyncio
import mmap
import struct
import time
from datetime import datetime, timedelta

_MICROSECONDS = struct.Struct("q")
_GLANCE = 0.02
"""Seconds after which who waits looks whether the time was set forward meanwhile."""


class SharedClock:
    """Fulfils ports.Clock, and shows the same in every process that was forked after it was made.

    With `leaps` a wait takes no time: it sets the time forward for everybody, to the moment waited for.
    """

    def __init__(self, start: datetime, rate: float) -> None:
        self._start = start
        self._rate = rate
        self._began = time.monotonic()
        self._ahead = mmap.mmap(-1, _MICROSECONDS.size)
        self.leaps = False

    def now(self) -> datetime:
        """Return the moment, aware, in UTC."""
        passed = (time.monotonic() - self._began) * self._rate
        (ahead,) = _MICROSECONDS.unpack_from(self._ahead)
        return self._start + timedelta(seconds=passed, microseconds=ahead)

    def advance(self, by: timedelta) -> None:
        """Set the time forward; only one process may do so at a time."""
        (ahead,) = _MICROSECONDS.unpack_from(self._ahead)
        _MICROSECONDS.pack_into(self._ahead, 0, ahead + by // timedelta(microseconds=1))

    async def sleep_until(self, moment: datetime) -> None:
        """Return when `moment` has come; at once where it is past."""
        await asyncio.sleep(0)
        while (left := moment - self.now()) > timedelta(0):
            if self.leaps:
                self.advance(left)
            else:
                await asyncio.sleep(min(_GLANCE, left.total_seconds() / self._rate))


class SharedNumber:
    """A number that one process sets and others read."""

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, _MICROSECONDS.size)

    @property
    def value(self) -> int:
        """The number as it is now."""
        found: int = _MICROSECONDS.unpack_from(self._memory)[0]
        return found

    @value.setter
    def value(self, number: int) -> None:
        _MICROSECONDS.pack_into(self._memory, 0, number)

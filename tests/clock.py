"""A clock that jumps: waiting takes no time, and the moment is where the last wait left it."""

import asyncio
from datetime import UTC, datetime, timedelta

NOON = datetime(2026, 9, 1, 12, 0, tzinfo=UTC)


class ManualClock:
    """Stands still until it is moved or waited for; a wait moves it to the moment waited for.

    Fulfils ports.Clock. `waits` holds every moment that was waited for.
    """

    def __init__(self, start: datetime = NOON) -> None:
        self._now = start
        self.waits: list[datetime] = []

    def now(self) -> datetime:
        return self._now

    def advance(self, by: timedelta) -> None:
        self._now += by

    async def sleep_until(self, moment: datetime) -> None:
        self.waits.append(moment)
        self._now = max(self._now, moment)
        await asyncio.sleep(0)

"""How many notices leave for one key, hook or channel: less than its vendor turns away.

A vendor that turns a call away has not taken the page. So what would pass a limit waits here, for moments only; for
longer, whoever sends is told until when, and comes again.
"""

from collections import deque
from datetime import datetime, timedelta

import msgspec

from agent.model.errors import Unavailable
from agent.ports.host import Clock

PATIENCE = timedelta(seconds=3)
"""The longest that a call is kept waiting here."""

LONGEST_PARK = timedelta(minutes=10)
"""Longer waits are asked for by mistake: after this it is tried again."""


class Limit(msgspec.Struct, frozen=True):
    """At most so many calls within any such stretch of time."""

    count: int
    within: timedelta


class Pace:
    """Remembers when calls left, by what they were for."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._left: dict[str, deque[datetime]] = {}
        self._parked: dict[str, datetime] = {}

    async def spend(self, key: str, limits: tuple[Limit, ...], start: str) -> None:
        """Return when one call may leave.

        Args:
            key: what the limits are counted for; never a secret itself.
            limits: all have to be kept.
            start: what a message begins with.

        Raises:
            Unavailable: that is too long to wait for; carries until when.
        """
        now = self._clock.now()
        left = self._left.setdefault(key, deque(maxlen=max(limit.count for limit in limits)))
        moment = max([self._parked.get(key, now), *(_free(left, limit) or now for limit in limits)])
        if moment - now > PATIENCE:
            raise Unavailable(f"{start}: its rate is spent until {moment:%H:%M:%S} UTC", until=moment)
        left.append(max(moment, now))
        if moment > now:
            await self._clock.sleep_until(moment)

    def park(self, key: str, until: datetime) -> datetime:
        """Let nothing leave for this key before `until`, at most 10 minutes from now; return until when."""
        until = min(until, self._clock.now() + LONGEST_PARK)
        self._parked[key] = max(until, self._parked.get(key, until))
        return until


def _free(left: deque[datetime], limit: Limit) -> datetime | None:
    """Return when the oldest of as many calls as may be within the stretch is out of it."""
    return left[-limit.count] + limit.within if len(left) >= limit.count else None

"""An API's patience: so many requests in a minute or an hour, and those it refuses count as well."""

import math
from collections import deque
from datetime import datetime, timedelta

_MINUTE = timedelta(minutes=1)


class Throttle:
    """Counts requests in the time that has just passed, a minute where nothing else is said."""

    def __init__(self, most: int | None, window: timedelta = _MINUTE) -> None:
        self._most = most
        self._window = window
        self._seen: deque[datetime] = deque()

    def wait(self, now: datetime) -> int:
        """Count one request, and return how many seconds it must wait; 0 where it may pass."""
        if self._most is None:
            return 0
        while self._seen and self._seen[0] <= now - self._window:
            self._seen.popleft()
        self._seen.append(now)
        if len(self._seen) <= self._most:
            return 0
        if len(self._seen) > 2 * self._most:
            self._seen.popleft()
        freed = self._seen[-1 - self._most] + self._window
        return max(1, math.ceil((freed - now).total_seconds()))

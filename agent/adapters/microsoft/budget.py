"""The request budget of one tenant: how many requests leave in a minute, and when none may leave at all."""

import asyncio
from collections import deque
from datetime import datetime, timedelta

from agent.model.errors import Unavailable
from agent.model.vitals import Usage
from agent.ports.host import Clock

WINDOW = timedelta(seconds=60)
HOUR = timedelta(hours=1)
LEFT = 4
"""A listing leaves one request in so many to everything else: what it has shown is looked up while it waits for its turn."""

LONGEST_PARK = timedelta(minutes=15)
"""Longer waits are asked for by mistake: after this the tenant is tried again."""


class Throttled(Unavailable):
    """Too much was asked of the API: it said so (429), or would say so again."""


class Budget:
    """Lets at most `per_minute` requests leave within any 60 seconds, in the order they asked.

    Where the API also counts by the hour, whoever would pass that is turned away until there is room: an hour
    is too long to be waited here.

    All of `/security` shares it: Microsoft publishes 150 a minute for an app in a tenant, and names
    neither incidents nor hunting. Requests made while throttled count against the tenant too, so a
    throttled tenant is left alone as a whole rather than by the one call that was told.
    """

    def __init__(
        self, clock: Clock, per_minute: int, *, per_hour: int | None = None, system: str = "graph"
    ) -> None:
        self._clock = clock
        self._per_minute = max(1, per_minute)
        self._per_hour = per_hour
        self._system = system
        self._spent: deque[datetime] = deque()
        """When the requests of the last window left, oldest first."""
        self._total = 0
        self._turn = asyncio.Lock()
        self._held_until: datetime | None = None
        self._parked_until: datetime | None = None

    @property
    def system(self) -> str:
        """What it is the budget of."""
        return self._system

    async def spend(self, *, is_listing: bool = False) -> None:
        """Return when one request may leave; one of a listing only while there is room left for others.

        Raises:
            Unavailable: the tenant is parked, or the hour's requests are spent; carries until when.
        """
        self._refuse_while_parked()
        room = self._per_minute // LEFT if is_listing else 0
        while room and (moment := self._free_at(self._per_minute - room)) is not None:
            await self._clock.sleep_until(moment)  # out of the line: whoever is not to wait for it passes by
            self._refuse_while_parked()
        async with self._turn:
            self._refuse_past_the_hour()
            while (moment := self._free_at(self._per_minute)) is not None:
                await self._clock.sleep_until(moment)
                self._refuse_while_parked()
            self._refuse_while_parked()
            self._spent.append(self._clock.now())
            self._total += 1

    def allow(self, per_minute: int) -> None:
        """Let at most so many leave within any 60 seconds from now on, at least one; what has left still counts."""
        self._per_minute = max(1, per_minute)

    def hold(self, until: datetime) -> None:
        """Let nothing leave before `until`; whoever asks waits in its place."""
        if self._held_until is None or until > self._held_until:
            self._held_until = until

    def park(self, until: datetime) -> datetime:
        """Turn everybody away until then, at most 15 minutes from now; return until when."""
        until = min(until, self._clock.now() + LONGEST_PARK)
        if self._parked_until is None or until > self._parked_until:
            self._parked_until = until
        return self._parked_until

    def usage(self) -> Usage:
        """Return how much of it was used in the last minute, and until when nothing leaves."""
        now = self._clock.now()
        used = sum(now - WINDOW < moment <= now for moment in self._spent)
        waits = [one for one in (self._held_until, self._parked_until) if one is not None and one > now]
        return Usage(
            system=self._system,
            used=used,
            allowed=self._per_minute,
            until=max(waits, default=None),
            total=self._total,
        )

    def _free_at(self, most: int) -> datetime | None:
        """Return the moment to wait for, or None where a request may leave now, of so many within the window."""
        now = self._clock.now()
        if self._held_until is not None and self._held_until > now:
            return self._held_until
        longest = WINDOW if self._per_hour is None else HOUR
        while self._spent and self._spent[0] + longest <= now:
            self._spent.popleft()
        if len(self._spent) < most:
            return None
        # The oldest of as many as may leave within the window: while it is in there, no other may.
        moment = self._spent[-most] + WINDOW
        return moment if moment > now else None

    def _refuse_past_the_hour(self) -> None:
        if self._per_hour is None or len(self._spent) < self._per_hour:
            return
        until = self._spent[-self._per_hour] + HOUR
        if until <= self._clock.now():
            return
        raise Throttled(
            f"{self._system}: the {self._per_hour} requests of this hour are spent until {until:%H:%M:%S} UTC",
            until=until,
        )

    def _refuse_while_parked(self) -> None:
        if self._parked_until is None:
            return
        if self._parked_until > self._clock.now():
            when = self._parked_until.strftime("%H:%M:%S")
            raise Throttled(f"{self._system}: asked for patience until {when} UTC", until=self._parked_until)
        self._parked_until = None

"""Who is served where more come than are served at once: one more takes the seat of somebody who says nothing.

Else whoever opens connections and keeps silent would keep everybody else out for as long as a server is patient with them,
and a probe that is refused has a process restarted. The seat is taken from the address that has most of such connections,
so that whoever opens many loses their own first, and of those from the one that came first.
"""

from collections import Counter
from typing import Protocol


class Guest(Protocol):
    """One connection."""

    @property
    def is_silent(self) -> bool:
        """Whether it is waited for: it asks for nothing, has not said all of it, or does not take its answer."""
        ...

    @property
    def address(self) -> str:
        """Where it comes from; empty where nobody knows."""
        ...

    def turn_out(self) -> None:
        """End it at once."""
        ...


class Seats:
    """The connections of one server, at most this many at the same time where enough of them are silent."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._taken: dict[Guest, None] = {}
        """In the order in which they came."""

    def take(self, guest: Guest) -> None:
        """Seat somebody who has just come; where there is no seat left, in the place of one who is silent, if any is."""
        if len(self._taken) >= self._most and (other := self._to_leave()) is not None:
            self.leave(other)
            other.turn_out()
        self._taken[guest] = None

    def leave(self, guest: Guest) -> None:
        """Take note that somebody has gone."""
        self._taken.pop(guest, None)

    def _to_leave(self) -> Guest | None:
        silent = [one for one in self._taken if one.is_silent]
        count = Counter(one.address for one in silent)
        return max(silent, key=lambda one: count[one.address], default=None)

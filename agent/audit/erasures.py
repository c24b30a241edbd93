"""Which personal values are gone by right: expired, or erased on request, as entries of the chain say themselves.

An entry of an erasure names no value, only where it stood: for each chain and name of values the numbers of the
entries, in ranges such as `17,19-25`; for an expiry only the moment before which everything went. A value that is
missing and that no such entry accounts for was taken away by somebody else.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import datetime

from agent.audit.chain import Body, micros
from agent.model.audit import Detail, Event

EXPIRED = "before"
"""The detail of an expiry: everything from before it went."""

PLACE = "at "
"""How the details begin that say where values stood: `at REPLICA/NAME`."""


def ranges(numbers: Iterable[int]) -> str:
    """Return numbers in short, such as `17,19-25`."""
    found: list[list[int]] = []
    for number in sorted(set(numbers)):
        if found and found[-1][1] == number - 1:
            found[-1][1] = number
        else:
            found.append([number, number])
    return ",".join(str(low) if low == high else f"{low}-{high}" for low, high in found)


def erased(places: Iterable[tuple[str, int, str]]) -> dict[str, Detail]:
    """Return the details of an entry that erases the values at these places: replica, number, name."""
    numbers: dict[str, set[int]] = defaultdict(set)
    for replica, number, name in places:
        numbers[f"{PLACE}{replica}/{name}"].add(number)
    count = sum(map(len, numbers.values()))
    return {"values": count, **{place: ranges(some) for place, some in sorted(numbers.items())}}


class Erasures:
    """What all entries of erasures account for."""

    def __init__(self, bodies: Iterable[Body] = ()) -> None:
        self._until: int | None = None
        self._spans: dict[str, list[tuple[int, int]]] = defaultdict(list)
        for body in bodies:
            # What does not read as written here was changed since: that is found where its chain is followed.
            with suppress(ValueError, TypeError):
                if body.event == Event.ERASURE:
                    self._add(body.detail)
        for spans in self._spans.values():
            spans[:] = _merged(spans)

    def account_for(self, replica: str, number: int, name: str, at: int) -> bool:
        """Whether this value is gone by right. `at` is its entry's, in microseconds since 1970."""
        if self._until is not None and at < self._until:
            return True
        spans = self._spans.get(f"{PLACE}{replica}/{name}")
        if not spans:
            return False
        place = bisect_right(spans, (number, number)) - 1
        near = spans[max(place, 0) : place + 2]
        return any(low <= number <= high for low, high in near)

    def _add(self, detail: Mapping[str, Detail]) -> None:
        for name, said in detail.items():
            if name == EXPIRED:
                until = micros(datetime.fromisoformat(str(said)))
                self._until = until if self._until is None else max(until, self._until)
            elif name.startswith(PLACE):
                for span in str(said).split(","):
                    low, _, high = span.partition("-")
                    self._spans[name].append((int(low), int(high or low)))


def _merged(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the spans in order, those that meet made one."""
    found: list[tuple[int, int]] = []
    for low, high in sorted(spans):
        if found and low <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(high, found[-1][1]))
        else:
            found.append((low, high))
    return found

"""Which entries of the audit tell of what no other table has, since the ledger was restored from an older backup.

A restore closes every chain: what it says of each is how far the backup had it, and how far the shipped copies went on.
The entries between came from those copies, without personal values, and what they tell of is gone from the other tables.
After them nothing belongs to the chain any more; what was lost with the ledger and was in no copy is not known.
"""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import datetime

import msgspec

from agent.audit.chain import Body
from agent.model.audit import Detail, Event

PLACE = "at "
"""How the details begin that say of a chain where it ended: `at REPLICA`, with the two numbers."""


class Restore(msgspec.Struct, frozen=True, kw_only=True):
    """That the ledger was restored once. `is_known` is whether the copies told all that was sent since the backup."""

    at: datetime
    backup_at: datetime
    is_known: bool


def restored(
    ends: Mapping[str, tuple[int, int]], *, backup_at: datetime, is_known: bool, unknown: str
) -> dict[str, Detail]:
    """Return the details of the entry of a restore.

    Args:
        ends: of each chain, how far the backup had it, and how far it is known.
        backup_at: when the backup was made.
        is_known: whether all that was sent since is known.
        unknown: why it is not; empty where it is.
    """
    said: dict[str, Detail] = {"backup_at": backup_at.isoformat(), "is_known": is_known, "unknown": unknown}
    return said | {f"{PLACE}{chain}": f"{had}-{known}" for chain, (had, known) in sorted(ends.items())}


class Restores:
    """What all entries of restores account for."""

    def __init__(self, bodies: Iterable[Body] = ()) -> None:
        self.found: list[Restore] = []
        self._spans: dict[str, tuple[int, int]] = {}
        for body in bodies:
            # What does not read as written here was changed since: that is found where its chain is followed.
            with suppress(ValueError, TypeError, KeyError):
                if body.event == Event.RESTORED:
                    self._add(body)
        self.found.sort(key=lambda one: one.at)

    def end(self, chain: str) -> int | None:
        """Return the last number that a chain may have; None where it goes on."""
        span = self._spans.get(chain)
        return None if span is None else span[1]

    @property
    def ends(self) -> Mapping[str, int]:
        """The last number that each chain may have that was closed."""
        return {chain: known for chain, (_, known) in self._spans.items()}

    def has_lost(self, chain: str, number: int) -> bool:
        """Whether only the audit tells of what this entry tells of."""
        low, high = self._spans.get(chain, (0, 0))
        return low < number <= high

    def _add(self, body: Body) -> None:
        spans: dict[str, tuple[int, int]] = {}
        for name, said in body.detail.items():
            if name.startswith(PLACE):
                low, _, high = str(said).partition("-")
                spans[name.removeprefix(PLACE)] = (int(low), int(high))
        backup_at = datetime.fromisoformat(str(body.detail["backup_at"]))
        is_known = body.detail["is_known"] is True
        self.found.append(Restore(at=body.at, backup_at=backup_at, is_known=is_known))
        for chain, (had, known) in spans.items():
            first, last = self._spans.get(chain, (had, known))
            self._spans[chain] = (min(first, had), max(last, known))

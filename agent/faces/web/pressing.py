"""What people have to press in Defender, kept in memory and brought up to date by what has changed since.

Thousands of records may wait for people, and each is long: they are read once, and afterwards only those that changed.
Whoever saves takes the moment before it commits, so that a change may come into sight a little late: what changed
shortly before the last look is read again.
"""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from agent.judge.worklist import DONE_WITHIN, QUIET, Item, item, was_done
from agent.model.enactment import Record, State
from agent.ports.archive import Archive
from agent.ports.ledger import Ledger

WAITING = tuple(state for state in State if state not in QUIET or state is State.UNDONE)
"""States in which something may be to press."""

AT_ONCE = 500
"""Records read at a time; other pages are answered in between."""

LATE = timedelta(minutes=2)
"""How late a change may come into sight."""

STEP = timedelta(microseconds=1)


@dataclass(slots=True)
class Pressing:
    """The items of one tenant, by their actions."""

    _items: dict[str, Item] = field(default_factory=dict)
    _mark: datetime | None = None
    """Everything that changed before it has been read; None before the first look."""
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def now(self, ledger: Ledger, archive: Archive, now: datetime) -> Sequence[Item]:
        """Return everything that is to be pressed, or was pressed within the last day.

        Raises:
            LedgerError: the ledger cannot be read.
        """
        async with self._lock:
            if self._mark is None:
                await self._begin(ledger, now)
            await self._catch_up(archive)
            self._forget(now)
            return tuple(self._items.values())

    async def _begin(self, ledger: Ledger, now: datetime) -> None:
        self._items.clear()
        read = 0
        while found := await ledger.listed(states=WAITING, limit=AT_ONCE, offset=read):
            self._take(found)
            read += len(found)
        self._mark = now - DONE_WITHIN

    async def _catch_up(self, archive: Archive) -> None:
        assert self._mark is not None  # noqa: S101  it begins with one
        since = self._mark - LATE
        while found := await archive.changed_since(since, AT_ONCE):
            self._take(record for _, record in found)
            self._mark = max(self._mark, found[-1][0])
            if len(found) < AT_ONCE:
                return
            since = found[-1][0] + STEP

    def _take(self, records: Iterable[Record]) -> None:
        for record in records:
            found = item(record)
            if found is None:
                self._items.pop(record.action.id, None)
            else:
                self._items[record.action.id] = found

    def _forget(self, now: datetime) -> None:
        over = [
            one.id
            for one in self._items.values()
            if (now >= one.deadline if one.done is None else not was_done(one, now))
        ]
        for action_id in over:
            del self._items[action_id]

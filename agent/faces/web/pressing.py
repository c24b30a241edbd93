"""What people have to press in Defender, kept in memory and brought up to date by what has changed since.

Thousands of records may wait for people, and each is long: they are read once, and afterwards only those that changed.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from agent.faces.web.readable import readable
from agent.judge.worklist import BY_PEOPLE, DONE_WITHIN, QUIET, Item, item
from agent.model.enactment import State
from agent.ports.archive import Archive
from agent.ports.ledger import Ledger

WAITING = tuple(state for state in State if state not in QUIET or state is State.UNDONE)
"""States in which something may be to press."""

ENDED = tuple(sorted(BY_PEOPLE))

AT_ONCE = 500
"""Records read at a time; other pages are answered in between."""


@dataclass(slots=True)
class Pressing:
    """The items of one tenant, by their actions, and the versions of the records that they were made of."""

    _stamp: str = ""
    _versions: dict[str, int] = field(default_factory=dict)
    _items: dict[str, Item] = field(default_factory=dict)
    _unread: dict[str, int] = field(default_factory=dict)
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def unread(self) -> tuple[str, ...]:
        """The actions whose records could not be read when it was last looked: it is not known whether they are to be pressed."""
        return tuple(sorted(self._unread))

    async def now(self, ledger: Ledger, archive: Archive, now: datetime) -> Sequence[Item]:
        """Return all that was to be pressed when its record last changed, and what was pressed within the last day.

        Whose time has passed since is among them: only the moment tells that.

        Raises:
            LedgerError: the ledger cannot be read.
        """
        async with self._lock:
            stamp = await archive.stamp()
            if stamp != self._stamp:
                await self._catch_up(
                    ledger, await archive.standing(WAITING, ended=ENDED, since=now - DONE_WITHIN)
                )
                self._stamp = stamp
            return tuple(self._items.values())

    async def _catch_up(self, ledger: Ledger, standing: Mapping[str, int]) -> None:
        for gone in self._versions.keys() - standing.keys():
            del self._versions[gone]
            self._items.pop(gone, None)
        self._unread = {one: version for one, version in self._unread.items() if standing.get(one) == version}
        known = self._versions | self._unread
        changed = [action_id for action_id, version in standing.items() if known.get(action_id) != version]
        for start in range(0, len(changed), AT_ONCE):
            some = changed[start : start + AT_ONCE]
            found, damaged = await readable(ledger, some)
            self._unread.update((one, standing[one]) for one in damaged)
            for lost in damaged:
                self._items.pop(lost, None)
            for action_id, record in found.items():
                self._versions[action_id] = record.version
                one = item(record)
                if one is None:
                    self._items.pop(action_id, None)
                else:
                    self._items[action_id] = one

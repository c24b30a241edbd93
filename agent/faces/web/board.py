"""Everything that is open, kept in memory as lines, and brought up to date before each page that lists it.

To read ten thousand records with all that they rest on takes seconds; to see which of them changed takes a hundredth of
one. So lines are kept, each with the version of its record, and a page reads only those whose version is another. The
versions alone say what changed, never a moment: clocks of several agents differ. What is closed is let go of, so that the
memory is that of what is open.
"""

import asyncio
from collections.abc import Sequence
from functools import cached_property

import structlog

from agent.faces.web.lines import Line, line_of
from agent.faces.web.readable import readable
from agent.model.enactment import CLOSED, OPEN
from agent.ports.archive import Archive
from agent.ports.ledger import Ledger

AT_ONCE = 100
"""Records read at a time: the ledger has one thread, and others wait for it."""

log = structlog.get_logger()


class Shown:
    """What is open at one moment. It never changes."""

    def __init__(self, lines: Sequence[Line], unread: Sequence[str] = ()) -> None:
        self.unread = tuple(sorted(unread))
        """The actions whose records cannot be read: they are open, and in no list."""
        self.lines = tuple(sorted(lines, key=lambda one: (not one.awaits, one.deadline, one.id)))
        """What awaits a person first, then what is under way, each by its deadline."""

    @cached_property
    def policies(self) -> tuple[str, ...]:
        """The policies that decided any of it."""
        return tuple(sorted({name for line in self.lines for name in line.policies}))

    @cached_property
    def guards(self) -> tuple[str, ...]:
        """The guard rails that held any of it."""
        return tuple(sorted({line.guard for line in self.lines if line.guard}))

    @cached_property
    def awaiting(self) -> int:
        """How many wait for a person."""
        return sum(line.awaits for line in self.lines)


class Board:
    """What is open in one tenant's ledger, as of the last time that anybody asked."""

    def __init__(self, ledger: Ledger, archive: Archive) -> None:
        self._ledger = ledger
        self._archive = archive
        self._lines: dict[str, Line] = {}
        self._unread: dict[str, int] = {}
        """The versions of records that cannot be read, by their actions."""
        self._shown: Shown | None = None
        self._stamp = ""
        self._lock = asyncio.Lock()
        self._looks: set[asyncio.Task[Shown]] = set()
        self.wanted = 0
        """How many lines there will be once what is being read is read."""

    @property
    def known(self) -> int:
        """How many lines are known already."""
        return len(self._lines)

    @property
    def was_read(self) -> bool:
        """Whether it was read to the end once."""
        return self._shown is not None

    def begin(self) -> None:
        """Begin to read, so that the first page does not have to."""
        self._look()

    async def now(self, patience: float | None = None) -> Shown | None:
        """Return what is open now; None where that is not read within so many seconds, and goes on being read.

        Raises:
            LedgerError: it cannot be read.
        """
        look = self._look()
        done, _ = await asyncio.wait({look}, timeout=patience)
        return look.result() if done else None

    async def close(self) -> None:
        """Stop reading."""
        looks = tuple(self._looks)
        for look in looks:
            look.cancel()
        await asyncio.gather(*looks, return_exceptions=True)

    def _look(self) -> "asyncio.Task[Shown]":
        """Begin a look of one's own: one that is under way may have begun before what the reader has just done."""
        look = asyncio.create_task(self._one_after_another())
        self._looks.add(look)
        look.add_done_callback(self._ended)
        return look

    def _ended(self, look: "asyncio.Task[Shown]") -> None:
        self._looks.discard(look)
        if not look.cancelled() and (error := look.exception()) is not None:
            log.warning("what is open was not read", why=str(error))

    async def _one_after_another(self) -> Shown:
        async with self._lock:
            return await self._read()

    async def _read(self) -> Shown:
        stamp = await self._archive.stamp()
        if self._shown is not None and stamp == self._stamp:
            return self._shown
        versions = await self._archive.standing(OPEN)
        self.wanted = len(versions)
        for gone in self._lines.keys() - versions.keys():
            del self._lines[gone]
        self._unread = {one: version for one, version in self._unread.items() if versions.get(one) == version}
        known = {line.id: line.version for line in self._lines.values()} | self._unread
        changed = [each for each, version in versions.items() if known.get(each) != version]
        for first in range(0, len(changed), AT_ONCE):
            some = changed[first : first + AT_ONCE]
            records, damaged = await readable(self._ledger, some)
            self._unread.update((one, versions[one]) for one in damaged)
            for one in damaged:
                self._lines.pop(one, None)
            still = (record for record in records.values() if record.state not in CLOSED)
            self._lines.update((record.action.id, line_of(record)) for record in still)
        self._shown, self._stamp = Shown(tuple(self._lines.values()), tuple(self._unread)), stamp
        return self._shown

"""Whether anything has changed: looked for once a second while somebody listens, once for all who do.

What is told is that something changed, and a stamp that says nothing else: a page that wants to know what asks for itself
anew, with the rights of its session.
"""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from hashlib import blake2b
from secrets import token_bytes

import structlog

from agent.model.alarm import Alarm
from agent.model.errors import LedgerError
from agent.model.hold import Hold
from agent.ports.archive import Archive
from agent.ports.ledger import Ledger

EVERY = 1.0
"""Seconds between two looks."""

KEPT_ALIVE = 15.0
"""Seconds after which a stream says something though nothing changed: proxies end what is silent, and a session may be over."""

MOST = 100
"""Streams at the same time; the server takes twice as many connections, so that pages are still shown then."""

MOST_OF_ONE = 12
"""Streams of one session: as many tabs as somebody may have open."""

log = structlog.get_logger()


class Pulse:
    """The newest stamp, and everybody who waits for the next."""

    def __init__(self, ledger: Ledger, archive: Archive) -> None:
        self._ledger = ledger
        self._archive = archive
        self._key = token_bytes(16)
        self._listeners: dict[asyncio.Event, str] = {}
        self._watch: asyncio.Task[None] | None = None
        self._is_failing = False
        self.stamp = ""
        """The newest that is known; only while somebody listens."""

    async def look(self, holds: Sequence[Hold] | None = None, alarms: Sequence[Alarm] | None = None) -> str:
        """Return the stamp of how everything is now, with holds and alarms as they were just read, if they were.

        Raises:
            LedgerError: it cannot be read.
        """
        told = await self._archive.stamp()
        holds = await self._ledger.holds() if holds is None else holds
        alarms = await self._ledger.alarms() if alarms is None else alarms
        seen = repr(
            (told, [(one.name, one.since, one.reason) for one in holds], [one.words for one in alarms])
        )
        return blake2b(seen.encode(errors="backslashreplace"), key=self._key, digest_size=8).hexdigest()

    def is_full(self, session_id: str) -> bool:
        """Whether as many listen already as may, in all or of this session."""
        listening = list(self._listeners.values())
        return len(listening) >= MOST or listening.count(session_id) >= MOST_OF_ONE

    @contextmanager
    def listening(self, session_id: str) -> Iterator[asyncio.Event]:
        """Give an event that is set with every new stamp."""
        news = asyncio.Event()
        self._listeners[news] = session_id
        if self._watch is None:
            self._watch = asyncio.create_task(self._look_again_and_again())
        try:
            yield news
        finally:
            del self._listeners[news]
            if not self._listeners and self._watch is not None:
                self._watch.cancel()
                self._watch = None

    async def _look_again_and_again(self) -> None:
        while True:
            stamp = await self._looked()
            if stamp is not None and stamp != self.stamp:
                self.stamp = stamp
                for news in self._listeners:
                    news.set()
            await asyncio.sleep(EVERY)

    async def _looked(self) -> str | None:
        """Return the stamp; None where it cannot be had, which is logged once, until it can be had again."""
        try:
            stamp = await self.look()
        except Exception as error:
            if not self._is_failing:
                is_bug = not isinstance(error, LedgerError)
                log.warning("no news for open pages", why=str(error), exc_info=is_bug)
            self._is_failing = True
            return None
        self._is_failing = False
        return stamp

"""Whether Defender is still heard: an alarm where no news come though they always did, and where it cannot be read at all.

Looked at with every pass, and asked of the ledger only when a pause has become as long as it would have to be.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from agent.judge.silence import SHORTEST, WINDOW, blank, is_blank, longest_pause, silence, threshold, unread
from agent.loop.alarms import let_stand
from agent.loop.report import PassReport
from agent.ports.world import World

SILENCE = "silence"
"""The alarm of a source that has gone silent, or answers without what it must have."""

UNREAD = "unread"
"""The alarm of a Defender that was not read to the end for long."""

AGAIN = timedelta(minutes=10)
"""How long to the next look at a source that is silent: another replica may have heard it."""


@dataclass(slots=True)
class Listening:
    """What this process has heard last, and what it said of that."""

    read: datetime | None = None
    """When the last pass ended in which Defender was read to the end, or when the first one began."""
    blank_since: datetime | None = None
    """When the first of the answers came that are empty and cannot be; None where the last one was none."""
    blank_polls: int = 0
    again: datetime | None = None
    """When the ledger is asked again how long nothing has come; None where it was not asked yet."""
    silent: str = ""
    """What it said then."""
    said: dict[str, str] = field(default_factory=dict)
    """The words of its alarms; empty where one was seen not to stand."""

    async def go(self, world: World, report: PassReport, why: str) -> None:
        """Look at a pass that ends, and let each alarm stand for exactly as long as there is reason to.

        `why` says what was wrong in it, if anything.
        """
        now = world.clock.now()
        self.read = self.read or report.began
        if report.polled is None:
            await self._sound(world, UNREAD, unread(self.read, now, why), now)
            return
        self.read = now
        await self._sound(world, UNREAD, "", now)
        words = self._blank(report, now) or await self._silence(world, report, now)
        await self._sound(world, SILENCE, words, now)

    def _blank(self, report: PassReport, now: datetime) -> str:
        if report.cursor is None or not is_blank(report.cursor, report.shown, now):
            self.blank_since, self.blank_polls = None, 0
            return ""
        self.blank_since = self.blank_since or report.polled or now
        self.blank_polls += 1
        return blank(self.blank_since, self.blank_polls, report.cursor, now)

    async def _silence(self, world: World, report: PassReport, now: datetime) -> str:
        if report.moved:
            self.again, self.silent = now + SHORTEST, ""
        elif self.again is None or not now < self.again <= now + WINDOW:
            seen = await world.ledger.arrivals(WINDOW)
            self.silent = silence(seen, now)
            longest = longest_pause(seen)
            usual = now + SHORTEST if longest is None else seen[-1] + threshold(longest)
            self.again = now + AGAIN if self.silent else max(usual, now + AGAIN)
        return self.silent

    async def _sound(self, world: World, name: str, words: str, now: datetime) -> None:
        if self.said.get(name) == words:
            return
        await let_stand(world.ledger, name, words, now)
        self.said[name] = words

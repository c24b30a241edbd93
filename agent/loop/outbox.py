"""Into the outbox: pages and notices in one transaction, with what they overtake, and when each is due."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from agent.judge.escalation.delivery import is_collected, overtaken
from agent.judge.escalation.quiet import telling_from
from agent.model.chain import Chain
from agent.model.escalation import Notice, Occasion, Page, Posted
from agent.ports.escalation import Pages
from agent.ports.world import World

COLLECTED = timedelta(hours=1)
"""For how long what is of low urgency is collected for one channel."""


@dataclass(slots=True)
class Outbox:
    """What is written here leaves at least once, whatever becomes of this process."""

    world: World
    pages: Pages
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Whoever has it writes a page or begins a notice: so that none is overtaken while it leaves."""

    async def put(self, page: Page, notices: Sequence[Notice], chain: Chain) -> None:
        """Write a page and what is to be told of it; drop what that overtakes. Raises Conflict."""
        async with self.lock:
            fresh = [await self._posted(one, chain) for one in notices]
            thread = await self.pages.posted(page.id) if page.version and fresh else ()
            dropped, needed = overtaken(thread, fresh)
            await self.pages.save([page], needed, overtaken=dropped)

    async def put_alone(self, notices: Sequence[Notice], chain: Chain) -> None:
        """Write what belongs to no page; what is there already stays as it is."""
        async with self.lock:
            await self.pages.save([], [await self._posted(one, chain) for one in notices])

    async def keep(self, pages: Sequence[Page]) -> None:
        """Write pages of which nothing is to be told. Raises Conflict."""
        async with self.lock:
            await self.pages.save(pages)

    async def _posted(self, notice: Notice, chain: Chain) -> Posted:
        """Return the notice with the moment at which it is due: at once, but for what is collected or may wait."""
        due = self.world.clock.now()
        if is_collected(notice):
            waiting = [one.due for one in await self.pages.collected(notice.channel) if one.due is not None]
            due = min((one for one in waiting if one > due), default=due + COLLECTED)
        if is_collected(notice) or notice.occasion is Occasion.ALARM:
            due = telling_from(chain.hours, notice.urgency, due)
        return Posted(notice=notice, due=due)

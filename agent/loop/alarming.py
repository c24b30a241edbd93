"""Alarms -> people on call: one that stands is told once, and so is that it ended."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from agent.judge.escalation.apart import APART, OF_ALARM, alarm_over, alarm_page
from agent.loop.outbox import Outbox
from agent.model.chain import Chain
from agent.model.errors import Conflict
from agent.model.escalation import Notice, Page
from agent.ports.world import World

log = structlog.get_logger()


@dataclass(slots=True)
class Alarming:
    """When people were last told of each alarm, by this process, and when one will have stood for long enough."""

    next_due: datetime | None = None
    told: dict[str, datetime] = field(default_factory=dict)

    async def go(self, world: World, outbox: Outbox, open_pages: Iterable[Page], chain: Chain | None) -> None:
        """Tell the first channels of a chain what is new, once it has stood for as long as the chain waits.

        An alarm that comes and goes is told once an hour.
        """
        standing = {alarm.name: alarm for alarm in await world.ledger.alarms()}
        pages = {page.group.removeprefix(OF_ALARM): page for page in open_pages}
        now, self.next_due = world.clock.now(), None
        if chain is None:
            return
        for name in pages.keys() - standing.keys():
            await self._put(outbox, alarm_over(pages[name], world.escalating, now), chain)
        for name in standing.keys() - pages.keys():
            alarm, before = standing[name], self.told.get(name)
            is_recent = before is not None and timedelta(0) <= now - before < APART
            if timedelta(0) <= now - alarm.since < chain.wait:
                due = alarm.since + chain.wait
                self.next_due = due if self.next_due is None else min(self.next_due, due)
                continue
            if is_recent:
                continue
            if await self._put(outbox, alarm_page(alarm, chain, world.escalating, now), chain):
                self.told[name] = now

    async def _put(self, outbox: Outbox, told: tuple[Page, tuple[Notice, ...]], chain: Chain) -> bool:
        """Write one alarm's page, and return whether it was; one that others have written keeps no other from being told."""
        try:
            await outbox.put(*told, chain)
        except Conflict as error:
            log.info("an alarm is left for the next look", group=told[0].group, why=str(error))
            return False
        return True

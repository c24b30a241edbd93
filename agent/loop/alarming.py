"""Alarms -> people on call: one that stands is told once, and so is that it ended."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from agent.judge.escalation.apart import APART, OF_ALARM, alarm_over, alarm_page
from agent.loop.outbox import Outbox
from agent.model.chain import Chain
from agent.model.escalation import Page
from agent.ports.world import World


@dataclass(slots=True)
class Alarming:
    """When people were last told of each alarm, by this process."""

    told: dict[str, datetime] = field(default_factory=dict)

    async def go(self, world: World, outbox: Outbox, open_pages: Iterable[Page], chain: Chain | None) -> None:
        """Tell the first channels of a chain what is new, once it has stood for as long as the chain waits.

        An alarm that comes and goes is told once an hour. Raises Conflict.
        """
        standing = {alarm.name: alarm for alarm in await world.ledger.alarms()}
        pages = {page.group.removeprefix(OF_ALARM): page for page in open_pages}
        now = world.clock.now()
        if chain is None:
            return
        for name in pages.keys() - standing.keys():
            page, notices = alarm_over(pages[name], world.escalating, now)
            await outbox.put(page, notices, chain)
        for name in standing.keys() - pages.keys():
            alarm, before = standing[name], self.told.get(name)
            is_recent = before is not None and now - before < APART
            if now - alarm.since < chain.wait or is_recent:
                continue
            page, notices = alarm_page(alarm, chain, world.escalating, now)
            await outbox.put(page, notices, chain)
            self.told[name] = now

"""People on call around a real ledger: records that need them, channels that tell them, and a clock that jumps."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import msgspec

from agent.adapters.ledger.ledger import SqlLedger
from agent.loop.lookout import Lookout
from agent.loop.paging import Paging
from agent.loop.policies import InForce
from agent.loop.run import load
from agent.model.chain import Escalating
from agent.model.enactment import Record, State
from agent.model.escalation import Notice, Occasion, Page
from agent.ports.escalation import Pages
from agent.ports.world import World
from tests.adapters.records import a_decision, a_record, an_action
from tests.clock import ManualClock
from tests.fakes import FakeChannels, FakeShelf
from tests.loop.conftest import APPROVE, Bench

CHAIN = """
chain: secops
description: Teams at once, a pager after a quarter of an hour, the lead after two hours.
owner: soc@contoso.example
steps:
  - notify: [teams]
  - after: 15m
    notify: [pager]
    urgency: high
  - after: 2h
    notify: [lead, mail]
repeat: {every: 4h, times: 2}
approvers: {need: 1, from: [role:SecOps.Approver]}
lastChance: {before: 24h, decide: escalate, notify: [lead]}
"""

CHANNELS = {
    "teams": "kind: teams\nurl: {env: TEAMS_URL}",
    "pager": "kind: pagerDuty\nroutingKey: {env: PAGER_KEY}\napiToken: {env: PAGER_TOKEN}",
    "lead": "kind: pagerDuty\nroutingKey: {env: LEAD_KEY}",
    "mail": "kind: email\nfrom: agent@contoso.example\nto: [managers@contoso.example]",
}

WAIT = timedelta(minutes=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


def files(*chains: str, **policies: str) -> dict[str, str]:
    """Return what lies on the shelf: these chains, or the usual one, with every channel."""
    found = {f"chains/{_name(text)}": text for text in chains or (CHAIN,)}
    owned = "description: For trying out.\nowner: soc@contoso.example"
    found |= {f"channels/{name}": f"channel: {name}\n{owned}\n{said}\n" for name, said in CHANNELS.items()}
    return found | (policies or {"approve": APPROVE})


def _name(chain: str) -> str:
    return chain.strip().splitlines()[0].removeprefix("chain: ")


class OnCall:
    """One process that pages, and what outlives it: the ledger, the channels and the clock."""

    def __init__(self, bench: Bench, ledger: SqlLedger) -> None:
        self.bench = bench
        self.ledger = ledger
        self.clock: ManualClock = bench.clock
        self.channels = FakeChannels(bench.clock)
        self.world: World = replace(
            bench.world,
            shelf=FakeShelf(**files()),
            pages=ledger.pages,
            channels=self.channels,
            escalating=Escalating(),
        )
        self._paging: Paging | None = None
        self.policies: InForce | None = None

    @property
    def pages(self) -> Pages:
        return self.ledger.pages

    def with_files(self, **shelf: str) -> None:
        self.world = replace(self.world, shelf=FakeShelf(**shelf))
        self._paging = None

    def with_rules(self, **rules: Any) -> None:
        self.world = replace(self.world, escalating=Escalating(**rules))
        self._paging = None

    def restart(self) -> None:
        """Forget all that a process remembers."""
        self._paging = None

    async def paging(self) -> Paging:
        """Return this process."""
        if self._paging is None:
            self.policies = await load(self.world)
            lookout = Lookout(self.world)
            await lookout.look()
            self._paging = Paging.of(self.world, self.policies, lookout)
        assert self._paging is not None
        return self._paging

    async def look(self) -> None:
        """Look once, and send whatever is due by now; if it is said that nothing can have changed, nothing is told."""
        paging = await self.paging()
        is_still, before = await paging.is_still(), len(self.channels.told)
        await paging.look()
        await paging.posting.until_quiet()
        await paging.hearing.rest()
        assert not is_still or len(self.channels.told) == before

    async def live(self, length: timedelta, *, most: timedelta = 30 * MINUTE) -> None:
        """Look whenever something is due within this time, and at its end; at least so often."""
        until = self.clock.now() + length
        await self.look()
        while self.clock.now() < until:
            now = self.clock.now()
            due = await self.pages.next_due()
            soonest = now + timedelta(seconds=2)
            at = min(max(soonest, due or until), now + most, until)
            self.clock.advance(at - now)
            await self.look()

    async def ask(self, *keys: str, incident: str = "1", state: State = State.ESCALATED) -> list[Record]:
        """Let actions need people."""
        records = [self.a_record(key, incident=incident, state=state) for key in keys]
        await self.ledger.save(records, now=self.clock.now())
        return records

    def a_record(
        self,
        key: str,
        *,
        incident: str = "1",
        state: State = State.ESCALATED,
        deadline: datetime | None = None,
        **decided: Any,
    ) -> Record:
        """Return a record as it comes into the ledger when people are to be asked."""
        at = self.clock.now()
        action = an_action(key, incident=incident, deadline=deadline or at + timedelta(days=7))
        decision = msgspec.structs.replace(a_decision(action, at=at), **decided)
        return a_record(action=action, state=state, decision=decision, due=None)

    async def change(self, record: Record, **values: Any) -> Record:
        """Save the record anew, as somebody else than paging does."""
        newest = (await self.ledger.load([record.action.id]))[record.action.id]
        changed = msgspec.structs.replace(newest, **values)
        await self.ledger.save([changed], now=self.clock.now())
        return changed

    async def only_page(self) -> Page:
        (page,) = await self.pages.open()
        return page

    def occasions(self, channel: str) -> list[Occasion]:
        return [one.occasion for one in self.channels.on(channel)]

    async def alarms(self) -> list[str]:
        return [one.name for one in await self.ledger.alarms()]


def events(told: Sequence[Notice]) -> set[str]:
    """Return the pages that counted against the storm limit."""
    return {one.event for one in told if one.is_page}

"""Decisions of which policies want people told: each once, together with others within the hour; nothing is asked."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from agent.judge.compile import Judge
from agent.judge.escalation.gathered import inform
from agent.loop.outbox import Outbox
from agent.loop.tracing import about
from agent.model.chain import Chain
from agent.model.decision import Decision
from agent.model.enactment import Record
from agent.model.errors import AgentError
from agent.ports.world import World

log = structlog.get_logger()

EVERY = timedelta(minutes=1)
"""How far two looks at decisions lie apart."""

OVERLAP = timedelta(minutes=10)
"""How far a look reaches back beyond the last one: decisions bear the moment at which a batch of them was begun."""

BACK = timedelta(hours=1)
"""How far the first look reaches back: to what another process may have left when it died."""

AT_ONCE = 10_000
"""Decisions read in one look."""


@dataclass(slots=True)
class Informing:
    """When it was last looked at decisions, and of which people were told. What is told twice has the same id."""

    looked: datetime | None = None
    told: dict[str, datetime] = field(default_factory=dict)
    """By the decision's action and grounds, when it was made."""

    async def go(self, world: World, outbox: Outbox, judge: Judge) -> None:
        """Tell of new decisions, where it is time to look and any policy informs at all."""
        now = world.clock.now()
        if not any(policy.inform for policy in judge.policy_set.policies):
            return
        if self.looked is not None and timedelta(0) <= now - self.looked < EVERY:
            return
        since = now - BACK if self.looked is None else self.looked - OVERLAP
        found = await world.ledger.decisions(since=since, limit=AT_ONCE)
        for decision in reversed(found):
            if decision.inform and _name(decision) not in self.told:
                await self._try_to_tell(world, outbox, decision, judge.chains)
                self.told[_name(decision)] = decision.at
        self.told = {name: at for name, at in self.told.items() if at >= now - BACK}
        self.looked = now

    async def _try_to_tell(
        self, world: World, outbox: Outbox, decision: Decision, chains: Mapping[str, Chain]
    ) -> None:
        """Tell of the decision; one of which nothing can be told keeps no other from being told. Raises LedgerError."""
        record = (await world.ledger.load([decision.action_id])).get(decision.action_id)
        if record is None or record.decision is None or record.decision.grounds != decision.grounds:
            return  # it is another one by now: then that one is told
        with about(record):
            try:
                await self._tell(world, outbox, record, decision, chains)
            except AgentError:
                raise
            except Exception:
                log.exception("people cannot be told of a decision")

    async def _tell(
        self,
        world: World,
        outbox: Outbox,
        record: Record,
        decision: Decision,
        chains: Mapping[str, Chain],
    ) -> None:
        for name in decision.inform:
            if name in chains:
                notices = inform(chains[name], record, world.clock.now(), rules=world.escalating)
                await outbox.put_alone(notices, chains[name])


def _name(decision: Decision) -> str:
    return f"{decision.action_id} {decision.grounds}"

"""People on call are told what needs them, beside the passes: every few seconds, whatever becomes of Graph.

Each look finds from the ledger what is due: which records need people, on which pages they belong, and what the chains
say. Deadlines lie in the ledger and never in timers, so that a process that dies in the middle of a wait loses nothing,
and the next one tells nothing twice: a page and its notices are written in one transaction, and bear ids that follow
from what they tell. Only the replica that has the lease looks.

Telling people is not enacting. It goes on while Graph is away, and while a hold stands: who throws the kill switch
stops what the agent does, and not that people hear of what waits, the more as nothing is carried out until they come.
The one exception is mail that goes through Graph (`loop/sending.py`). While observing nobody is told anything,
unless it is asked for; then all that is told says that nothing is carried out.

A page that cannot be worked out keeps no other from being told, and is an alarm itself.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta

import structlog

from agent.judge.appoint import chain_for
from agent.judge.compile import Judge
from agent.judge.escalation.apart import OF_ALARM, is_apart
from agent.judge.quote import counted
from agent.loop.alarming import Alarming
from agent.loop.alarms import let_stand
from agent.loop.climbing import Climbing, Seen
from agent.loop.hearing import Hearing
from agent.loop.informing import Informing
from agent.loop.leasing import KeptLease
from agent.loop.lookout import Lookout
from agent.loop.outbox import Outbox
from agent.loop.policies import InForce
from agent.loop.posting import Posting
from agent.loop.records import Records
from agent.loop.stillness import Stillness
from agent.loop.waits import beside, evenly, first_of
from agent.model.alarm import Alarm
from agent.model.errors import AgentError, Conflict
from agent.model.escalation import Page
from agent.ports.escalation import Channels, Pages
from agent.ports.world import World

EVERY = timedelta(seconds=2)
"""How far two looks lie apart."""

REST = 0.1
"""Real seconds between two looks at least, however fast the clock runs that the agent goes by."""

LEASE = "escalation"
"""The lease of the replica that pages."""

LENGTH = timedelta(minutes=1)
"""How long after the death of the replica that pages another one takes over."""

UNTOLD = "escalation"
"""The alarm of what waits for people and cannot be told to anybody."""

BROKEN = "paging"
"""The alarm of pages that cannot be worked out, and of looks that fail: the first whole look ends it."""

log = structlog.get_logger()


@dataclass(slots=True)
class Paging:
    """Looks, again and again, and tells."""

    world: World
    pages: Pages
    policies: InForce
    posting: Posting
    hearing: Hearing
    climbing: Climbing
    outbox: Outbox
    lease: KeptLease
    records: Records = field(default_factory=Records)
    alarming: Alarming = field(default_factory=Alarming)
    informing: Informing = field(default_factory=Informing)
    alarms: dict[str, str] = field(default_factory=dict)
    """The words of its own alarms that it has raised; empty where one was seen not to stand."""
    still: Stillness = field(default_factory=Stillness)
    woken: asyncio.Event = field(default_factory=asyncio.Event)
    """Set by whoever knows that there is something to be told."""
    complained: str = ""
    """What was last wrong, so that it is logged once."""

    @classmethod
    def of(cls, world: World, policies: InForce, lookout: Lookout) -> "Paging | None":
        """Return what pages people in this world; None where nobody is told anything, as while observing."""
        pages, channels = world.pages, world.channels
        if pages is None or channels is None:
            return None
        return cls._made(world, pages, channels, policies, lookout)

    @classmethod
    def _made(
        cls, world: World, pages: Pages, channels: Channels, policies: InForce, lookout: Lookout
    ) -> "Paging":
        outbox, lease, records = Outbox(world, pages), KeptLease(LEASE, LENGTH), Records()
        return cls(
            world=world,
            pages=pages,
            policies=policies,
            posting=Posting(
                world=world,
                pages=pages,
                channels=channels,
                policies=policies,
                lookout=lookout,
                lock=outbox.lock,
                may_post=lambda: lease.is_ours(world.clock.now()),
                life_of=records.life_of,
            ),
            records=records,
            hearing=Hearing(pages, channels),
            climbing=Climbing(world, pages, outbox),
            outbox=outbox,
            lease=lease,
        )

    @classmethod
    @asynccontextmanager
    async def going(cls, world: World, policies: InForce, lookout: Lookout) -> "AsyncIterator[Paging | None]":
        """Page people inside the `with`; at its end finish what is under way, and let another replica take over."""
        paging = cls.of(world, policies, lookout)
        if paging is None:
            yield None
            return
        async with AsyncExitStack() as stack:
            stack.push_async_callback(paging.let_go)
            await stack.enter_async_context(paging.posting.going())
            stack.push_async_callback(paging.hearing.stop)
            await stack.enter_async_context(beside(paging.keep()))
            yield paging

    async def once(self) -> None:
        """Look once, tell what is due, and let another replica take over."""
        try:
            await self.try_to_look()
            await self.hearing.rest()
            await self.posting.until_quiet()
        finally:
            await self.hearing.stop()
            await self.let_go()

    async def let_go(self) -> None:
        """End the lease, if the ledger is there to end it; else it runs out."""
        try:
            await self.lease.let_go(self.world)
        except AgentError as error:
            log.warning("the lease of paging could not be ended", why=str(error))

    async def keep(self) -> None:
        """Look, again and again, until cancelled."""
        while True:
            await self.try_to_look()
            await self._wait()
            while await self.is_still():
                await self._wait()
            self.woken.clear()

    async def is_still(self) -> bool:
        """Whether another look would find what the last one has found."""
        is_same = self.policies.judge.revision == self.records.revision
        if self.woken.is_set() or self.hearing.heard or not is_same:
            return False
        return await self.still.lasts(self.world)

    async def _wait(self) -> None:
        await asyncio.sleep(REST)
        until = evenly(self.world.clock.now(), EVERY)
        await first_of(self.world.clock.sleep_until(until), self.woken.wait())

    async def try_to_look(self) -> None:
        """Look, and come back whatever happens."""
        failure = ""
        try:
            await self.look()
        except Conflict as error:
            log.info("left for the next look", why=str(error))
        except AgentError as error:
            failure = str(error)
        except Exception as error:
            failure = f"internal error: {error}"
            log.exception("people cannot be paged")
        if failure and failure != self.complained:
            log.error("people cannot be paged", why=failure)
            await self._alarm(failure)
        self.complained = failure

    async def _alarm(self, failure: str) -> None:
        """Let it be seen that nobody is told anything; where not even that can be written, the log has to do."""
        alarm = Alarm(name=BROKEN, since=self.world.clock.now(), words=f"nobody is told anything: {failure}")
        with suppress(AgentError):
            await self.world.ledger.raise_alarm(alarm)
            self.alarms[BROKEN] = alarm.words

    async def look(self) -> None:
        """Find out what people are to be told now, and put it into the outbox.

        Raises:
            LedgerError, Conflict: the rest is left for the next look.
        """
        began = self.world.clock.now()
        await self.still.begin(self.world)
        if not await self.lease.keep(self.world):
            self.records.known.clear()
            return
        judge = self.policies.judge  # another may be in force before the look is over
        changed = await self.records.look(self.world, self.pages, judge)
        found = await self.pages.open()
        now = self.world.clock.now()
        seen = Seen(
            chains=judge.chains,
            places=self.records.by_place(now),
            changed=changed,
            heard=self.hearing.take(),
            now=now,
            lives={one: known.life for one, known in self.records.known.items()},
        )
        standing = await self.climbing.go(seen, found)
        self.posting.woken.set()
        is_all_told = await self._tell_the_rest(judge, standing)
        self.posting.woken.set()
        if is_all_told and not (self.climbing.behind or self.climbing.broken or self.records.broken):
            due = await self.pages.next_due()
            self.still.settle(began, due, self.hearing.next_ask, self.alarming.next_due)

    async def _tell_the_rest(self, judge: Judge, standing: Sequence[Page]) -> bool:
        """Tell of alarms and decisions, and ask for acknowledgements; return whether nothing is left for the next look."""
        pages = [page for page in standing if not is_apart(page)]
        self.hearing.begin(judge.channels.values(), pages, self.world.clock.now())
        await self._sound()
        await self.posting.failing.forget_all_but(self.world, judge.channels)
        usual = chain_for(judge.chains, None, self.world.escalating.chain)
        alarms = [page for page in standing if page.group.startswith(OF_ALARM)]
        try:
            await self.alarming.go(self.world, self.outbox, alarms, usual)
            await self.informing.go(self.world, self.outbox, judge)
        except Conflict as error:
            log.info("left for the next look", why=str(error))
            return False
        return True

    async def _sound(self) -> None:
        """Let each of its own alarms stand for exactly as long as there is reason to."""
        now = self.world.clock.now()
        nowhere, broken, unread = (
            self.records.nowhere(now),
            len(self.climbing.broken),
            len(self.records.broken),
        )
        wait = "waits" if nowhere == 1 else "wait"
        actions, pages = counted(nowhere, "action", "actions"), counted(broken, "page", "pages")
        lost = pages if not unread else f"{pages} and {counted(unread, 'action', 'actions')}"
        words = {
            UNTOLD: f"{actions} {wait} for people, and nobody is told: there is no chain for them: "
            "put one into `chains/` beside the policies, and name it in `escalation.chain` where there are several"
            if nowhere
            else "",
            BROKEN: f"{lost} cannot be worked out, and what is on them is not told: see `cannot be worked out` in the log"
            if broken or unread
            else "",
        }
        for name, said in words.items():
            if self.alarms.get(name) == said:
                continue
            await let_stand(self.world.ledger, name, said, now)
            self.alarms[name] = said

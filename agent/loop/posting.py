"""The outbox on its way to the channels: each notice at least once, under one id, and never forgotten.

What is to be told stands in the ledger before anything leaves. That an attempt begins is written down first, and how
it went right after it; a process that dies in between leaves a notice that is sent again under the same id. Each
channel has one notice under way at a time, so that a slow one delays no other and keeps its own order.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime

import structlog
from msgspec.structs import replace

from agent.judge.escalation.delivery import (
    FIRST,
    FOR_OTHERS,
    LONGEST,
    heir,
    is_collected,
    joined,
    next_try,
    stand_in,
    taken,
    wait,
)
from agent.judge.escalation.gathered import digest
from agent.judge.escalation.observed import as_observed
from agent.loop.failing import Failing
from agent.loop.lookout import Lookout
from agent.loop.policies import InForce
from agent.loop.sending import Failure, held, send
from agent.loop.tracing import trace_all
from agent.loop.waits import beside
from agent.model.channel import Channel
from agent.model.errors import AgentError
from agent.model.escalation import Delivery, Posted, Receipt
from agent.model.telemetry import Counted, Timed
from agent.model.trace import Phase
from agent.ports.escalation import Channels, Pages
from agent.ports.world import World

AT_ONCE = 20
"""Notices that are looked at together; of each channel one is begun."""

REST = 0.1
"""Real seconds between two looks into the outbox at least, however fast channels answer."""

log = structlog.get_logger()


def _first(_action_id: str) -> int:
    return 0


@dataclass(slots=True)
class Posting:
    """Takes notices from the outbox to the channels, for as long as this process is the one that may."""

    world: World
    pages: Pages
    channels: Channels
    policies: InForce
    lookout: Lookout
    may_post: Callable[[], bool]
    """Whether no other replica may be posting."""
    lock: asyncio.Lock
    """Whoever has it weighs a page or begins a notice: so that none is overtaken while it leaves."""
    life_of: Callable[[str], int] = _first
    """The number of an action's life, as far as it is known."""
    woken: asyncio.Event = field(default_factory=asyncio.Event)
    """Set where something may be due."""
    under_way: dict[str, "asyncio.Task[None]"] = field(default_factory=dict)
    """By the channel."""
    failing: Failing = field(default_factory=Failing)
    has_trouble: bool = False
    """Whether a notice could not be settled: it is left for the next look, not tried at once."""

    @asynccontextmanager
    async def going(self) -> AsyncIterator[None]:
        """Send whatever is due inside the `with`, and finish at its end what is under way."""
        try:
            async with beside(self._for_ever()):
                yield
        finally:
            await self.rest()

    async def go(self) -> int:
        """Begin what is due, one notice for each channel, and return how many those are."""
        begun = 0
        while self.may_post():
            found = await self.pages.due(
                self.world.clock.now(), AT_ONCE, apart_from=tuple(sorted(self.under_way))
            )
            if not found:
                break
            for name, posted in _first_of_each(found).items():
                self.under_way[name] = asyncio.create_task(self._one(posted))
                begun += 1
        return begun

    async def rest(self) -> None:
        """Return once nothing is under way."""
        while self.under_way:
            await asyncio.gather(*self.under_way.values())

    async def until_quiet(self) -> None:
        """Return once nothing is under way, and nothing due any more that could be sent."""
        self.has_trouble = False
        while not self.has_trouble and await self.go():
            await self.rest()

    async def _for_ever(self) -> None:
        while True:
            await self.woken.wait()
            self.woken.clear()
            try:
                await self.go()
            except AgentError as error:
                log.error("notices cannot be posted", why=str(error))
            except Exception:
                log.exception("notices cannot be posted")
            await asyncio.sleep(REST)

    async def _one(self, posted: Posted) -> None:
        """Send one notice and write down how that went; whatever goes wrong, the next ones are sent."""
        name = posted.notice.channel
        try:
            await self._tell(posted)
            self.woken.set()
        except AgentError as error:
            # It stays in the outbox, and is sent again under its id.
            self.has_trouble = True
            log.error("a notice could not be settled", channel=name, notice=posted.notice.id, why=str(error))
        except Exception:
            self.has_trouble = True
            log.exception("a notice could not be settled", channel=name, notice=posted.notice.id)
        finally:
            del self.under_way[name]

    async def _tell(self, posted: Posted) -> None:
        channel = self.policies.judge.channels.get(posted.notice.channel)
        why = "" if channel is None else await held(self.world.ledger, self.lookout, channel)
        if why:
            await self._wait_for_release(posted, why)
            return
        begun = await self._begin(posted)
        if begun is None:
            return
        came = await self._came(channel, begun)
        if isinstance(came, Receipt):
            await self._taken(begun, came)
        else:
            await self._failed(begun, came)

    async def _begin(self, posted: Posted) -> Posted | None:
        """Write down that an attempt begins; None where nobody needs the notice any more."""
        async with self.lock:
            whole = await self._collected(posted) if is_collected(posted.notice) else posted
            now = self.world.clock.now()
            attempts = whole.attempts + 1
            again = now + wait(attempts)
            begun = replace(whole, attempts=attempts, tried_at=whole.tried_at or now, due=again)
            return begun if self.may_post() and await self.pages.settle(begun, now) else None

    async def _collected(self, posted: Posted) -> Posted:
        """Put everything of low urgency that waits for the same people into one notice, and return that."""
        waiting = await self.pages.collected(posted.notice.channel)
        some = [one.notice for one in waiting if is_collected(one.notice)]
        if len(some) < 2:
            return posted
        now = self.world.clock.now()
        merged = Posted(notice=digest(posted.notice.channel, some, now, rules=self.world.escalating), due=now)
        await self.pages.save([], [merged], overtaken=[one.id for one in some])
        return merged

    async def _came(self, channel: Channel | None, posted: Posted) -> Receipt | Failure:
        notice = posted.notice
        if channel is None:
            return Failure("there is no such channel any more", is_final=True)
        thread = await self.pages.posted(notice.page_id or notice.key)
        told = notice if self.world.enactor is not None else as_observed(notice)
        self.world.fence()
        return await send(self.channels, channel, told, taken(thread, notice.channel))

    async def _wait_for_release(self, posted: Posted, why: str) -> None:
        """Keep the notice until nothing holds; others are told at once, and once."""
        if posted.why != why:
            await self._pass_on(posted)
            self._count(posted, "held")
        await self._try_again(posted, why, self.world.clock.now() + FIRST)

    async def _taken(self, posted: Posted, receipt: Receipt) -> None:
        now, notice = self.world.clock.now(), posted.notice
        sent = replace(posted, delivery=Delivery.SENT, due=None, sent_at=now, receipt=receipt, why="")
        await self.pages.settle(sent, now)
        self._tell_of(sent, now)
        log.info(
            "told",
            channel=notice.channel,
            occasion=notice.occasion.value,
            page=notice.page_id,
            notice=notice.id,
        )
        await self.failing.mended(self.world, notice.channel)

    def _tell_of(self, sent: Posted, now: datetime) -> None:
        """Tell that a channel took a notice, and in the trace of each action that it names."""
        notice, began = sent.notice, sent.tried_at or now
        self._count(sent, "sent")
        self.world.telemetry.time(Timed.NOTICE, (now - began).total_seconds(), channel=notice.channel)
        lives = [(item.action_id, self.life_of(item.action_id)) for item in notice.items]
        trace_all(
            self.world,
            lives,
            Phase.TOLD,
            began,
            now,
            channel=notice.channel,
            occasion=notice.occasion.value,
            page=notice.page_id or None,
            attempts=sent.attempts,
        )

    def _count(self, posted: Posted, outcome: str) -> None:
        self.world.telemetry.count(Counted.NOTICE, channel=posted.notice.channel, outcome=outcome)

    async def _failed(self, posted: Posted, failure: Failure) -> None:
        """Try again while patience lasts; then tell others, and say that the channel fails.

        Where nobody else can be told and the channel may yet come back, patience has no end.
        """
        now = self.world.clock.now()
        again = None if failure.is_final else next_try(posted, now, failure.until)
        if again is None:
            has_heir = await self._pass_on(posted)
            if not has_heir and not failure.is_final and posted.notice.occasion in FOR_OTHERS:
                again = max(now + LONGEST, failure.until or now)
            await self.failing.complain(self.world, posted.notice.channel, failure.words)
        if again is not None:
            self._count(posted, "failed")
            await self._try_again(posted, failure.words, again)
            return
        self._count(posted, "givenUp")
        log.error("given up", channel=posted.notice.channel, notice=posted.notice.id, why=failure.words)
        over = replace(posted, delivery=Delivery.GIVEN_UP, due=None, why=failure.words)
        await self.pages.settle(over, now)

    async def _try_again(self, posted: Posted, why: str, again: datetime) -> None:
        log.warning("not told", channel=posted.notice.channel, why=why, again=again.isoformat())
        await self.pages.settle(replace(posted, due=again, why=why), self.world.clock.now())

    async def _pass_on(self, posted: Posted) -> bool:
        """Have somebody else told the same, and return whether there is anybody.

        It is written before the notice is given up: where the process dies in between, it is done once more, to the
        same end.
        """
        notice, now = posted.notice, self.world.clock.now()
        if notice.occasion not in FOR_OTHERS:
            return False
        chain = self.policies.judge.chains.get(notice.chain)
        async with self.lock:
            thread = await self.pages.posted(notice.page_id or notice.key)
            page = await self.pages.page(notice.page_id) if notice.page_id else None
            instead = stand_in(chain, posted, thread)
            if instead is not None:
                told = [] if page is None or page.closed else [joined(page, instead.notice, now)]
                await self.pages.save(told, [replace(instead, due=now)])
                return True
            after = heir(chain, page, notice)
            if after is not None and after is not page:
                await self.pages.save([replace(after, due=now)])
            return after is not None


def _first_of_each(found: Iterable[Posted]) -> Mapping[str, Posted]:
    """Return the first of these of each channel."""
    first: dict[str, Posted] = {}
    for posted in found:
        first.setdefault(posted.notice.channel, posted)
    return first

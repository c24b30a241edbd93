"""The audit on its way out of the ledger: shipped every few seconds, anchored now and then, its values expired daily.

No audit, no action: an entry that cannot be written lets its transaction fail, and where entries have not left for a
minute nothing that changes the world leaves either. Reading and deciding go on.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from agent.loop.vitals import Vitals
from agent.loop.waits import beside, evenly
from agent.model.alarm import Alarm
from agent.model.audit import ALARM
from agent.model.errors import Conflict, Held, LedgerError, Unavailable
from agent.model.health import Mark
from agent.ports.world import World

LAG = timedelta(seconds=60)
"""How old the oldest entry may be that was not shipped, while something is enacted."""

EVERY = timedelta(seconds=2)
"""How far two shipments lie apart, by the clock on the wall: all tenants of a process ship in the same moments."""

WHOLE = timedelta(seconds=30)
"""How long nothing is looked at but whether an entry waits, while none does."""

REST = 0.1
"""Real seconds between two shipments at least, however fast the clock runs that the agent goes by."""

AT_ONCE = 1_000
"""Entries shipped together."""

ANCHOR = "anchor"
"""The name of the alarm of a second place that cannot be reached. Enactment goes on: what is shipped is shipped."""

DAILY = timedelta(days=1)

log = structlog.get_logger()


async def ship(world: World) -> None:
    """Ship what this replica has not shipped yet, in its order.

    Raises:
        Unavailable: it cannot be shipped.
    """
    await _ship_chain(world, world.replica)


async def ship_left_behind(world: World) -> None:
    """Ship and anchor what other replicas have left behind.

    One that was stopped for good ships no more, and neither does a command; what two ship is known by its number.

    Raises:
        Unavailable: it cannot be shipped.
    """
    if world.trail is None or world.sink is None:
        return
    for replica, since in sorted((await world.trail.waiting()).items()):
        if replica != world.replica and _is_late(since, world.clock.now()):
            await _ship_chain(world, replica)
            await world.sink.anchor(await world.trail.head(replica), world.clock.now())


async def _ship_chain(world: World, replica: str) -> None:
    if world.trail is None or world.sink is None:
        return
    while links := await world.trail.unshipped(replica, AT_ONCE):
        await world.sink.ship(links)
        await world.trail.mark_shipped(replica, links[-1].number, world.clock.now())
        if len(links) < AT_ONCE:
            return


async def is_lagging(world: World) -> bool:
    """Whether an entry has waited too long to be shipped; a clock that was set back is no excuse."""
    if world.trail is None or world.sink is None:
        return False
    since = (await world.trail.waiting()).get(world.replica)
    return since is not None and _is_late(since, world.clock.now())


def _is_late(since: datetime, now: datetime) -> bool:
    return not -LAG <= now - since <= LAG


async def require(world: World) -> None:
    """Return where the audit is shipped in time; asked before anything leaves that changes the world.

    Raises:
        Held: it lags, and cannot be shipped now either.
    """
    if not await is_lagging(world):
        return
    try:
        await ship(world)
    except Unavailable as error:
        await complain(world, str(error))
        raise Held(ALARM, f"entries have not been shipped for {LAG.seconds} seconds: {error}") from error


async def complain(world: World, words: str) -> None:
    """Raise the alarm of an audit that cannot be written or shipped; where even that fails, the log has to do."""
    log.error("no audit, no action", why=words)
    alarm = Alarm(name=ALARM, since=world.clock.now(), words=f"nothing is enacted: {words}")
    try:
        await world.ledger.raise_alarm(alarm)
    except LedgerError as error:
        log.error("the alarm cannot be written either", why=str(error))


@dataclass(slots=True)
class Shipping:
    """What is remembered from one shipment to the next."""

    vitals: Vitals = field(default_factory=Vitals)
    """Where it is noted that it was done."""
    anchored: int = 0
    """The number that was anchored last by this process."""
    anchored_at: datetime | None = None
    expired_at: datetime | None = None
    whole_at: datetime | None = None
    """When everything was looked at that may be due."""
    complained: str = ""
    """What was last wrong, so that it is logged once."""

    @asynccontextmanager
    async def going(self, world: World) -> AsyncIterator[None]:
        """Ship every few seconds inside the `with`, and once more at its end."""
        if world.trail is None or world.sink is None:
            yield
            return
        await self.go(world)
        try:
            async with beside(self._for_ever(world)):
                yield
        finally:
            await self._go_last(world)

    async def _go_last(self, world: World) -> None:
        """Ship once more, and anchor whatever has not been."""
        self.anchored_at = None
        await self.go(world)

    async def go(self, world: World) -> None:
        """Ship, anchor and let expire what is due, and come back whatever happens."""
        self.whole_at = world.clock.now()
        try:
            await self._ship(world)
            self.vitals.mark(Mark.SHIPPED)
            self.complained = ""
            await self._anchor(world)
            await self._expire(world)
            await ship_left_behind(world)
        except Unavailable as error:
            if await is_lagging(world):
                await complain(world, str(error))
            self._say(str(error))
        except (Conflict, LedgerError) as error:
            self._say(str(error))
        except Exception:
            log.exception("the audit could not be shipped")
        self.vitals.mark(Mark.TRIED_AUDIT)

    async def _for_ever(self, world: World) -> None:
        while True:
            await asyncio.sleep(REST)
            await world.clock.sleep_until(evenly(world.clock.now(), EVERY))
            if await self._has_work(world):
                await self.go(world)
            else:
                self.vitals.mark(Mark.SHIPPED)
                self.vitals.mark(Mark.TRIED_AUDIT)

    async def _has_work(self, world: World) -> bool:
        """Whether anything waits to be shipped, or may be due besides: mostly nothing does, and there are many tenants."""
        now = world.clock.now()
        if self.complained or self.whole_at is None or not timedelta(0) <= now - self.whole_at < WHOLE:
            return True
        try:
            return world.trail is None or bool(await world.trail.waiting())
        except LedgerError:  # it is told where it is tried
            return True

    async def _ship(self, world: World) -> None:
        await ship(world)
        if any(alarm.name == ALARM for alarm in await world.ledger.alarms()):
            # That it ended is an entry too: where none can be written, the alarm stays.
            await world.ledger.clear_alarm(ALARM, world.clock.now())
            log.info("the audit is written and shipped again")
            await ship(world)

    async def _anchor(self, world: World) -> None:
        assert world.trail is not None and world.sink is not None  # noqa: S101, PT018  `going` has asked
        now = world.clock.now()
        if self.anchored_at is not None and timedelta(0) <= now - self.anchored_at < world.pace.anchor_every:
            return
        self.anchored_at = now
        head = await world.trail.head(world.replica)
        if head.number == self.anchored:
            return
        try:
            await world.sink.anchor(head, now)
        except Unavailable as error:
            words = f"the audit's head is kept in no second place: {error}"
            await world.ledger.raise_alarm(Alarm(name=ANCHOR, since=now, words=words))
            self._say(words)
            return
        self.anchored = head.number
        if any(alarm.name == ANCHOR for alarm in await world.ledger.alarms()):
            await world.ledger.clear_alarm(ANCHOR, now)

    async def _expire(self, world: World) -> None:
        assert world.trail is not None  # noqa: S101  `going` has asked
        now = world.clock.now()
        if self.expired_at is not None and timedelta(0) <= now - self.expired_at < DAILY:
            return
        gone = await world.trail.expire(now - world.pace.retain, now)
        self.expired_at = now
        if gone:
            log.info("personal values of the audit have expired", values=gone)

    def _say(self, words: str) -> None:
        if words != self.complained:
            log.warning("the audit could not be shipped", why=words)
        self.complained = words

"""The report of a day or a week, sent by itself once it is over: once for each, by whichever replica has the lease.

How far one has come is written down before and after each attempt. What a channel did not take is tried again; what was on
its way when the process died may have been sent, and is never sent again: an alarm says so, with the command that makes
the same report by hand. One that was missed is sent as soon as an agent runs again, and of several the newest.

It wakes nobody, belongs to no page and climbs no chain, and so it goes past the outbox. It is sent while observing too: who
sets it asks for it. Mail through Graph waits for the release while a hold stands, as all such mail does.
"""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog
from msgspec.structs import replace

from agent.judge.escalation.delivery import FIRST, wait
from agent.judge.quote import quote
from agent.judge.scheduled import by_hand, due
from agent.loop.leasing import KeptLease
from agent.loop.lookout import Lookout
from agent.loop.policies import InForce
from agent.loop.sending import Failure, held, is_through_graph, send
from agent.loop.waits import beside
from agent.model.alarm import Alarm
from agent.model.channel import Channel, ChannelKind
from agent.model.errors import AgentError, Conflict, SettingsError
from agent.model.schedule import OVER, Period, Reported, Stage
from agent.ports.reporting import Reports
from agent.ports.world import World

EVERY = timedelta(minutes=1)
"""How far two looks lie apart."""

REST = 0.1
"""Real seconds between two looks at least, however fast the clock runs that the agent goes by."""

LEASE = "report"
"""The lease of the replica that sends reports."""

LENGTH = timedelta(minutes=10)
"""How long after the death of that replica another one takes over: longer than a report takes to be made and sent."""

PATIENCE = timedelta(hours=2)
"""For how long a channel is tried: a report that comes later than that is made by hand."""

ALARM = "report"
"""The alarm of a report that could not be sent: the next one that is ends it."""

log = structlog.get_logger()


def require_channel(world: World, policies: InForce) -> None:
    """Return where reports can be sent as they are set, or are not sent at all.

    Raises:
        SettingsError: the channel is not there, pages people, or goes through Graph while observing.
    """
    reports = world.reports
    if reports is None:
        return
    name, channels = reports.schedule.channel, policies.judge.channels
    channel = channels.get(name)
    if channel is None:
        there = ", ".join(f"`{one}`" for one in sorted(channels)) or "none"
        raise SettingsError(
            f"`report.channel: {name}` names no channel in `channels/` beside the policies: there is {there}"
        )
    if channel.kind is ChannelKind.PAGER_DUTY:
        raise SettingsError(
            f"`report.channel: {name}` pages people, whom no report has to wake: name another channel"
        )
    if world.enactor is None and is_through_graph(channel):
        raise SettingsError(
            f"`report.channel: {name}` sends mail through Graph, to which nothing is written while observing: "
            f"set `smtp` in `{channel.file}`, or name another channel"
        )


@dataclass(slots=True)
class Reporting:
    """Looks, again and again, whether a report is due, and sends it."""

    world: World
    reports: Reports
    policies: InForce
    lookout: Lookout
    lease: KeptLease = field(default_factory=lambda: KeptLease(LEASE, LENGTH))
    complained: str = ""
    """What was last wrong, so that it is logged once."""

    @classmethod
    @asynccontextmanager
    async def going(cls, world: World, policies: InForce, lookout: Lookout) -> AsyncIterator[None]:
        """Send reports inside the `with`; at its end finish what is under way, and let another replica take over."""
        if world.reports is None:
            await world.ledger.clear_alarm(ALARM, world.clock.now())
            yield
            return
        reporting = cls(world, world.reports, policies, lookout)
        try:
            async with beside(reporting.keep()):
                yield
        finally:
            await reporting.let_go()

    @classmethod
    async def once(cls, world: World, policies: InForce, lookout: Lookout) -> None:
        """Look once, send what is due, and let another replica take over."""
        if world.reports is None:
            return
        reporting = cls(world, world.reports, policies, lookout)
        try:
            await reporting.try_to_look()
        finally:
            await reporting.let_go()

    async def let_go(self) -> None:
        """End the lease, if the ledger is there to end it; else it runs out."""
        try:
            await self.lease.let_go(self.world)
        except AgentError as error:
            log.warning("the lease of reports could not be ended", why=str(error))

    async def keep(self) -> None:
        """Look, again and again, until cancelled; what is being sent meanwhile is finished first."""
        while True:
            await _whole(self.try_to_look())
            await asyncio.sleep(REST)
            await self.world.clock.sleep_until(self.world.clock.now() + EVERY)

    async def try_to_look(self) -> None:
        """Look, and come back whatever happens."""
        failure = ""
        try:
            await self.look()
        except Conflict as error:
            log.info("a report is left for the next look", why=str(error))
        except AgentError as error:
            failure = str(error)
        except Exception as error:
            failure = f"internal error: {error}"
            log.exception("a report cannot be sent")
        if failure and failure != self.complained:
            log.error("a report cannot be sent", why=failure)
            with suppress(AgentError):
                await self._alarm(f"no report can be sent: {failure}")
        self.complained = failure

    async def look(self) -> None:
        """Send the report that is due, if it was not sent.

        Raises:
            LedgerError, Conflict: it is left for the next look.
        """
        if not await self.lease.keep(self.world):
            return
        now = self.world.clock.now()
        period = due(self.reports.schedule, now)
        for one in await self.reports.log.unfinished():
            if one.stage is Stage.SENDING or one.period != period.name:
                await self._lost(one, period)
        known = await self.reports.log.reported(period.name)
        one = known or Reported(period=period.name, stage=Stage.WAITING, at=now, first=now)
        if one.stage in OVER or (one.due is not None and now < one.due):
            return
        await self._send(period, one, None if known is None else known.stage)

    async def _lost(self, one: Reported, period: Period) -> None:
        """Give up what another process left halfway, or what a newer one has overtaken."""
        if one.stage is Stage.SENDING:
            why = (
                "the agent stopped, or lost its ledger, while it was being sent: whether it was is not known"
            )
        else:
            why = f"it was not sent before the next one was due: {one.why}"
        await self._give_up(one, why, period if one.period == period.name else None)

    async def _send(self, period: Period, one: Reported, before: Stage | None) -> None:
        name = self.reports.schedule.channel
        channel = self.policies.judge.channels.get(name)
        if channel is None:
            begun = replace(one, stage=Stage.SENDING, at=self.world.clock.now())
            await self.reports.log.write(begun, before)
            await self._give_up(begun, f"there is no channel `{name}` any more", period)
            return
        why = await held(self.world.ledger, self.lookout, channel)
        if why:
            await self._wait(one, before, why, self.world.clock.now() + FIRST)
            return
        await self._try(period, channel, one, before)

    async def _try(self, period: Period, channel: Channel, one: Reported, before: Stage | None) -> None:
        notice = await self.reports.reporter(self.reports.schedule, period)
        now = self.world.clock.now()
        begun = replace(one, stage=Stage.SENDING, at=now, due=None, attempts=one.attempts + 1)
        await self.reports.log.write(begun, before)
        self.world.fence()
        came = await send(self.reports.channels, channel, notice, ())
        if isinstance(came, Failure):
            await self._failed(period, begun, came)
            return
        sent = replace(begun, stage=Stage.SENT, at=self.world.clock.now(), why="")
        await self.reports.log.write(sent, begun.stage)
        await self.world.ledger.clear_alarm(ALARM, self.world.clock.now())
        log.info("report sent", period=period.name, channel=channel.name)

    async def _failed(self, period: Period, begun: Reported, failure: Failure) -> None:
        now = self.world.clock.now()
        again = max(now + wait(begun.attempts), failure.until or now)
        if failure.is_final or again - begun.first > PATIENCE:
            await self._give_up(begun, failure.words, period)
            return
        await self._wait(begun, begun.stage, failure.words, again)

    async def _wait(self, one: Reported, before: Stage | None, why: str, again: datetime) -> None:
        if why != one.why:
            log.warning("a report is not sent yet", period=one.period, why=why, again=again.isoformat())
        waiting = replace(one, stage=Stage.WAITING, at=self.world.clock.now(), due=again, why=why)
        await self.reports.log.write(waiting, before)

    async def _give_up(self, one: Reported, why: str, period: Period | None) -> None:
        """Send it no more, and say so with how it is made by hand, where it is the newest."""
        failed = replace(one, stage=Stage.FAILED, at=self.world.clock.now(), due=None, why=why)
        await self.reports.log.write(failed, one.stage)
        log.error("report not sent", period=one.period, why=why)
        how = "" if period is None else f": make it with `{by_hand(period)}`"
        await self._alarm(
            f"the report of {one.period} was not sent through {quote(self.reports.schedule.channel)}: {why}{how}"
        )

    async def _alarm(self, words: str) -> None:
        alarm = Alarm(name=ALARM, since=self.world.clock.now(), words=words)
        await self.world.ledger.raise_alarm(alarm)


async def _whole(work: Coroutine[object, object, None]) -> None:
    """Do it to its end, also where this is cancelled meanwhile; the cancelling goes on after that."""
    task = asyncio.ensure_future(work)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await task
        raise

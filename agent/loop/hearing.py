"""Acknowledgements: asked for every half minute, of channels that can be asked. No inbound port is needed."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from agent.judge.escalation.delivery import taken
from agent.model.channel import Channel
from agent.model.errors import AgentError
from agent.model.escalation import Heard, Page
from agent.ports.escalation import Channels, Pages

EVERY = timedelta(seconds=30)
"""How far two polls of a channel lie apart."""

PATIENCE = 60.0
"""Real seconds after which a poll that has not ended is given up."""

log = structlog.get_logger()


@dataclass(slots=True)
class Hearing:
    """What was heard since it was last taken, and which channels are being asked. What is lost is heard again."""

    pages: Pages
    channels: Channels
    heard: dict[str, list[Heard]] = field(default_factory=dict)
    """By the page."""
    asked: dict[str, datetime] = field(default_factory=dict)
    """When each channel was last asked."""
    under_way: dict[str, "asyncio.Task[None]"] = field(default_factory=dict)
    next_ask: datetime | None = None
    """When a channel is to be asked next; None where none is."""
    failures: dict[str, str] = field(default_factory=dict)
    """What was last wrong with which channel, so that it is logged once."""

    def begin(self, known: Iterable[Channel], open_pages: Sequence[Page], now: datetime) -> None:
        """Begin to ask every channel that hears and was told of a page; a slow one keeps nobody waiting."""
        self.next_ask = None
        for channel in known:
            told = [page for page in open_pages if any(one.channel == channel.name for one in page.told)]
            if not told or not self.channels.hears(channel):
                continue
            before = self.asked.get(channel.name)
            is_due = before is None or not timedelta(0) <= now - before < EVERY
            if is_due and channel.name not in self.under_way:
                self.asked[channel.name] = now
                self.under_way[channel.name] = asyncio.create_task(self._ask(channel, told))
            again = self.asked.get(channel.name, now) + EVERY
            self.next_ask = again if self.next_ask is None else min(self.next_ask, again)

    def take(self) -> Mapping[str, Sequence[Heard]]:
        """Return what was heard since this was last called, by the page."""
        taken, self.heard = self.heard, {}
        return taken

    async def rest(self) -> None:
        """Return once no channel is being asked."""
        await asyncio.gather(*self.under_way.values())

    async def stop(self) -> None:
        """Let go of what is being asked: it is asked again."""
        tasks = tuple(self.under_way.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self.under_way.clear()  # a task that was cancelled before it began has not taken itself out

    async def _ask(self, channel: Channel, told: Sequence[Page]) -> None:
        failure = ""
        try:
            async with asyncio.timeout(PATIENCE):
                posted = taken(await self.pages.posted(*(page.id for page in told)), channel.name)
                for one in await self.channels.heard(channel, posted) if posted else ():
                    self.heard.setdefault(one.key.rpartition(":")[0], []).append(one)
        except AgentError as error:
            failure = str(error)
        except TimeoutError:
            failure = f"it did not answer within {PATIENCE:.0f} seconds"
        except Exception as error:
            failure = f"internal error: {type(error).__name__}"
            log.exception("acknowledgements cannot be read", channel=channel.name)
        finally:
            self.under_way.pop(channel.name, None)
        if failure and failure != self.failures.get(channel.name):
            log.warning("acknowledgements cannot be read", channel=channel.name, why=failure)
        self.failures[channel.name] = failure

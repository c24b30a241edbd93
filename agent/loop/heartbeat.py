"""The heartbeat: somebody else is told again and again that all is well, so that silence means trouble.

It is told only while the agent does its work and could itself tell people of trouble: passes go on, the kill switch can be
read, the ledger is written to, and the audit leaves. A Defender that is away is told through the channels. It runs beside
everything and nothing waits for it.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

import structlog

from agent.model.errors import AgentError
from agent.model.health import Check
from agent.ports.host import Heart

MANY = 3
"""Signs of life in a row that were not taken, after which it is an alarm."""

SOON = 5.0
"""Seconds to the next look where all is not well."""

ALARM = "heartbeat"
"""The alarm of signs of life that are not taken: whoever waits for them is about to sound one too."""

log = structlog.get_logger()


@dataclass(slots=True)
class Heartbeat:
    """Tells, again and again.

    `trouble` says why all is not well, and is empty where it is; `sound` lets the alarm stand with these words, or end where
    there are none.
    """

    heart: Heart
    every: timedelta
    trouble: Callable[[], str]
    sound: Callable[[str], Awaitable[object]]
    failed: int = 0
    """How often in a row it was not taken."""
    why: str = ""
    """Why it was not taken last; empty where it was."""
    kept_back: str = ""
    """Why none is sent; empty where they are."""
    has_begun: bool = False
    """Whether all was well before: an agent that starts is not in trouble."""
    is_sounding: bool = True
    """Whether the alarm may stand: an earlier process may have left it."""

    async def keep(self) -> None:
        """Tell, again and again, until cancelled."""
        while True:
            try:
                await self.beat()
            except AgentError as error:
                log.error("the alarm of heartbeats could not be written", why=str(error))
            except Exception:  # a bug in here must not silence the agent for ever
                log.exception("no heartbeat could be sent")
            usual = self.every.total_seconds()
            await asyncio.sleep(min(usual, SOON) if self.kept_back else usual)

    async def beat(self) -> None:
        """Tell once, if all is well."""
        trouble = self.trouble()
        if trouble and not self.kept_back and self.has_begun:
            log.warning("no heartbeat is sent", why=trouble)
        elif self.kept_back and not trouble and self.has_begun:
            log.info("heartbeats are sent again")
        self.kept_back = trouble
        if trouble:
            return
        self.has_begun = True
        try:
            await self.heart.beat()
        except AgentError as error:
            await self._failed(str(error))
            return
        if self.why:
            log.info("heartbeats are taken again")
        self.failed, self.why = 0, ""
        if self.is_sounding:
            await self.sound("")
            self.is_sounding = False

    def check(self) -> Check:
        """Say whether they are sent and taken."""
        if self.kept_back:
            return Check(name=ALARM, ok=False, words=f"not sent: {self.kept_back}", failing=1)
        words = f"not taken {self.failed} times in a row" if self.failed else "sent and taken"
        is_ok = self.failed < MANY
        return Check(name=ALARM, ok=is_ok, words=words, failing=0 if is_ok else 1)

    async def _failed(self, why: str) -> None:
        self.failed += 1
        if why != self.why:
            log.warning("a heartbeat was not taken", why=why)
        self.why = why
        if self.failed >= MANY:
            await self.sound(
                f"{self.failed} heartbeats in a row were not taken, so that the service that waits for them sounds an "
                f"alarm though the agent works: {why}: check `health.heartbeat`, and whether this machine reaches it"
            )
            self.is_sounding = True

"""Credentials that end: looked at once a day, logged a month before, an alarm a week before.

An agent whose credential has ended reads nothing and carries nothing out, and whatever waits meanwhile expires in Defender.
A month is time to have a new one made by day; a week before, people on call have to hear of it, as often a credential is
renewed by somebody else than whoever reads this log. What cannot be read is told as unknown, and is no alarm: that the
permission is missing is a choice.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from agent.judge.quote import moment
from agent.loop.alarms import let_stand
from agent.loop.vitals import Vitals
from agent.model.errors import Unavailable
from agent.model.vitals import Expiry
from agent.ports.world import World

EVERY = timedelta(days=1)
SOON = timedelta(hours=1)
"""How long to wait where Graph could not be asked."""

WARNED = timedelta(days=30)
"""How long before its end a credential is warned of, in the log and wherever it is shown."""

ALARMED = timedelta(days=7)
"""How long before its end it is an alarm."""

ALARM = "credentials"
"""The alarm of credentials that end, one for all replicas: who starts anew with another one ends it. A replica that still
goes by the old one raises it again with its next look."""

log = structlog.get_logger()


@dataclass(slots=True)
class Expiring:
    """When this process looked last, and what it said then."""

    again: datetime | None = None
    said: str | None = None
    """The words of its alarm; empty where it was seen not to stand, None where it may."""

    async def go(self, world: World, vitals: Vitals) -> None:
        """Look where that is due, and let the alarm stand for exactly as long as there is reason to."""
        now = world.clock.now()
        if world.login is None:
            return
        if self.again is None or not now < self.again <= now + EVERY:
            await self._look(world, vitals, now)
        if vitals.expiries:
            await self._sound(world, vitals.expiries, now)

    async def _look(self, world: World, vitals: Vitals, now: datetime) -> None:
        assert world.login is not None  # noqa: S101  asked above
        try:
            vitals.expiries = await world.login.expiries()
        except Unavailable as error:
            self.again = now + SOON
            log.info("credentials are looked at later", why=str(error))
            return
        self.again, self.said = now + EVERY, None
        for one in vitals.expiries:
            if one.ends is not None and one.ends - now <= WARNED:
                log.warning("credential ends soon", what=one.what, ends=one.ends.isoformat())

    async def _sound(self, world: World, expiries: Sequence[Expiry], now: datetime) -> None:
        ending = [one for one in expiries if one.ends is not None and one.ends - now <= ALARMED]
        words = "; ".join(f"{one.what} {ending_words(one, now)}" for one in ending)
        if words:
            words += (
                ": make a new one, and start the agent with it: without one nothing is read or carried out"
            )
        if words == self.said:
            return
        await let_stand(world.ledger, ALARM, words, now)
        self.said = words


def ending_words(one: Expiry, now: datetime) -> str:
    """Say when a credential ends, or that it has ended."""
    if one.ends is None:
        return f"has no end: {one.why}" if one.is_lasting else f"may end at any moment: {one.why}"
    return f"{'ended' if one.ends <= now else 'ends'} on {moment(one.ends)}"

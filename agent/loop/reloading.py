"""The folder of policies -> the set in force: looked at again every few seconds, and at once when asked.

A change is told by content. It is taken only once two readings a second apart agree, so that a set which is
just being written does not come into force by halves. A set that does not load leaves the last good one in
force, and an alarm stands until one loads again.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from agent.loop.cycle import judge_anew
from agent.loop.policies import InForce, keep
from agent.loop.waits import evenly
from agent.model.alarm import Alarm
from agent.model.errors import PolicyError
from agent.ports.world import World

ALARM = "policies"
"""The name of the alarm of a set that does not load."""

SETTLING = timedelta(seconds=1)
"""How far two readings that agree lie apart."""

READINGS = 5
"""How often the folder is read until two readings agree; after that, the next look has to do."""

log = structlog.get_logger()

Reading = Mapping[str, bytes] | str
"""The files of the folder; in words, why it cannot be read."""


@dataclass(slots=True)
class Reloading:
    """What is remembered from one look to the next. `asked` is set by whoever wants one at once."""

    asked: asyncio.Event = field(default_factory=asyncio.Event)
    looked: datetime | None = None
    refused: Reading | None = None
    """What was last read and did not load: it is complained of once."""
    has_noticed: bool = False
    """Whether the folder was seen to differ in passing, and is to be looked at as soon as may be."""
    is_unfinished: bool = False
    """Whether decisions of the last set are still to be made anew."""

    def next_look(self, world: World) -> datetime:
        """Return when the folder is to be looked at next."""
        now = world.clock.now()
        if self.looked is None or self.has_noticed or self.asked.is_set():
            return now
        return evenly(min(self.looked, now), world.pace.reload_every)

    def put_off(self, world: World) -> None:
        """Look again in a while: nothing came of this look, and it is not repeated at once."""
        self.looked, self.has_noticed = world.clock.now(), False
        self.asked.clear()

    async def has_news(self, world: World, policies: InForce) -> bool:
        """Whether the folder seems to hold something else by now; asked often, it reads only where it is time to.

        What is being carried out then is broken off, so that nothing more is done by a set that somebody
        has just replaced.
        """
        if self.next_look(world) > world.clock.now():
            return False
        if not self.has_noticed and not self.asked.is_set():
            self.looked = world.clock.now()
            found = await _read(world)
            self.has_noticed = found not in (policies.written, self.refused)
        return self.has_noticed or self.asked.is_set()

    async def go(self, world: World, policies: InForce) -> bool:
        """Look at the folder where it is time to; return whether another set is in force now."""
        now = world.clock.now()
        if self.next_look(world) > now:
            return False
        is_asked, self.looked, self.has_noticed = self.asked.is_set(), now, False
        self.asked.clear()
        found = await self._settled(world, policies)
        has_changed = found is not None and await self._take(world, policies, found, is_asked=is_asked)
        if has_changed or self.is_unfinished:
            self.is_unfinished = True
            await keep(world, policies)
            renewed = await judge_anew(world, policies)
            self.is_unfinished = False
            log.info(
                "policies in force", revision=policies.judge.revision, git=policies.git, judged_anew=renewed
            )
        return has_changed

    async def _settled(self, world: World, policies: InForce) -> Reading | None:
        """Return what is in the folder, once two readings agree; None where they do not."""
        found = await _read(world)
        if found in (policies.written, self.refused):
            return found
        for _ in range(READINGS):
            await world.clock.sleep_until(world.clock.now() + SETTLING)
            before, found = found, await _read(world)
            if found == before:
                return found
        log.warning("policies are being changed", then="they are read again at the next look")
        return None

    async def _take(self, world: World, policies: InForce, found: Reading, *, is_asked: bool) -> bool:
        """Go by what was read, if it loads; return whether the set changed."""
        if found == self.refused and not is_asked:
            return False
        if isinstance(found, str):
            await self._refuse(world, policies, found, found)
            return False
        is_same = found == policies.written
        try:
            git = (
                policies.git if is_same and not is_asked else await asyncio.to_thread(world.shelf.git, found)
            )
            await policies.ready(found)
            has_changed = policies.renew(found, git) if (not is_same or git != policies.git) else False
        except PolicyError as error:
            await self._refuse(world, policies, found, first_problem(error))
            return False
        if self.refused is not None:
            self.refused = None
            await world.ledger.clear_alarm(ALARM, world.clock.now())
            log.info("policies load again", revision=policies.judge.revision)
        return has_changed

    async def _refuse(self, world: World, policies: InForce, found: Reading, why: str) -> None:
        """Keep the last good set, and say so: in the log once, and in the ledger for as long as it lasts."""
        words = f"{why}; revision {policies.judge.revision} stays in force"
        await world.ledger.raise_alarm(Alarm(name=ALARM, since=world.clock.now(), words=words))
        self.refused = found
        log.error("policies do not load", why=why, in_force=policies.judge.revision)


async def _read(world: World) -> Reading:
    try:
        return await world.shelf.look()
    except PolicyError as error:
        return first_problem(error)


def first_problem(error: PolicyError) -> str:
    """Return the first thing that is wrong, and how many more there are, in one line."""
    more = len(error.problems) - 1
    return f"{error.problems[0]}{f' (and {more} more; `air-agent policy check` tells all)' if more else ''}"

"""The lookout: how a running agent keeps the kill switch in sight.

A hold is laid by a file, by a signal, or as a flag in the ledger, and where it was laid does not matter: right
before each call the file is read, and the ledger is asked in the transaction in which the call is written down.
The lookout makes the hold felt everywhere else. It looks every two seconds, whatever the loop is waiting for,
brings a file's hold into the ledger so that every replica goes by it, and wakes the loop when a hold comes or goes.
It goes by real time, whatever the agent's clock says: what a person stops must stop within seconds.

What cannot be read holds: a file that may be there, a ledger that is away, and a lookout that has died or hangs.

While anything holds, nothing at all is written to Graph: no effects, and no comments, tags or classifications
either. Who throws a kill switch does not know yet what went wrong; it may be the very thing that writes comments, or
a login in the wrong hands. Nothing is lost by it: decisions are shown in their incidents once nothing holds. All
that only reads goes on, so that the agent sees and says what waits.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

import structlog
from msgspec.structs import replace

from agent.judge.rails.holding import held_words
from agent.loop.means import missing
from agent.loop.vitals import Vitals
from agent.loop.waits import set_within
from agent.model.alarm import Alarm
from agent.model.errors import AgentError, Held
from agent.model.health import Mark
from agent.model.hold import KILL_SWITCH, OF_BLINDNESS, Hold, Replica
from agent.model.policy import Mode
from agent.ports.world import World

LOOK = 2.0
"""Seconds from one look to the next."""

BLIND = 6.0
"""Seconds without a whole look after which nothing is carried out: three looks that failed."""

BEAT = 30.0
"""Seconds from one sign of life in the ledger to the next: each is a write."""

SIGN = timedelta(minutes=1)
"""The same by the agent's own clock, which may run faster to try things out."""

ALARM = "switch"
"""How the names of alarms begin that a lookout is blind; the replica's name follows."""

log = structlog.get_logger()


class Lookout:
    """What this process knows of the kill switch, and the signs of life that it leaves.

    `asked` is set by whoever wants a hold laid at once, such as a signal. `woken` is set whenever it begins or ends
    that something holds. `has_held` says that something was held that is to be judged anew once nothing holds.
    """

    def __init__(
        self,
        world: World,
        *,
        asked: asyncio.Event | None = None,
        elapsed: Callable[[], float] | None = None,
        set_within: Callable[[asyncio.Event, float], Awaitable[object]] = set_within,
        vitals: Vitals | None = None,
    ) -> None:
        self.asked = asked or asyncio.Event()
        self.woken = asyncio.Event()
        self.has_held = False
        self.vitals = vitals or Vitals()
        """How this process fares, for the ledger to know."""
        self._world = world
        self._elapsed = elapsed or asyncio.get_running_loop().time
        self._set_within = set_within
        self._began = self._elapsed()
        self._read: float | None = None
        """When the last whole look began; None before the first."""
        self._switch_read: datetime | None = None
        self._file: Hold | None = None
        self._flags: tuple[Hold, ...] = ()
        self._sign = world.clock.now()
        self._beaten: tuple[float, Replica] | None = None
        self._said: dict[str, str] = {}
        self._failure = ""
        self._is_alarmed = True
        """Whether an alarm of this replica may stand: an earlier process may have left one."""

    @property
    def is_held(self) -> bool:
        """Whether anything holds, as far as is known."""
        return bool(self.standing())

    @property
    def switch_read(self) -> datetime | None:
        """When the kill switch was last read to the end; None before the first time."""
        return self._switch_read

    def standing(self) -> tuple[Hold, ...]:
        """Return what holds: what the ledger was last seen to have, and what only this process knows of."""
        known = {hold.name for hold in self._flags}
        return (*self._flags, *(hold for hold in self._own() if hold.name not in known))

    async def unless_held(self) -> None:
        """Read the file once more, and let the caller go on if nothing holds that the ledger does not know.

        Raises:
            Held: nothing may leave.
        """
        self._file = await self._of_file()
        for hold in self._own():
            self.has_held = True
            raise Held(hold.guard, held_words(hold))

    async def look(self) -> None:
        """Read the whole switch, and bring into the ledger what was laid outside it.

        Raises:
            LedgerError, Conflict: the ledger is away; what was read of the rest counts all the same.
        """
        ledger, began, now = self._world.ledger, self._elapsed(), self._world.clock.now()
        self._file = await self._of_file()
        if self.asked.is_set():
            await ledger.hold(self._of_signal())
            self.asked.clear()
        self._flags = await self._agreed(await ledger.holds(), now)
        self._read, self._switch_read = began, now
        self.vitals.mark(Mark.READ_SWITCH)
        if self._is_alarmed:
            await ledger.clear_alarm(self._alarm, now)
            self._is_alarmed = False

    async def keep(self) -> None:
        """Look, again and again, until cancelled; whatever goes wrong, the next look is made."""
        while True:
            # What was asked for and could not be laid is not tried again before a pause.
            event = asyncio.Event() if self.asked.is_set() else self.asked
            # All lookouts of a process look in the same moments: together that costs little.
            await self._set_within(event, LOOK - self._elapsed() % LOOK)
            await self.try_to_look()

    async def try_to_look(self) -> None:
        """Look, leave a sign of life where it is time to, and come back whatever happens."""
        failure = ""
        try:
            await self.look()
            await self._beat()
        except AgentError as error:
            failure = str(error)
        except Exception as error:  # a bug in here must not leave the agent blind for ever
            failure = f"internal error: {error}"
            log.exception("kill switch cannot be read")
        if failure and failure != self._failure:
            log.error("kill switch cannot be read", why=failure, then="nothing leaves until it can be")
        self._failure = failure
        self._tell()
        self.vitals.mark(Mark.TRIED_SWITCH)

    async def sign(self) -> None:
        """Note that the loop is alive. Where the lookout is not, say in its place that it is blind."""
        self._sign = self._world.clock.now()
        self.vitals.signs_given += 1
        blind = self._blindness()
        if blind is None:
            return
        self._tell()
        is_new, self._is_alarmed = not self._is_alarmed, True
        if is_new:
            words = f"`{self._world.replica}` carries nothing out: {blind.reason}: see its log, and start it again"
            await self._world.ledger.raise_alarm(Alarm(name=self._alarm, since=self._sign, words=words))
        if is_new or self._is_time_to_beat(self._replica(self._sign)):
            await self._write(self._replica(self._sign))

    @property
    def _alarm(self) -> str:
        return f"{ALARM} {self._world.replica}"

    def _own(self) -> Sequence[Hold]:
        """Return what holds by what this process knows, and the ledger may not."""
        signal = self._of_signal() if self.asked.is_set() else None
        return [hold for hold in (signal, self._file, self._blindness()) if hold is not None]

    def _of_signal(self) -> Hold:
        return of_signal(self._world.replica, self._world.clock.now())

    def _blindness(self) -> Hold | None:
        blind = self._elapsed() - (self._began if self._read is None else self._read)
        if self._read is not None and blind <= BLIND:
            return None
        since = self._switch_read or self._sign
        reason = f"the kill switch could not be read for {blind:.0f} s"
        replica = self._world.replica
        return Hold(name=f"{OF_BLINDNESS}{replica}", since=since, by=replica, reason=reason)

    async def _of_file(self) -> Hold | None:
        switch = self._world.switch
        return None if switch is None else await switch.read(self._world.clock.now())

    async def _agreed(self, flags: tuple[Hold, ...], now: datetime) -> tuple[Hold, ...]:
        """Return the ledger's holds, once the file's is among them exactly if the file is there."""
        mine = next((hold for hold in flags if hold.replica == self._world.replica), None)
        if self._file is not None and (mine is None or mine.reason != self._file.reason):
            if mine is not None and mine.by != self._file.by:
                await self._world.ledger.release(mine.name, mine.by, "another file is asked now", now)
            await self._world.ledger.hold(self._file)
        elif self._file is None and mine is not None:
            await self._world.ledger.release(mine.name, mine.by, "the file is gone", now)
        else:
            return flags
        return await self._world.ledger.holds()

    def _tell(self) -> None:
        """Log what began or ended to hold, and wake the loop where that changes what may be done."""
        standing = {hold.name: hold for hold in self.standing()}
        for name, hold in standing.items():
            if self._said.get(name) != hold.reason and not self._is_blind_still(hold):
                log.warning("held", name=name, since=hold.since.isoformat(), by=hold.by, why=hold.reason)
        for name in self._said.keys() - standing.keys():
            log.warning("released", name=name)
        if bool(standing) is not bool(self._said):
            self.woken.set()
        if standing:
            self.has_held = True
        self._said = {name: hold.reason for name, hold in standing.items()}

    def _is_blind_still(self, hold: Hold) -> bool:
        """Whether it was told already that this process is blind: its words change with every second."""
        return hold.name.startswith(OF_BLINDNESS) and hold.name in self._said

    async def _beat(self) -> None:
        """Leave a sign of life, where the last one is old or said something else."""
        if self._switch_read is None:
            return
        # A loop that hangs gives no sign, whatever the lookout sees.
        replica = self._replica(min(self._sign, self._switch_read))
        if self._is_time_to_beat(replica):
            await self._write(replica)

    def _is_time_to_beat(self, replica: Replica) -> bool:
        if self._beaten is None:
            return True
        at, last = self._beaten
        if self._elapsed() - at >= BEAT or not timedelta(0) <= replica.alive - last.alive < SIGN:
            return True
        told, known = (
            (replica.mode, replica.cannot, replica.expiries),
            (last.mode, last.cannot, last.expiries),
        )
        return told != known

    async def _write(self, replica: Replica) -> None:
        login = self._world.login
        usage = () if login is None else login.usage()  # of some length: not worked out at every look
        await self._world.ledger.beat(replace(replica, usage=usage))
        self._beaten = self._elapsed(), replica
        self.vitals.mark(Mark.WROTE)

    def _replica(self, alive: datetime) -> Replica:
        world = self._world
        return Replica(
            name=world.replica,
            alive=alive,
            switch_read=self._switch_read,
            version=world.version,
            mode=(Mode.OBSERVE if world.enactor is None else Mode.ENFORCE).value,
            cannot={kind.value: why for kind, why in missing(world).items()},
            passing=self.vitals.passing,
            expiries=self.vitals.expiries,
        )


def of_signal(replica: str, now: datetime) -> Hold:
    """Return the hold that a signal to this process lays."""
    by = f"a signal to {replica}"
    return Hold(name=KILL_SWITCH, since=now, by=by, reason="SIGUSR1, which cannot say why")


@asynccontextmanager
async def keeping_lookout(
    world: World, asked: asyncio.Event | None = None, vitals: Vitals | None = None
) -> AsyncIterator[Lookout]:
    """Give a lookout that has looked once and keeps looking until the end."""
    lookout = Lookout(world, asked=asked, vitals=vitals)
    await lookout.try_to_look()
    looking = asyncio.create_task(lookout.keep())
    try:
        yield lookout
    finally:
        looking.cancel()
        await asyncio.gather(looking, return_exceptions=True)

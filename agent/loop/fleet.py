"""The process: every tenant that is ours, each by itself.

Again and again it is compared how things are with how they are to be, and whatever differs is begun or ended: so it does
not matter what was missed, or in which order news came. A share that cannot be renewed ends by this process's own clock;
before it does, what is under way in its tenant is finished, and then cut off.

A process with one tenant is a fleet of one, with one difference: what ends that tenant ends the process.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import AsyncExitStack
from hashlib import sha256
from types import MappingProxyType

import structlog

from agent.loop.errands import Errands
from agent.loop.rollcall import RollCall
from agent.loop.run import START
from agent.loop.sharing import Sharing
from agent.loop.tending import Gate, Life, Orders, Tend, Tended, lay, live, sound, words_of
from agent.loop.vitals import Vitals
from agent.loop.waits import beside, first_of
from agent.model.errors import AgentError, SettingsError
from agent.model.health import Mark
from agent.model.tenancy import Condition, Share, Tenancy
from agent.ports.fleet import Roster, Shares

LOOK = 5.0
"""Seconds from one look at the roster to the next."""

SETTLING = 1.0
"""The same where the last look differed from the one before."""

TICK = 0.5
"""Seconds from one comparison to the next, where nothing calls for one."""

FIRST, LONGEST = 5.0, 60.0
"""Seconds until one that failed is opened again: the first wait, doubled each time, and the longest."""

log = structlog.get_logger()


class Fleet:
    """Looks after tenants until it is asked to stop, or where it does not last, once with each."""

    def __init__(
        self,
        roster: Roster,
        shares: Shares,
        orders: Orders,
        tend: Tend,
        *,
        is_alone: bool = False,
        is_lasting: bool = True,
        elapsed: Callable[[], float] | None = None,
        pause: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._roster, self._orders, self._tend = roster, orders, tend
        self._is_alone, self._is_lasting = is_alone, is_lasting
        self._elapsed = elapsed or shares.now
        self._pause = pause
        self._gate, self._woken = Gate(), asyncio.Event()
        self._short = asyncio.Event()
        """Set where there is a tenant to be taken that is not ours: shares are asked for at once then."""
        self._errands = Errands()
        self._roll, self._sharing = RollCall(roster, self._errands), Sharing(shares)
        self._leaving: set[str] = set()
        """The ids of tenants that are being let go."""
        self._error: Exception | None = None

    @property
    def tended(self) -> Mapping[str, Tended]:
        """Every tenant by its name, and how it stands."""
        return MappingProxyType(self._roll.tended)

    async def go(self) -> None:
        """Look after every tenant that is ours, and come back once each has come to its end.

        Raises:
            SettingsError: it cannot be said who the tenants are.
            LedgerError: it cannot be asked which are ours.
            AgentError: what ended the only tenant, where there is one alone.
        """
        await self._roll.look(is_asked=True)
        await self._sharing.renew(self._wanted())
        async with AsyncExitStack() as stack:
            stack.push_async_callback(self._errands.rest)
            for endless in (self._keep_looking(), self._keep_renewing(), self._keep_listening()):
                await stack.enter_async_context(beside(endless))
            stack.push_async_callback(self._cut_off_all)
            while not self._is_settled():
                stopping = () if self._orders.stop.is_set() else (self._orders.stop.wait(),)
                await first_of(self._woken.wait(), self._pause(TICK), *stopping)
                self._woken.clear()
        if self._error is not None:
            raise self._error

    def _is_settled(self) -> bool:
        """Begin and end what is to be; return whether that was all, and nothing is left."""
        self.settle()
        return self._is_over()

    def settle(self) -> None:
        """Begin and end whatever differs from how it is to be."""
        for one in list(self._roll.tended.values()):
            one.is_ours = one.tenancy.tenant_id in self._sharing.held
            life = one.life
            if life is not None and life.task.done():
                self._close(one, life)
            elif life is not None:
                self._look_whether_mended(one)
                self._hurry(one, life)
            if one.life is None and not one.is_listed:
                del self._roll.tended[one.name]
            elif one.life is None:
                self._begin(one)

    def _begin(self, one: Tended) -> None:
        """Open a tenant that is closed, if it is to be and may be."""
        share = self._sharing.held.get(one.tenancy.tenant_id)
        now = self._elapsed()
        if (
            share is None
            or share.is_asked_back
            or share.until - now <= self._sharing.ending
            or share.tenant_id in self._leaving
        ):
            return
        if not self._is_wanted(one) or now < one.not_before or self._is_open_elsewhere(one):
            return
        orders = Orders(hold=one.asked_to_hold)
        life = Life(one.tenancy, share, orders)
        one.life = life
        fence = self._sharing.fence(share)
        life.task = asyncio.create_task(live(one, life, self._roster, self._gate, self._tend, fence))
        life.task.add_done_callback(lambda _: self._woken.set())

    def _look_whether_mended(self, one: Tended) -> None:
        """Forget what was wrong with a tenant once a pass has been made in it; what goes wrong later is said again."""
        if one.failures and Mark.PASSED in one.vitals.marks:
            log.info("tenant is looked after again", tenant=one.name)
            one.failures, one.problem, one.told = 0, one.tenancy.problem, ""

    def _hurry(self, one: Tended, life: Life) -> None:
        """Ask a tenant to end, or cut it off, where there is a reason to."""
        share, now = self._sharing.held.get(life.tenancy.tenant_id), self._elapsed()
        if share is None or share.token != life.share.token:
            life.cut_off("it is another replica's now")
        elif life.stuck:
            life.cut_off(f"it stands still: {life.stuck}")
        elif share.until - now <= self._sharing.ending / 2:
            life.cut_off("its share ends, and could not be renewed")
        elif share.until - now <= self._sharing.ending:
            life.end("its share ends, and could not be renewed")
        elif self._orders.stop.is_set() or self._error is not None:
            life.end("this process is to stop")
        elif not one.is_listed:
            life.end("it was removed")
        elif share.is_asked_back:
            life.end("another replica takes it over")
        elif one.tenancy.digest != life.tenancy.digest and not one.tenancy.problem:
            life.end("its settings have changed")

    def _close(self, one: Tended, life: Life) -> None:
        """Note how a life ended, and have its tenant let go where it is not to be opened again at once."""
        one.life = None
        one.vitals.closed()
        words = ""
        error = AgentError(f"it stood still: {life.stuck}") if life.stuck else life.error
        if error is not None:
            words = self._failed(one, error)
        else:
            one.failures, one.problem, one.told = 0, one.tenancy.problem, ""
            one.is_done = not life.ends_because
            log.info("tenant ended", tenant=life.tenancy.name, why=life.ends_because or "all of it was done")
        goes_on = error is None and life.tenancy.tenant_id in set(self._wanted())
        share = self._sharing.held.get(life.tenancy.tenant_id)
        if share is None or (goes_on and not share.is_asked_back):
            return
        self._leaving.add(share.tenant_id)
        self._errands.run(self._leave(life.tenancy, share, words))

    async def _leave(self, tenancy: Tenancy, share: Share, words: str) -> None:
        """Write down why a tenant is closed, where there is something to say, and let others take it."""
        try:
            if words:
                await sound(self._roster, tenancy, share, START, words)
            await self._sharing.let_go(share.tenant_id)
        finally:
            self._leaving.discard(share.tenant_id)

    def _failed(self, one: Tended, error: Exception) -> str:
        """Have a tenant opened again later, and say once what is wrong; return what its alarm is to say, if anything."""
        if self._is_alone:
            self._error = self._error or error
            return ""
        one.failures += 1
        one.problem = words_of(error)
        # Each a little later than another, so that those that failed together do not come back together.
        wait = min(FIRST * 2 ** min(one.failures - 1, 10), LONGEST) * (
            1 + fraction(one.tenancy.tenant_id) / 2
        )
        one.not_before = self._elapsed() + wait
        if one.problem == one.told:
            return ""
        one.told = one.problem
        then = (
            "it is tried again in a while, and the others go on" if self._is_lasting else "the others go on"
        )
        log.error("tenant failed", tenant=one.name, why=one.problem, then=then)
        return f"the tenant is not looked after: {one.problem}"

    def stuck(self, name: str, why: str) -> None:
        """Cut off a tenant that stands still, and open it again."""
        one = self._roll.tended.get(name)
        if one is not None and one.life is not None:
            one.life.stuck = why
            self._woken.set()

    def watched(self) -> Mapping[str, Vitals]:
        """Return how work goes on in each tenant that is to be looked after here."""
        tended = self._roll.tended.values()
        return {one.name: one.vitals for one in tended if one.condition is not Condition.ELSEWHERE}

    def _wanted(self) -> Iterator[str]:
        """Give the ids of the tenants that are open, and of those that are to be."""
        for one in self._roll.tended.values():
            if one.life is not None:
                yield one.life.tenancy.tenant_id
            if self._is_wanted(one) and self._elapsed() + self._sharing.every >= one.not_before:
                yield one.tenancy.tenant_id

    def _is_wanted(self, one: Tended) -> bool:
        """Whether a tenant is to be looked after, if it is ours."""
        if not one.is_listed or one.tenancy.problem or self._orders.stop.is_set() or self._error is not None:
            return False
        return self._is_lasting or not (one.is_done or one.failures)

    def _is_open_elsewhere(self, one: Tended) -> bool:
        """Whether the same tenant is still open under another name."""
        return any(
            other.life is not None and other.life.tenancy.tenant_id == one.tenancy.tenant_id
            for other in self._roll.tended.values()
        )

    def _is_over(self) -> bool:
        """Whether nothing is open, and nothing is to be."""
        tended = self._roll.tended.values()
        if any(one.life is not None for one in tended):
            return False
        if self._orders.stop.is_set() or self._error is not None:
            return True
        return not self._is_lasting and not any(self._is_wanted(one) and one.is_ours for one in tended)

    async def _keep_looking(self) -> None:
        is_settled = True
        while True:
            await first_of(self._pause(LOOK if is_settled else SETTLING), self._orders.reload.wait())
            is_asked = self._orders.reload.is_set()
            self._orders.reload.clear()
            if is_asked:
                self._reload_all()
            before = set(self._wanted())
            is_settled = await self._roll.try_to_look(is_asked=is_asked)
            if not before >= set(self._wanted()):
                self._short.set()
            self._woken.set()

    def _reload_all(self) -> None:
        """Have every tenant look at its policies, and those that failed tried again at once."""
        for one in self._roll.tended.values():
            one.not_before = 0.0
            if one.life is not None:
                one.life.orders.reload.set()

    async def _keep_renewing(self) -> None:
        while True:
            await first_of(self._pause(self._sharing.every), self._short.wait())
            self._short.clear()
            try:
                await self._sharing.try_to_renew(self._wanted())
            except SettingsError as error:  # this process must not go on under this name
                self._error = self._error or error
            self._woken.set()

    async def _keep_listening(self) -> None:
        while True:
            await self._orders.hold.wait()
            self._orders.hold.clear()
            self._hold_all()

    def _hold_all(self) -> None:
        """Hold each tenant that this process looks after, whether it is open at the moment or not."""
        tended = list(self._roll.tended.values())
        others = {one.name: one.tenancy.tenant_id for one in tended if one.condition is Condition.ELSEWHERE}
        if others:
            self._errands.run(self._tell_of(others))
        for one in tended:
            if one.condition is Condition.ELSEWHERE:
                continue
            one.asked_to_hold.set()
            if one.world is None:
                self._errands.run(lay(self._roster, one.tenancy))

    async def _tell_of(self, others: Mapping[str, str]) -> None:
        """Say which tenants are not held, since other replicas have them, and which those are."""
        known = await self._sharing.holders(others.values())
        at = {name: known[one].replica for name, one in others.items() if one in known}
        then = "signal those, or throw them all with `air-agent hold --all`"
        log.warning("tenants of other replicas are not held", tenants=list(others), replicas=at, then=then)

    async def _cut_off_all(self) -> None:
        """Leave nothing running, where this process does not come to an end by itself."""
        while lives := [one.life for one in self._roll.tended.values() if one.life is not None]:
            under_way = [life.task for life in lives if not life.task.done()]
            if not under_way:
                return
            for life in lives:
                life.cut_off("this process ends")
            await asyncio.wait(under_way, timeout=TICK)


def fraction(tenant_id: str) -> float:
    """Return a number above 0 and up to 1 that is always the same for a tenant, and spread evenly over many."""
    return (int.from_bytes(sha256(tenant_id.encode()).digest()[:4]) + 1) / 2**32

"""A fleet over fakes: a roster in memory, shares that are given by hand, and seconds that pass when they are told to."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

from agent.loop.fleet import Fleet
from agent.loop.tending import Orders, Tend, Tended
from agent.model.errors import AgentError, LedgerError, Lost, SettingsError
from agent.model.tenancy import Holder, Share, Tenancy
from agent.ports.world import Desk, Fence, World


def an_id(number: int) -> str:
    return f"00000000-0000-0000-0000-{number:012d}"


class Seconds:
    """Real time that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 1000.0
        self._waits: list[tuple[float, asyncio.Event]] = []

    def elapsed(self) -> float:
        return self.now

    async def pause(self, seconds: float) -> None:
        event = asyncio.Event()
        self._waits.append((self.now + seconds, event))
        await event.wait()

    async def advance(self, by: float, step: float = 0.5) -> None:
        """Let so much time pass, step by step, so that each wait ends at its own time."""
        until = self.now + by
        while self.now < until:
            self.now = min(self.now + step, until)
            for due, event in self._waits:
                if due <= self.now:
                    event.set()
            self._waits = [wait for wait in self._waits if wait[0] > self.now]
            await settled()


async def settled() -> None:
    """Let everything go on that need not wait for anything outside."""
    for _ in range(50):
        await asyncio.sleep(0)


async def until(holds: Callable[[], bool]) -> None:
    """Return once this holds."""
    async with asyncio.timeout(20):
        while not holds():  # noqa: ASYNC110  what is waited for happens in a thread
            await asyncio.sleep(0)


class FakeRoster:
    """Tenants in memory; each opens as the one world, under its own id. `down` makes the roster unreadable."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.tenancies: dict[str, Tenancy] = {}
        self.errors: dict[str, Exception] = {}
        """What is raised where a tenant is opened, by name."""
        self.gates: dict[str, asyncio.Event] = {}
        """What opening a tenant waits for, by name."""
        self.open_now: set[str] = set()
        self.opened: list[str] = []
        self.down: AgentError | None = None

    def put(self, name: str, number: int, *, digest: str = "1", problem: str = "") -> None:
        tenant_id = "" if number < 0 else an_id(number)
        self.tenancies[name] = Tenancy(name=name, tenant_id=tenant_id, digest=digest, problem=problem)

    async def look(self) -> Sequence[Tenancy]:
        if self.down is not None:
            raise self.down
        return [self.tenancies[name] for name in sorted(self.tenancies)]

    @asynccontextmanager
    async def open(self, tenancy: Tenancy, share: Share | None) -> AsyncIterator[World]:
        self.opened.append(tenancy.name)
        if tenancy.name in self.gates:
            await self.gates[tenancy.name].wait()
        if tenancy.name in self.errors:
            raise self.errors[tenancy.name]
        self.open_now.add(tenancy.name)
        try:
            yield replace(self.world, tenant_id=tenancy.tenant_id)
        finally:
            self.open_now.discard(tenancy.name)

    @asynccontextmanager
    async def desk(self, tenancy: Tenancy, share: Share | None) -> AsyncIterator[Desk]:
        yield self.world


class FakeShares:
    """Gives shares of these tenants for so many seconds; `down` makes them unreachable, `lent` are asked back."""

    def __init__(self, seconds: Seconds, *numbers: int, lease: float = 20.0) -> None:
        self.seconds, self.lease = seconds, lease
        self.tokens = {an_id(number): 1 for number in numbers}
        self.asked_back: set[str] = set()
        self.asked: list[tuple[str, ...]] = []
        self.gone: list[str] = []
        self.down = False
        self.every, self.ending = 5.0, 6.0
        self.error: SettingsError | None = None
        self.others: dict[str, Holder] = {}

    def now(self) -> float:
        return self.seconds.now

    def fence(self, share: Share) -> Fence:
        def require() -> None:
            if self.tokens.get(share.tenant_id) != share.token:
                raise Lost("it is another replica's by now")

        return require

    async def renew(self, tenant_ids: Sequence[str]) -> Mapping[str, Share]:
        if self.error is not None:
            raise self.error
        if self.down:
            raise LedgerError("ledger: cannot be reached")
        self.asked.append(tuple(tenant_ids))
        until = self.seconds.now + self.lease
        return {
            one: Share(
                tenant_id=one,
                replica="agent",
                token=self.tokens[one],
                until=until,
                is_asked_back=one in self.asked_back,
            )
            for one in tenant_ids
            if one in self.tokens
        }

    async def let_go(self, tenant_ids: Sequence[str]) -> None:
        self.gone.extend(tenant_ids)

    async def holders(self, tenant_ids: Sequence[str]) -> Mapping[str, Holder]:
        if self.down:
            raise LedgerError("ledger: cannot be reached")
        return {one: self.others[one] for one in tenant_ids if one in self.others}


@dataclass
class Tending:
    """What is done in each tenant: nothing, until it is asked to stop; then `finishes` is waited for."""

    begun: list[str] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)
    cut: list[str] = field(default_factory=list)
    failing: dict[str, Exception] = field(default_factory=dict)
    finishes: asyncio.Event = field(default_factory=asyncio.Event)
    is_stubborn: bool = False
    """Whether a first cancelling is not heeded, as where something is finished first."""

    def __post_init__(self) -> None:
        self.finishes.set()

    async def __call__(self, one: Tended, world: World, orders: Orders) -> None:
        self.begun.append(one.name)
        try:
            if one.name in self.failing:
                raise self.failing[one.name]
            await orders.stop.wait()
            await self._finish()
            self.ended.append(one.name)
        except asyncio.CancelledError:
            self.cut.append(one.name)
            raise

    async def _finish(self) -> None:
        try:
            await self.finishes.wait()
        except asyncio.CancelledError:
            if not self.is_stubborn:
                raise
            await self.finishes.wait()


@dataclass
class Running:
    """A fleet that runs, and everything that it is made of."""

    roster: FakeRoster
    seconds: Seconds
    shares: FakeShares
    orders: Orders
    tending: Tending
    fleet: Fleet
    task: "asyncio.Task[None] | None" = None

    async def begin(self) -> None:
        self.task = asyncio.create_task(self.fleet.go())
        await settled()

    async def end(self) -> None:
        """Ask it to stop, and return once it has."""
        assert self.task is not None
        self.orders.stop.set()
        await until(self.task.done)
        await self.task


def a_fleet(
    world: World,
    *tenants: str,
    is_alone: bool = False,
    is_lasting: bool = True,
    tend: Tend | None = None,
) -> Running:
    """Return a fleet of these tenants, all of them ours, that has not begun."""
    roster, seconds, orders, tending = FakeRoster(world), Seconds(), Orders(), Tending()
    for number, name in enumerate(tenants):
        roster.put(name, number)
    shares = FakeShares(seconds, *range(100))
    fleet = Fleet(
        roster,
        shares,
        orders,
        tend or tending,
        is_alone=is_alone,
        is_lasting=is_lasting,
        elapsed=seconds.elapsed,
        pause=seconds.pause,
    )
    return Running(roster, seconds, shares, orders, tending, fleet)

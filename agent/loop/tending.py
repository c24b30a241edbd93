"""One tenant in a process of many: how it is set, how it stands, and its life, from being opened to being closed.

A life is one task with a logging context of its own, so that every line that is logged in it bears the tenant's name.
What goes wrong in it ends this life and no other. It is brought to an end in one of two ways. Asked to end, it
finishes what is under way, as a process does that is stopped. Cut off, it is cancelled again and again until nothing of
it is left: what catches a cancelling in order to finish something does not get to finish it then. A call that
was under way stands as sent in the ledger, and whoever has the tenant next reads back how it went.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace

import structlog

from agent.loop.lookout import of_signal
from agent.loop.reloading import first_problem
from agent.loop.vitals import Vitals
from agent.model.alarm import Alarm
from agent.model.errors import AgentError, Lost, PolicyError
from agent.model.health import Mark
from agent.model.tenancy import Condition, Share, Tenancy
from agent.ports.fleet import Roster
from agent.ports.world import Fence, World

OPENED_AT_ONCE = 8
"""Tenants that are opened at the same time: each asks for a token, and brings its ledger up to date."""

PATIENCE = 10.0
"""Seconds after which one that is still being opened keeps no other from its turn."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Orders:
    """What is asked of a process, or of one tenant in it, by setting an event."""

    stop: asyncio.Event = field(default_factory=asyncio.Event)
    reload: asyncio.Event = field(default_factory=asyncio.Event)
    hold: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(slots=True, eq=False)
class Life:
    """One tenant, opened by one setting of it, until it is closed."""

    tenancy: Tenancy
    share: Share
    orders: Orders
    task: "asyncio.Task[None]" = field(init=False)
    world: World | None = None
    """None until it is open."""
    error: Exception | None = None
    """What it ended with; None where it came to a good end, or was cut off."""
    ends_because: str = ""
    """Why it was asked to end, or cut off; empty while it was not."""
    is_cut_off: bool = False
    stuck: str = ""
    """Why it is taken for one that stands still; empty where it is not."""

    def end(self, why: str) -> None:
        """Ask it to finish what is under way, and to end."""
        if not self.ends_because:
            log.info("tenant is to end", tenant=self.tenancy.name, why=why)
            self.ends_because = why
        self.orders.stop.set()

    def cut_off(self, why: str) -> None:
        """Cancel whatever is done in it; called again and again until it has ended."""
        if not self.is_cut_off:
            log.warning("tenant is cut off", tenant=self.tenancy.name, why=why)
            self.ends_because, self.is_cut_off = why, True
        self.orders.stop.set()
        self.task.cancel()


@dataclass(slots=True, eq=False)
class Tended:
    """One tenant of the roster, and what is known of how it stands here."""

    tenancy: Tenancy
    """As it was last seen to be set."""
    is_listed: bool = True
    """Whether it is on the roster still."""
    is_ours: bool = False
    life: Life | None = None
    """None while it is closed."""
    vitals: Vitals = field(default_factory=Vitals)
    problem: str = ""
    """Why it is closed, or what of its settings is not gone by; empty where all is well."""
    failures: int = 0
    """Lives in a row that failed."""
    not_before: float = 0.0
    """When it may be opened again, in seconds as its fleet counts them."""
    is_done: bool = False
    """Whether a life came to its end by itself."""
    told: str = ""
    """The problem that was last logged: it is once."""
    asked_to_hold: asyncio.Event = field(default_factory=asyncio.Event)
    """Outlasts a life: one that was not open when it was asked is held as it is opened."""

    @property
    def name(self) -> str:
        """What the tenant is called here."""
        return self.tenancy.name

    @property
    def world(self) -> World | None:
        """Everything outside; None while it is closed."""
        return None if self.life is None else self.life.world

    @property
    def condition(self) -> Condition:
        """How it stands."""
        match self.life:
            case Life(ends_because=why) if why:
                return Condition.ENDING
            case Life(world=None):
                return Condition.OPENING
            case Life():
                return Condition.RUNNING
        if self.tenancy.problem:
            return Condition.BROKEN
        if self.failures:
            return Condition.FAILED
        return Condition.WAITING if self.is_ours else Condition.ELSEWHERE


Tend = Callable[[Tended, World, Orders], Awaitable[None]]
"""What is done with a tenant that is open, until it is asked to stop."""


class Gate:
    """Lets a few through at once; who takes long counts no more, and keeps nobody waiting."""

    def __init__(self, at_once: int = OPENED_AT_ONCE, patience: float = PATIENCE) -> None:
        self._seats = asyncio.Semaphore(at_once)
        self._patience = patience

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Give a turn inside the `with`."""
        await self._seats.acquire()
        giving = asyncio.get_running_loop().call_later(self._patience, self._seats.release)
        try:
            yield
        finally:
            if giving.when() > asyncio.get_running_loop().time():  # else it has given it, or is about to
                giving.cancel()
                self._seats.release()


async def live(one: Tended, life: Life, roster: Roster, gate: Gate, tend: Tend, fence: Fence) -> None:
    """Open a tenant, tend it, and close it; what goes wrong is kept in its life."""
    structlog.contextvars.bind_contextvars(tenant=life.tenancy.name)
    try:
        async with AsyncExitStack() as stack:
            async with gate.turn():
                one.vitals.mark(Mark.TURN)
                world = await stack.enter_async_context(roster.open(life.tenancy, life.share))
            life.world = world = replace(world, fence=fence)
            if not one.failures:  # else it is said once it is known that all is well
                log.info("tenant opened")
            await tend(one, world, life.orders)
    except Lost as error:
        life.ends_because = life.ends_because or str(error)
    except AgentError as error:
        life.error = error
    except Exception as error:  # a bug in one tenant must not end the others
        log.exception("a bug ended a tenant")
        life.error = error
    finally:
        life.world = None


async def sound(roster: Roster, tenancy: Tenancy, share: Share | None, name: str, words: str) -> None:
    """Raise an alarm in the ledger of a tenant that is closed; where that cannot be, the log has to do."""
    try:
        async with roster.desk(tenancy, share) as desk:
            await desk.ledger.raise_alarm(Alarm(name=name, since=desk.clock.now(), words=words))
    except AgentError as error:
        log.warning("its alarm cannot be written", tenant=tenancy.name, why=words_of(error))
    except Exception:
        log.exception("its alarm cannot be written", tenant=tenancy.name)


async def lay(roster: Roster, tenancy: Tenancy) -> None:
    """Lay the hold of a signal in the ledger of a tenant that is closed, whoever's it is by now."""
    try:
        async with roster.desk(tenancy, None) as desk:
            await desk.ledger.hold(of_signal(desk.replica, desk.clock.now()))
    except AgentError as error:
        then = "it is held as soon as this process opens it"
        log.error("its hold cannot be written", tenant=tenancy.name, why=words_of(error), then=then)
    except Exception:
        log.exception("its hold cannot be written", tenant=tenancy.name)


def words_of(error: Exception) -> str:
    """Return in one line what a life ended with."""
    match error:
        case PolicyError():
            return first_problem(error)
        case AgentError():
            return "; ".join(str(error).splitlines())
    return f"internal error: {error}"

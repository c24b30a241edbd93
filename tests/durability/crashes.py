"""One enactment of each kind, under faults, by an agent that dies at one of its calls and is started again.

The agent is the real loop with the real ledger and the real adapters, in front of the simulator in this process, on one
clock that jumps. Every call that it makes of a port, and every request on the wire, is a place to die, before it and
right after it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp

from azure.core.credentials import AccessToken
from sqlalchemy import update
from sqlalchemy.engine import Connection

from agent.adapters.endpoint.connect import open_endpoint
from agent.adapters.ledger.columns import EPOCH
from agent.adapters.ledger.opening import REPLICA
from agent.adapters.ledger.tables import leases
from agent.adapters.microsoft.tokens import Credential
from agent.loop.undoing import Act, prepare, take_back
from agent.model.enactment import EffectKind
from agent.model.errors import AgentError
from agent.model.pace import Pace
from agent.model.pending import ActionKind
from agent.ports.world import World
from agent.simulator import names
from agent.simulator.app import Simulator, build
from agent.simulator.faults import Faults
from agent.simulator.switches import Switches
from tests.clock import ManualClock
from tests.durability.mortal import Killed, Mortality, Wire, mortal
from tests.durability.peace import until_settled
from tests.durability.reckoning import KEY, Reckoning, Seen, reckon
from tests.durability.scenes import PER_CALL, Arrival, Tenant, shelf
from tests.ledgers import open_ledger
from tests.simulated import URL, noon, open_world

FAULTY = 1 / 12
"""The part of all requests that fails."""

PACE = Pace(targets_per_call=PER_CALL, visits_at_once=1, requests_per_minute=1000)


UNDO = "undo"
"""The kind that stands for taking back what was done to an inbox rule: it is a person who asks, and asks again."""

Live = Callable[[World], Awaitable[None]]


class Login:
    """Gives tokens of the simulator for whichever API is asked."""

    def __init__(self, app: Simulator, clock: ManualClock) -> None:
        self._app = app
        self._clock = clock

    def get_token(self, *scopes: str, **_: object) -> AccessToken:
        audience = scopes[0].removesuffix("/.default")
        return AccessToken(self._app.identity.token(self._clock.now(), audience=audience), 2**40)

    def close(self) -> None:
        """Hold nothing open."""


@dataclass(frozen=True)
class Point:
    """Where the first agent dies: at its `at`-th call, before or right after it; nowhere where it is None."""

    kind: str
    seed: int
    at: int | None = None
    after: bool = False
    is_taken_over: bool = False
    """Whether another replica lives on, which has taken the tenant over, and not the same one."""

    def __str__(self) -> str:
        where = "nowhere" if self.at is None else f"{'after' if self.after else 'before'} call {self.at}"
        heir = ", taken over" if self.is_taken_over else ""
        return f"{self.kind}, seed {self.seed}, dying {where}{heir}"


class Stage:
    """The tenant, the simulator and the clock, which outlive every agent; each agent is a new process, so to say."""

    def __init__(self, kind: str, seed: int, folder: Path, *, share: float = FAULTY) -> None:
        self.clock = ManualClock(noon())
        tenant = Tenant(seed, self.clock.now())
        is_undo = kind == UNDO
        arrival = tenant.admit("rule" if is_undo else kind, self.clock.now() - timedelta(minutes=20))
        self.arrival: Arrival = with_inverses(arrival) if is_undo else arrival
        self.app = build(
            tenant.state,
            Switches(
                throttle_per_minute=None, machine_calls_per_minute=None, rows_after=timedelta(minutes=1)
            ),
            Faults(seed=seed, share=share),
            self.clock,
        )
        self.ledger_url = f"sqlite:///{folder / 'ledger.db'}"
        self.shipped = folder / "audit.jsonl"

    async def take_over(self) -> None:
        """End the leases of the agent that died, as a takeover of its tenant does in PostgreSQL (see `sharing`)."""
        async with open_ledger(self.ledger_url, names.TENANT_ID, key=KEY) as ledger:
            await ledger._desk.write(_end_leases)

    async def life(self, mortality: Mortality, live: Live = until_settled, *, replica: str = REPLICA) -> None:
        """Let an agent live until nothing is left to do, or until it dies."""
        wire = Wire(self.app, mortality)
        login: Callable[[], Credential] = lambda: Login(self.app, self.clock)
        async with (
            open_endpoint(
                clock=self.clock, url=URL, tenant_id=names.TENANT_ID, credential=login, transport=wire
            ) as machines,
            open_world(
                self.ledger_url,
                self.clock,
                login=login,
                shelf=shelf(),
                pace=PACE,
                transport=wire,
                machines=machines,
                requests_per_minute=PACE.requests_per_minute,
                audit=(KEY, self.shipped),
                replica=replica,
            ) as world,
        ):
            await live(mortal(world, mortality))

    async def reckoning(self) -> Reckoning:
        """Return what came of it."""
        async with open_ledger(self.ledger_url, names.TENANT_ID, key=KEY) as ledger:
            return await reckon(ledger, Seen.of(self.app.state), [self.arrival], self.shipped)


async def crash(point: Point, folder: Path) -> tuple[Mortality, Reckoning]:
    """Let an agent die at one point and another one live on; return how the first one died, and what came of both."""
    stage = Stage(point.kind, point.seed, folder)
    mortality = Mortality(point.at, after=point.after)
    live: Live = until_settled
    if point.kind == UNDO:
        await stage.life(Mortality())
        live = take_all_back
    try:
        await stage.life(mortality, live)
    except Killed:
        pass
    except BaseExceptionGroup as group:
        if group.split(Killed)[1] is not None:
            raise
    if mortality.is_dead and point.is_taken_over:
        await stage.take_over()
        await stage.life(Mortality(), live, replica="heir")
    elif mortality.is_dead:
        await stage.life(Mortality(), live)
    return mortality, await stage.reckoning()


def _end_leases(connection: Connection, tenant_id: str) -> None:
    ended = update(leases).where(leases.c.tenant_id == tenant_id, leases.c.replica == REPLICA)
    connection.execute(ended.values(until=EPOCH, token=leases.c.token + 1))


def with_inverses(arrival: Arrival) -> Arrival:
    """Return what has to be done to a rule and then taken back."""
    back = frozenset((str(EffectKind.ENABLE_RULE), what, place) for _, what, place in arrival.targets)
    return replace(arrival, targets=arrival.targets | back)


async def take_all_back(world: World) -> None:
    """Take back everything that was done, as a person asks for it, and live on until nothing is left to do."""
    assert world.enactor is not None
    records = [one for one in await world.ledger.listed() if one.action.kind is not ActionKind.UNKNOWN]
    for record in records:
        for _ in range(5):
            with suppress(AgentError):
                (planned,) = await prepare(world, [record])
                act = Act(by="anna", reason="it was her own rule")
                await take_back(world, world.enactor, record.action.id, planned, act, asyncio.Event())
                break
            await world.clock.sleep_until(world.clock.now() + timedelta(minutes=11))
    await until_settled(world)


@dataclass
class Died:
    """What came of every point that was tried."""

    points: int = 0
    applied: int = 0
    unknown: int = 0
    problems: list[str] = field(default_factory=list)


async def die_everywhere(
    kind: str, seed: int, *, most: int | None = None, is_taken_over: bool = False
) -> Died:
    """Let agents die at every point of one enactment, or at `most` of them: those around its calls, and others evenly.

    With `is_taken_over` it is another replica that lives on each time, and at once.
    """
    found = Died()
    with a_folder() as folder:
        undisturbed, reckoning = await crash(Point(kind, seed), folder)
        found.problems += _told(Point(kind, seed), reckoning)
    for one in points(kind, seed, undisturbed.calls, most=most):
        point = replace(one, is_taken_over=is_taken_over)
        with a_folder() as folder:
            mortality, reckoning = await crash(point, folder)
        found.points += 1
        found.applied += reckoning.applied
        found.unknown += reckoning.unknown
        if not mortality.is_dead:
            found.problems.append(f"{point}: it never came there: {len(mortality.calls)} calls")
        found.problems += _told(point, reckoning)
    return found


def _told(point: Point, reckoning: Reckoning) -> list[str]:
    return [f"{point}: {problem}" for problem in reckoning.problems]


AROUND = ("enactor.", "ledger.answer", "ledger.depart", "ledger.settle", "wire.POST", "wire.PATCH")
"""Calls that change the world, and what is written down right before and after them."""


def points(kind: str, seed: int, calls: Sequence[str], *, most: int | None = None) -> list[Point]:
    """Return every point at which an agent that makes these calls can die, or `most` of them.

    The half of those are around calls that change the world; both halves are spread evenly, from where the seed says.
    """
    every = [
        (name, Point(kind, seed, at=at, after=after))
        for at, name in enumerate(calls, start=1)
        for after in (False, True)
    ]
    if most is None or most >= len(every):
        return [point for _, point in every]
    around = [point for name, point in every if name.startswith(AROUND)]
    rest = [point for name, point in every if not name.startswith(AROUND)]
    return [*_spread(around, most // 2, seed), *_spread(rest, most - most // 2, seed)]


def _spread(some: Sequence[Point], most: int, seed: int) -> list[Point]:
    if most >= len(some):
        return list(some)
    first = seed % (len(some) // most)
    return [some[first + place * len(some) // most] for place in range(most)]


@contextmanager
def a_folder() -> Iterator[Path]:
    """Give a folder in memory where there is such a thing: nobody pulls the plug here."""
    memory = Path("/dev/shm")
    folder = Path(mkdtemp(prefix="durability-", dir=memory if memory.is_dir() else None))
    try:
        yield folder
    finally:
        rmtree(folder, ignore_errors=True)

"""Real processes on one stage: a simulator that lives on, and agents that are killed, paused and started again.

The parent has everything imported and no thread, so that a fork is an agent that is ready at once. All share one clock.
"""

import asyncio
import gc
import logging
import os
import signal
import sys
import traceback
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from random import Random
from typing import Any, Protocol, Self

import httpx
import msgspec
import structlog
from starlette.types import Message, Receive, Scope, Send

from agent.adapters.endpoint.connect import open_endpoint
from agent.adapters.ledger.opening import open_ledger
from agent.adapters.microsoft.clouds import simulator
from agent.adapters.microsoft.credentials import SimulatorCredential
from agent.adapters.microsoft.tokens import Credential
from agent.loop.run import run
from agent.model.pace import Pace
from agent.ports.world import World
from agent.simulator import names
from agent.simulator.app import Simulator, build
from agent.simulator.faults import Fault, Faults
from agent.simulator.serve import serve
from agent.simulator.switches import Switches
from tests.durability.crashes import Point, a_folder, crash
from tests.durability.moment import SharedClock, SharedNumber
from tests.durability.peace import until_settled
from tests.durability.reckoning import KEY, Reckoning, Seen, reckon
from tests.durability.scenes import Arrival, Tenant, shelf
from tests.simulated import noon, open_world

RATE = 10.0
"""Seconds of the clock in a real one: what must happen within minutes has many seconds even on a busy machine."""

BACKLOG = 20
"""Of so many that arrived last, at least half must be dealt with before more arrive: killed agents get little done."""

FAULTY = 1 / 50
"""The part of all requests that fails while agents are killed."""

ON_THE_WIRE = 0.008
"""Seconds, at most, that a write takes there, and as many back: agents are to die meanwhile."""

ARRIVING = (
    "cluster",
    "rule",
    "cluster",
    "user",
    "cluster",
    "file",
    "cluster",
    "synced user",
    "cluster",
    "reject",
)
"""The kinds of what arrives, in turn."""

MESSAGES = 6

PACE = Pace(targets_per_call=4, requests_per_minute=100, rows_every=timedelta(minutes=1))
"""By which the loop plans; of the simulator as much may be asked as is wanted."""

UNBOUNDED = 100_000
"""Requests in a minute."""


class Quieting(Faults):
    """Faults that end when somebody says so."""

    def __init__(self, seed: int, quiet: SharedNumber) -> None:
        super().__init__(seed=seed, share=FAULTY)
        self._quiet = quiet

    def pick(self, method: str, path: str) -> Fault | None:
        """Return what goes wrong with this request; None where nothing does."""
        return None if self._quiet.value else super().pick(method, path)


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What the simulator's process leaves behind."""

    seen: Seen
    arrivals: tuple[Arrival, ...]


class Staged(Protocol):
    """What a simulator goes by: the clock, and how many incidents are to have arrived."""

    seed: int
    clock: SharedClock
    wanted: SharedNumber


class Remote:
    """The simulator behind a wire: writes take their time there and back, and incidents arrive as the parent asks for."""

    def __init__(self, app: Simulator, tenant: Tenant, stage: Staged) -> None:
        self._app = app
        self._tenant = tenant
        self._stage = stage
        self._lots = Random(stage.seed)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        while len(self._tenant.arrivals) < self._stage.wanted.value and self._is_idle():
            number = len(self._tenant.arrivals)
            kind = ARRIVING[number % len(ARRIVING)]
            self._tenant.admit(kind, self._stage.clock.now() - timedelta(minutes=2), messages=MESSAGES)
        if scope["method"] == "GET" or scope["path"].endswith(("/token", "runHuntingQuery")):
            await self._app(scope, receive, send)
            return
        await asyncio.sleep(self._lots.uniform(0, ON_THE_WIRE))

        async def slow(message: Message) -> None:
            if message["type"] == "http.response.start":
                await asyncio.sleep(self._lots.uniform(0, ON_THE_WIRE))
            await send(message)

        await self._app(scope, receive, slow)

    def _is_idle(self) -> bool:
        applied = self._tenant.state.applied
        latest = self._tenant.arrivals[-BACKLOG:]
        return sum(one.targets.isdisjoint(applied) for one in latest if one.targets) < BACKLOG // 2


@dataclass
class Child:
    """A process of ours, and whether it still runs."""

    pid: int
    status: int | None = None

    def kill(self) -> None:
        """End it at once, wherever it is."""
        self.signal(signal.SIGKILL)
        self.wait()

    def signal(self, number: int) -> None:
        """Send it a signal."""
        if self.status is None:
            os.kill(self.pid, number)

    def wait(self, *, options: int = 0) -> int | None:
        """Return the status with which it ended, or stopped where that is asked for; None where it has not."""
        if self.status is None:
            pid, status = os.waitpid(self.pid, options)
            if pid and not os.WIFSTOPPED(status):
                self.status = status
            return status if pid else None
        return self.status

    @property
    def was_killed(self) -> bool:
        """Whether it ended by SIGKILL."""
        return (
            self.status is not None
            and os.WIFSIGNALED(self.status)
            and os.WTERMSIG(self.status) == signal.SIGKILL
        )


class Stage:
    """The clock, the simulator's process, the ledger's address and the files that all agents share."""

    def __init__(self, folder: Path, ledger_url: str, seed: int) -> None:
        self.folder = folder
        self.ledger_url = ledger_url
        self.seed = seed
        self.clock = SharedClock(noon(), RATE)
        self.wanted, self.quiet = SharedNumber(), SharedNumber()
        self.shipped = folder / "audit.jsonl"
        self.log = folder / "agent.log"
        self._told = folder / "told.json"
        self._simulator = Child(0)
        self.url = ""

    def __enter__(self) -> Self:
        warm()
        reading, writing = os.pipe()
        self._simulator = fork(lambda: self._simulate(writing))
        os.close(writing)
        with os.fdopen(reading) as said:
            self.url = f"http://127.0.0.1:{said.readline().strip()}"
        gc.freeze()
        return self

    def __exit__(self, *_: object) -> None:
        self._simulator.kill()
        gc.unfreeze()

    def _simulate(self, writing: int) -> None:
        tenant = Tenant(self.seed, self.clock.now())
        switches = Switches(
            throttle_per_minute=None, machine_calls_per_minute=None, rows_after=timedelta(minutes=1)
        )
        app = build(tenant.state, switches, Quieting(self.seed, self.quiet), self.clock)

        def ready(port: int) -> None:
            os.write(writing, f"{port}\n".encode())
            os.close(writing)

        serve(Remote(app, tenant, self), on_ready=ready)
        told = Told(seen=Seen.of(tenant.state), arrivals=tuple(tenant.arrivals))
        self._told.write_bytes(msgspec.json.encode(told))

    def told(self) -> Told:
        """End the simulator, and return what it saw."""
        self._simulator.signal(signal.SIGTERM)
        self._simulator.wait()
        return msgspec.json.decode(self._told.read_bytes(), type=Told)

    def agent(
        self,
        live: Callable[[World], Coroutine[Any, Any, None]],
        *,
        replica: str = "agent",
        first: Callable[[], None] = lambda: None,
    ) -> Child:
        """Start an agent; `first` is done in its process before anything else."""

        def work() -> None:
            first()
            log_to(self.log)
            # Nothing here is encrypted, and to read all roots of trust takes longer than all else at a start.
            os.environ.pop("SSL_CERT_FILE", None)
            os.environ["SSL_CERT_DIR"] = str(self.folder)
            asyncio.run(self._live(live, replica))

        return fork(work)

    async def _live(self, live: Callable[[World], Coroutine[Any, Any, None]], replica: str) -> None:
        login = self._login
        async with (
            open_endpoint(
                clock=self.clock, url=self.url, tenant_id=names.TENANT_ID, credential=login
            ) as machines,
            open_world(
                self.ledger_url,
                self.clock,
                login=login,
                shelf=shelf(),
                pace=PACE,
                url=self.url,
                machines=machines,
                requests_per_minute=UNBOUNDED,
                replica=replica,
                audit=(KEY, self.shipped),
            ) as world,
        ):
            await live(world)

    def _login(self) -> Credential:
        return SimulatorCredential(
            simulator(self.url),
            names.TENANT_ID,
            names.CLIENT_ID,
            names.CLIENT_SECRET,
            transport=httpx.AsyncHTTPTransport(verify=False),
        )

    def writes(self) -> int:
        """Return how many writes of any kind the simulator has accepted until now."""
        answer = httpx.get(f"{self.url}/simulator/requests", timeout=30, trust_env=False).json()
        reading = {"token", "hunting"}
        writes = (one for one in answer["requests"] if one["method"] != "GET" and one["kind"] not in reading)
        # One of which only the headers have come has no status yet, and one whose body never came is refused.
        return sum(one["status"] // 100 == 2 for one in writes)

    def in_peace(self, replica: str = "agent") -> None:
        """Let an agent live until nothing is left to do; nothing fails or arrives, and its waits take no time."""
        self.quiet.value, self.wanted.value = 1, 0
        self.clock.advance(timedelta(minutes=15))

        def leaping() -> None:
            self.clock.leaps = True

        if self.agent(until_settled, replica=replica, first=leaping).wait() != 0:
            raise RuntimeError(f"an agent that nobody disturbed failed: {self.log.read_text()[-2000:]}")

    def reckoning(self) -> Reckoning:
        """End the simulator, and return what came of it all."""
        return asyncio.run(self._reckon(self.told()))

    async def _reckon(self, told: Told) -> Reckoning:
        async with open_ledger(self.ledger_url, names.TENANT_ID, key=KEY) as ledger:
            return await reckon(ledger, told.seen, told.arrivals, self.shipped)


async def for_ever(world: World) -> None:
    """Live as an agent does in production, until killed."""
    await run(world, stop=asyncio.Event())


def warm() -> None:
    """Import whatever an agent needs, by letting one live in this process; it leaves no thread behind."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    with a_folder() as folder:
        asyncio.run(crash(Point("user", 1), folder))
    structlog.reset_defaults()
    # For real connections, which it had none of.
    import_module("httpcore")
    import_module("anyio._backends._asyncio")
    import_module("anyio.streams.tls")


def fork(work: Callable[[], None]) -> Child:
    """Do this in a process of its own."""
    pid = os.fork()
    if pid:
        return Child(pid)
    status = 1
    try:
        work()
        status = 0
    except BaseException:  # noqa: BLE001  nothing may get past the end of this process
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(status)


def log_to(path: Path) -> None:
    """Write warnings and worse as lines of JSON; a killed process leaves whole lines."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(serializer=_line),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
        logger_factory=structlog.BytesLoggerFactory(path.open("ab", buffering=0)),
    )


def _line(event: dict[str, Any], **_: object) -> bytes:
    return msgspec.json.encode(event, enc_hook=str)

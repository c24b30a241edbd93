"""What watches over a process that runs for long: whether its work goes on, who is told, and its end where it stands still."""

import asyncio
import os
import threading
from collections.abc import AsyncIterator
from contextlib import AbstractContextManager, AsyncExitStack, asynccontextmanager

import structlog

from agent.adapters.supervisor import Supervisor
from agent.adapters.watchdog import Awake, Watchdog, end, stacks
from agent.connecting import clock_of, open_heart_of, open_telemetry_of, replica_of
from agent.faces.cli.failures import STUCK
from agent.faces.cli.last_words import say
from agent.faces.cli.supervised import Supervised
from agent.loop.alarms import let_stand
from agent.loop.heartbeat import ALARM, Heartbeat
from agent.loop.waits import beside
from agent.loop.watch import OnStuck, Watch
from agent.ports.telemetry import Telemetries
from agent.settings.subjects import Process

log = structlog.get_logger()


def measured(process: Process) -> AbstractContextManager[Telemetries | None]:
    """Give what measures this process, where the settings say that anybody wants to know.

    Raises:
        SettingsError: what sends to a collector is not installed.
    """
    return open_telemetry_of(process, replica=replica_of(process), complain=_complain)


def _complain(why: str) -> None:
    if why:
        log.warning("metrics and traces are lost", why=why, then="the agent goes on without them")
    else:
        log.info("metrics and traces are taken again")


@asynccontextmanager
async def guarded(
    process: Process, on_stuck: OnStuck | None = None, *, opens_in_time: bool = False
) -> AsyncIterator[Watch]:
    """Give a watch that goes round until the end.

    An event loop that stands still ends the process. A tenant that does is told to `on_stuck`; where there is none, as
    in a process of one tenant, it ends the process too. Where all `opens_in_time`, one that is not opened stands still.
    """
    awake = Awake()
    ending = _Ending(process, asyncio.get_running_loop())
    limit = process.health.stuck_after
    watch = Watch(
        stuck_after=limit,
        on_stuck=on_stuck or (lambda _tenant, why: ending.end(why)),
        elapsed=awake.now,
        opens_in_time=opens_in_time,
    )
    watchdog = Watchdog(
        awake=awake,
        limit=limit.total_seconds(),
        stood=lambda: awake.now() - watch.ticked,
        end=ending.end,
    )
    with watchdog.watching():
        async with beside(watch.keep()):
            yield watch


@asynccontextmanager
async def watched(
    process: Process, on_stuck: OnStuck | None = None, telemetries: Telemetries | None = None
) -> AsyncIterator[Watch]:
    """Give the same to an agent, with all who are told of it as the settings say; `telemetries` are shown to probes.

    Raises:
        SettingsError: nothing can listen where probes are to be answered.
    """
    async with AsyncExitStack() as stack:
        watch = await stack.enter_async_context(guarded(process, on_stuck))
        if process.health.listen is not None:
            from agent.faces.probes.app import app_of  # noqa: PLC0415  slow to import
            from agent.faces.probes.metrics import metrics  # noqa: PLC0415  slow to import
            from agent.faces.probes.server import serving  # noqa: PLC0415  slow to import

            routes = () if telemetries is None else (metrics(telemetries),)
            app = app_of(watch.alive, watch.ready, routes)
            stack.enter_context(serving(process.health.listen, app))
        supervised = Supervised(Supervisor(os.environ), watch)
        watch.on_round.append(supervised.round)
        stack.callback(supervised.stop)
        await _begin_to_beat(process, watch, stack)
        yield watch


async def _begin_to_beat(process: Process, watch: Watch, stack: AsyncExitStack) -> None:
    """Have the dead man's switch told that all is well, where there is one."""
    opening = open_heart_of(process)
    if opening is None:
        return
    heart = await stack.enter_async_context(opening)

    async def sound(words: str) -> None:
        await _sound(watch, words)

    beating = Heartbeat(heart, process.health.heartbeat_every, watch.trouble, sound)
    watch.beside.append(beating.check)
    await stack.enter_async_context(beside(beating.keep()))


async def _sound(watch: Watch, words: str) -> None:
    """Let the alarm of heartbeats stand with these words, or end where there are none: in the ledger of the only tenant.

    Of many, none is told what only the process's owner can mend: the log says it, and the probes.
    """
    tenants = list(watch.tenants().values())
    world = tenants[0].world if len(tenants) == 1 else None
    if world is not None:
        await let_stand(world.ledger, ALARM, words, world.clock.now())


class LastWatch:
    """Ends the process with the code of one that stands still, where it does not come to its end once its work is over.

    Work on a thread cannot be cancelled, and whoever ends waits for it: without this, for ever.
    """

    def __init__(self, process: Process, seconds: float) -> None:
        self._process = process
        self._seconds = seconds
        self._timer: threading.Timer | None = None

    def begin(self) -> None:
        """Count from now on."""
        ending = _Ending(self._process, asyncio.get_running_loop())
        why = f"its work is over, and it has not ended within {self._seconds:.0f} s: something still works on a thread"
        self._timer = threading.Timer(self._seconds, ending.end, (why,))
        self._timer.name, self._timer.daemon = "last watch", True
        self._timer.start()

    def over(self) -> None:
        """Count no more: it has ended."""
        if self._timer is not None:
            self._timer.cancel()


class _Ending:
    """How this process ends itself."""

    def __init__(self, process: Process, loop: asyncio.AbstractEventLoop) -> None:
        self._log = process.log
        self._now = clock_of(process).now
        self._loop = loop

    def end(self, why: str) -> None:
        """Say where everything stands, and end."""
        end(STUCK, lambda: say(self._log, self._now, why, stacks(self._loop), STUCK))

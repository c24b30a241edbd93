"""What watches over a process that runs for long: whether its work goes on, who may ask, and its end where it stands still."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from agent.adapters.watchdog import Awake, Watchdog, end, stacks
from agent.connecting import clock_of
from agent.faces.cli.failures import STUCK
from agent.faces.cli.last_words import say
from agent.loop.waits import beside
from agent.loop.watch import OnStuck, Watch
from agent.settings.subjects import Process


@asynccontextmanager
async def watched(settings: Process, on_stuck: OnStuck | None = None) -> AsyncIterator[Watch]:
    """Give a watch that goes round until the end, and answers probes where the settings say so.

    An event loop that stands still ends the process. A tenant that does is told to `on_stuck`; where there is none, as
    in a process of one tenant, it ends the process too.

    Raises:
        SettingsError: nothing can listen there.
    """
    ending = _Ending(settings, asyncio.get_running_loop())
    awake = Awake()
    watch = Watch(
        stuck_after=settings.health.stuck_after,
        on_stuck=on_stuck or (lambda _tenant, why: ending.end(why)),
        elapsed=awake.now,
    )
    watchdog = Watchdog(
        awake=awake,
        limit=settings.health.stuck_after.total_seconds(),
        stood=lambda: awake.now() - watch.ticked,
        end=ending.end,
    )
    async with AsyncExitStack() as stack:
        if settings.health.listen is not None:
            from agent.faces.probes.app import app_of  # noqa: PLC0415  slow to import
            from agent.faces.probes.server import serving  # noqa: PLC0415  slow to import

            app = app_of(watch.alive, watch.ready)
            stack.enter_context(serving(settings.health.listen, app))
        stack.enter_context(watchdog.watching())
        await stack.enter_async_context(beside(watch.keep()))
        yield watch


class _Ending:
    """How this process ends itself."""

    def __init__(self, settings: Process, loop: asyncio.AbstractEventLoop) -> None:
        self._log = settings.log
        self._now = clock_of(settings).now
        self._loop = loop

    def end(self, why: str) -> None:
        """Say where everything stands, and end."""
        end(STUCK, lambda: say(self._log, self._now, why, stacks(self._loop), STUCK))

"""What watches over a process that runs for long: whether its work goes on, and who may ask."""

from collections.abc import AsyncIterator
from contextlib import AbstractContextManager, AsyncExitStack, asynccontextmanager

import structlog

from agent.compose import installed, replica_of
from agent.connecting import open_telemetry_of
from agent.loop.waits import beside
from agent.loop.watch import OnStuck, Watch
from agent.ports.telemetry import Telemetries
from agent.settings.subjects import Settings

log = structlog.get_logger()


def measured(settings: Settings) -> AbstractContextManager[Telemetries | None]:
    """Give what measures this process, where the settings say that anybody wants to know.

    Raises:
        SettingsError: what sends to a collector is not installed.
    """
    return open_telemetry_of(
        settings.process(), version=installed(), replica=replica_of(settings), complain=_complain
    )


def _complain(why: str) -> None:
    if why:
        log.warning("metrics and traces are lost", why=why, then="the agent goes on without them")
    else:
        log.info("metrics and traces are taken again")


@asynccontextmanager
async def watched(
    settings: Settings, on_stuck: OnStuck, telemetries: Telemetries | None = None
) -> AsyncIterator[Watch]:
    """Give a watch that goes round until the end, and answers probes where the settings say so, and shows what is measured.

    Raises:
        SettingsError: nothing can listen there.
    """
    watch = Watch(stuck_after=settings.health.stuck_after, on_stuck=on_stuck)
    async with AsyncExitStack() as stack:
        if settings.health.listen is not None:
            from agent.faces.probes.app import app_of  # noqa: PLC0415  slow to import
            from agent.faces.probes.metrics import metrics  # noqa: PLC0415  slow to import
            from agent.faces.probes.server import serving  # noqa: PLC0415  slow to import

            routes = () if telemetries is None else (metrics(telemetries),)
            app = app_of(watch.alive, watch.ready, routes)
            stack.enter_context(serving(settings.health.listen, app))
        await stack.enter_async_context(beside(watch.keep()))
        yield watch

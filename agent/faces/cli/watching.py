"""What watches over a process that runs for long: whether its work goes on, and who may ask."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from agent.loop.waits import beside
from agent.loop.watch import OnStuck, Watch
from agent.settings.subjects import Settings


@asynccontextmanager
async def watched(settings: Settings, on_stuck: OnStuck) -> AsyncIterator[Watch]:
    """Give a watch that goes round until the end, and answers probes where the settings say so.

    Raises:
        SettingsError: nothing can listen there.
    """
    watch = Watch(stuck_after=settings.health.stuck_after, on_stuck=on_stuck)
    async with AsyncExitStack() as stack:
        if settings.health.listen is not None:
            from agent.faces.probes.app import app_of  # noqa: PLC0415  slow to import
            from agent.faces.probes.server import serving  # noqa: PLC0415  slow to import

            app = app_of(watch.alive, watch.ready)
            stack.enter_context(serving(settings.health.listen, app))
        await stack.enter_async_context(beside(watch.keep()))
        yield watch

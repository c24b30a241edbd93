"""Waiting for whichever of several things comes first, and doing one thing beside another."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Coroutine
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta

ZERO = datetime(1970, 1, 1, tzinfo=UTC)


def evenly(moment: datetime, every: timedelta) -> datetime:
    """Return the next moment at which everybody looks who looks so often: together, that costs little."""
    return moment + every - (moment - ZERO) % every


async def first_of(*awaited: Awaitable[object]) -> None:
    """Return as soon as one of these is done; the others are let go."""
    waits = {asyncio.ensure_future(one) for one in awaited}
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in waits:
            task.cancel()
        await asyncio.gather(*waits, return_exceptions=True)


async def set_within(event: asyncio.Event, seconds: float) -> None:
    """Return as soon as the event is set, or these seconds are over; hundreds may wait so all the time."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()


@asynccontextmanager
async def beside(endless: Coroutine[object, object, None]) -> AsyncIterator[None]:
    """Do what has no end of its own beside the `with`, and stop it at its end."""
    task = asyncio.create_task(endless)
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

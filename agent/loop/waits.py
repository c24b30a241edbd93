"""Waiting for whichever of several things comes first."""

import asyncio
from collections.abc import Awaitable


async def first_of(*awaited: Awaitable[object]) -> None:
    """Return as soon as one of these is done; the others are let go."""
    waits = {asyncio.ensure_future(one) for one in awaited}
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in waits:
            task.cancel()
        await asyncio.gather(*waits, return_exceptions=True)

"""Work that blocks, done on a thread of its own and not waited for beyond a time.

What hangs, such as a file system of another machine or a resolver that is gone, cannot be ended. It keeps neither the
loop waiting nor the process from ending.
"""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar, cast

T = TypeVar("T")


async def in_time(work: Callable[[], T], seconds: float) -> T:
    """Return what the work comes to.

    Raises:
        TimeoutError: it takes longer; it may go on for ever.
        whatever the work raises.
    """
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[T] = loop.create_future()

    def settle(found: T | None, error: Exception | None) -> None:
        if answer.done():
            return
        if error is not None:
            answer.set_exception(error)
        else:
            answer.set_result(cast("T", found))

    def do() -> None:
        found, error = None, None
        try:
            found = work()
        except Exception as raised:  # noqa: BLE001  handed on to whoever waits
            error = raised
        with suppress(RuntimeError):  # the loop has ended: nobody waits any more
            loop.call_soon_threadsafe(settle, found, error)

    threading.Thread(target=do, name="in time", daemon=True).start()
    async with asyncio.timeout(seconds):
        return await answer

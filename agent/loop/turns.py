"""Turns at the event loop: long work in one tenant is done in slices, and after each slice everybody else has a turn.

What waits for a disk or for Graph gives others their turn by itself. What only reckons does not: judging some hundred
actions takes longer than others should have to wait, and a tenant with fifty thousand has many hundreds.
"""

import asyncio

SLICE = 0.02
"""Seconds after which others have their turn."""


class Turns:
    """Asked between two pieces of work, gives others their turn once a slice is used up."""

    def __init__(self, seconds: float = SLICE) -> None:
        self._seconds = seconds
        self._now = asyncio.get_running_loop().time
        self._began = self._now()

    async def give_way(self) -> None:
        """Let everybody else go on for a moment, where it is their turn."""
        if self._now() - self._began < self._seconds:
            return
        await asyncio.sleep(0)
        self._began = self._now()

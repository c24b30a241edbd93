"""The demo's pages: served once there is something to see, told in one line, and opened where there is a screen."""

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from types import TracebackType
from typing import Self

from agent.faces.cli.opening_browser import open_page
from agent.faces.cli.screen import Screen
from agent.faces.cli.stage import Shown, Stage
from agent.model.errors import Unavailable


class Showing:
    """Starts the pages beside everything else, once. Where nobody asked for them, it does nothing."""

    def __init__(self, stage: Stage, screen: Screen, *, serves: bool) -> None:
        self.screen = screen
        self._stage = stage
        self._serves = serves
        self._starting: asyncio.Task[None] | None = None
        self._shown: Shown | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._starting is not None:
            self._starting.cancel()
            with suppress(asyncio.CancelledError, Unavailable):
                await self._starting

    def begin(self) -> None:
        """Start them now, where that was asked for and not done yet."""
        if self._serves and self._starting is None:
            self._starting = asyncio.create_task(self._start())

    async def finished(self) -> None:
        """Return once they can be opened.

        Raises:
            Unavailable: they could not be started.
        """
        self.begin()
        if self._starting is not None:
            await self._starting

    def places(self) -> Iterator[tuple[str, str]]:
        """Give where they are, each place with its name."""
        if self._shown is None:
            return
        yield "the pages", self._shown.ready
        yield "sign in, once, by", self._shown.links[-1]
        yield "", f"for more links, open {self._shown.ready}/sign-in in a browser that has signed in"

    async def _start(self) -> None:
        self._shown = await self._stage.start_pages()
        link = self._shown.links[0]
        is_opened = await asyncio.to_thread(open_page, link)
        how = "opened in your browser" if is_opened else "open this in a browser: it signs you in, once"
        self.screen.tell(["", f"the pages, {how}:", f"  {link}", ""])

"""A channel for trying out: lines on standard error.

Standard error may be a pipe that nobody reads, and a write to a full one waits for ever. So it is written on a thread of its
own, one notice at a time: what waits there is this channel, and never the agent.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from threading import Thread
from typing import TextIO

from agent.adapters.channels.layout import (
    NAME,
    TITLE,
    WORDS,
    facts,
    foreign,
    headline,
    left_out,
    links,
    shown,
)
from agent.model.channel import Channel
from agent.model.errors import Unavailable
from agent.model.escalation import Notice, Posted, Receipt

GUTTER = "│ "
"""Begins every line below the first, so that no text can look like a line of its own."""


PATIENCE = 10.0
"""Real seconds after which a console that takes no more text is taken for away."""


class Console:
    """Fulfils Wire over a stream of text."""

    def __init__(self, stream: TextIO, patience: float = PATIENCE) -> None:
        self._stream = stream
        self._patience = patience
        self._is_writing = False

    async def send(self, channel: Channel, notice: Notice, earlier: Sequence[Posted]) -> Receipt:  # noqa: ARG002  the others look at them
        """Write the notice in one piece."""
        start = f"channel `{channel.name}`: the console"
        if self._is_writing:
            raise Unavailable(f"{start} still takes the text before this one: nobody reads standard error")
        try:
            async with asyncio.timeout(self._patience):
                await self._on_a_thread("\n".join(lines(channel, notice)))
        except TimeoutError:
            raise Unavailable(f"{start} takes no more text: nobody reads standard error") from None
        except (OSError, ValueError) as error:
            raise Unavailable(f"{start} cannot be written to") from error
        return Receipt(words="written to standard error")

    async def _on_a_thread(self, text: str) -> None:
        """Write the text, and raise what went wrong; whoever stops waiting leaves the thread to itself."""
        loop = asyncio.get_running_loop()
        written: asyncio.Future[None] = loop.create_future()

        def settle(error: Exception | None) -> None:
            self._is_writing = False
            if written.done():
                return
            if error is None:
                written.set_result(None)
            else:
                written.set_exception(error)

        def write() -> None:
            failure: Exception | None = None
            try:
                self._write(text)
            except (OSError, ValueError) as error:
                failure = error
            with suppress(RuntimeError):  # the loop has ended meanwhile: nobody waits for it any more
                loop.call_soon_threadsafe(settle, failure)

        self._is_writing = True
        Thread(target=write, name="console", daemon=True).start()
        await written

    def _write(self, text: str) -> None:
        try:
            self._stream.write(f"{text}\n")
            self._stream.flush()
        except UnicodeEncodeError:
            # Nothing was written: a terminal without the letters gets their escapes.
            plain = text.encode("ascii", "backslashreplace").decode()
            self._stream.write(f"{plain}\n")
            self._stream.flush()


def lines(channel: Channel, notice: Notice) -> list[str]:
    """Return what is shown, line by line."""
    body = [foreign(notice.title, TITLE), *_some(foreign(notice.words, WORDS))]
    body += [f"{label}: {value}" for label, value in facts(notice)]
    for number, item in enumerate(notice.items, start=1):
        words = shown(item, notice.at)
        body += [
            f"{number}. {words.kind}: {words.head}",
            *(f"   {text}" for text in (words.what, words.why) if text),
        ]
    body += _some(left_out(notice, len(notice.items)))
    body += [f"{words}: {url}" for words, url in links(notice)]
    return [f"[{foreign(channel.name, NAME)}] {headline(notice)}", *(GUTTER + line for line in body)]


def _some(text: str) -> list[str]:
    return [text] if text else []

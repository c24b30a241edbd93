"""A channel for trying out: lines on standard error.

Standard error may be a pipe that nobody reads, and a write to a full one waits for ever. So it is written on a thread of its
own, one notice at a time: what waits there is this channel, and never the agent.
"""

from collections.abc import Sequence
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
from agent.adapters.channels.own_thread import PATIENCE, Busy, OwnThread
from agent.model.channel import Channel
from agent.model.errors import Unavailable
from agent.model.escalation import Notice, Posted, Receipt

GUTTER = "│ "
"""Begins every line below the first, so that no text can look like a line of its own."""


class Console:
    """Fulfils Wire over a stream of text."""

    def __init__(self, stream: TextIO, patience: float = PATIENCE) -> None:
        self._stream = stream
        self._thread = OwnThread("console", patience)

    async def send(self, channel: Channel, notice: Notice, earlier: Sequence[Posted]) -> Receipt:  # noqa: ARG002  the others look at them
        """Write the notice in one piece."""
        start = f"channel `{channel.name}`: the console"
        text = "\n".join(lines(channel, notice))
        try:
            await self._thread.do(lambda: self._write(text))
        except Busy:
            raise Unavailable(
                f"{start} still takes the text before this one: nobody reads standard error"
            ) from None
        except TimeoutError:
            raise Unavailable(f"{start} takes no more text: nobody reads standard error") from None
        except (OSError, ValueError) as error:
            raise Unavailable(f"{start} cannot be written to") from error
        return Receipt(words="written to standard error")

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

"""A channel for trying out: lines on standard error."""

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
from agent.model.channel import Channel
from agent.model.errors import Unavailable
from agent.model.escalation import Notice, Posted, Receipt

GUTTER = "│ "
"""Begins every line below the first, so that no text can look like a line of its own."""


class Console:
    """Fulfils Wire over a stream of text."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    async def send(self, channel: Channel, notice: Notice, earlier: Sequence[Posted]) -> Receipt:  # noqa: ARG002  the others look at them
        """Write the notice in one piece."""
        try:
            self._stream.write("\n".join(lines(channel, notice)) + "\n")
            self._stream.flush()
        except UnicodeEncodeError:
            # Nothing was written: a terminal without the letters gets their escapes.
            plain = "\n".join(lines(channel, notice)).encode("ascii", "backslashreplace").decode()
            self._stream.write(f"{plain}\n")
            self._stream.flush()
        except (OSError, ValueError) as error:
            raise Unavailable(f"channel `{channel.name}`: the console cannot be written to") from error
        return Receipt(words="written to standard error")


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

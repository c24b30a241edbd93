"""The plain text of a mail: what most of us read on a telephone at night.

What stands at the left edge is ours, and what may be an attacker's is set in, also where it goes on in the next line: no
foreign text can look like a line of the agent's. Lines are broken here, before a program breaks them elsewhere.
"""

from collections.abc import Iterator
from textwrap import wrap

from agent.adapters.channels.email.words import Words
from agent.adapters.channels.layout import Shown

WIDTH = 76
INSET = "    "


def text_of(words: Words) -> str:
    """Return the mail as plain text, with the link on a line of its own."""
    return "\n".join(_lines(words)) + "\n"


def _lines(words: Words) -> Iterator[str]:
    yield from _own(words.headline)
    yield from _foreign(words.title)
    if words.words:
        yield ""
        yield from _foreign(words.words)
    if words.link is not None:
        yield from ("", f"{words.call}:", words.link)
    if words.facts:
        yield ""
        yield from (line for label, value in words.facts for line in _own(f"{label}: {value}"))
    for number, item in enumerate(words.items, start=1):
        yield ""
        yield from _item(number, item)
    if words.left_out:
        yield ""
        yield from _own(words.left_out)
    yield from ("", "-- ")
    yield from (line for sentence in words.about for line in _own(sentence))


def _item(number: int, item: Shown) -> Iterator[str]:
    yield from _own(f"{number}. {item.kind}")
    yield from _own(item.head)
    for text in (item.what, item.why):
        yield from _foreign(text)


def _own(text: str) -> list[str]:
    return wrap(text, WIDTH, break_on_hyphens=False)


def _foreign(text: str) -> list[str]:
    return wrap(text, WIDTH, initial_indent=INSET, subsequent_indent=INSET, break_on_hyphens=False)

"""Parts that are read one by one, so that what is wrong with all of them is told together."""

from collections.abc import Callable, Iterable
from typing import TypeVar

from agent.judge.literals import Wrong

T = TypeVar("T")
U = TypeVar("U")


class Together:
    """Readings, and what went wrong with them."""

    def __init__(self, wrong: Iterable[Wrong] = ()) -> None:
        self._wrong = list(wrong)

    def read(self, reading: Callable[[], T], otherwise: U) -> T | U:
        """Return what is read; where that goes wrong, what stands in for it until the end."""
        try:
            return reading()
        except Wrong as wrong:
            self._wrong += [wrong, *wrong.also]
            return otherwise

    def end(self) -> None:
        """Raise Wrong with all that went wrong, in the order of the file, if anything did."""
        if self._wrong:
            first, *others = sorted(self._wrong, key=lambda one: (one.mark.line, one.mark.column))
            raise Wrong(first.mark, first.message, first.file, also=tuple(others))

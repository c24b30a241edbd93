"""Texts that a pattern probably matches: shortest first, found by reading the pattern as far as it is understood.

They are only tried: whether one does match is asked of RE2. A pattern that is not understood gives fewer texts.
"""

from collections.abc import Iterable
from itertools import product

MOST = 12
"""Texts of one pattern."""

_CLASSES = {"d": "7", "w": "x", "s": " ", "D": "x", "W": "-", "S": "x"}
_NOTHING = frozenset("bBAzZ")
_PRINTABLE = "".join(map(chr, range(33, 127))) + " é\u4e2d"


def examples_of(pattern: str) -> tuple[str, ...]:
    """Return some texts that the pattern probably matches as a whole."""
    try:
        found = _Reader(pattern).read()
    except (_NotUnderstood, ValueError):
        found = ["".join(letter for letter in pattern if letter.isalnum() or letter in " @-_/")]
    return tuple(dict.fromkeys(found))


class _NotUnderstood(Exception):
    """The pattern has something in it that is not read here."""


class _Reader:
    """Reads a pattern from left to right; every part gives the texts that it may match."""

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.at = 0

    def read(self) -> list[str]:
        found = self._alternatives()
        if self.at != len(self.pattern):
            raise _NotUnderstood
        return found

    def _next(self) -> str:
        return self.pattern[self.at : self.at + 1]

    def _take(self) -> str:
        letter = self._next()
        if not letter:
            raise _NotUnderstood
        self.at += 1
        return letter

    def _alternatives(self) -> list[str]:
        found = self._sequence()
        while self._next() == "|":
            self.at += 1
            found = _some([*found, *self._sequence()])
        return found

    def _sequence(self) -> list[str]:
        found = [""]
        while self._next() not in ("", "|", ")"):
            part = self._repeated(self._atom())
            found = _some(before + after for before, after in product(found, part))
        return found

    def _atom(self) -> list[str]:
        letter = self._take()
        match letter:
            case "(":
                return self._group()
            case "[":
                return self._class()
            case ".":
                return ["x"]
            case "^" | "$":
                return [""]
            case "\\":
                return self._escape()
            case _:
                return [letter]

    def _group(self) -> list[str]:
        if self._next() == "?":
            self.at += 1
            named = self.pattern[self.at : self.at + 2]
            if named == "P<" or named[:1] == "<":
                self.at = self.pattern.index(">", self.at) + 1
            else:
                flags = ""
                while self._next() not in (":", ")"):
                    flags += self._take()
                if self._take() == ")":
                    return [""]
        found = self._alternatives()
        if self._take() != ")":
            raise _NotUnderstood
        return found

    def _escape(self) -> list[str]:
        letter = self._take()
        if letter == "Q":
            end = self.pattern.find("\\E", self.at)
            quoted = self.pattern[self.at :] if end < 0 else self.pattern[self.at : end]
            self.at = len(self.pattern) if end < 0 else end + 2
            return [quoted]
        if letter in _NOTHING:
            return [""]
        if letter.isalnum() and letter not in _CLASSES:
            raise _NotUnderstood
        return [_CLASSES.get(letter, letter)]

    def _class(self) -> list[str]:
        is_negated = self._next() == "^"
        self.at += is_negated
        members: set[str] = set()
        is_first = True
        while is_first or self._next() != "]":
            is_first = False
            low = self._member()
            if self._next() == "-" and self.pattern[self.at + 1 : self.at + 2] not in ("]", ""):
                self.at += 1
                high = self._member()
                members |= {one for one in _PRINTABLE if low <= one <= high}
            else:
                members.add(low)
        self.at += 1
        inside = [one for one in _PRINTABLE if one not in members] if is_negated else sorted(members)
        if not inside:
            raise _NotUnderstood
        letters = [one for one in inside if one.isalnum()]
        return [*letters[:1], *(one for one in inside[-1:] if one not in letters[:1])]

    def _member(self) -> str:
        letter = self._take()
        if letter == "[" and self._next() == ":":
            raise _NotUnderstood
        return letter if letter != "\\" else self._escape()[0]

    def _repeated(self, part: list[str]) -> list[str]:
        found = part
        while self._next() in ("*", "+", "?", "{"):
            match self._take():
                case "*" | "?":
                    found = _some(["", *found])
                case "+":
                    pass
                case _:
                    end = self.pattern.index("}", self.at)
                    least = self.pattern[self.at : end].partition(",")[0]
                    if not least.isdigit() or int(least) > 100:
                        raise _NotUnderstood
                    self.at = end + 1
                    found = [one * int(least) for one in found]
        return found


def _some(texts: Iterable[str]) -> list[str]:
    found: dict[str, None] = {}
    for text in texts:
        found[text] = None
        if len(found) == MOST:
            break
    return list(found)

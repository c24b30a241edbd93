"""What a person writes to choose targets -> which of the listed targets these are.

A list of ten thousand cannot be ticked: it is written, one line for each, as the list has them, or by their numbers, or
by the mailbox or the thing, which stands for every target that has it.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from agent.faces.questions import Target, stretches
from agent.judge.quote import counted, quote
from agent.model.enactment import EffectKind, Pair

COMMENT = "#"
"""How a line begins that names no target."""

DOES = frozenset(kind.value for kind in EffectKind)
"""What the list says is done to a target, before its parts."""

HOW = "write numbers of the list such as `4` or `10-25`, lines of it, an address, or `@` and a domain, one on each line"

_NUMBERS = re.compile(r"\d{1,9}(?:\s*-\s*\d{1,9})?")


class NotNamed(ValueError):
    """A line names no target; the words say which, and how to write it."""


def by_parts(targets: Iterable[Target]) -> Mapping[tuple[str, ...], Pair]:
    """Return the targets by the parts that a line of the list has of them."""
    return {tuple(part for part in one.pair if part): one.pair for one in targets}


def named(words: tuple[str, ...], known: Mapping[tuple[str, ...], Pair]) -> Pair | None:
    """Return the target that the words of a line name; None where they name none."""
    return next((known[one] for one in _readings(words) if one in known), None)


def _readings(words: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Give what a line may name: as it stands, then without the number and what is done, as the list begins its lines."""
    bare = words
    if bare[0].isdigit():
        bare = bare[1:]
    while bare and bare[0].rstrip(",") in DOES:
        bare = bare[1:]
    for one in (words, bare):
        yield one
        yield tuple(word.lower() for word in one)


def pick(text: str, targets: Sequence[Target]) -> frozenset[int]:
    """Return the numbers of the targets that a text names.

    However long the text is, each line of it is looked at once, and each target that it names is too.

    Raises:
        NotNamed: a line of it names none.
    """
    parts, words_of = by_parts(targets), _by_words(targets)
    numbers = {one.pair: one.number for one in targets}
    found: set[int] = set()
    some: list[tuple[int, int]] = []
    seen: set[str] = set()
    for at, line in enumerate(text.splitlines(), 1):
        words, key = tuple(line.split()), line.strip().lower()
        if not words or words[0].startswith(COMMENT) or key in seen:
            continue
        seen.add(key)
        pair = named(words, parts)
        stretches_named = _numbered(key, len(targets))
        if pair is not None:
            found.add(numbers[pair])
        elif stretches_named:
            some += stretches_named
        elif key in words_of:
            found.update(words_of[key])
        else:
            listed = counted(len(targets), "target", "targets")
            raise NotNamed(f"line {at} ({quote(line.strip())}) names none of the {listed}: {HOW}")
    return frozenset(found.union(_within(some)))


def _by_words(targets: Iterable[Target]) -> Mapping[str, Sequence[int]]:
    """Return the targets by every word that stands for some of them: an address, a thing, or `@` and a domain."""
    found: dict[str, list[int]] = {}
    for one in targets:
        parts = {part.lower() for part in one.pair if part}
        domains = {f"@{part.rpartition('@')[2]}" for part in parts if "@" in part}
        for word in parts | domains - {"@"}:
            found.setdefault(word, []).append(one.number)
    return found


def _numbered(line: str, last: int) -> Sequence[tuple[int, int]]:
    """Return the stretches of a line of numbers; none where it is no such line, or one of them is not in the list."""
    pieces = [piece.strip() for piece in line.split(",") if piece.strip()]
    found: list[tuple[int, int]] = []
    for piece in pieces:
        if _NUMBERS.fullmatch(piece) is None:
            return ()
        first, _, end = (part.strip() for part in piece.partition("-"))
        low, high = int(first), int(end or first)
        if not 1 <= low <= high <= last:
            return ()
        found.append((low, high))
    return found


def _within(some: Iterable[tuple[int, int]]) -> Iterator[int]:
    """Give each number that lies in any of these stretches, once."""
    after = 1
    for low, high in sorted(some):
        yield from range(max(low, after), high + 1)
        after = max(after, high + 1)


def spans(numbers: Iterable[int]) -> str:
    """Return numbers as they are written to choose them again: one stretch on each line."""
    return "\n".join(stretches(numbers))

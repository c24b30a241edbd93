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

    Raises:
        NotNamed: a line of it names none.
    """
    parts = by_parts(targets)
    numbers = {one.pair: one.number for one in targets}
    found: set[int] = set()
    for at, line in enumerate(text.splitlines(), 1):
        words = tuple(line.split())
        if not words or words[0].startswith(COMMENT):
            continue
        pair = named(words, parts)
        some = {numbers[pair]} if pair is not None else _several(line.strip(), targets)
        if not some:
            listed = counted(len(targets), "target", "targets")
            raise NotNamed(f"line {at} ({quote(line.strip())}) names none of the {listed}: {HOW}")
        found |= some
    return frozenset(found)


def _several(line: str, targets: Sequence[Target]) -> set[int]:
    """Return the targets that a line of numbers names, or that have this address, domain or thing; empty for none."""
    pieces = [piece.strip() for piece in line.split(",") if piece.strip()]
    if pieces and all(_NUMBERS.fullmatch(piece) for piece in pieces):
        return _numbered(pieces, len(targets))
    word = line.lower()
    if word.startswith("@"):
        return {one.number for one in targets if any(part.lower().endswith(word) for part in one.pair)}
    return {one.number for one in targets if word in {part.lower() for part in one.pair}}


def _numbered(pieces: Iterable[str], last: int) -> set[int]:
    """Return the numbers of all pieces; empty where one of them is not in the list."""
    found: set[int] = set()
    for piece in pieces:
        first, _, end = (part.strip() for part in piece.partition("-"))
        low, high = int(first), int(end or first)
        if not 1 <= low <= high <= last:
            return set()
        found.update(range(low, high + 1))
    return found


def spans(numbers: Iterable[int]) -> str:
    """Return numbers as they are written to choose them again: one stretch on each line."""
    return "\n".join(stretches(numbers))

"""Texts that stand for all texts, where texts are compared whole, by how they start and end, and by what is in them.

Every text is named, or answers as one made of the longest start and end that it has and of every part that is in
it, with a letter between these that stands in no part: at the joins nothing comes about that was not there.
"""

from collections.abc import Iterator, Sequence
from itertools import chain, combinations, product
from typing import cast

from agent.judge.proof.columns import Column

MOST = 4_096
"""Texts that are made; past it, those with many parts at once are left out, and `is_whole` says so."""

_LETTERS = "zqxjkvwy0123456789bcdfghlmnprstaeiou\u00e6\u00f8\u0142\u0111\u4e2d"


def texts(columns: Sequence[Column], named: Sequence[str]) -> Iterator[str]:
    """Give the texts; those that are named in the forms in which people write them."""
    for text in named:
        yield from dict.fromkeys((text, text.capitalize(), text.title(), text.upper()))
    starts, ends, parts = (operands(columns, name) for name in ("startsWith", "endsWith", "contains"))
    gap = filler([*starts, *ends, *parts, *named])
    for start, end, inside in product(["", *starts], ["", *ends], subsets(parts, len(starts), len(ends))):
        yield gap.join([start, *inside, end]) if start or end or inside else gap


def is_whole(columns: Sequence[Column]) -> bool:
    """Whether the texts made stand for all texts, the parts in them included."""
    starts, ends, parts = (operands(columns, name) for name in ("startsWith", "endsWith", "contains"))
    return _count(parts, len(starts), len(ends)) <= MOST


def subsets(parts: Sequence[str], starts: int, ends: int) -> list[tuple[str, ...]]:
    """Return all sets of parts, or those of none, one, two and all where there would be too many."""
    if _count(parts, starts, ends) <= MOST:
        sizes = range(len(parts) + 1)
        return list(chain.from_iterable(combinations(parts, size) for size in sizes))
    return [(), *((part,) for part in parts), *combinations(parts, 2), tuple(parts)]


def _count(parts: Sequence[str], starts: int, ends: int) -> int:
    return (starts + 1) * (ends + 1) * (1 << len(parts))


def operands(columns: Sequence[Column], operator: str) -> list[str]:
    """Return what the columns of this operator look for, each once."""
    return sorted({cast("str", column.operand) for column in columns if column.operator == operator})


def filler(others: Sequence[str]) -> str:
    """Return a letter that stands in none of these."""
    taken = set("".join(others))
    return next(
        (letter for letter in _LETTERS if letter not in taken),
        next(chr(code) for code in range(0x4E2E, 0x9FFF) if chr(code) not in taken),
    )

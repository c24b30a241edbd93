"""A sort of pending actions -> what a draft for it is called, and in words.

A name is that of a file too: of letters, digits and dashes alone, so that no sender's domain ends it in `.cases.yaml`.
"""

import re
from collections.abc import Collection
from itertools import count

from agent.model.decision import Verb
from agent.model.suggestion import Sort

LONGEST = 80

_CAPITAL = re.compile(r"(?<=[a-z])([A-Z])")
_OTHER = re.compile(r"[^a-z0-9]+")


def name_of(verb: Verb, sort: Sort, taken: Collection[str]) -> str:
    """Return a name that none of these has, whatever the case of their letters."""
    parts = ("suggested", verb, sort.kind, sort.by or "", sort.verdict, sort.domain or "")
    plain = _CAPITAL.sub(r"-\1", "-".join(part for part in parts if part)).lower()
    name = _OTHER.sub("-", plain)[:LONGEST].strip("-")
    folded = {one.casefold() for one in taken}
    if name not in folded:
        return name
    return next(other for number in count(2) if (other := f"{name}-{number}") not in folded)


def in_words(sort: Sort) -> str:
    """Return what the sort is in a few words; a domain in it is foreign text."""
    parts = [f"`{sort.kind}`"]
    if sort.by is not None:
        parts.append(f"by {sort.by}")
    parts.append(sort.verdict)
    if sort.domain is not None:
        parts.append(f"from {sort.domain}")
    return ", ".join(parts)

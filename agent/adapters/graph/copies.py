"""Copies of mail as both ways of looking mail up give them: what cannot be read is said, and never left out.

A row that is left out would make an incomplete answer look complete: the recipient who must not be touched
could be the one in it.
"""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import msgspec

from agent.model.defender import MailMessage

_MERGED = tuple(
    name
    for name in MailMessage.__struct_fields__
    if name not in {"network_message_id", "recipient", "threats", "detection_methods"}
)
"""The fields that can say that nothing is known."""


class Unreadable(NamedTuple):
    """A row that cannot be taken, and the message it is of; None where it names none."""

    message_id: str | None
    why: str


class Found(NamedTuple):
    """The copies that can be relied on, and what else is known to be there."""

    copies: tuple[MailMessage, ...]
    unreadable: tuple[Unreadable, ...]


def text(raw: Mapping[str, Any], key: str) -> str | None:
    """Return a text as it was written, or None where there is none."""
    found = raw.get(key)
    return found if isinstance(found, str) and found.strip() else None


def word(raw: Mapping[str, Any], key: str) -> str | None:
    """Return a word or an address without white space around it.

    `ceo@contoso.example ` is nobody whom a list of protected recipients names, and is the same mailbox.
    """
    found = text(raw, key)
    return found.strip() if found is not None else None


def texts(found: Any) -> tuple[str, ...] | None:
    """Return a list of texts, each once; None where it is something else, or has something else in it."""
    if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
        return None
    return tuple(dict.fromkeys(one.strip() for one in found if one.strip()))


def threats_of(words: Iterable[str]) -> tuple[str, ...]:
    """Return threats as Graph spells them, in lower case; `none` is the word for no threat at all."""
    return tuple(dict.fromkeys(one.lower() for one in words if one.lower() != "none"))


def sorted_out(rows: Iterable[MailMessage | Unreadable]) -> Found:
    """Return each copy once.

    Where two rows tell of one copy, what they differ in is unknown. Threats and detection methods cannot be
    unknown by themselves, so that a message whose rows differ in those is not to be read.
    """
    known: dict[tuple[str, str], MailMessage] = {}
    unreadable: list[Unreadable] = []
    for row in rows:
        if isinstance(row, Unreadable):
            unreadable.append(row)
            continue
        other = known.setdefault(row.pair, row)
        if other is row:
            continue
        if set(other.threats) != set(row.threats) or set(other.detection_methods) != set(
            row.detection_methods
        ):
            why = "two rows of one copy differ in what was detected"
            unreadable.append(Unreadable(row.network_message_id, why))
        differing = {name: None for name in _MERGED if getattr(other, name) != getattr(row, name)}
        if differing:
            known[row.pair] = msgspec.structs.replace(other, **differing)
    lost = {one.message_id.lower() for one in unreadable if one.message_id is not None}
    copies = tuple(copy for copy in known.values() if copy.network_message_id.lower() not in lost)
    return Found(copies, tuple(unreadable))

"""Facts: what policies may test. Flat, typed, and absent where Defender did not say."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

import msgspec

Value = str | int | float | bool | datetime | frozenset[str]
"""A fact's value. Text is compared case-folded where the fact table says so."""


class FactType(StrEnum):
    """What a fact's values are; the names are those that messages and documentation use."""

    TEXT = "text"
    WORD = "word"
    NUMBER = "number"
    YESNO = "true or false"
    MOMENT = "moment"
    ADDRESS = "address"
    DOMAIN = "domain"
    IP = "ip address"
    TEXTS = "set of texts"
    WORDS = "set of words"
    ADDRESSES = "set of addresses"
    DOMAINS = "set of domains"


VOCABULARY = 3
"""The number of the fact table: it grows by one when facts are added, so that a record tells a fact that was
not known from one that was not asked for yet. Each fact says since which number it is there."""


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that is known of one pending action at one moment.

    `values` maps dotted names to values; a name that is not there is unknown. `messages` has the same
    for each message the action would touch, or is None where there are no messages to speak of.
    `messages_complete` is False where some messages could not be resolved: what is counted then is a
    lower bound.
    """

    now: datetime
    values: Mapping[str, Value]
    messages: tuple[Mapping[str, Value], ...] | None = None
    messages_complete: bool = True
    unresolved: str = ""
    """Why messages are missing, in words."""
    vocabulary: int = 1
    """Which facts were gathered: those of this number and below. Older records do not say, and mean 1."""

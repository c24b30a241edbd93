"""(What policies ask of a fact) -> the few values of it that make a difference.

Tests cut what a fact can be into parts within which every test answers the same: below an edge, on it, above
it; one of a list, in one domain, none of all that is named. One value of each part stands for all of it, so
that trying these is trying every value. Where that cannot be, because nobody can tell what texts a pattern
takes, or since a list is too long, the fact is noted as a gap.
"""

import ipaddress
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import combinations, islice
from typing import Any, cast

from agent.judge.literals import Network
from agent.judge.operators import Rows
from agent.judge.vocabulary import MEMBER, SETS, WORDS, Fact
from agent.model.facts import FactType, Value
from agent.model.policy import Test

MOST_MEMBERS = 400
"""Values of one operand that are looked at; a longer list is a gap."""

MOST_PARTS = 5
"""Parts of what the members of a set can be, up to which every set made of them is tried."""

SECOND = timedelta(seconds=1)

ELSEWHERE = "elsewhere.example"

T = FactType

Part = tuple[object, ...]
"""What all tests answer for a value: the same for all values of one part."""

OTHERS: Mapping[FactType, tuple[Value, ...]] = {
    T.TEXT: ("something else",),
    T.WORD: ("somethingElse",),
    T.ADDRESS: (f"somebody@{ELSEWHERE}",),
    T.DOMAIN: (ELSEWHERE,),
    T.IP: ("203.0.113.77", "2001:db8::77"),
    T.YESNO: (True, False),
    T.NUMBER: (0,),
}
"""Values that most likely nobody names."""


def candidates(fact: Fact, tests: Iterable[Test], current: Sequence[Value], now: datetime) -> Iterator[Value]:
    """Give values, or members of a set, at which tests of the fact may answer differently; some more than once.

    The values there are come first.
    """
    kind = MEMBER.get(fact.type, fact.type)
    yield from current
    if kind is T.ADDRESS:
        domains = dict.fromkeys(str(one).rpartition("@")[2] for one in current)
        yield from (f"somebody@{domain}" for domain in islice(domains, 5))
    known = WORDS.get(fact.name)
    yield from OTHERS.get(kind, ()) if known is None else sorted(known)
    for test in tests:
        for value in _named(test, fact.name, now):
            yield from _shaped(value, test, kind, current)


def is_gap(test: Test) -> bool:
    """Whether what the test asks for is not known to be among the candidates."""
    match test.operand:
        case frozenset() as some:
            return len(some) > MOST_MEMBERS
        case tuple() as some:
            return len(some) > MOST_MEMBERS
        case Rows(rows=rows):
            return len(rows) > MOST_MEMBERS
        case _:
            return test.operator in ("matches", "contains", "startsWith", "endsWith")


def _named(test: Test, name: str, now: datetime) -> Iterable[Any]:
    """Return the values that the operand names, or on whose edges it lies."""
    operand = test.operand
    match operand:
        case Rows(facts=facts, rows=rows):
            column = facts.index(name) if name in facts else 0
            return sorted({row[column] for row in islice(sorted(rows), MOST_MEMBERS)})
        case frozenset():
            return islice(sorted(operand, key=str), MOST_MEMBERS)
        case timedelta():
            return (now - operand, now - operand - SECOND, now - operand + SECOND)
        case bool():
            return () if test.operator == "exists" else (operand,)
        case int() | float():
            return _around(operand)
        case tuple() if test.operator == "between":
            return (value for edge in operand for value in _around(edge))
        case tuple():
            return islice(operand, MOST_MEMBERS)
        case _:
            return () if test.operator == "matches" else (operand,)


def _around(edge: float) -> tuple[int, ...]:
    """Return the whole numbers on the edge and next to it: what is counted is whole, and not below nothing."""
    around = {math.floor(edge) - 1, math.floor(edge), math.ceil(edge), math.ceil(edge) + 1}
    return tuple(sorted(number for number in around if number >= 0))


def _shaped(value: Any, test: Test, kind: FactType, current: Sequence[Value]) -> Iterator[Value]:
    """Give the value as one that such a fact can have."""
    match test.operator:
        case "domainIn" if kind is T.ADDRESS:
            yield from (f"somebody@{value}", f"somebody@mail.{value}")
        case "domainIn":
            yield from (value, f"mail.{value}")
        case "cidr":
            yield from map(str, _hosts(cast("Network", value)))
        case "startsWith" if kind is T.ADDRESS:
            yield value if "@" in value else f"{value}@{ELSEWHERE}"
        case "contains" | "startsWith" | "endsWith" if kind is T.TEXT:
            yield value
            for text in current[:2]:
                yield from (f"{value} {text}", f"{text} {value}")
        case _:
            yield cast("Value", value)


def _hosts(network: Network) -> tuple[ipaddress.IPv4Address | ipaddress.IPv6Address, ...]:
    first = network.network_address
    return (first,) if network.num_addresses == 1 else (first + 1, network.broadcast_address)


def sets(
    seen: frozenset[str], parts: Mapping[Part, str], part_of: Mapping[str, Part]
) -> Iterator[frozenset[str]]:
    """Give every set made of these parts, those that differ least from the one seen first.

    Args:
        seen: the members there are.
        parts: one member for each part.
        part_of: the part of each member there is.
    """
    there = frozenset(part_of[member] for member in seen)
    for toggled in _subsets(tuple(parts)):
        wanted = there ^ frozenset(toggled)
        stay = frozenset(member for member in seen if part_of[member] in wanted)
        yield stay | frozenset(parts[part] for part in wanted - there)


def _subsets(parts: tuple[Part, ...]) -> Iterator[tuple[Part, ...]]:
    sizes = range(1, len(parts) + 1) if len(parts) <= MOST_PARTS else (1, 2)
    for size in sizes:
        yield from combinations(parts, size)


def is_set(fact: Fact) -> bool:
    """Whether the fact's values are sets."""
    return fact.type in SETS

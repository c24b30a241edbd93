"""Whether one text, word, address, domain or IP address can pass several tests at once.

Where its values can be counted, each is tried. Else what is asked is compared by pairs: two beginnings of
which neither begins the other, two domains of which neither lies in the other. What a pattern matches is
never guessed, so that what is called impossible is.
"""

from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import Any, cast

from agent.judge.lint.amounts import Asked
from agent.judge.literals import Network
from agent.judge.operators import OPERATORS, within
from agent.judge.vocabulary import WORDS, Fact
from agent.model.facts import FactType

NAMING = frozenset({"equals", "in", "notIn"})


MOST_COMPARED = 200
"""Tests of one fact that are compared pair by pair."""


def single_can_be(fact: Fact, asked: Asked, now: datetime) -> bool:
    """Whether some value of the fact passes all of these tests."""
    only: Collection[object] | None = {True, False} if fact.type is FactType.YESNO else WORDS.get(fact.name)
    excluded: set[object] = set()
    parts: list[tuple[str, object, bool]] = []
    for test, operand, wanted in asked:
        if test.operator not in NAMING:
            parts.append((test.operator, operand, wanted))
            continue
        named = {operand} if test.operator == "equals" else set(cast("frozenset[object]", operand))
        if wanted is (test.operator != "notIn"):
            only = named if only is None else named & set(only)
        else:
            excluded |= named
    if only is None:
        return _agree(parts)
    # A pattern meets a text before its case is folded, so that the folded one says nothing.
    told = [part for part in parts if fact.type is not FactType.TEXT or part[0] != "matches"]
    return any(
        all(OPERATORS[name].holds(value, operand, now) is wanted for name, operand, wanted in told)
        for value in only
        if value not in excluded
    )


def _agree(parts: list[tuple[str, Any, bool]]) -> bool:
    """Whether no two of these rule each other out; of very many, they are taken not to."""
    if len(parts) > MOST_COMPARED:
        return True
    asked = [(name, operand) for name, operand, wanted in parts if wanted]
    refused = [(name, operand) for name, operand, wanted in parts if not wanted]
    for at, (name, operand) in enumerate(asked):
        for other, against in asked[:at]:
            meet = _MEET.get(name)
            if other == name and meet is not None and not meet(operand, against):
                return False
        if any(_implies(name, operand, other, against) for other, against in refused):
            return False
    return True


def _domains_meet(some: frozenset[str], others: frozenset[str]) -> bool:
    return any(within(one, others) for one in some) or any(within(one, some) for one in others)


def _networks_meet(some: tuple[Network, ...], others: tuple[Network, ...]) -> bool:
    return any(one.version == other.version and one.overlaps(other) for one in some for other in others)


_MEET: Mapping[str, Callable[[Any, Any], bool]] = {
    "startsWith": lambda one, other: one.startswith(other) or other.startswith(one),
    "endsWith": lambda one, other: one.endswith(other) or other.endswith(one),
    "domainIn": _domains_meet,
    "cidr": _networks_meet,
}
"""Whether two tests with the same operator can hold for one value."""


def _implies(name: str, operand: Any, other: str, against: Any) -> bool:
    """Whether a value that passes the first test is sure to pass the other."""
    match name, other:
        case ("startsWith", "startsWith"):
            return bool(operand.startswith(against))
        case ("endsWith", "endsWith"):
            return bool(operand.endswith(against))
        case ("startsWith" | "endsWith" | "contains", "contains"):
            return bool(against in operand)
        case ("domainIn", "domainIn"):
            return all(within(domain, against) for domain in operand)
        case ("cidr", "cidr"):
            return all(_lies_in(network, against) for network in operand)
        case ("matches", "matches"):
            return bool(operand == against)
        case _:
            return False


def _lies_in(network: Network, others: tuple[Network, ...]) -> bool:
    return any(network.version == other.version and network.subnet_of(cast("Any", other)) for other in others)

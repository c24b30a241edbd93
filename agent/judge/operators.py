"""The operators of the policy language: the one table of what they are called, take and mean.

`holds` is the plain meaning. `compile` has faster forms of some, and a property test holds the two together.
"""

import ipaddress
from collections.abc import Callable, Mapping
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any

import msgspec

from agent.judge.literals import Network, matcher
from agent.judge.vocabulary import SETS
from agent.model.facts import FactType

T = FactType


class Operand(StrEnum):
    """What an operator takes, in the words of the documentation."""

    ONE = "one value"
    MANY = "a list, or `$name`"
    NUMBER = "a number"
    PAIR = "two numbers, lowest first"
    PART = "a text"
    PATTERN = "an RE2 pattern"
    DOMAINS = "a domain, a list or `$name`"
    NETWORKS = "a network, a list or `$name`"
    DURATION = "a duration: `15m`, `2h`, `3d`"
    YESNO = "`true` or `false`"


OF_LISTS = frozenset({Operand.MANY, Operand.DOMAINS, Operand.NETWORKS})
"""Operands with as many values as the author likes, and with lists among them."""


class Operator(msgspec.Struct, frozen=True, kw_only=True):
    """One row.

    `phrase` is how a condition is told, with `{}` for the operand as written. `holds` gets the fact's
    folded value, the operand and the moment of judging; None for unknown. `sure` is the answer
    that can be relied on while the fact is a set of which only some members are known; None where neither.
    """

    name: str
    types: frozenset[FactType]
    operand: Operand
    phrase: str
    meaning: str
    holds: Callable[[Any, Any, datetime], bool | None]
    sure: bool | None = None


SINGLE = frozenset({T.TEXT, T.WORD, T.NUMBER, T.ADDRESS, T.DOMAIN, T.IP})
NUMBERS = frozenset({T.NUMBER})
MOMENTS = frozenset({T.MOMENT})


def _all_in(value: frozenset[str], operand: frozenset[str], _: datetime) -> bool | None:
    """Of no members nothing is known: that all of nobody are harmless must not approve."""
    return value <= operand if value else None


def within(domain: str, domains: frozenset[str]) -> bool:
    """Whether the domain is one of these or lies below one, whole labels only."""
    while domain not in domains:
        _, dot, domain = domain.partition(".")
        if not dot:
            return False
    return True


def _domain_in(value: str, operand: frozenset[str], _: datetime) -> bool | None:
    domain = value.rpartition("@")[2]
    return within(domain, operand) if domain else None


@lru_cache(maxsize=65_536)
def _parsed(value: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(value)
    except ValueError:
        return None


def _cidr(value: str, operand: tuple[Network, ...], _: datetime) -> bool | None:
    address = _parsed(value)
    return None if address is None else any(address in network for network in operand)


def _rows() -> tuple[Operator, ...]:
    one = Operator(
        name="equals",
        types=SINGLE | {T.YESNO},
        operand=Operand.ONE,
        phrase="{}",
        meaning="is this value; a plain value means the same",
        holds=lambda value, operand, _: value == operand,
    )
    return one, *_lists(), *_numbers(), *_texts(), *_places(), *_moments()


def _lists() -> tuple[Operator, ...]:
    return (
        Operator(
            name="in",
            types=SINGLE,
            operand=Operand.MANY,
            phrase="one of {}",
            meaning="is one of these",
            holds=lambda value, operand, _: value in operand,
        ),
        Operator(
            name="notIn",
            types=SINGLE,
            operand=Operand.MANY,
            phrase="none of {}",
            meaning="is none of these",
            holds=lambda value, operand, _: value not in operand,
        ),
        Operator(
            name="anyIn",
            types=SETS,
            operand=Operand.MANY,
            phrase="any in {}",
            meaning="at least one member is one of these",
            holds=lambda value, operand, _: not value.isdisjoint(operand),
            sure=True,
        ),
        Operator(
            name="allIn",
            types=SETS,
            operand=Operand.MANY,
            phrase="all in {}",
            meaning="every member is one of these; unknown for a set without members",
            holds=_all_in,
            sure=False,
        ),
        Operator(
            name="noneIn",
            types=SETS,
            operand=Operand.MANY,
            phrase="none in {}",
            meaning="no member is one of these",
            holds=lambda value, operand, _: value.isdisjoint(operand),
            sure=False,
        ),
    )


def _numbers() -> tuple[Operator, ...]:
    def row(name: str, phrase: str, meaning: str, holds: Callable[[Any, Any, datetime], bool]) -> Operator:
        pair = Operand.PAIR if name == "between" else Operand.NUMBER
        return Operator(name=name, types=NUMBERS, operand=pair, phrase=phrase, meaning=meaning, holds=holds)

    return (
        row("atMost", "at most {}", "is this or less", lambda value, operand, _: value <= operand),
        row("atLeast", "at least {}", "is this or more", lambda value, operand, _: value >= operand),
        row("above", "above {}", "is more than this", lambda value, operand, _: value > operand),
        row("below", "below {}", "is less than this", lambda value, operand, _: value < operand),
        row(
            "between",
            "between {}",
            "lies between, both ends included",
            lambda value, operand, _: operand[0] <= value <= operand[1],
        ),
    )


def _texts() -> tuple[Operator, ...]:
    texts = frozenset({T.TEXT, T.ADDRESS})
    return (
        Operator(
            name="startsWith",
            types=texts,
            operand=Operand.PART,
            phrase="starting with {}",
            meaning="starts with this, upper or lower case",
            holds=lambda value, operand, _: value.startswith(operand),
        ),
        Operator(
            name="endsWith",
            types=frozenset({T.TEXT}),
            operand=Operand.PART,
            phrase="ending with {}",
            meaning="ends with this, upper or lower case; for domains use `domainIn`",
            holds=lambda value, operand, _: value.endswith(operand),
        ),
        Operator(
            name="contains",
            types=frozenset({T.TEXT}) | SETS,
            operand=Operand.PART,
            phrase="containing {}",
            meaning="a text has this in it, upper or lower case; a set has this member",
            holds=lambda value, operand, _: operand in value,
            sure=True,
        ),
        Operator(
            name="matches",
            types=texts | {T.DOMAIN},
            operand=Operand.PATTERN,
            phrase="matching {}",
            meaning="the whole of it matches, `.` a line break too; `(?i)` for either case; addresses and domains are lower case",
            holds=lambda value, operand, _: matcher(operand)(value) is not None,
        ),
    )


def _places() -> tuple[Operator, ...]:
    return (
        Operator(
            name="domainIn",
            types=frozenset({T.ADDRESS, T.DOMAIN}),
            operand=Operand.DOMAINS,
            phrase="in domain {}",
            meaning="is one of these domains or a subdomain; of an address its domain",
            holds=_domain_in,
        ),
        Operator(
            name="cidr",
            types=frozenset({T.IP}),
            operand=Operand.NETWORKS,
            phrase="in network {}",
            meaning="lies in one of these networks",
            holds=_cidr,
        ),
    )


def _moments() -> tuple[Operator, ...]:
    return (
        Operator(
            name="olderThan",
            types=MOMENTS,
            operand=Operand.DURATION,
            phrase="older than {}",
            meaning="lies longer ago than this",
            holds=lambda value, operand, now: now - value > operand,
        ),
        Operator(
            name="newerThan",
            types=MOMENTS,
            operand=Operand.DURATION,
            phrase="newer than {}",
            meaning="lies less long ago than this, or ahead",
            holds=lambda value, operand, now: now - value < operand,
        ),
        Operator(
            name="exists",
            types=frozenset(FactType),
            operand=Operand.YESNO,
            phrase="known: {}",
            meaning="whether the fact is known at all; never unknown itself",
            holds=lambda _value, operand, _now: operand is True,
        ),
    )


OPERATORS: Mapping[str, Operator] = {row.name: row for row in _rows()}


def of_type(kind: FactType) -> tuple[str, ...]:
    """Return the names of the operators that facts of this type can be tested with."""
    return tuple(row.name for row in OPERATORS.values() if kind in row.types)


class Rows(msgspec.Struct, frozen=True, kw_only=True):
    """The operand of `oneOf`: entries of several members, each as the values of `facts`, folded."""

    facts: tuple[str, ...]
    rows: frozenset[tuple[str, ...]]


ONE_OF = "oneOf"
"""Written in place of a fact: holds where all members of one entry equal the facts of the same names."""


def one_of(rows: Rows, values: tuple[str | None, ...]) -> bool | None:
    """Whether the values are one of the entries; unknown where a missing value could make them one."""
    if None not in values:
        return values in rows.rows
    given = [(at, value) for at, value in enumerate(values) if value is not None]
    could = any(all(row[at] == value for at, value in given) for row in rows.rows)
    return None if could else False


DOUBTFUL = frozenset({"allIn", "domainIn", "cidr", ONE_OF})
"""Operators that may answer unknown although their fact is known."""

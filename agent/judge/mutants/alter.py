"""One clause -> what its author could have written instead by mistake: another operator, value or quantifier.

Numbers, durations and hours move by one of the unit that they are written in, so that a case has to stand on
each side of the edge. What a list file holds is data and not part of a policy, so that `$vip` is changed as
a whole: emptied, or taken for another list.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from typing import cast

import msgspec
from msgspec.structs import replace

from agent.judge.literals import Network
from agent.judge.operators import ONE_OF, OPERATORS, Operand, Rows
from agent.judge.seen import fact_of
from agent.judge.spell import names_list, span
from agent.judge.strict_yaml import shown
from agent.judge.vocabulary import MEMBER, WORDS, Fact, Scope
from agent.model.facts import FactType
from agent.model.policy import Condition, Test

SHARE_STEP = 0.1

_OPERATORS: Mapping[str, tuple[str, ...]] = {
    "atMost": ("atLeast", "below"),
    "atLeast": ("atMost", "above"),
    "above": ("below", "atLeast"),
    "below": ("above", "atMost"),
    "in": ("notIn",),
    "notIn": ("in",),
    "anyIn": ("allIn", "noneIn"),
    "allIn": ("anyIn", "noneIn"),
    "noneIn": ("anyIn", "allIn"),
    "startsWith": ("contains",),
    "endsWith": ("contains",),
    "contains": ("startsWith",),
    "domainIn": ("in",),
    "olderThan": ("newerThan",),
    "newerThan": ("olderThan",),
}
"""Operators that are taken for each other, where the type of the fact has both."""

_UNITS = (timedelta(days=1), timedelta(hours=1), timedelta(minutes=1))


class Altered(msgspec.Struct, frozen=True):
    """A condition that stands in the place of another, and what was done; empty where the two tell by themselves."""

    condition: Condition
    done: str = ""


Lists = Mapping[object, Mapping[str, Test]]
"""Tests on a whole list by what the list can be compared with, and by its `$name`: lists that can be mistaken."""


def altered(test: Test, scope: Scope, lists: Lists) -> Iterator[Altered]:
    """Give what could stand in place of the test."""
    if test.operator == ONE_OF:
        yield from _rows(test, lists)
        return
    fact = fact_of(test.fact, scope)
    for name in _OPERATORS.get(test.operator, ()):
        if fact.type in OPERATORS[name].types:
            yield Altered(replace(test, operator=name))
    yield from _BY_OPERAND[OPERATORS[test.operator].operand](test, fact, lists)


def list_key(test: Test, scope: Scope) -> object:
    """Return what a list named by the test can be compared with: lists of equal keys can take each other's place."""
    if isinstance(test.operand, Rows):
        return test.operand.facts
    fact = fact_of(test.fact, scope)
    domains = OPERATORS[test.operator].operand is Operand.DOMAINS
    return FactType.DOMAIN if domains else MEMBER.get(fact.type, fact.type)


def _one(test: Test, fact: Fact, _: Lists) -> Iterator[Altered]:
    value = test.operand
    kind = MEMBER.get(fact.type, fact.type)
    if isinstance(value, bool):
        yield _valued(test, not value)
    elif isinstance(value, int | float):
        yield from _number(test, fact, {})
    elif isinstance(value, str) and kind is FactType.WORD:
        others = sorted(WORDS.get(fact.name, frozenset()) - {value})
        yield _valued(test, others[0] if others else f"x{value}")
    elif isinstance(value, str) and kind is not FactType.IP:
        yield _valued(test, f"x{value}")


def _number(test: Test, _fact: Fact, _: Lists) -> Iterator[Altered]:
    yield from (_valued(test, value) for value in _beside(cast("float", test.operand)))


def _beside(value: float) -> tuple[int | float, int | float]:
    if isinstance(value, int):
        return value - 1, value + 1
    return round(value - SHARE_STEP, 9), round(value + SHARE_STEP, 9)


def _pair(test: Test, _fact: Fact, _: Lists) -> Iterator[Altered]:
    low, high = cast("tuple[float, float]", test.operand)
    yield Altered(replace(test, operator="atLeast", operand=low, wording=f"{low}"))
    yield Altered(replace(test, operator="atMost", operand=high, wording=f"{high}"))
    pairs = [(each, high) for each in _beside(low)] + [(low, each) for each in _beside(high)]
    for one, other in pairs:
        if one <= other:
            yield Altered(replace(test, operand=(one, other), wording=f"{one}, {other}"))


def _part(test: Test, fact: Fact, lists: Lists) -> Iterator[Altered]:
    """A text is looked for without its last character; a member of a set is another one."""
    written = cast("str", test.operand)
    if fact.type in MEMBER:
        yield from _one(test, fact, lists)
    elif len(written) > 1:
        yield _valued(test, written[:-1])


def _pattern(test: Test, fact: Fact, _: Lists) -> Iterator[Altered]:
    """A pattern on a text forgets about upper and lower case, or no longer does."""
    written = cast("str", test.operand)
    if fact.type is not FactType.TEXT or not any(map(str.isalpha, written)):
        return
    is_either = written.startswith("(?i)")
    yield _valued(test, written.removeprefix("(?i)") if is_either else f"(?i){written}")


def _duration(test: Test, _fact: Fact, _: Lists) -> Iterator[Altered]:
    length = cast("timedelta", test.operand)
    step = next(unit for unit in _UNITS if not length % unit)
    below = next((length - unit for unit in _UNITS if unit <= step and length > unit), None)
    for other in (below, length + step):
        if other is not None:
            yield _valued(test, other, span(other))


def _yes_no(test: Test, _fact: Fact, _: Lists) -> Iterator[Altered]:
    yield _valued(test, test.operand is not True)


def _many(test: Test, fact: Fact, lists: Lists) -> Iterator[Altered]:
    """Lists lose each value in turn, and gain a word that they did not have; `$name` is emptied or mistaken."""
    if names_list(test.wording):
        yield from _list(test, lists.get(list_key(test, fact.scope), {}), frozenset())
        return
    values = cast("frozenset[str | int | float]", test.operand)
    if len(values) > 1:
        for value in sorted(values, key=str):
            left = values - {value}
            wording = ", ".join(sorted(map(str, left)))
            yield Altered(replace(test, operand=left, wording=wording), f"without `{shown(str(value))}`")
    new = next(iter(sorted(WORDS.get(fact.name, frozenset()) - values)), None)
    if new is not None:
        wording = f"{test.wording}, {new}"
        yield Altered(replace(test, operand=values | {new}, wording=wording))


def _list(test: Test, others: Mapping[str, Test], empty: object) -> Iterator[Altered]:
    yield Altered(replace(test, operand=empty, fresh=(), expiries=()), f"with `{test.wording}` empty")
    names = sorted(set(others) - {test.wording})
    if test.wording in others and names:
        other = others[next((name for name in names if name > test.wording), names[0])]
        yield Altered(
            replace(
                test,
                operand=other.operand,
                wording=other.wording,
                fresh=other.fresh,
                expiries=other.expiries,
            )
        )


def _networks(test: Test, fact: Fact, lists: Lists) -> Iterator[Altered]:
    """Networks are left out in turn; a single one is taken twice as wide, and half as wide."""
    if names_list(test.wording):
        yield from _list(test, lists.get(list_key(test, fact.scope), {}), ())
        return
    networks = cast("tuple[Network, ...]", test.operand)
    for at, network in enumerate(networks):
        left = networks[:at] + networks[at + 1 :]
        if left:
            wording = ", ".join(map(str, left))
            yield Altered(replace(test, operand=left, wording=wording), f"without `{network}`")
    if len(networks) == 1:
        only = networks[0]
        if only.prefixlen > 0:
            yield _valued(test, (only.supernet(),), str(only.supernet()))
        if only.prefixlen < only.max_prefixlen:
            half = next(iter(only.subnets()))
            yield _valued(test, (half,), str(half))


def _rows(test: Test, lists: Lists) -> Iterator[Altered]:
    """Entries are left out in turn, and so is each of their members; `$name` is emptied or mistaken."""
    rows = cast("Rows", test.operand)
    if names_list(test.wording):
        yield from _list(test, lists.get(rows.facts, {}), Rows(facts=rows.facts, rows=frozenset()))
    elif len(rows.rows) > 1:
        for row in sorted(rows.rows):
            left = Rows(facts=rows.facts, rows=rows.rows - {row})
            yield Altered(replace(test, operand=left), f"without the entry `{shown(', '.join(row))}`")
    for at, name in enumerate(rows.facts):
        facts = rows.facts[:at] + rows.facts[at + 1 :]
        if facts and not test.expiries:
            fewer = Rows(facts=facts, rows=frozenset(row[:at] + row[at + 1 :] for row in rows.rows))
            yield Altered(replace(test, fact=facts[0], operand=fewer), f"without `{name}` in its entries")


def _valued(test: Test, value: object, wording: str = "") -> Altered:
    told = str(value).lower() if isinstance(value, bool) else str(value)
    return Altered(replace(test, operand=value, wording=wording or told))


_BY_OPERAND: Mapping[Operand, Callable[[Test, Fact, Lists], Iterator[Altered]]] = {
    Operand.ONE: _one,
    Operand.MANY: _many,
    Operand.NUMBER: _number,
    Operand.PAIR: _pair,
    Operand.PART: _part,
    Operand.PATTERN: _pattern,
    Operand.DOMAINS: _many,
    Operand.NETWORKS: _networks,
    Operand.DURATION: _duration,
    Operand.YESNO: _yes_no,
}

"""Values of a fact that stand for all values there can be: whatever a value answers to the columns, one of these does.

That is argued for each type where its values are made; columns that are open are left out of it. The values that
are likely in practice come first. `tests/judge/proof` holds the arguments to random values.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from math import ceil, floor
from typing import cast

import msgspec

from agent.judge.proof.addresses import addresses, domains, networks
from agent.judge.proof.columns import Column
from agent.judge.proof.patterns import examples_of
from agent.judge.proof.texts import texts
from agent.judge.situations import USUAL_NOW
from agent.judge.vocabulary import MEMBER, WORDS, Fact
from agent.model.facts import FactType, Value

T = FactType


class Candidate(msgspec.Struct, frozen=True):
    """A value, or a member of a set. Of a moment, it is how long ago it was.

    `is_alone` says that no other value is compared like it, so that what it answers to a pattern is certain.
    """

    value: Value | timedelta
    is_alone: bool = False


WHOLE = frozenset(
    {
        "action.alertCount",
        "incident.alertCount",
        "reports.count",
        "recipients.count",
        "message.attachmentsCount",
        "file.size",
        *(f"clicks.{of}" for of in ("count", "allowed", "users")),
        *(
            f"history.{of}.{how}"
            for of in ("sender", "domain", "clusterBy")
            for how in ("declined", "remediated")
        ),
        *(
            f"cluster.{of}Count"
            for of in ("email", "mailbox", "copy", "inbox", "junk", "deleted", "quarantine")
        ),
        *(f"cluster.{of}Count" for of in ("external", "phish", "malware", "spam")),
    }
)
"""Facts that count: between 200 and 201 lies none. Graph types what it counts as whole numbers; we count the rest."""

WORD_OF_NOBODY = "aWordThatNoPolicyNames"


def candidates(
    fact: Fact, columns: Sequence[Column], only: Collection[str] | None = None
) -> Iterator[Candidate]:
    """Give the values; just those of `only` where the fact can have no other."""
    if only is not None:
        yield from (Candidate(value, is_alone=True) for value in sorted(only))
        return
    kind = MEMBER.get(fact.type, fact.type)
    named = _named(columns)
    yield from _BY_TYPE[kind](fact, columns, named)
    for column in columns:
        if column.operator == "matches":
            yield from map(Candidate, _like(cast("str", column.operand), kind))


def _named(columns: Sequence[Column]) -> list[Value]:
    """Return the values that are named one by one, each once, in the same order every time."""
    found: set[Value] = set()
    for column in columns:
        if column.operator == "in":
            found |= cast("frozenset[Value]", column.operand)
    return sorted(found, key=lambda value: (type(value).__name__, value))


def _like(pattern: str, kind: FactType) -> Iterator[str]:
    """Give values of the type that the pattern may match; of text, in either case too."""
    for text in examples_of(pattern):
        match kind:
            case T.TEXT:
                yield from dict.fromkeys((text, text.upper(), text.lower(), text.title()))
            case T.ADDRESS if "@" not in text:
                yield f"{text}@another.example"
            case _ if text:
                yield text


def _word(fact: Fact, _: Sequence[Column], named: Sequence[Value]) -> Iterator[Candidate]:
    """Words are compared whole: each that is named, and one that is not, where there is another."""
    known = WORDS.get(fact.name)
    others = (WORD_OF_NOBODY,) if known is None else tuple(sorted(known - set(named)))
    taken = set(named)
    other = next((word for word in others if word not in taken), None)
    if known is None and other is None:
        other = next(
            f"{WORD_OF_NOBODY}{at}" for at in range(len(taken) + 1) if f"{WORD_OF_NOBODY}{at}" not in taken
        )
    yield from (Candidate(value, is_alone=True) for value in named)
    if other is not None:
        yield Candidate(other, is_alone=known is not None)


def _yes_no(_: Fact, __: Sequence[Column], ___: Sequence[Value]) -> Iterator[Candidate]:
    yield Candidate(value=False, is_alone=True)
    yield Candidate(value=True, is_alone=True)


def _number(fact: Fact, columns: Sequence[Column], named: Sequence[Value]) -> Iterator[Candidate]:
    """Numbers are compared with bounds: each bound, one between each two, and one beyond either end."""
    bounds = {cast("float", value) for value in named}
    for column in columns:
        operand = cast("float | tuple[float, float] | frozenset[float]", column.operand)
        bounds |= {operand} if isinstance(operand, int | float) else set(operand)
    ordered = sorted(bounds) or [0]
    near = {whole for bound in ordered for whole in (floor(bound) + 1, ceil(bound) - 1)}
    wholes = sorted({1, *near, *(bound for bound in ordered if float(bound).is_integer())}, key=_likely)
    yield from (Candidate(_plain(value)) for value in wholes)
    if fact.name in WHOLE:
        return
    yield from (Candidate(_plain(bound)) for bound in ordered)
    yield from (Candidate(_between(low, high)) for low, high in pairwise(ordered))


def _likely(value: float) -> tuple[bool, float]:
    return value < 0, abs(value)


def _plain(value: float) -> int | float:
    return int(value) if float(value).is_integer() else value


def _between(low: float, high: float) -> float:
    """Return a number between these with as few digits as that takes."""
    middle = (low + high) / 2
    return next((short for digits in range(17) if low < (short := round(middle, digits)) < high), middle)


def _moment(fact: Fact, columns: Sequence[Column], _: Sequence[Value]) -> Iterator[Candidate]:
    """Moments are compared by their age: each that is named, one between each two, one beyond either end.

    Of the deadline it also matters whether it has come. Ages from before there were years are left out: no moment
    has them.
    """
    ages = {cast("timedelta", column.operand) for column in columns}
    if fact.name == DEADLINE:
        ages.add(timedelta(0))
    ordered = sorted(ages) or [timedelta(0)]
    beyond = [ordered[0] - timedelta(days=1), ordered[-1] + timedelta(hours=1)]
    between = [low + (high - low) / 2 for low, high in pairwise(ordered)]
    inside = [ordered[0] / 2] if ordered[0] > timedelta(0) else []
    for age in (*inside, *beyond, *between, *ordered):
        if age < OLDEST:
            yield Candidate(age - timedelta(microseconds=age.microseconds))


DEADLINE = "action.deadline"
OLDEST = USUAL_NOW - datetime(1000, 1, 1, tzinfo=UTC)


def _text(fact: Fact, columns: Sequence[Column], named: Sequence[Value]) -> Iterator[Candidate]:
    likely = _LIKELY.get(fact.name, "another text")
    yield Candidate(likely)
    yield from (Candidate(value) for value in texts(columns, _strings(named)))


_LIKELY = {"tenant.id": "00000000-0000-0000-0000-000000000000"}


def _address(_: Fact, columns: Sequence[Column], named: Sequence[Value]) -> Iterator[Candidate]:
    yield Candidate("someone@another.example")
    yield from (Candidate(value, is_alone=True) for value in named)
    yield from (Candidate(value) for value in addresses(columns, _strings(named)))


def _domain(_: Fact, columns: Sequence[Column], named: Sequence[Value]) -> Iterator[Candidate]:
    yield Candidate("another.example")
    below = {name for column in columns if column.operator == "domainIn" for name in _set(column)}
    for name in sorted({*_strings(named), *below}):
        yield Candidate(name, is_alone=True)
    yield from map(Candidate, domains({*_strings(named), *below}))


def _ip(_: Fact, columns: Sequence[Column], named: Sequence[Value]) -> Iterator[Candidate]:
    yield from map(Candidate, networks(columns, _strings(named)))


def _strings(named: Iterable[Value]) -> list[str]:
    return [value for value in named if isinstance(value, str)]


def _set(column: Column) -> frozenset[str]:
    return cast("frozenset[str]", column.operand)


Making = Callable[[Fact, Sequence[Column], Sequence[Value]], Iterator[Candidate]]

_BY_TYPE: Mapping[FactType, Making] = {
    T.WORD: _word,
    T.YESNO: _yes_no,
    T.NUMBER: _number,
    T.MOMENT: _moment,
    T.TEXT: _text,
    T.ADDRESS: _address,
    T.DOMAIN: _domain,
    T.IP: _ip,
}

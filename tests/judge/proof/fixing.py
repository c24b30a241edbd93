"""A situation as the values of the solver's variables: how tests hold the formulas to single situations."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import zip_longest

from agent.judge import calendar
from agent.judge.fold import folded
from agent.judge.proof.candidates import WHOLE
from agent.judge.proof.solver import TRUE, Formula, no
from agent.judge.proof.space import Space
from agent.judge.proof.unknowns import Several, Single, Unknown
from agent.judge.situations import TENANT
from agent.judge.vocabulary import MEMBER
from agent.model.facts import Facts, Value

FEW = 12
"""Messages of a space that a test has the time for: three shares that are bounded from both sides take thirty."""


def fixed(space: Space, facts: Facts, tenant: str = "", *, messages: bool = True) -> list[Formula]:
    """Return what binds the variables to this situation; of messages only whether they are complete, if asked so."""
    found = [*_of(space.action, facts.values, facts.now), _now(space, facts.now)]
    if TENANT in space.asked.action:
        found += _of_value(space.tenant, tenant, facts.now)
        found.append(space.tenant_known if TENANT in facts.values else no(space.tenant_known))
    if space.has_messages:
        found.append(space.complete if facts.messages_complete else no(space.complete))
    if not messages:
        return found
    rows = facts.messages or ()
    assert len(rows) <= len(space.slots)
    for slot, row in zip_longest(space.slots, rows):
        if row is None:
            found.append(no(slot.is_there) if slot.count is None else slot.count == 0)
            continue
        found.append(slot.is_there if slot.count is None else slot.count == 1)
        found += _of(slot.values, row, facts.now)
    return found


def _of(unknowns: Mapping[str, Unknown], values: Mapping[str, Value], now: datetime) -> Iterator[Formula]:
    for name, one in unknowns.items():
        yield from _of_value(one, values.get(name), now)


def _of_value(one: Unknown, value: Value | None, now: datetime) -> list[Formula]:
    fact = one.classes.fact
    form = None if value is None else folded(fact.type, value)
    if form is None:
        return [] if one.absent is TRUE else [one.absent]
    match one:
        case Several():
            has = {_key(one, member, now) for member in value}  # type: ignore[union-attr]
            return [one.known, *(each if key in has else no(each) for key, each in one.has.items())]
        case Single():
            at, pattern = _key(one, value, now)
            answers = zip(one.open.values(), pattern, strict=True)
            return [one.of[at], *(each if answer else no(each) for each, answer in answers)]


def _key(one: Unknown, value: object, now: datetime) -> tuple[int, tuple[bool, ...]]:
    """Return the class of the value, which there must be, and what it answers to open columns."""
    classes = one.classes
    kind = MEMBER.get(classes.fact.type, classes.fact.type)
    asked = now - value if kind.value == "moment" else value  # type: ignore[operator]
    answers = {column: column.answer(classes.fact, asked) for column in classes.closed}
    given = {column: column.answer(classes.fact, asked) for column in classes.open}
    fitting = [
        at
        for at, each in enumerate(classes.classes)
        if each.answers == answers and all(given[column] is answer for column, answer in each.fixed.items())
    ]
    assert fitting, f"no class of {classes.fact.name} answers as {value!r} does"
    return fitting[0], tuple(answer is True for answer in given.values())


def _now(space: Space, now: datetime) -> Formula:
    inside = frozenset(one for one in space.asked.clocks if calendar.inside(one, now))
    before = frozenset(end for end in space.asked.ends if now < end)
    fitting = [
        at
        for at, one in zip(space.when.at, space.when.instants, strict=True)
        if (one.inside, one.before) == (inside, before)
    ]
    assert fitting, f"no instant is as {now}"
    return fitting[0]


def whole(values: Mapping[str, Value]) -> dict[str, Value]:
    """Return the facts with whole numbers for what is counted, as Graph gives them."""
    return {
        name: int(value) if name in WHOLE and isinstance(value, float) else value
        for name, value in values.items()
    }

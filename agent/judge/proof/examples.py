"""A model of the solver -> a situation that people can read, with as little in it as shows the same."""

from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import datetime, timedelta
from typing import cast

from msgspec.structs import replace

from agent.judge.proof.solver import TRUE, Formula, Model, implies, no, total
from agent.judge.proof.space import Slot, Space
from agent.judge.proof.unknowns import Unknown
from agent.judge.situations import TENANT, certain, completed, parse_situation, situation_yaml
from agent.model.errors import PolicyError
from agent.model.facts import VOCABULARY, Facts, Value
from agent.model.situation import Situation

FEW = (1, 2, 3, 5, 10, 20, 50, 200)
"""How many messages an example has, if it can: as few as any of these."""

MOST_MESSAGES = 1_000
"""Messages of the largest example."""


def wishes(space: Space) -> Iterator[Formula]:
    """Give what makes an example likely, the most important first; each is granted where it can be."""
    yield space.complete
    for one in space.action.values():
        yield from one.wishes()[:1]
    yield from space.when.wishes()
    if space.slots:
        yield from _few(space)
        for slot in space.slots:
            for one in slot.values.values():
                yield from (implies(slot.is_there, wish) for wish in one.wishes())
    for one in space.action.values():
        yield from one.wishes()[1:]
    yield from space.tenant.wishes()


def _few(space: Space) -> Iterator[Formula]:
    if not space.asked.shares:
        for slot in reversed(space.slots):
            yield no(slot.is_there)
        return
    count = total((TRUE, slot.count) for slot in space.slots)
    for most in reversed(FEW):
        yield count <= most


def situation_of(space: Space, model: Model) -> Situation:
    """Return the situation that the model is of."""
    now = space.when.now(model)
    values = _values(space.action, model, now)
    tenant = str(space.tenant.value(model)) if TENANT in space.asked.action else ""
    messages = tuple(row for slot in space.slots for row in _rows(slot, model, now))
    one = Situation(
        kind=space.kind,
        tenant=tenant,
        facts=Facts(
            now=now,
            values=values,
            messages=messages or None,
            messages_complete=model.holds(space.complete),
            vocabulary=VOCABULARY,
        ),
    )
    return completed(one)


def _rows(slot: Slot, model: Model, now: datetime) -> list[Mapping[str, Value]]:
    if not model.holds(slot.is_there):
        return []
    times = 1 if slot.count is None else model.number(slot.count)
    return [_values(slot.values, model, now)] * times


def _values(unknowns: Mapping[str, Unknown], model: Model, now: datetime) -> dict[str, Value]:
    found: dict[str, Value] = {}
    for name, one in unknowns.items():
        value = one.value(model)
        if value is not None:
            found[name] = now - value if isinstance(value, timedelta) else value
    return found


def plainest(one: Situation, shows: Callable[[Situation], bool], kept: Collection[str]) -> Situation:
    """Return the situation without every fact and message that it shows the same without; `kept` facts stay."""
    for name in sorted(one.facts.values):
        if name not in kept and name not in certain(one):
            one = _if_it_shows(one, _without(one, name), shows)
    for at in reversed(range(len(one.facts.messages or ()))):
        messages = cast("tuple[Mapping[str, Value], ...]", one.facts.messages)
        fewer = messages[:at] + messages[at + 1 :]
        one = _if_it_shows(one, _with_messages(one, fewer), shows)
    for at in range(len(one.facts.messages or ())):
        for name in sorted((one.facts.messages or ())[at]):
            messages = cast("tuple[Mapping[str, Value], ...]", one.facts.messages)
            row = {key: value for key, value in messages[at].items() if key != name}
            one = _if_it_shows(one, _with_messages(one, (*messages[:at], row, *messages[at + 1 :])), shows)
    return one


def _if_it_shows(one: Situation, less: Situation, shows: Callable[[Situation], bool]) -> Situation:
    return less if shows(less) else one


def _without(one: Situation, name: str) -> Situation:
    values = {key: value for key, value in one.facts.values.items() if key != name}
    return replace(one, facts=replace(one.facts, values=values))


def _with_messages(one: Situation, messages: tuple[Mapping[str, Value], ...]) -> Situation:
    return replace(one, facts=replace(one.facts, messages=messages or None))


def is_readable(one: Situation) -> bool:
    """Whether a file of facts can hold the situation, and gives it back as it is."""
    try:
        return parse_situation("example.yaml", situation_yaml(one).encode()) == one
    except PolicyError:
        return False

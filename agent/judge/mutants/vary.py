"""Conditions -> the same ones with one change somewhere in them, for every place and every change."""

from collections.abc import Callable, Iterable, Iterator

import msgspec
from msgspec.structs import replace

from agent.judge.mutants.alter import Altered, Lists, altered
from agent.judge.mutants.alter_moment import altered_moment, altered_quantifier
from agent.judge.spell import spelled
from agent.judge.vocabulary import Scope
from agent.model.mark import Mark
from agent.model.policy import All, AnyOf, Condition, Messages, Moment, Not, Test


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """What was changed where, and all of the conditions as they then are."""

    words: str
    mark: Mark
    conditions: tuple[Condition, ...]


class _Changed(msgspec.Struct, frozen=True):
    """One condition with a change in it."""

    condition: Condition
    words: str
    mark: Mark


def in_each(conditions: tuple[Condition, ...], scope: Scope, lists: Lists) -> Iterator[Change]:
    """Give every change within one of these conditions, and each of them left out."""
    for at, condition in enumerate(conditions):
        before, after = conditions[:at], conditions[at + 1 :]
        for one in _changes(condition, scope, lists):
            yield Change(words=one.words, mark=one.mark, conditions=(*before, one.condition, *after))
        yield Change(
            words=f"`{spelled(condition)}` removed", mark=condition.mark, conditions=(*before, *after)
        )


def _changes(condition: Condition, scope: Scope, lists: Lists) -> Iterator[_Changed]:
    match condition:
        case Test():
            yield from _of_clause(condition, altered(condition, scope, lists))
        case Moment():
            yield from _of_clause(condition, altered_moment(condition))
        case Not(condition=inner):
            for one in _changes(inner, scope, lists):
                yield _Changed(Not(condition=one.condition, mark=condition.mark), one.words, one.mark)
        case All(conditions=conditions):
            any_of = AnyOf(conditions=conditions, mark=condition.mark)
            yield from _of_group(condition, conditions, any_of, scope, lists)
        case AnyOf(conditions=conditions):
            all_of = All(conditions=conditions, mark=condition.mark)
            yield from _of_group(condition, conditions, all_of, scope, lists)
        case Messages(condition=inner):
            yield from _of_clause(condition, altered_quantifier(condition))
            for one in _changes(inner, Scope.MESSAGE, lists):
                yield _Changed(replace(condition, condition=one.condition), one.words, one.mark)


def _of_clause(clause: Condition, instead: Iterable[Altered]) -> Iterator[_Changed]:
    """Give what stands in place of a clause, and at last its negation."""
    told = spelled(clause)
    for one in instead:
        done = one.done or f"changed to `{_rest(told, spelled(one.condition))}`"
        yield _Changed(one.condition, f"`{told}` {done}", clause.mark)
    yield _Changed(Not(condition=clause, mark=clause.mark), f"`{told}` negated", clause.mark)


def _rest(before: str, after: str) -> str:
    """Return what stands in the place of a clause, without the key that both have."""
    key, _, rest = after.partition(": ")
    return rest if before.startswith(f"{key}: ") else after


def _of_group(
    group: All | AnyOf,
    conditions: tuple[Condition, ...],
    other: All | AnyOf,
    scope: Scope,
    lists: Lists,
) -> Iterator[_Changed]:
    """Give changes within a group; one of several left out; and the group with `all` for `any`."""
    again: Callable[[tuple[Condition, ...]], Condition] = lambda new: replace(group, conditions=new)  # noqa: E731
    for change in in_each(conditions, scope, lists):
        if change.conditions:
            yield _Changed(again(change.conditions), change.words, change.mark)
    names = ("`all`", "`any`") if isinstance(group, All) else ("`any`", "`all`")
    told = f"{names[0]} changed to {names[1]} over `{spelled(group)}`"
    yield _Changed(other, told, group.mark)

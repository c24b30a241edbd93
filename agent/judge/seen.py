"""Facts as conditions see them: every value in the form in which it is compared, made once for all policies."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from agent.judge import fold
from agent.judge.vocabulary import MEMBER, SETS, Fact, Scope, fact_named
from agent.judge.walk import names_of, walk_policy
from agent.model.facts import Facts, FactType, Value
from agent.model.policy import Policy, Test

Seen = dict[str, Any]
"""Values by the fact's name, and their folded forms under `~name`."""

NOW = "\x00now"
OF_ACTION = "\x00action"
"""The facts of the action as they came, also where one of its messages is seen."""

MESSAGES = "\x00messages"

Fold = tuple[str, str, Callable[[str], str | None], bool]
"""Name, key of the folded form, how to fold, and whether the value is a set."""

Folds = tuple[tuple[Fold, ...], tuple[Fold, ...]]
"""What is folded of the action, and of each message."""


class MessagesSeen:
    """The messages; folded when the first condition asks for them."""

    __slots__ = ("_facts", "_folds", "_messages", "_rows")

    def __init__(self, facts: Facts, folds: Iterable[Fold]) -> None:
        self._messages: Sequence[Mapping[str, Value]] = facts.messages or ()
        self._facts = facts
        self._folds = tuple(folds)
        self._rows: list[Seen] | None = None

    @property
    def rows(self) -> list[Seen]:
        """The facts of each message."""
        if self._rows is None:
            self._rows = [_folded(message, self._folds, self._facts) for message in self._messages]
        return self._rows


def see(facts: Facts, folds: Folds) -> Seen:
    """Return the facts as closures see them."""
    of_action, of_message = folds
    seen = _folded(facts.values, of_action, facts)
    if facts.messages is not None:
        seen[MESSAGES] = MessagesSeen(facts, of_message)
    return seen


def _folded(values: Mapping[str, Value], folds: Iterable[Fold], facts: Facts) -> Seen:
    seen: Seen = dict(values)
    seen[NOW] = facts.now
    seen[OF_ACTION] = facts.values
    for name, key, fold_one, is_set in folds:
        value = seen.get(name)
        form = None if value is None else frozenset(map(fold_one, value)) if is_set else fold_one(value)
        if form is not None:
            seen[key] = form
    return seen


def key_of(fact: Fact, operator: str) -> str:
    """Return where a closure finds the fact: folded, but as it came where a text is to match a pattern."""
    if fact.type is FactType.TEXT and operator == "matches":
        return fact.name
    return f"~{fact.name}" if MEMBER.get(fact.type, fact.type) in fold.FOLDS else fact.name


def fact_of(name: str, scope: Scope) -> Fact:
    """Return the row of the fact."""
    found = fact_named(name, scope)
    if found is None:
        raise KeyError(name)
    return found


def facts_read(policy: Policy) -> Iterator[tuple[Scope, Fact, str]]:
    """Give every fact that the policy reads, with its scope and the operator that reads it."""
    for test, scope in walk_policy(policy):
        if isinstance(test, Test):
            for name in names_of(test):
                yield scope, fact_of(name, scope), test.operator


def folds_for(policies: Iterable[Policy]) -> Folds:
    """Return what has to be folded for these policies."""
    wanted: dict[tuple[Scope, str], Fold] = {}
    for policy in policies:
        for scope, fact, operator in facts_read(policy):
            key = key_of(fact, operator)
            if key != fact.name:
                how = fold.FOLDS[MEMBER.get(fact.type, fact.type)]
                wanted[scope, fact.name] = (fact.name, key, how, fact.type in SETS)
    return (
        tuple(one for (scope, _), one in wanted.items() if scope is Scope.ACTION),
        tuple(one for (scope, _), one in wanted.items() if scope is Scope.MESSAGE),
    )

"""The facts that a decision was made on, with where each is from; and those that were not known, and why."""

from collections.abc import Iterator
from datetime import datetime

import msgspec

from agent.judge.document import fact_pages
from agent.judge.quote import counted, moment
from agent.judge.tree import why_unknown
from agent.judge.truth import Here
from agent.judge.vocabulary import Fact, fact_named
from agent.model.facts import Facts, FactType, Value
from agent.model.pending import ActionKind

SHOWN = 10
"""Members of a set that are named."""

OURS = frozenset({FactType.NUMBER, FactType.YESNO, FactType.MOMENT, FactType.WORD, FactType.WORDS})
"""Types whose values nobody outside can word: words are of a closed set."""


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """One fact. `values` are the first of its members where it is a set, of `total`."""

    name: str
    values: tuple[str, ...]
    total: int
    source: str
    is_foreign: bool
    """Whether somebody outside may have worded it."""


class Unknown(msgspec.Struct, frozen=True, kw_only=True):
    """One fact that policies for this kind may ask for, and that was not known."""

    name: str
    why: str


def known(facts: Facts) -> tuple[Known, ...]:
    """Return every fact that is known, by name."""
    return tuple(_known(name, value) for name, value in sorted(facts.values.items()))


def unknown(facts: Facts, kind: ActionKind) -> tuple[Unknown, ...]:
    """Return every fact of this kind of action that is not known, by name."""
    return tuple(_unknown(facts, kind))


def _unknown(facts: Facts, kind: ActionKind) -> Iterator[Unknown]:
    here = Here(facts=facts, values=facts.values)
    for page in sorted(fact_pages(kind), key=lambda one: one.name):
        fact = fact_named(page.name)
        if fact is not None and fact.scope is page.scope and page.name not in facts.values:
            yield Unknown(name=page.name, why=why_unknown(fact, None, here))


def _known(name: str, value: Value) -> Known:
    fact: Fact | None = fact_named(name)
    members = sorted(value) if isinstance(value, frozenset) else [_words(value)]
    return Known(
        name=name,
        values=tuple(members[:SHOWN]),
        total=len(members),
        source=fact.source if fact is not None else "not a fact of this version",
        is_foreign=fact is None or fact.type not in OURS,
    )


def _words(value: Value) -> str:
    match value:
        case bool():
            return "yes" if value else "no"
        case datetime():
            return moment(value)
        case int():
            return f"{value:,}"
        case _:
            return str(value)


def messages_words(facts: Facts | None) -> str:
    """Say how many copies of messages were looked up; empty where that was not asked."""
    if facts is None or facts.messages is None:
        return ""
    found = counted(len(facts.messages), "copy of a message was", "copies of messages were")
    if facts.messages_complete:
        return f"{found} looked up: all of them"
    return f"{found} looked up, not all of them: {facts.unresolved or 'why is not known'}"


PAST = {"sender": "of the same sender", "domain": "of the same sender's domain", "clusterBy": "built alike"}
"""By what earlier actions are looked up, in words."""


def history_words(facts: Facts | None) -> Iterator[str]:
    """Say how earlier actions that had something in common ended, where any did."""
    values = facts.values if facts is not None else {}
    for about, words in PAST.items():
        no, yes = (values.get(f"history.{about}.{ended}") for ended in ("declined", "remediated"))
        if no or yes:
            yield f"{words}: {no or 0} declined by people, {yes or 0} remediated"

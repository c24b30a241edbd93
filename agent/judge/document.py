"""The tables of the policy language's documentation, from the same tables that check policies."""

from collections.abc import Iterable

import msgspec

from agent.judge.known import Known
from agent.judge.list_kinds import DATE, KINDS, NETWORK, ROW, ListKind
from agent.judge.operators import ONE_OF, OPERATORS, of_type
from agent.judge.vocabulary import FACTS, MESSAGE_FACTS, SETS, WORDS, Fact, Scope, fact_named
from agent.model.facts import FactType
from agent.model.pending import MAIL_KINDS, ActionKind

EVERY_KIND = "every kind"
BOTH_MAIL_KINDS = "both mail kinds"
ONE_MESSAGE = "one message"
MOST_WORDS = 16
"""Words of a fact that are told on one line."""

IN_WORDS = {
    FactType.ADDRESS: "addresses, and sets of them",
    FactType.DOMAIN: "domains, sets of them, and with `domainIn` addresses",
    FactType.TEXT: "texts, and sets of them",
    FactType.WORD: "words, and sets of them",
    NETWORK: "`cidr`",
    DATE: "`dates` of `moment`",
    ROW: f"`{ONE_OF}`",
}
"""What a list is compared with, by the kind of value."""

FactRow = tuple[str, str, str, str, str]
OperatorRow = tuple[str, str, str, str]


class FactPage(msgspec.Struct, frozen=True, kw_only=True):
    """Everything there is to know about one fact. `words` are those it can have; None where it takes any value."""

    name: str
    type: FactType
    words: tuple[str, ...] | None
    kinds: tuple[ActionKind, ...]
    scope: Scope
    source: str
    unit: str
    known: Known
    unknown_when: str
    since: int
    operators: tuple[str, ...]


def fact_pages(kind: ActionKind | None = None) -> tuple[FactPage, ...]:
    """Return the facts of the kind, or of all kinds; facts of one message come last."""
    facts = (*FACTS.values(), *MESSAGE_FACTS.values())
    return tuple(_page(fact) for fact in facts if kind is None or kind in fact.kinds)


def pages_of(name: str) -> tuple[FactPage, ...]:
    """Return the facts of this name: one of the action, one of a message, or both."""
    return tuple(_page(fact) for scope in Scope if (fact := fact_named(name, scope)) is not None)


def _page(fact: Fact) -> FactPage:
    words = WORDS.get(fact.name)
    return FactPage(
        name=fact.name,
        type=fact.type,
        words=None if words is None else tuple(sorted(word for word in words)),
        kinds=tuple(sorted(fact.kinds)),
        scope=fact.scope,
        source=fact.source,
        unit=fact.unit,
        known=fact.known,
        unknown_when=fact.unknown_when,
        since=fact.since,
        operators=of_type(fact.type),
    )


def of_whom(page: FactPage) -> str:
    """Return which kinds have the fact, in words."""
    return ONE_MESSAGE if page.scope is Scope.MESSAGE else _kinds(frozenset(page.kinds))


def fact_rows(pages: Iterable[FactPage] | None = None) -> tuple[FactRow, ...]:
    """Return each fact: name, type with its words, which kinds have it, where it comes from, when it is unknown.

    Facts of one message come last, marked as such.
    """
    return tuple(_row(page) for page in (fact_pages() if pages is None else pages))


def _row(page: FactPage) -> FactRow:
    words = f": {', '.join(f'`{word}`' for word in page.words)}" if page.words else ""
    unit = f", in {page.unit}" if page.unit else ""
    return (f"`{page.name}`", f"{page.type}{words}{unit}", of_whom(page), page.source, page.unknown_when)


def fact_in_words(fact: Fact) -> str:
    """Return what there is to know about a fact in a few sentences, as editors show it."""
    known = WORDS.get(fact.name)
    parts = [
        f"{fact.source[0].upper()}{fact.source[1:]}" if fact.source[0].isalpha() else fact.source,
        f"Type: {fact.type}{f' ({fact.unit})' if fact.unit else ''}"
        + (
            f": {', '.join(f'`{word}`' for word in sorted(known))}"
            if known and len(known) <= MOST_WORDS
            else ""
        ),
        f"Of: {ONE_MESSAGE if fact.scope is Scope.MESSAGE else _kinds(fact.kinds)}",
        f"Unknown: {'' if fact.known is Known.ALWAYS else 'when '}{fact.unknown_when}",
    ]
    return ". ".join(parts) + "."


def _kinds(kinds: frozenset[ActionKind]) -> str:
    if kinds == frozenset(ActionKind):
        return EVERY_KIND
    if kinds == MAIL_KINDS:
        return BOTH_MAIL_KINDS
    return ", ".join(f"`{kind}`" for kind in sorted(kinds))


def operator_rows() -> tuple[OperatorRow, ...]:
    """Return each operator: name, the types of facts it goes with, what it takes, and what it means."""
    rows = [
        (f"`{row.name}`", _types(row.types), row.operand.value, row.meaning) for row in OPERATORS.values()
    ]
    rows.append(
        (
            f"`{ONE_OF}`",
            "in place of a fact",
            "a list of entries, or `$name`",
            "all members of one entry equal the facts of the same names",
        )
    )
    return tuple(rows)


def list_rows() -> tuple[tuple[str, str, str], ...]:
    """Return each type of list: name, what an entry is, and with what it is compared."""
    return tuple((f"`{of}`", kind.entry, _compared(kind)) for of, kind in KINDS.items())


def _compared(kind: ListKind) -> str:
    parts = []
    for value in sorted(kind.goes_with):
        only = kind.facts.get(value)
        parts.append(
            IN_WORDS.get(value, value) if only is None else ", ".join(f"`{one}`" for one in sorted(only))
        )
    return "; ".join(parts)


def _types(types: frozenset[FactType]) -> str:
    if types == frozenset(FactType):
        return "every fact"
    single = sorted(types - SETS)
    return ", ".join([*single, "sets"] if types >= SETS else single)


def markdown(header: tuple[str, ...], rows: tuple[tuple[str, ...], ...]) -> str:
    """Return a table in Markdown."""
    lines = [header, tuple("---" for _ in header), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |\n" for line in lines)

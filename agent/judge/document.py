"""The tables of the policy language's documentation, from the same tables that check policies."""

from agent.judge.known import Known
from agent.judge.list_kinds import DATE, KINDS, NETWORK, ROW, ListKind
from agent.judge.operators import ONE_OF, OPERATORS
from agent.judge.vocabulary import FACTS, MESSAGE_FACTS, SETS, WORDS, Fact, Scope
from agent.model.facts import FactType
from agent.model.pending import MAIL_KINDS, ActionKind

EVERY_KIND = "every kind"
BOTH_MAIL_KINDS = "both mail kinds"
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


def fact_rows() -> tuple[FactRow, ...]:
    """Return each fact: name, type with its words, which kinds have it, where it comes from, when it is unknown.

    Facts of one message come last, marked as such.
    """
    return tuple(_row(fact) for fact in (*FACTS.values(), *MESSAGE_FACTS.values()))


def _row(fact: Fact) -> FactRow:
    known = WORDS.get(fact.name)
    words = f": {', '.join(f'`{word}`' for word in sorted(known))}" if known else ""
    kinds = "one message" if fact.scope is Scope.MESSAGE else _kinds(fact.kinds)
    return (f"`{fact.name}`", f"{fact.type}{words}", kinds, fact.source, fact.unknown_when)


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
        f"Of: {'one message' if fact.scope is Scope.MESSAGE else _kinds(fact.kinds)}",
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

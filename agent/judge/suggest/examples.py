"""Facts of a real proposal -> a situation for a case: what policies read of it, with made-up values for personal ones.

Addresses, names, subjects, ids and every other text are replaced; counts, moments and Microsoft's own words stay. The sender's
domain stays where the draft names it: it stands in the policy anyway. Messages that read the same then are told once, so that
a cluster of hundreds is a line or two; how many there are, its own facts say.
"""

from collections.abc import Iterable, Mapping

from agent.judge.seen import facts_read
from agent.judge.situations import certain
from agent.judge.suggest.lived import domain_seen
from agent.judge.vocabulary import FACTS, MESSAGE_FACTS, WORDS, Scope, list_of
from agent.model.facts import VOCABULARY, Facts, FactType, Value
from agent.model.pending import ActionKind
from agent.model.policy import Policy
from agent.model.situation import Situation

MOST_MESSAGES = 10
MOST_MEMBERS = 3
TEXT, ADDRESS, NETWORK = "an example", "person", "192.0.2.1"

Reads = tuple[frozenset[str], frozenset[str]]
"""Names of facts that are read of an action, and of one message."""


def reads_of(policies: Iterable[Policy], kind: ActionKind) -> Reads:
    """Return the facts that policies for a kind read, but for the age of lists."""
    found: dict[Scope, set[str]] = {scope: set() for scope in Scope}
    for policy in policies:
        if kind in policy.kinds:
            for scope, fact, _ in facts_read(policy):
                found[scope].add(fact.name)
    of_action = frozenset(name for name in found[Scope.ACTION] if list_of(name) is None)
    return of_action, frozenset(found[Scope.MESSAGE])


def example(kind: ActionKind, facts: Facts, reads: Reads, domain: str | None) -> Situation:
    """Return the situation; `domain` is the one that may be named."""
    of_action, of_message = reads
    made = _MadeUp(domain)
    values = {
        name: value
        for name in sorted(of_action & facts.values.keys())
        if (value := made.value(FACTS[name].type, name, facts.values[name])) is not None
    }
    rows = None if facts.messages is None else _rows(facts.messages, of_message, made)
    said = certain(Situation(kind=kind, facts=facts))
    return Situation(
        kind=kind,
        facts=Facts(
            now=facts.now,
            values={name: value for name, value in values.items() if name not in said},
            messages=rows,
            messages_complete=facts.messages_complete,
            vocabulary=VOCABULARY,
        ),
    )


def _rows(
    messages: Iterable[Mapping[str, Value]], names: frozenset[str], made: "_MadeUp"
) -> tuple[Mapping[str, Value], ...]:
    """Return the messages as far as they are read, each that reads the same once, and no more than some."""
    found: dict[tuple[tuple[str, Value], ...], Mapping[str, Value]] = {}
    for message in messages:
        row = {
            name: value
            for name in sorted(names & message.keys())
            if (value := made.value(MESSAGE_FACTS[name].type, name, message[name])) is not None
        }
        if row:
            found.setdefault(tuple(row.items()), row)
        if len(found) == MOST_MESSAGES:
            break
    return tuple(found.values())


class _MadeUp:
    """Gives the same made-up value for the same thing, and never says which."""

    def __init__(self, domain: str | None) -> None:
        self._domain = domain
        self._domains: dict[str, str] = {}
        self._people: dict[str, str] = {}

    def value(self, kind: FactType, name: str, value: Value) -> Value | None:
        """Return the value as a case may have it; None where it may have none."""
        known = WORDS.get(name)
        match value:
            case frozenset():
                some = sorted(value)[:MOST_MEMBERS] if known is None else sorted(value)
                members = (self._text(kind, one, known) for one in some)
                return frozenset(one for one in members if one is not None)
            case str():
                return self._text(kind, value, known)
            case _:
                return value

    def _text(self, kind: FactType, value: str, known: frozenset[str] | None) -> str | None:
        if kind in (FactType.WORD, FactType.WORDS):
            return value if known is not None and value in known else None
        match kind:
            case FactType.ADDRESS | FactType.ADDRESSES:
                host = self._host(value.rpartition("@")[2])
                number = len(self._people) + 1
                return f"{self._people.setdefault(value.lower(), f'{ADDRESS}-{number}')}@{host}"
            case FactType.DOMAIN | FactType.DOMAINS:
                return self._host(value)
            case FactType.IP:
                return NETWORK
            case _:
                return TEXT

    def _host(self, value: str) -> str:
        name = domain_seen(value) or value
        if self._domain is not None and name == self._domain:
            return name
        return self._domains.setdefault(name, f"domain-{len(self._domains) + 1}.example")

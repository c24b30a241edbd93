"""Situations as YAML: read strictly from the files in which people write them, and written for people to read.

    kind: softDeleteCluster
    now: 2026-08-24T09:00:00Z
    tenant: 11111111-2222-3333-4444-555555555555
    facts: {evidence.verdict: malicious, cluster.by: url, recipients: [anna@contoso.example]}
    messages:
      - {sender.domain: harvest.example, auth.dmarc: fail}
    messagesComplete: true
    lists: {vip: [anna@contoso.example]}

What is not given is unknown, but for what the agent itself makes: `action.kind` is the kind, `action.kindSource`
where that kind is known from, if there is one place only, and `tenant.id` the tenant where there is one. `lists` are the members of lists that are fed from elsewhere; those were just
fetched, unless the facts say when. The same keys stand in cases, and in the bases that cases are built on.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TypeVar

from msgspec.structs import replace

from agent.judge.known import sources_of
from agent.judge.literals import Wrong, line, literal, moment, nearest, text, word, yes_no
from agent.judge.strict_yaml import Mapping_, Node, Scalar, Sequence, keys, problem, read, shown
from agent.judge.together import Together
from agent.judge.vocabulary import FACTS, MEMBER, MESSAGE_FACTS, SETS, WORDS, Fact, fact_named, refreshed
from agent.judge.written_yaml import dumped, moment_of
from agent.model.errors import PolicyError, Problem
from agent.model.facts import VOCABULARY, Facts, FactType, Value
from agent.model.pending import ActionKind, IncidentHead, KindSource, PendingAction
from agent.model.situation import Situation

T = TypeVar("T")

KEYS = frozenset({"kind", "now", "tenant", "facts", "messages", "messagesComplete", "lists"})

KIND, SOURCE, TENANT = "action.kind", "action.kindSource", "tenant.id"

USUAL_NOW = datetime(2026, 8, 24, 9, tzinfo=UTC)
"""A Monday at eleven in Madrid: the moment of situations that do not name one."""


def parse_situation(file: str, data: bytes) -> Situation:
    """Return the situation that a file of its own holds.

    Raises:
        PolicyError: it is not one; with everything that is wrong with it.
    """
    return completed(parse_base(file, data))


def parse_base(file: str, data: bytes) -> Situation:
    """Return what a file holds for cases to be laid on, without what goes without saying.

    Raises:
        PolicyError: it is not one; with everything that is wrong with it.
    """
    root = read(file, data)
    try:
        return _base(root)
    except Wrong as wrong:
        found = (problem(file, one.mark, one.message) for one in (wrong, *wrong.also))
        raise PolicyError(list(dict.fromkeys(found))) from wrong


def _base(root: Node) -> Situation:
    together = Together(strange_keys(root, KEYS))
    parts = keys(root) if isinstance(root, Mapping_) else members(root, KEYS)
    kind = together.read(lambda: _kind(root, parts), None)
    if kind is None:
        # Of which kind facts would have to be is not known; the rest is read all the same.
        parts = {name: node for name, node in parts.items() if name not in ("facts", "messages")}
    base = blank(kind or ActionKind.UNKNOWN)
    found = together.read(lambda: laid(parts, base), base)
    together.end()
    return found


def _kind(root: Node, parts: Mapping[str, Node]) -> ActionKind:
    if "kind" not in parts:
        raise Wrong(root.mark, "`kind` is missing: it says which pending action this is")
    return kind_of(parts["kind"])


def situation(parts: Mapping[str, Node]) -> Situation:
    """Return the situation of these parts, `kind` among them.

    Raises:
        Wrong: a part is not what is asked for.
    """
    return laid(parts, blank(kind_of(parts["kind"])))


def blank(kind: ActionKind) -> Situation:
    """Return the situation of which nothing is known but the kind."""
    return Situation(kind=kind, facts=Facts(now=USUAL_NOW, values={}, vocabulary=VOCABULARY))


def kind_of(node: Node) -> ActionKind:
    """Return a kind of pending action. Raises Wrong where it is none."""
    return ActionKind(word(node, "a kind of pending action", set(ActionKind)))


def laid(parts: Mapping[str, Node], on: Situation) -> Situation:
    """Return the situation with these parts laid over it: facts one by one, every other part as a whole.

    Raises:
        Wrong: a part is not what is asked for.
    """
    together = Together()

    def part(name: str, reading: Callable[[Node], T], below: T) -> T:
        return together.read(lambda: reading(parts[name]), below) if name in parts else below

    below = on.facts
    stated = part("facts", lambda node: values(node, FACTS, on.kind), dict[str, Value]())
    tenant = part("tenant", lambda node: _tenant(node, stated), on.tenant)
    facts = replace(
        below,
        now=part("now", moment, below.now),
        values={**below.values, **stated},
        messages=part("messages", lambda node: _messages(node, on.kind), below.messages),
        messages_complete=part("messagesComplete", yes_no, below.messages_complete),
    )
    lists = part("lists", _lists, on.lists)
    together.end()
    return Situation(kind=on.kind, tenant=tenant, facts=facts, lists=lists)


def _tenant(node: Node, stated: Mapping[str, Value]) -> str:
    tenant = text(node)
    if stated.get(TENANT, tenant) != tenant:
        raise Wrong(node.mark, f"the fact `{TENANT}` says otherwise: leave it out")
    return tenant


def _messages(node: Node, kind: ActionKind) -> tuple[Mapping[str, Value], ...]:
    together = Together()
    rows = [
        together.read(partial(values, each, MESSAGE_FACTS, kind), dict[str, Value]())
        for each in sequence(node, "messages")
    ]
    together.end()
    return tuple(rows)


def completed(one: Situation, gone: Collection[str] = ()) -> Situation:
    """Return the situation with what goes without saying, but for what is `gone`.

    Its lists were just fetched, where it does not say when.
    """
    just = {refreshed(name): one.facts.now for name in one.lists}
    values = {
        **{name: at for name, at in just.items() if name not in gone},
        **one.facts.values,
        **{name: value for name, value in certain(one).items() if name not in gone},
    }
    return replace(one, facts=replace(one.facts, values=values))


def certain(one: Situation) -> Mapping[str, Value]:
    """Return the facts that follow from what the situation is of."""
    found: dict[str, Value] = {KIND: one.kind.value}
    sources = sources_of(one.kind)
    if len(sources) == 1:
        found[SOURCE] = next(iter(sources)).value
    if one.tenant:
        found[TENANT] = one.tenant
    return found


def unfed(one: Situation, fed: Collection[str], file: str, data: bytes) -> tuple[Problem, ...]:
    """Return the lists of which the situation of this file says what is in them, and that are not fed."""
    strange = one.lists.keys() - set(fed)
    if not strange:
        return ()
    lists = members(read(file, data), KEYS)["lists"]
    assert isinstance(lists, Mapping_)  # noqa: S101  as it was read
    return tuple(
        problem(file, key.mark, not_fed(key.text, fed)) for key, _ in lists.entries if key.text in strange
    )


def not_fed(name: str, fed: Collection[str]) -> str:
    """Say that nothing feeds the list, so that nobody else says what is in it."""
    return f"`{shown(name)}` is not a list with a `source`{nearest(name, fed)}"


def _lists(node: Node) -> Mapping[str, tuple[str, ...]]:
    """Return the members of lists by their names."""
    if not isinstance(node, Mapping_):
        raise Wrong(node.mark, "write `lists: {name: [member, member]}`")
    return {
        key.text: tuple(line(each) for each in sequence(members, "members")) for key, members in node.entries
    }


def members(node: Node, known: Collection[str]) -> Mapping[str, Node]:
    """Return the parts of a mapping that has these keys only.

    Raises:
        Wrong: it is no mapping, or has another key.
    """
    if not isinstance(node, Mapping_):
        raise Wrong(
            node.mark, f"a mapping with {', '.join(f'`{key}`' for key in sorted(known))} is asked for"
        )
    Together(strange_keys(node, known)).end()
    return keys(node)


def strange_keys(node: Node, known: Collection[str]) -> Iterator[Wrong]:
    """Give what is wrong with each key that is none of these."""
    for key, _ in node.entries if isinstance(node, Mapping_) else ():
        if key.text not in known:
            yield Wrong(key.mark, f"unknown key `{shown(key.text)}`{nearest(key.text, known)}")


def values(node: Node, table: Mapping[str, Fact], kind: ActionKind) -> dict[str, Value]:
    """Return facts by their names, each checked against its row of the table.

    Raises:
        Wrong: a fact is not one of this kind, or its value is not of its type.
    """
    if not isinstance(node, Mapping_):
        raise Wrong(node.mark, "facts are a mapping: `fact: value`")
    together = Together()
    found: dict[str, Value] = {}
    for key, each in node.entries:
        found |= together.read(partial(_fact, key, each, table, kind), {})
    together.end()
    return found


def _fact(key: Scalar, node: Node, table: Mapping[str, Fact], kind: ActionKind) -> dict[str, Value]:
    fact = fact_named(key.text) if table is FACTS else table.get(key.text)
    if fact is None or kind not in fact.kinds:
        fitting = {name for name, row in table.items() if kind in row.kinds}
        raise Wrong(key.mark, f"unknown fact `{shown(key.text)}` of `{kind}`{nearest(key.text, fitting)}")
    value = _value(node, fact)
    if fact.name == KIND and value != kind:
        raise Wrong(node.mark, f"`{KIND}` is `{kind}`, as `kind` says: leave it out")
    if fact.name == SOURCE and value not in sources_of(kind):
        known = ", ".join(f"`{source}`" for source in sorted(sources_of(kind)))
        raise Wrong(node.mark, f"`{kind}` is only known from {known}")
    return {fact.name: value}


def _value(node: Node, fact: Fact) -> Value:
    """Return a fact's value as Defender would give it: checked like an author's, but not folded."""
    known = WORDS.get(fact.name)
    if fact.type in SETS:
        listed = sequence(node, fact.type.value)
        for each in listed:
            literal(each, MEMBER[fact.type], known)
        return frozenset(text(each) for each in listed)
    if fact.type is FactType.MOMENT:
        return moment(node)
    value = literal(node, fact.type, known)
    return text(node) if isinstance(value, str) else value


def sequence(node: Node, asked: str) -> tuple[Node, ...]:
    """Return the items of a sequence. Raises Wrong where it is none."""
    if not isinstance(node, Sequence):
        raise Wrong(node.mark, f"a list is asked for: {asked}")
    return node.items


def action_of(one: Situation, label: str) -> PendingAction:
    """Return a pending action that is in this situation; with no deadline among its facts, it ends in a day."""
    now = one.facts.now
    deadline = one.facts.values.get("action.deadline")
    return PendingAction(
        tenant_id=one.tenant,
        kind=one.kind,
        kind_source=KindSource(str(one.facts.values.get(SOURCE, KindSource.EVIDENCE))),
        key=label,
        label=label,
        evidence=None,
        incident=IncidentHead(id="1"),
        sightings=(),
        first_seen=now,
        deadline=deadline if isinstance(deadline, datetime) else now + timedelta(days=1),
    )


def situation_yaml(one: Situation) -> str:
    """Return the situation as the YAML of a file of its own: reading it gives the same situation again."""
    facts = one.facts
    document: dict[str, object] = {"kind": one.kind.value, "now": moment_of(facts.now)}
    if one.tenant:
        document["tenant"] = one.tenant
    sure = certain(one)
    document["facts"] = plain(
        {name: value for name, value in facts.values.items() if sure.get(name) != value}
    )
    if facts.messages is not None:
        document["messages"] = [plain(message) for message in facts.messages]
    if not facts.messages_complete:
        document["messagesComplete"] = False
    if one.lists:
        document["lists"] = {name: list(one.lists[name]) for name in sorted(one.lists)}
    return dumped(document)


def plain(facts: Mapping[str, Value]) -> dict[str, object]:
    """Return facts as they are written, by name."""
    return {name: _written(facts[name]) for name in sorted(facts)}


def _written(value: Value) -> object:
    match value:
        case datetime():
            return moment_of(value)
        case frozenset():
            return sorted(value)
        case str():
            return str(value)
        case _:
            return value

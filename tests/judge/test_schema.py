"""What the loader takes, the schemas take; and what is plainly wrong, they refuse: held by an independent validator."""

import json
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.adapters.host import PolicyFiles
from agent.judge.cases import parse_cases
from agent.judge.layout import CASES, PROOFS, is_chain, is_channel, is_list, is_situation
from agent.judge.operators import OPERATORS, Operand, of_type
from agent.judge.parse import parse_set
from agent.judge.proof.reading import parse_proofs
from agent.judge.schema.schema import DRAFT, file_name, schema
from agent.judge.situations import situation_yaml
from agent.judge.vocabulary import FACTS, MEMBER, MESSAGE_FACTS, SETS, WORDS, Fact, Scope
from agent.model.document import Document
from agent.model.errors import PolicyError
from agent.model.facts import Facts, FactType
from agent.model.pending import MAIL_KINDS, ActionKind
from agent.model.situation import Situation
from tests.judge.writing import NOW, chain_files, chains_of, list_file, policy_file
from tests.yaml12 import loaded

POLICIES = Path(__file__).parents[2] / "policies"
FILES = PolicyFiles(POLICIES).files()
T = FactType


@lru_cache
def validator(of: Document) -> jsonschema.Draft7Validator:
    return jsonschema.Draft7Validator(schema(of))


def wrong(of: Document, data: bytes | str) -> list[str]:
    """Return where and how the file is not as its schema has it."""
    found = validator(of).iter_errors(loaded(data))
    return [f"{'/'.join(map(str, one.absolute_path))}: {one.message[:200]}" for one in found]


def document(file: str) -> Document:
    """Return what the shipped file holds."""
    if is_list(file):
        return Document.LIST
    if file.endswith(PROOFS):
        return Document.PROOFS
    if file.endswith(CASES):
        return Document.CASES
    if is_chain(file):
        return Document.CHAIN
    if is_channel(file):
        return Document.CHANNEL
    return Document.SITUATION if is_situation(file) else Document.POLICY


def loads(data: bytes, lists: Mapping[str, bytes] | None = None) -> bool:
    try:
        parse_set({"p.yaml": data, **chains_of(data), **(lists or {})})
    except PolicyError:
        return False
    return True


@pytest.mark.parametrize("of", Document)
def test_the_schemas_are_draft_07(of: Document) -> None:
    jsonschema.Draft7Validator.check_schema(schema(of))

    assert schema(of)["$schema"] == DRAFT


@pytest.mark.parametrize("file", sorted(FILES), ids=lambda file: str(Path(file).relative_to(POLICIES)))
def test_every_shipped_file_is_as_its_schema_has_it(file: str) -> None:
    assert wrong(document(file), FILES[file]) == []


@pytest.mark.parametrize("of", Document)
def test_the_schemas_beside_the_shipped_policies_are_those_that_the_command_prints(of: Document) -> None:
    lying = (POLICIES / "schema" / file_name(of)).read_text(encoding="utf-8")

    assert json.loads(lying) == schema(of), (
        f"run `air-agent policy schema {of} > policies/schema/{file_name(of)}`"
    )


@pytest.mark.parametrize("file", sorted(FILES), ids=lambda file: str(Path(file).relative_to(POLICIES)))
def test_every_shipped_file_tells_editors_its_schema(file: str) -> None:
    first = FILES[file].decode().splitlines()[0]

    named = first.removeprefix("# yaml-language-server: $schema=")
    assert named != first
    assert (Path(file).parent / named).resolve() == (
        POLICIES / "schema" / file_name(document(file))
    ).resolve()


# What is right


SAMPLES: Mapping[FactType, tuple[Any, ...]] = {
    T.TEXT: ("Email reported", "$$x", "", "two\nlines", "NO", "12:30", "true", "12", "ß"),
    T.WORD: ("anything",),
    T.NUMBER: (0, 1, -1, 2.5, 1e3),
    T.YESNO: (True, False),
    T.ADDRESS: ("a@x.example", "A.B+c@Sub.x.example", "ü@bücher.example"),
    T.DOMAIN: ("x.example", "xn--bcher-kva.example.", "bücher.example", "$$x"),
    T.IP: ("192.0.2.1", "2001:db8::1", "::ffff:192.0.2.1", "fe80::1%eth0"),
}
TAKEN: Mapping[Operand, tuple[Any, ...]] = {
    Operand.NUMBER: (0, 7, 2.5),
    Operand.PAIR: ([0, 7], [1.5, 1.5]),
    Operand.PART: ("x", "a b"),
    Operand.PATTERN: ("x.*", "(?i)a|b", "$"),
    Operand.DOMAINS: ("x.example", ["x.example", "$domains"], "$domains"),
    Operand.NETWORKS: (
        "192.0.2.1",
        ["192.0.2.0/24", "2001:db8::/32"],
        "$networks",
        "192.0.2.0/255.255.255.0",
    ),
    Operand.DURATION: ("15m", "2h", "3d"),
    Operand.YESNO: (True, False),
}
LISTS = {
    **list_file("domains", "x.example"),
    **list_file("networks", "192.0.2.0/24"),
    **list_file("pairs", "{sender.domain: x.example, auth.dmarc: pass}"),
    **list_file("days", '"2026-12-25"'),
}


def samples(fact: Fact) -> tuple[Any, ...]:
    return tuple(sorted(map(str, WORDS.get(fact.name, ())))) or SAMPLES[MEMBER.get(fact.type, fact.type)]


def taken(fact: Fact, name: str) -> Iterator[Any]:
    operand = OPERATORS[name].operand
    match operand:
        case Operand.ONE:
            yield from samples(fact)
        case Operand.MANY:
            yield list(samples(fact))
        case Operand.PART if fact.type in SETS:
            yield from samples(fact)
        case _:
            yield from TAKEN[operand]


def asked(fact: Fact) -> Iterator[Any]:
    for name in of_type(fact.type):
        for operand in taken(fact, name):
            yield {name: operand}
            if name == "equals":
                yield operand


class Plain(yaml.SafeDumper):
    """Writes the same thing twice rather than an alias."""

    def ignore_aliases(self, data: object) -> bool:
        return True


def a_policy(match: Any, kinds: list[str], **more: Any) -> bytes:
    whole = {
        "policy": "p",
        "description": "d",
        "owner": "o",
        "for": kinds,
        "match": match,
        "decide": "escalate",
    }
    return yaml.dump(whole | more, Dumper=Plain, allow_unicode=True, sort_keys=False).encode()


@pytest.mark.parametrize("scope", Scope)
def test_every_operator_of_every_fact_is_in_the_schema_with_all_that_it_takes(scope: Scope) -> None:
    for fact in (FACTS if scope is Scope.ACTION else MESSAGE_FACTS).values():
        tests = [{fact.name: one} for one in asked(fact)]
        match = {"all": tests} if scope is Scope.ACTION else {"messages": {"any": {"all": tests}}}
        data = a_policy(match, sorted(kind.value for kind in fact.kinds))

        parse_set({"p.yaml": data, **LISTS})
        assert wrong(Document.POLICY, data) == [], fact.name


@pytest.mark.parametrize(
    "more",
    [
        {"mode": "enforce", "priority": -1000, "reason": "so", "escalation": "x", "inform": "y"},
        {"tenants": ["11111111-2222-3333-4444-555555555555"], "expires": "2026-12-31"},
        {"expires": "2026-12-31T18:00:00+02:00"},
        {"decide": "approve", "limits": {"actions": "20/h", "messages": "5/30m"}},
        {
            "decide": "reject",
            "classification": {"classification": "falsePositive", "determination": "notMalicious"},
        },
        {"decide": "approve", "classification": {"classification": "truePositive"}},
        {"unless": [{"messages": {"share": {"of": {"auth.dmarc": "pass"}, "atLeast": 0.5, "atMost": 1}}}]},
        {"unless": [{"messages": {"any": {"oneOf": "$pairs"}, "none": {"not": {"subject": "x"}}}}]},
        {
            "unless": [
                {
                    "oneOf": [
                        {"cluster.by": "url", "alert.title": "x"},
                        {"cluster.by": "file", "alert.title": "y"},
                    ]
                }
            ]
        },
        {"unless": [{"moment": {"zone": "Europe/Madrid", "days": "mon-fri", "hours": "22:00-06:00"}}]},
        {"unless": [{"moment": {"zone": "UTC", "days": ["sat", "sun"], "dates": "$days"}}]},
        {"unless": [{"moment": {"zone": "UTC", "hours": "00:00-24:00", "dates": ["2026-12-25", "$days"]}}]},
        {"unless": [{"any": [{"all": [{"cluster.by": "url"}]}, {"not": {"cluster.by": "file"}}]}]},
        {"policy": " a.b-c_d ", "description": " x ", "owner": "x\ny"},
    ],
)
def test_every_key_is_in_the_schema_with_what_it_takes(more: dict[str, Any]) -> None:
    data = a_policy({"cluster.by": "url"}, ["softDeleteCluster"], **more)

    parse_set({"p.yaml": data, **LISTS, **chain_files("x", "y")})
    assert wrong(Document.POLICY, data) == []


def test_a_policy_that_only_informs_is_in_the_schema() -> None:
    data = policy_file(decide="", more="inform: soc")

    assert loads(data)
    assert wrong(Document.POLICY, data) == []


FED = {
    "lists/vip.yaml": b"list: vip\ntype: addresses\nsource: {group: 11111111-2222-3333-4444-555555555555}\n"
}


def test_how_old_a_list_is_can_be_asked() -> None:
    data = policy_file("list.vip.refreshed: {olderThan: 2h}")

    assert loads(data, FED)
    assert wrong(Document.POLICY, data) == []


@pytest.mark.parametrize(
    "text",
    [
        "entries: []",
        "description: x\nowner: y\nreview: 2026-12-31\nentries: [a, 1, 2.5, {sender.domain: x.example}]",
        "type: addresses\nentries: [a@x.example, {value: b@x.example, reason: x, owner: y, ticket: z, expires: 2026-12-31}]",
        "type: domains\nentries: [x.example, {value: y.example, reason: x}]",
        "type: networks\nentries: [192.0.2.0/24, '2001:db8::1']",
        "type: users\nentries: [a@x.example, 11111111-2222-3333-4444-555555555555]",
        "type: devices\nentries: [laptop-7, {value: laptop-8, ticket: z}]",
        "type: texts\nentries: [Contoso Ltd, '12', $$x]",
        "type: dates\nentries: ['2026-12-25', {value: 2026-12-26, reason: x}]",
        "type: rows\nentries: [{sender.domain: x.example, auth.dmarc: pass}, {value: {cluster.by: url}, reason: x}]",
        "type: users\nsource: {group: 11111111-2222-3333-4444-555555555555}\nrefresh: 2h\nstale: 4h",
    ],
)
def test_every_kind_of_list_is_in_its_schema(text: str) -> None:
    data = f"list: some\n{text}\n".encode()

    parse_set({"lists/some.yaml": data, "p.yaml": policy_file()})
    assert wrong(Document.LIST, data) == []


def test_every_fact_that_can_be_known_is_in_the_schema_of_situations() -> None:
    for kind in ActionKind:
        values = {name: some_value(fact) for name, fact in FACTS.items() if kind in fact.kinds}
        message = {name: some_value(fact) for name, fact in MESSAGE_FACTS.items()}
        text = situation_yaml(
            Situation(
                kind=kind,
                tenant="t",
                facts=Facts(
                    now=NOW,
                    values=values,
                    messages=(message,) if kind in MAIL_KINDS else None,
                    messages_complete=kind not in MAIL_KINDS,
                ),
            )
        )

        assert wrong(Document.SITUATION, text) == [], kind


def some_value(fact: Fact) -> Any:
    if fact.type is T.MOMENT:
        return NOW
    return frozenset(samples(fact)) if fact.type in SETS else samples(fact)[0]


CASES_TEXT = """\
policy: p
given: {kind: softDeleteCluster, facts: {cluster.by: url}, messages: [{subject: x}], messagesComplete: false}
cases:
  - {case: one, decision: escalate, policies: [], unknown: [cluster.by]}
  - {case: two, kind: softDeleteCluster, facts: {cluster.value: x}, decision: approve, policies: [p], reason: [x], inform: [y]}
  - {case: three, now: 2026-12-31T18:00:00Z, tenant: t, lists: {vip: [a@x.example]}, decision: reject, policies: [p]}
"""


BASED_TEXT = """\
policy: p
base: mine
bases:
  mine: {kind: softDeleteCluster, facts: {cluster.by: url}, messages: [{subject: x}]}
  other: {kind: blockUrl, facts: {url.value: x}, now: 2026-12-31}
given: {facts: {alert.severity: high}, unknown: [alert.title]}
cases:
  - {case: one, decision: escalate, policies: []}
  - {case: two, base: other, facts: {url.host: x.example}, decision: approve, policies: [p]}
"""


@pytest.mark.parametrize("text", [CASES_TEXT, BASED_TEXT])
def test_cases_are_in_their_schema(text: str) -> None:
    parse_cases("p.cases.yaml", text.encode())

    assert wrong(Document.CASES, text) == []


# What is wrong


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("policy: p", "policy: p q"),
        ("policy: p\n", ""),
        ("owner: soc@contoso.example\n", ""),
        ("owner: soc@contoso.example", "owner: ''"),
        ("owner: soc@contoso.example", "owner: 12"),
        ("for: [softDeleteCluster]", "for: []"),
        ("for: [softDeleteCluster]", "for: softDeleteCluster"),
        ("for: [softDeleteCluster]", "for: [softDeleteClusters]"),
        ("for: [softDeleteCluster]", "for: [softDeleteCluster, blockUrl]"),
        ("for: [softDeleteCluster]", "for: [blockUrl]"),
        ("mode: enforce", "mode: enforced"),
        ("mode: enforce", "mod: enforce"),
        ("mode: enforce", "priority: 1001"),
        ("mode: enforce", "priority: 1.5"),
        ("mode: enforce", "expires: tomorrow"),
        ("mode: enforce", "tenants: [contoso]"),
        ("mode: enforce", "limits: {actions: 20}"),
        ("mode: enforce", "limits: {}"),
        ("decide: approve\n", ""),
        ("decide: approve", "decide: aprove"),
        ("decide: approve", "decide: reject\nlimits: {actions: 20/h}"),
        ("decide: approve", "decide: escalate\nclassification: {classification: falsePositive}"),
        ("decide: approve", "inform: soc\npriority: 3"),
        ("decide: approve", "decide: approve\nclassification: {determination: notMalicious}"),
        ("cluster.by: url", "cluster.by: urls"),
        ("cluster.by: url", "cluster.bye: url"),
        ("cluster.by: url", "cluster.by: [url]"),
        ("cluster.by: url", "cluster.by: {}"),
        ("cluster.by: url", "cluster.by: {in: url}"),
        ("cluster.by: url", "cluster.by: {in: []}"),
        ("cluster.by: url", "cluster.by: {in: [urls]}"),
        ("cluster.by: url", "cluster.by: {atMost: 3}"),
        ("cluster.by: url", "cluster.by: $vip"),
        ("cluster.by: url", "cluster.mailboxCount: '3'"),
        ("cluster.by: url", "cluster.mailboxCount: {atMost: many}"),
        ("cluster.by: url", "cluster.mailboxCount: {between: [1]}"),
        ("cluster.by: url", "action.firstSeen: 2026-12-31"),
        ("cluster.by: url", "action.firstSeen: {olderThan: 5 days}"),
        ("cluster.by: url", "recipients: a@x.example"),
        ("cluster.by: url", "recipients: {anyIn: [nobody]}"),
        ("cluster.by: url", "senders.domains: {anyIn: ['*.x.example']}"),
        ("cluster.by: url", "cluster.volumeAnomaly: 'yes'"),
        ("cluster.by: url", "cluster.by: {exists: yes}"),
        ("cluster.by: url", "sender.domain: x.example"),
        ("cluster.by: url", "messages: {some: {subject: x}}"),
        ("cluster.by: url", "messages: {any: {cluster.by: url}}"),
        ("cluster.by: url", "messages: {any: {moment: {zone: UTC, days: mon}}}"),
        ("cluster.by: url", "messages: {share: {of: {subject: x}}}"),
        ("cluster.by: url", "messages: {share: {of: {subject: x}, atLeast: 2}}"),
        ("cluster.by: url", "moment: {days: mon}"),
        ("cluster.by: url", "moment: {zone: UTC}"),
        ("cluster.by: url", "moment: {zone: UTC, days: monday}"),
        ("cluster.by: url", "moment: {zone: UTC, hours: 8-18}"),
        ("cluster.by: url", "all: {cluster.by: url}"),
        ("cluster.by: url", "all: []"),
        ("cluster.by: url", "not: [{cluster.by: url}]"),
        ("cluster.by: url", "oneOf: [{recipients: x}]"),
        ("cluster.by: url", "url.value: x"),
        ("cluster.by: url", "any: [{all: [{not: {url.value: x}}]}]"),
        ("cluster.by: url", "list.vip.age: {olderThan: 2h}"),
    ],
)
def test_a_wrong_policy_is_refused_by_the_schema_as_by_the_loader(before: str, after: str) -> None:
    data = policy_file("cluster.by: url").decode()
    assert before in data
    changed = data.replace(before, after).encode()

    assert wrong(Document.POLICY, data) == []
    assert wrong(Document.POLICY, changed) != []
    assert not loads(changed)


def test_no_kind_but_mail_has_messages() -> None:
    data = policy_file("messages: {any: {subject: x}}", kinds="quarantineFile")
    limited = policy_file(
        "evidence.verdict: malicious", kinds="quarantineFile", more="limits: {messages: 3/d}"
    )

    for each in (data, limited):
        assert wrong(Document.POLICY, each) != []
        assert not loads(each)


@pytest.mark.parametrize(
    "text",
    [
        "entrys: []",
        "description: x",
        "type: adresses\nentries: []",
        "type: addresses\nentries: [nobody]",
        "type: domains\nentries: [{value: x.example, until: 2026-12-31}]",
        "type: dates\nentries: [{value: 2026-12-26, expires: 2026-12-31}]",
        "type: rows\nentries: [{recipients: x}]",
        "entries: []\nrefresh: 1h",
        "type: texts\nsource: {group: 11111111-2222-3333-4444-555555555555}",
        "type: users\nsource: {group: vip}",
        "type: users\nsource: {group: 11111111-2222-3333-4444-555555555555}\nentries: []",
        "entries: [[a]]",
    ],
)
def test_a_wrong_list_is_refused_by_the_schema_as_by_the_loader(text: str) -> None:
    data = f"list: some\n{text}\n".encode()

    assert wrong(Document.LIST, data) != []
    assert not loads(policy_file(), {"lists/some.yaml": data})


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("base: mine", "base: ''"),
        ("mine: {kind: softDeleteCluster", "mine: {kind: softDeleteClusters"),
        ("mine: {kind: softDeleteCluster, facts: {cluster.by: url}", "mine: {facts: {cluster.by: url}"),
        ("other: {kind: blockUrl, facts: {url.value: x}", "other: {kind: blockUrl, facts: {cluster.by: url}"),
        ("now: 2026-12-31}", "decision: approve}"),
        ("unknown: [alert.title]", "unknown: [alert.titel]"),
        ("base: other", "bass: other"),
    ],
)
def test_wrong_bases_are_refused_by_the_schema_as_by_the_loader(before: str, after: str) -> None:
    assert before in BASED_TEXT
    changed = BASED_TEXT.replace(before, after)

    assert wrong(Document.CASES, changed) != []
    with pytest.raises(PolicyError):
        parse_cases("p.cases.yaml", changed.encode())


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("policy: p\n", ""),
        ("cases:\n", "case:\n"),
        ("case: one, ", ""),
        ("decision: approve", "decision: aprove"),
        ("policies: []", "policies: p"),
        ("facts: {cluster.value: x}", "facts: {url.value: x}"),
        ("facts: {cluster.by: url}", "facts: {url.value: x}"),
        ("cluster.by: url", "cluster.by: urls"),
        ("messages: [{subject: x}]", "messages: [{cluster.by: url}]"),
        ("messagesComplete: false", "messagesComplete: maybe"),
        ("reason: [x]", "reasons: [x]"),
        ("2026-12-31T18:00:00Z", "yesterday"),
    ],
)
def test_wrong_cases_are_refused_by_the_schema_as_by_the_loader(before: str, after: str) -> None:
    assert before in CASES_TEXT
    changed = CASES_TEXT.replace(before, after)

    assert wrong(Document.CASES, changed) != []
    with pytest.raises(PolicyError):
        parse_cases("p.cases.yaml", changed.encode())


PROOFS_TEXT = """\
proofs: some
description: what must never be
never:
  - {claim: one, decide: approve, kinds: [softDeleteCluster, softDeleteMessage], when: {recipients: {anyIn: $vip}}}
  - {claim: two, decide: approve, kinds: [blockUrl]}
only:
  - {claim: three, decide: approve, kinds: [softDeleteCluster], when: {any: [{cluster.by: url}, {messages: {any: {subject: x}}}]}}
covered: [removeDelegation]
agreed: [softDeleteCluster]
"""


@pytest.mark.parametrize(
    "text", [PROOFS_TEXT, "proofs: p\ncovered: [blockUrl]\n", "proofs: p\nnever: []\nagreed: [blockUrl]\n"]
)
def test_proofs_are_in_their_schema(text: str) -> None:
    parse_proofs({"p.proofs.yaml": text.encode(), **list_file("vip", "ceo@contoso.example")})

    assert wrong(Document.PROOFS, text) == []


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("proofs: some\n", ""),
        ("never:", "nevr:"),
        ("claim: one, ", ""),
        ("decide: approve, kinds: [blockUrl]", "decide: aprove, kinds: [blockUrl]"),
        ("kinds: [blockUrl]", "kinds: []"),
        ("kinds: [softDeleteCluster, softDeleteMessage]", "kinds: [softDeleteCluster, blockUrl]"),
        ("kinds: [softDeleteCluster], when", "kinds: [softDeleteMessage], when"),
        ("kinds: [softDeleteCluster], when: {any: ", "kinds: [softDeleteCluster], then: {any: "),
        ("cluster.by: url", "cluster.by: urls"),
        ("covered: [removeDelegation]", "covered: removeDelegation"),
        (PROOFS_TEXT, "proofs: p\n"),
        (PROOFS_TEXT, "proofs: p\nnever: []\n"),
    ],
)
def test_wrong_proofs_are_refused_by_the_schema_as_by_the_loader(before: str, after: str) -> None:
    assert before in PROOFS_TEXT
    changed = PROOFS_TEXT.replace(before, after)

    assert wrong(Document.PROOFS, changed) != []
    with pytest.raises(PolicyError):
        parse_proofs({"p.proofs.yaml": changed.encode(), **list_file("vip", "ceo@contoso.example")})


# Policies made up from the tables


CLUSTER_FACTS = [fact for fact in FACTS.values() if ActionKind.SOFT_DELETE_CLUSTER in fact.kinds]


@st.composite
def a_test(draw: st.DrawFn, facts: list[Fact]) -> dict[str, Any]:
    """A test that may be right, or of another fact's operator, or of another operator's operand."""
    fact, other = draw(st.sampled_from(facts)), draw(st.sampled_from(facts))
    name = draw(st.sampled_from([*of_type(fact.type), *of_type(fact.type), *of_type(other.type)]))
    source = other if draw(st.integers(0, 9)) == 0 else fact
    operand = draw(
        st.sampled_from(list(taken(source, name)) if source.type in OPERATORS[name].types else [3, "x"])
    )
    return {fact.name: draw(st.sampled_from([{name: operand}, {name: operand}, operand]))}


def nested(leaves: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    several = st.lists(leaves, min_size=1, max_size=3)
    return (
        leaves
        | st.builds(lambda inner: {"all": inner}, several)
        | st.builds(lambda one: {"not": one}, leaves)
    )


ROWS = nested(a_test(list(MESSAGE_FACTS.values())))
MESSAGES = st.builds(
    lambda name, one: {"messages": {name: one}}, st.sampled_from(["any", "all", "none", "some"]), ROWS
)
CONDITIONS = nested(a_test(CLUSTER_FACTS) | MESSAGES)


@settings(max_examples=200, deadline=None)
@given(CONDITIONS, st.lists(CONDITIONS, max_size=2), st.sampled_from(["approve", "escalate", "Approve"]))
def test_whatever_the_loader_takes_the_schema_takes(
    match: dict[str, Any], unless: list[dict[str, Any]], decide: str
) -> None:
    more = {"unless": unless} if unless else {}
    data = a_policy(match, ["softDeleteCluster"], decide=decide, **more)

    if loads(data, LISTS):
        assert wrong(Document.POLICY, data) == []

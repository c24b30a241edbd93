"""Conditions are typed: what cannot be asked of a fact is an error with a hint."""

import pytest

from agent.judge.operators import OPERATORS
from agent.judge.vocabulary import FACTS
from agent.model.facts import FactType
from tests.judge.writing import list_file, told


@pytest.mark.parametrize(
    ("match", "message"),
    [
        ("evidence.verdikt: malicious", "unknown fact `evidence.verdikt`: did you mean `evidence.verdict`?"),
        ("mesages: {any: {subject: x}}", "unknown fact `mesages`: did you mean `messages`?"),
        (
            "file.name: x",
            "`file.name` does not exist for `softDeleteCluster`: leave the kind or the condition out",
        ),
        ("subject: x", "`subject` can be tested only inside `messages`"),
        (
            "messages: {any: {recipients: {anyIn: [a@b.example]}}}",
            "`recipients` can be tested only outside `messages`",
        ),
        ("cluster.by: [url, file]", "a list needs an operator: write `cluster.by: {in: […]}`"),
        ("recipients: [a@b.example]", "a list needs an operator: write `recipients: {anyIn: […]}`"),
        ("recipients: a@b.example", "`recipients` is a set of addresses: write `{contains: a@b.example}`"),
        ("action.firstSeen: 2026-01-01", "`action.firstSeen` is a moment: write `{olderThan: 2h}` or"),
        ("cluster.value: $vip", "`$vip` is a list: write `{in: $vip}`"),
        ("cluster.by: {}", "no operator: one of `equals`, `in`, `notIn`, `exists`"),
        ("cluster.by: {inn: [url]}", "unknown operator `inn`: did you mean `in`?"),
        (
            "cluster.by: {atMost: 3}",
            "`atMost` does not go with `cluster.by`, a word: use `equals`, `in`, `notIn`",
        ),
        (
            "messages: {any: {sender.domain: {endsWith: contoso.example}}}",
            "a domain: use `domainIn`, which is not fooled by a longer name",
        ),
        ("cluster.by: {in: url}", "`in` takes a list: write `[url]` or `$name`"),
        ("cluster.by: {in: []}", "an empty list: name at least one value"),
        ("cluster.by: {equals: {a: b}}", "`equals` takes one value"),
        ("cluster.by: {equals: [url]}", "one value is asked for here"),
        ("cluster.by: {in: $kinds}", "unknown list `$kinds`"),
        ("cluster.by: {in: [url, [file]]}", "a list within a list: name its values one by one"),
        ("all: {cluster.by: url}", "a list of conditions is asked for: begin each with `- `"),
        ("any: []", "a list of conditions is asked for"),
        ("not: [cluster.by]", "conditions are a mapping"),
        ("all: [url]", "conditions are a mapping: `fact: value` or `fact: {operator: value}`"),
        ("messages: {some: {subject: x}}", "unknown key `some`"),
        ("messages: {any: {}}", "no condition: name at least one fact"),
        ("messages: {any: {messages: {any: {subject: x}}}}", "`messages` cannot stand inside `messages`"),
        ("messages: {any: {moment: {zone: UTC, days: mon}}}", "`moment` cannot stand inside `messages`"),
        ("messages: {share: {of: {subject: x}}}", "write `share: {of: {…}, atLeast: 0.9}`, or with `atMost`"),
        ("messages: {share: {of: {subject: x}, atLeast: 90}}", "a share is from 0 to 1, not 90"),
        (
            "messages: {share: {of: {subject: x}, atleast: 0.9}}",
            "unknown key `atleast`: did you mean `atLeast`?",
        ),
        (
            "messages: {share: {of: {subject: x}, atLeast: 0.9, atMost: 0.1}}",
            "`atLeast` is above `atMost`: no share is both",
        ),
        ("oneOf: x", "`oneOf` takes a list of entries, or `$name`"),
        ("oneOf: [x]", "an entry for `oneOf` is a mapping"),
        (
            "oneOf: [{cluster.emailCount: 3}]",
            "`cluster.emailCount` is a number: `oneOf` compares single texts only",
        ),
        (
            "oneOf: [{cluster.by: url}, {cluster.value: x}]",
            "this entry needs the members `cluster.by`, as the first",
        ),
    ],
)
def test_what_cannot_be_asked_is_refused_with_a_hint(match: str, message: str) -> None:
    found = told(match)

    assert len(found) == 1
    assert message in found[0]


def test_a_fact_must_exist_for_all_kinds_of_the_policy() -> None:
    kinds = "softDeleteCluster, softDeleteMessage"

    assert told("recipients: {anyIn: [a@b.example]}", kinds=kinds) == []
    assert told("cluster.by: url", kinds=kinds) == [
        "`cluster.by` does not exist for `softDeleteMessage`: leave the kind or the condition out"
    ]


def test_only_mail_has_messages() -> None:
    assert told("messages: {any: {subject: x}}", kinds="blockUrl") == ["there are no messages for `blockUrl`"]


def test_a_wrong_kind_does_not_make_every_fact_wrong() -> None:
    assert len(told("cluster.by: url", kinds="softDelete")) == 1


def test_a_dollar_sign_is_doubled_where_it_is_text() -> None:
    assert told("cluster.value: {contains: $$100}") == []
    assert told("cluster.value: {contains: $100}") == [
        "a list cannot stand here: write `$$100` for a text with `$`"
    ]


def test_an_entry_with_several_members_is_no_single_value() -> None:
    lists = list_file("pairs", "{sender.domain: a.example, auth.dmarc: pass}")

    assert told("messages: {any: {oneOf: $pairs}}", lists) == []
    assert told("messages: {any: {sender.domain: {in: $pairs}}}", lists) == ["one value is asked for here"]


def test_members_of_entries_are_facts_of_the_place_where_they_are_used() -> None:
    found = told("oneOf: $pairs", list_file("pairs", "{sender.domain: a.example, auth.dmarc: pass}"))

    assert found == ["`sender.domain` can be tested only inside `messages`"]


VALUES = {
    "equals": "x",
    "in": "[x]",
    "notIn": "[x]",
    "anyIn": "[x]",
    "allIn": "[x]",
    "noneIn": "[x]",
    "atMost": "1",
    "atLeast": "1",
    "above": "1",
    "below": "1",
    "between": "[1, 2]",
    "startsWith": "x",
    "endsWith": "x",
    "contains": "x",
    "matches": "x",
    "domainIn": "x.example",
    "cidr": "192.0.2.0/24",
    "olderThan": "1h",
    "newerThan": "1h",
    "exists": "true",
}


@pytest.mark.parametrize("operator", OPERATORS)
@pytest.mark.parametrize("kind", list(FactType))
def test_an_operator_goes_with_the_types_of_its_row_and_no_other(operator: str, kind: FactType) -> None:
    fact = next(fact for fact in FACTS.values() if fact.type is kind)
    kinds = ", ".join(sorted(fact.kinds))

    found = told(f"{fact.name}: {{{operator}: {VALUES[operator]}}}", kinds=kinds)

    is_refused = any("does not go with" in message for message in found)
    assert is_refused is (kind not in OPERATORS[operator].types)

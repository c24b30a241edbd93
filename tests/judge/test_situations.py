"""Situations are read strictly, and what is written is read as the same situation again."""

import string
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.judge.known import sources_of
from agent.judge.situations import SOURCE, parse_situation, situation_yaml
from agent.judge.vocabulary import FACTS, MEMBER, MESSAGE_FACTS, SETS, WORDS, Fact, refreshed
from agent.model.errors import PolicyError
from agent.model.facts import VOCABULARY, Facts, FactType, Value
from agent.model.pending import ActionKind
from agent.model.situation import Situation

MOMENTS = st.integers(0, 10**6).map(
    lambda minutes: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
)
ODD = [
    "no",
    "0123",
    "12:30",
    "1_000",
    "null",
    "~",
    "$vip",
    "$$",
    "- a",
    "a: b",
    "# c",
    "it's",
    '"',
    "\\",
    "é",
    "a, b",
]
TEXTS = st.sampled_from(ODD) | st.text(
    string.ascii_letters + string.digits + " .:/-_{}[]&*!|>%@`", min_size=1
)
NAMES = st.sampled_from(["anna@contoso.example", "LAPTOP 7", "no", "0123"])
ONE: dict[FactType, st.SearchStrategy[Value]] = {
    FactType.TEXT: TEXTS,
    FactType.WORD: TEXTS,
    FactType.NUMBER: st.integers(-1000, 10**9) | st.sampled_from([0.5, 2.25]),
    FactType.YESNO: st.booleans(),
    FactType.MOMENT: MOMENTS,
    FactType.ADDRESS: st.sampled_from(["anna@contoso.example", "O'Hara@x.example"]),
    FactType.DOMAIN: st.sampled_from(["contoso.example", "xn--bcher-kva.example"]),
    FactType.IP: st.sampled_from(["192.0.2.1", "2001:db8::1"]),
}


def values_of(fact: Fact) -> st.SearchStrategy[Value]:
    known = WORDS.get(fact.name)
    one = st.sampled_from(sorted(map(str, known))) if known else ONE[MEMBER.get(fact.type, fact.type)]
    return st.frozensets(one, max_size=3) if fact.type in SETS else one  # type: ignore[arg-type]


def some_of(table: dict[str, Fact], kind: ActionKind) -> st.SearchStrategy[dict[str, Value]]:
    return st.fixed_dictionaries(
        {},
        optional={
            name: values_of(fact) for name, fact in table.items() if kind in fact.kinds and name != SOURCE
        },
    )


@st.composite
def situations(draw: st.DrawFn) -> Situation:
    kind = draw(st.sampled_from(ActionKind))
    now = draw(MOMENTS)
    lists = draw(st.dictionaries(st.sampled_from(["vip", "no"]), st.lists(NAMES, max_size=2).map(tuple)))
    tenant = draw(st.sampled_from(["", "11111111-2222-3333-4444-555555555555"]))
    sources = sources_of(kind)
    sure: dict[str, Value] = {"action.kind": kind.value, **({"tenant.id": tenant} if tenant else {})}
    if len(sources) == 1 or draw(st.booleans()):
        sure["action.kindSource"] = draw(st.sampled_from(sorted(sources))).value
    rows = st.lists(some_of(dict(MESSAGE_FACTS), kind), max_size=2).map(tuple)
    return Situation(
        kind=kind,
        tenant=tenant,
        facts=Facts(
            now=now,
            values={**{refreshed(name): now for name in lists}, **draw(some_of(dict(FACTS), kind)), **sure},
            messages=draw(st.none() | rows),
            messages_complete=draw(st.booleans()),
            vocabulary=VOCABULARY,
        ),
        lists=lists,
    )


@settings(max_examples=150, deadline=None)
@given(situations())
def test_what_is_written_is_read_as_the_same_situation(one: Situation) -> None:
    text = situation_yaml(one)

    assert parse_situation("it.yaml", text.encode()) == one, text


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("facts: {}", "it.yaml:1:1: `kind` is missing: it says which pending action this is"),
        (
            "kind: softDeleteClustr",
            "it.yaml:1:7: `softDeleteClustr` is not a kind of pending action: did you mean `softDeleteCluster`?",
        ),
        ("kind: blockUrl\nfact: {}", "it.yaml:2:1: unknown key `fact`: did you mean `facts`?"),
        (
            "kind: blockUrl\nfacts: {url.hots: a.example}",
            "it.yaml:2:9: unknown fact `url.hots` of `blockUrl`: did you mean `url.host`?",
        ),
        (
            "kind: blockUrl\nfacts: {action.kind: removeRegistryKey}",
            "it.yaml:2:22: `action.kind` is `blockUrl`, as `kind` says: leave it out",
        ),
        (
            "kind: disableUser\nfacts: {action.kindSource: evidence}",
            "it.yaml:2:28: `disableUser` is only known from `hunting`",
        ),
        (
            "kind: blockUrl\ntenant: a\nfacts: {tenant.id: b}",
            "it.yaml:2:9: the fact `tenant.id` says otherwise: leave it out",
        ),
    ],
)
def test_what_is_wrong_is_told_with_its_place(text: str, told: str) -> None:
    with pytest.raises(PolicyError) as caught:
        parse_situation("it.yaml", text.encode())

    assert str(caught.value) == told


@pytest.mark.parametrize(("tenant", "expected"), [("", None), ("tenant: t\n", "t")])
def test_what_the_agent_itself_makes_of_an_action_is_always_known(tenant: str, expected: str | None) -> None:
    found = parse_situation("it.yaml", f"kind: removeRegistryKey\n{tenant}".encode())

    assert found.facts.values["action.kind"] == "removeRegistryKey"
    assert found.facts.values.get("tenant.id") == expected
    assert "action.deadline" not in found.facts.values
    assert "action.kind" not in situation_yaml(found)


def wrong(text: str) -> list[str]:
    with pytest.raises(PolicyError) as caught:
        parse_situation("it.yaml", text.encode())
    return [str(one).removeprefix("it.yaml:").split(": ")[0] for one in caught.value.problems]


def test_all_that_is_wrong_with_a_situation_is_told_together_in_its_order() -> None:
    text = """kind: softDeleteCluster
now: yesterday
tenent: t
facts:
  cluster.mailboxCount: twelve
  evidence.verdict: bad
  sender.domain: a.example
messages:
  - {subject: x}
  - {nothing: x, auth.dmarc: perhaps}
messagesComplete: maybe
lists: {vip: ceo@contoso.example}
"""

    assert wrong(text) == [
        *("2:6", "3:1", "5:25", "6:21", "7:3", "10:6", "10:30", "11:19", "12:14"),
    ]


def test_with_a_kind_that_is_none_the_facts_are_not_asked_about_but_all_else_is() -> None:
    text = "kind: softDelete\nnow: yesterday\nfacts: {cluster.by: url, nothing: 1}\nlists: []\nother: 1\n"

    assert wrong(text) == ["1:7", "2:6", "4:8", "5:1"]

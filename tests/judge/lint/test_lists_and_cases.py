"""Lists that are empty, stale or unused; policies without cases; and the table of rules."""

from datetime import timedelta

import pytest

from agent.judge.lint.rules import RULES, Code, of_problem, remark
from agent.model.errors import Problem
from agent.model.mark import Mark
from agent.model.remark import Severity
from tests.judge.lint.linting import remarks, told
from tests.judge.writing import NOW, policy_file

NAMING = policy_file("recipients: {anyIn: $vip}", decide="escalate")
GROUP = "11111111-2222-3333-4444-555555555555"


def a_list(text: str) -> dict[str, bytes]:
    return {"lists/vip.yaml": f"list: vip\n{text}".encode()}


ONE = "entries: [ceo@contoso.example]\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (ONE, []),
        ("entries: []\n", ["list-empty"]),
        ("perTenant: true\nentries: []\n", []),
        (f"type: addresses\nsource: {{group: {GROUP}}}\n", []),
        (f"type: addresses\nsource: {{group: {GROUP}}}\nrefresh: 12h\nstale: 24h\n", []),
        (f"type: addresses\nsource: {{group: {GROUP}}}\nrefresh: 13h\nstale: 24h\n", ["list-stale-too-soon"]),
        (f"{ONE}review: 2026-08-24T09:00:01Z\n", []),
        (f"{ONE}review: 2026-08-24T09:00:00Z\n", ["list-review-due"]),
        ("entries:\n  - a@x.example\n  - b@x.example\n  - a@x.example\n", ["list-entry-twice"]),
        ("type: addresses\nentries:\n  - ceo@x.example\n  - CEO@X.example\n", ["list-entry-twice"]),
        (
            "type: addresses\nentries:\n  - ceo@bücher.example\n  - ceo@xn--bcher-kva.example\n",
            ["list-entry-twice"],
        ),
        ("type: users\nentries:\n  - ceo@x.example\n  - ceo@xn--bcher-kva.example\n", []),
        (
            "entries:\n  - a@x.example\n  - {value: b@x.example, expires: 2026-08-24T09:00:00Z}\n",
            ["list-entry-ended"],
        ),
        (
            "entries:\n  - a@x.example\n  - {value: b@x.example, expires: 2026-09-07T09:00:00Z}\n",
            ["list-entry-ends-soon"],
        ),
        ("entries:\n  - a@x.example\n  - {value: b@x.example, expires: 2026-09-07T09:00:01Z}\n", []),
        (
            "entries:\n  - {value: b@x.example, expires: 2026-08-24T09:00:00Z}\n",
            ["list-empty", "list-entry-ended"],
        ),
    ],
)
def test_a_list_is_looked_over(text: str, expected: list[str]) -> None:
    found = [one for one in remarks(NAMING, lists=a_list(text)) if one.file == "lists/vip.yaml"]

    assert sorted(one.code for one in found) == expected


def test_a_list_that_nobody_names_is_unused() -> None:
    unused = remarks(policy_file(decide="escalate"), lists=a_list(ONE))

    assert [(one.file, one.line, one.code, one.message) for one in unused if one.code.startswith("list")] == [
        ("lists/vip.yaml", 1, "list-unused", "no policy names the list `$vip`")
    ]


def test_an_empty_list_says_who_rests_on_it() -> None:
    found = told(
        NAMING,
        policy_file("recipients: {anyIn: $vip}", name="q", decide="escalate"),
        lists=a_list("entries: []"),
    )

    assert "1:1 list-empty: the list `$vip` is empty: it has no entries, and 2 policies name it" in found


def test_an_entry_that_ended_is_told_where_it_stands() -> None:
    text = "entries:\n  - a@x.example\n  - {value: b@x.example, expires: 2026-08-20T09:00:00Z}\n"

    found = told(NAMING, lists=a_list(text), now=NOW + timedelta(days=1))

    assert found == ["4:13 list-entry-ended: `b@x.example` ended 5 days ago, and is in `$vip` no more"]


CASES = """\
policy: {name}
cases:
  - case: one
    kind: softDeleteCluster
    facts: {{evidence.verdict: malicious}}
    decision: escalate
    policies: [{policies}]
"""


def cases(name: str, policies: str = "") -> dict[str, bytes]:
    return {"p.cases.yaml": CASES.format(name=name, policies=policies).encode()}


@pytest.mark.parametrize(
    ("files", "is_told"),
    [({}, True), (cases("p"), False), (cases("other", "p"), True), (cases("other"), True)],
)
def test_a_policy_that_no_case_is_about_is_told(files: dict[str, bytes], is_told: bool) -> None:
    found = remarks(policy_file(decide="escalate"), lists=files)

    expected = ["no case is about the policy: `p.cases.yaml` is not there, or has none"] if is_told else []
    assert [one.message for one in found if one.code == "no-cases"] == expected


def test_remarks_are_in_order_and_none_comes_twice() -> None:
    found = remarks(
        policy_file("recipients: {anyIn: $vip}\ncluster.mailboxCount: {atLeast: 0}"),
        policy_file("cluster.mailboxCount: {atMost: 5, atLeast: 10}", name="q"),
        lists=a_list("entries: []"),
    )

    places = [(one.file, one.line, one.column, one.code) for one in found]
    assert places == sorted(places)
    assert len(set(found)) == len(found) > 6


def test_every_code_has_its_row_and_every_row_says_how_to_mend_it() -> None:
    assert list(RULES) == list(Code)
    for rule in RULES.values():
        for text in (rule.finds, rule.why, rule.mend):
            assert text
            assert not text.endswith(".")
            assert text[0].islower() or text[0] == "`"


def test_a_remark_mends_as_its_rule_does_unless_it_knows_better() -> None:
    plain = remark(Code.SHADOWED, "p.yaml", Mark(3, 4), "the policy never decides")
    better = remark(Code.SHADOWED, "p.yaml", Mark(3, 4), "the policy never decides", "take it out")

    assert (
        str(plain) == f"p.yaml:3:4: warning shadowed: the policy never decides: {RULES[Code.SHADOWED].mend}"
    )
    assert better.mend == "take it out"


def test_what_does_not_load_is_an_error_in_its_own_words() -> None:
    problem = Problem(file="p.yaml", line=1, column=2, message="unknown key `x`: did you mean `y`?")

    found = of_problem(Code.DOES_NOT_LOAD, problem)

    assert found.severity is Severity.ERROR
    assert str(found) == "p.yaml:1:2: error does-not-load: unknown key `x`: did you mean `y`?"

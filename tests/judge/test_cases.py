"""Cases are read as strictly as policies, and say how a decision differs from what they expect."""

from datetime import UTC, datetime

import pytest

from agent.judge.cases import decision_on, differences, parse_cases
from agent.judge.examine import examine
from agent.judge.situations import USUAL_NOW, parse_base
from agent.model.errors import PolicyError
from tests.judge.writing import a_judge, policy_file

CASES = b"""policy: p
given:
  kind: softDeleteCluster
  facts: {cluster.by: url, cluster.mailboxCount: 5, recipients: [Anna@contoso.example]}
  messages: [{subject: x}]
cases:
  - case: a URL
    decision: approve
    policies: [p]
    reason: ["`cluster.by` is url"]
  - case: a file
    facts: {cluster.by: file}
    decision: escalate
    policies: []
  - case: nothing known
    unknown: [cluster.by]
    decision: escalate
    policies: [p]
"""
JUDGE = a_judge(policy_file("cluster.by: url", mode="observe"))


def wrong(data: bytes) -> list[str]:
    with pytest.raises(PolicyError) as caught:
        parse_cases("p.cases.yaml", data)
    return [str(problem).removeprefix("p.cases.yaml:") for problem in caught.value.problems]


def test_cases_are_judged_by_the_set_with_observing_policies_counted() -> None:
    cases = parse_cases("p.cases.yaml", CASES).cases

    assert [differences(case, decision_on(JUDGE, case)) for case in cases] == [(), (), ()]


def test_what_is_given_holds_for_every_case_and_each_can_change_it() -> None:
    first, second, third = parse_cases("p.cases.yaml", CASES).cases

    assert first.situation.facts.values["recipients"] == frozenset({"Anna@contoso.example"})
    assert first.situation.facts.messages == ({"subject": "x"},)
    assert first.situation.facts.now == USUAL_NOW
    assert second.situation.facts.values["cluster.by"] == "file"
    assert "cluster.by" not in third.situation.facts.values


def test_each_difference_is_told_and_the_reason_once() -> None:
    data = CASES.replace(
        b'decision: approve\n    policies: [p]\n    reason: ["`cluster.by` is url"]',
        b"decision: reject\n    policies: [q]\n    inform: [desk]\n    reason: [nothing]",
    )
    case = parse_cases("p.cases.yaml", data).cases[0]

    told = examine(JUDGE, case).failure

    assert told.startswith(
        "expected reject, decided approve; expected policies q, decided by p; "
        "expected to inform desk, informed nobody; the reason lacks `nothing`: approve by `p`"
    )
    assert told.count("approve by `p`") == 1


@pytest.mark.parametrize(
    ("before", "after", "problem"),
    [
        (
            b"decision: approve",
            b"decision: aprove",
            "8:15: `aprove` is not a decision: did you mean `approve`?",
        ),
        (
            b"cluster.by: url",
            b"cluster.buy: url",
            "4:11: unknown fact `cluster.buy` of `softDeleteCluster`: did you",
        ),
        (b"cluster.by: file", b"cluster.by: fil", "12:25: unknown word `fil`: did you mean `file`?"),
        (b"    policies: []\n", b"", "11:5: `policies` is missing"),
        (b"unknown:", b"unkown:", "16:5: unknown key `unkown`: did you mean `unknown`?"),
        (
            b"kind: softDeleteCluster",
            b"now: 2026-08-24",
            "7:5: `kind` is missing, here and under `given`, and no `base` is named",
        ),
        (b"[{subject: x}]", b"{subject: x}", "5:13: a list is asked for: messages"),
        (b"policy: p\n", b"", "1:1: `policy` is missing"),
        (b"cluster.mailboxCount: 5", b"cluster.mailboxCount: five", "4:50: `five` is not a number"),
    ],
)
def test_cases_are_read_strictly(before: bytes, after: bytes, problem: str) -> None:
    assert CASES.count(before) == 1

    assert wrong(CASES.replace(before, after))[0].startswith(problem)


def test_a_file_of_cases_that_is_not_one_is_refused() -> None:
    assert wrong(b"[]")[0].startswith("1:1: a mapping with")
    assert wrong(b"policy: p\ncases: none\n") == ["2:8: a list is asked for: cases"]


BASED = b"""policy: p
base: a-url
bases:
  a-file:
    kind: softDeleteCluster
    facts: {cluster.by: file}
given:
  facts: {alert.severity: low, evidence.verdict: malicious}
cases:
  - {case: as it is, decision: approve, policies: [p]}
  - case: of its own
    base: a-file
    facts: {alert.severity: high}
    now: 2026-08-25T09:00:00Z
    decision: escalate
    policies: []
  - case: with less
    unknown: [cluster.by, messages]
    decision: escalate
    policies: [p]
"""
SITUATIONS = {
    "a-url": parse_base(
        "a-url.yaml",
        b"kind: softDeleteCluster\nnow: 2026-08-23T09:00:00Z\ntenant: t\n"
        b"facts: {cluster.by: url, evidence.verdict: suspicious}\nmessages: [{subject: x}]\n"
        b"messagesComplete: false\n",
    ),
    "a-broken": None,
}


def based(before: bytes = b"", after: bytes = b"") -> list[str]:
    """Return what is wrong with the cases once a part of them is another."""
    assert BASED.count(before) == 1
    with pytest.raises(PolicyError) as caught:
        parse_cases("p.cases.yaml", BASED.replace(before, after), SITUATIONS)
    return [str(problem).removeprefix("p.cases.yaml:") for problem in caught.value.problems]


def test_a_case_lies_over_what_is_given_and_that_over_the_base() -> None:
    first, second, third = (case.situation for case in parse_cases("p.cases.yaml", BASED, SITUATIONS).cases)

    assert first.facts.values == {
        "cluster.by": "url",
        "alert.severity": "low",
        "evidence.verdict": "malicious",
        "action.kind": "softDeleteCluster",
        "action.kindSource": "evidence",
        "tenant.id": "t",
    }
    assert (first.tenant, first.facts.messages, first.facts.messages_complete) == (
        "t",
        ({"subject": "x"},),
        False,
    )
    assert first.facts.now == datetime(2026, 8, 23, 9, tzinfo=UTC)
    assert second.facts.values == {
        "cluster.by": "file",
        "alert.severity": "high",
        "evidence.verdict": "malicious",
        "action.kind": "softDeleteCluster",
        "action.kindSource": "evidence",
    }
    assert (second.tenant, second.facts.messages, second.facts.messages_complete) == ("", None, True)
    assert second.facts.now == datetime(2026, 8, 25, 9, tzinfo=UTC)
    assert "cluster.by" not in third.facts.values
    assert third.facts.messages is None


def test_what_the_agent_itself_makes_of_an_action_can_not_be_taken_away() -> None:
    assert based(b"[cluster.by, messages]", b"[cluster.by, action.kind]") == [
        "18:27: `action.kind` is never unknown: it is `softDeleteCluster`"
    ]


def test_messages_take_the_place_of_those_of_the_base_as_a_whole() -> None:
    data = BASED.replace(b"    base: a-file\n", b"    messages: [{direction: inbound}]\n")

    second = parse_cases("p.cases.yaml", data, SITUATIONS).cases[1]

    assert second.situation.facts.messages == ({"direction": "inbound"},)


def test_what_is_given_may_take_away_and_a_case_give_again() -> None:
    data = BASED.replace(b"given:\n", b"given:\n  unknown: [cluster.by]\n").replace(
        b"    base: a-file\n    facts: {", b"    facts: {cluster.by: url, "
    )

    first, second, _ = parse_cases("p.cases.yaml", data, SITUATIONS).cases

    assert "cluster.by" not in first.situation.facts.values
    assert second.situation.facts.values["cluster.by"] == "url"


@pytest.mark.parametrize(
    ("before", "after", "problem"),
    [
        (b"base: a-url", b"base: a-ulr", "2:7: unknown base `a-ulr`: did you mean `a-url`?"),
        (b"    base: a-file", b"    base: a-flie", "12:11: unknown base `a-flie`: did you mean `a-file`?"),
        (b"base: a-url", b"base: a-broken", "2:7: the base `a-broken` does not load"),
        (b"  a-file:", b"  a-url:", "4:3: a base `a-url` is among the situations already: rename one"),
        (b"kind: softDeleteCluster", b"kind: soft", "5:11: `soft` is not a kind of pending action"),
        (b"    kind: softDeleteCluster\n", b"", "5:5: `kind` is missing"),
        (b"given:\n", b"given:\n  kind: blockUrl\n", "8:9: the base `a-url` is a `softDeleteCluster`: leave"),
        (
            b"[cluster.by, messages]",
            b"[cluster.buy]",
            "18:15: unknown fact `cluster.buy` of `softDeleteCluster`: did",
        ),
        (b"    unknown: [", b"    messages: []\n    unknown: [", "19:27: `messages` is given here too"),
        (
            b"    unknown: [",
            b"    facts: {cluster.by: url}\n    unknown: [",
            "19:15: `cluster.by` is given here",
        ),
        (b"  a-file:\n", b"  - a-file:\n", "4:3: bases are a mapping"),
        (b"case: with less", b"case: of its own", "17:5: the case `of its own` is there already, on line 11"),
    ],
)
def test_bases_are_read_strictly(before: bytes, after: bytes, problem: str) -> None:
    assert based(before, after)[0].startswith(problem)


def test_what_is_wrong_with_the_base_of_all_is_told_once() -> None:
    assert len(based(b"base: a-url", b"base: a-ulr")) == 1


def test_everything_that_is_wrong_with_a_case_is_told_in_one_go() -> None:
    data = (
        b"policy: p\nbase: a-ulr\ncases:\n"
        b"  - case: x\n    facts: {clicks.alowed: 1, cluster.mailboxCount: twelve}\n    messages: [{subjet: x, auth.dmarc: y}]\n"
        b"    decision: escalat\n    nots: x\n"
        b"  - {case: y, decision: approve, policies: [clicked-cluster]}\n"
    )

    with pytest.raises(PolicyError) as caught:
        parse_cases("p.cases.yaml", data, SITUATIONS, {"clicked-clusters", "p"})

    found = [str(one).removeprefix("p.cases.yaml:") for one in caught.value.problems]
    expected = [
        "4:5: `policies` is missing: name those that decide, as in `policies: [NAME]`; `[]` where none does",
        "8:5: unknown key `nots`",
        "7:15: `escalat` is not a decision: did you mean `escalate`?",
        "2:7: unknown base `a-ulr`: did you mean `a-url`?",
        "5:13: unknown fact `clicks.alowed` of `softDeleteCluster`: did you mean `clicks.allowed`?",
        "5:53: `twelve` is not a number",
        "6:17: unknown fact `subjet` of `softDeleteCluster`: did you mean `subject`?",
        "6:40: unknown word `y`",
        "9:45: unknown policy `clicked-cluster`: did you mean `clicked-clusters`?",
    ]
    assert len(found) == len(expected)
    for one in expected:
        assert any(each.startswith(one) for each in found), (one, found)


def test_what_is_wrong_with_what_all_cases_share_is_told_once() -> None:
    data = CASES.replace(
        b"cluster.by: url, cluster.mailboxCount: 5", b"cluster.buy: url, cluster.mailboxCount: x"
    )

    assert [one.partition(": ")[0] for one in wrong(data)] == ["4:11", "4:51"]


def test_a_file_without_a_case_is_refused() -> None:
    assert wrong(b"policy: p\ncases: []\n")[0].startswith("2:8: no case: ")

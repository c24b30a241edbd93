"""Cases are read as strictly as policies, and say how a decision differs from what they expect."""

import pytest

from agent.judge.cases import decision_on, differences, parse_cases
from agent.judge.examine import examine
from agent.judge.situations import USUAL_NOW
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

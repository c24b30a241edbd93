"""What a policy lacks: a ceiling, limits, an owner, a reason, facts that are there; and whether it can be reached."""

from datetime import timedelta

import pytest

from tests.judge.lint.linting import remarks, told
from tests.judge.writing import NOW, policy_file


def codes(data: bytes, *, now: object = NOW) -> list[str]:
    return [one.code for one in remarks(data, now=now) if one.code not in ("no-cases", "no-reason")]  # type: ignore[arg-type]


LIMITS = "limits: {actions: 20/h}"


@pytest.mark.parametrize(
    ("match", "unless", "has_ceiling"),
    [
        ("evidence.verdict: malicious", "", False),
        ("cluster.mailboxCount: {atMost: 200}", "", True),
        ("cluster.copyCount: {below: 5}", "", True),
        ("recipients.count: {between: [1, 9]}", "", True),
        ("cluster.emailCount: {in: [1, 2]}", "", True),
        ("cluster.mailboxCount: {atLeast: 200}", "", False),
        ("cluster.mailboxCount: {atMost: 1000000}", "", True),
        ("cluster.mailboxCount: {atMost: 1000001}", "", False),
        ("incident.alertCount: {atMost: 3}", "", False),
        ("evidence.verdict: malicious", "- cluster.mailboxCount: {above: 200}", True),
        ("any: [{cluster.mailboxCount: {atMost: 2}}, {cluster.copyCount: {atMost: 9}}]", "", False),
        ("any: [{cluster.mailboxCount: {atMost: 2}}, {cluster.by: url}]", "", False),
        ("any: [{cluster.mailboxCount: {atMost: 2}}, {cluster.mailboxCount: {in: [7]}}]", "", True),
        ("not: {cluster.mailboxCount: {above: 3}}", "", True),
    ],
)
def test_a_policy_that_approves_clusters_needs_a_ceiling(match: str, unless: str, has_ceiling: bool) -> None:
    found = codes(policy_file(match, unless=unless, more=LIMITS))

    assert found == ([] if has_ceiling else ["approve-without-ceiling"])


@pytest.mark.parametrize(
    "kinds",
    ["softDeleteCluster", "softDeleteCluster, softDeleteMessage", "softDeleteCluster, quarantineFile"],
)
def test_the_mend_of_a_ceiling_is_one_that_all_kinds_have(kinds: str) -> None:
    found = remarks(policy_file(kinds=kinds, more=LIMITS))
    mend = next(one.mend for one in found if one.code == "approve-without-ceiling")
    clause = mend.split("`")[-2] if "quarantineFile" in kinds else mend.split("`")[1]
    mended = "softDeleteCluster" if "quarantineFile" in kinds else kinds

    assert codes(policy_file(f"evidence.verdict: malicious\n{clause}", kinds=mended, more=LIMITS)) == []


@pytest.mark.parametrize(
    ("kinds", "decide", "more", "expected"),
    [
        ("softDeleteMessage", "approve", LIMITS, []),
        ("softDeleteMessage", "approve", "limits: {messages: 20/h}", []),
        ("softDeleteMessage", "approve", "", ["approve-without-limits"]),
        ("quarantineFile", "approve", "", ["approve-without-limits"]),
        ("softDeleteCluster", "reject", "", []),
        ("softDeleteCluster", "escalate", "", []),
        ("softDeleteCluster", "", "inform: soc", []),
        ("softDeleteCluster, softDeleteMessage", "approve", LIMITS, ["approve-without-ceiling"]),
    ],
)
def test_only_what_approves_needs_limits(kinds: str, decide: str, more: str, expected: list[str]) -> None:
    assert codes(policy_file(kinds=kinds, decide=decide, more=more)) == expected


@pytest.mark.parametrize(
    ("owner", "is_nobody"),
    [
        ("mail-security@contoso.example", False),
        ("SOC", False),
        ("Team Blue", False),
        ("todo@contoso.com", True),
        ("TODO", True),
        ("tbd.", True),
        ("FIXME: who?", True),
        ("<team>", True),
        ("someone@example.com", True),
        ("someone@mail.example.org", True),
        ("someone@example.co", False),
        ("owner", True),
        ("Todorov", False),
        ("---", True),
    ],
)
def test_an_owner_is_somebody(owner: str, is_nobody: bool) -> None:
    data = policy_file(decide="escalate").replace(b"soc@contoso.example", f"'{owner}'".encode())

    found = told(data)

    assert found == ([f"3:1 owner-placeholder: the owner is `{owner}`, which is nobody"] if is_nobody else [])


@pytest.mark.parametrize(
    ("match", "decide", "expected"),
    [
        ("alert.assignedTo: anna", "approve", ["often-unknown"]),
        ("alert.assignedTo: anna", "escalate", []),
        ("alert.assignedTo: {exists: true}", "approve", []),
        ("all: [{alert.assignedTo: {exists: true}}, {alert.assignedTo: anna}]", "approve", []),
        ("alert.assignedTo: {exists: true, startsWith: anna}", "approve", []),
        ("any: [{alert.assignedTo: {exists: false}}, {alert.assignedTo: anna}]", "approve", []),
        ("any: [{alert.assignedTo: {exists: true}}, {alert.assignedTo: anna}]", "approve", ["often-unknown"]),
        ("all: [{alert.assignedTo: {exists: false}}, {cluster.by: url}]", "approve", []),
        ("not: {alert.assignedTo: anna}", "approve", ["often-unknown"]),
        ("not: {all: [{alert.assignedTo: {exists: true}}, {alert.assignedTo: anna}]}", "approve", []),
        ("cluster.volumeAnomaly: true", "approve", ["often-unknown"]),
        ("cluster.volumeAnomaly: {exists: true}", "approve", []),
        ("oneOf: [{alert.assignedTo: anna, cluster.by: url}]", "approve", ["often-unknown"]),
        (
            "alert.assignedTo: {exists: true}\nany: [{alert.assignedTo: anna}, {cluster.by: url}]",
            "approve",
            [],
        ),
    ],
)
def test_what_rests_on_a_fact_that_is_often_missing_says_what_then(
    match: str, decide: str, expected: list[str]
) -> None:
    found = codes(policy_file(match, decide=decide))

    assert [code for code in found if code == "often-unknown"] == expected


def test_the_mend_of_a_fact_that_is_often_missing_can_be_typed() -> None:
    found = [
        one for one in remarks(policy_file("cluster.volumeAnomaly: true")) if one.code == "often-unknown"
    ]

    assert found[0].message == (
        "`cluster.volumeAnomaly: true` is on a fact that is often unknown: no row of AIR's about the cluster was "
        "read, as where hunting is not granted"
    )
    assert found[0].mend == (
        "write `all: [{cluster.volumeAnomaly: {exists: true}}, {cluster.volumeAnomaly: …}]`, which fails where "
        "it is missing"
    )


def test_a_policy_that_enforces_says_why() -> None:
    def notes(**more: str) -> list[str]:
        found = remarks(policy_file(**more))
        return [one.severity for one in found if one.code == "no-reason"]

    assert notes() == ["note"]
    assert notes(more="reason: it is malicious") == []
    assert notes(mode="observe") == []
    assert notes(decide="", more="inform: soc") == []


@pytest.mark.parametrize(
    ("left", "expected"),
    [
        (timedelta(days=14, seconds=1), []),
        (timedelta(days=14), ["9:1 expires-soon: the policy expires in 14 days"]),
        (timedelta(hours=47), ["9:1 expires-soon: the policy expires in 47 hours"]),
        (timedelta(hours=1), ["9:1 expires-soon: the policy expires in 1 hour"]),
        (timedelta(seconds=1), ["9:1 expires-soon: the policy expires in less than an hour"]),
        (timedelta(0), ["9:1 expired: the policy expired less than an hour ago, and counts no more"]),
        (-timedelta(days=3), ["9:1 expired: the policy expired 3 days ago, and counts no more"]),
    ],
)
def test_an_end_is_told_before_and_after(left: timedelta, expected: list[str]) -> None:
    data = policy_file(decide="escalate", more="expires: 2026-09-24T09:00:00Z")
    end = NOW.replace(month=9)

    assert told(data, now=end - left) == expected


def test_a_kind_that_the_conditions_rule_out_is_told() -> None:
    both = "softDeleteCluster, softDeleteMessage"

    ruled_out = told(policy_file("action.kind: softDeleteMessage", kinds=both))
    by_evidence = told(policy_file("evidence.type: {in: [mailClusterEvidence]}", kinds=both))

    assert ruled_out == [
        "4:1 kind-unreachable: the policy is for `softDeleteCluster` and can never match one: its conditions rule that out"
    ]
    assert by_evidence[0].startswith("4:1 kind-unreachable: the policy is for `softDeleteMessage`")
    assert told(policy_file("evidence.verdict: malicious", kinds=both)) == []


@pytest.mark.parametrize(
    ("match", "decide", "expected"),
    [
        ("action.firstSeen: {olderThan: 7d}", "approve", ["approves-too-late"]),
        ("action.firstSeen: {olderThan: 6d}", "approve", []),
        ("action.firstSeen: {olderThan: 7d}", "escalate", []),
        ("action.deadline: {olderThan: 1m}", "approve", ["approves-too-late"]),
        ("not: {action.firstSeen: {newerThan: 7d}}", "approve", ["approves-too-late"]),
    ],
)
def test_an_approval_after_the_week_is_none(match: str, decide: str, expected: list[str]) -> None:
    assert [
        code for code in codes(policy_file(match, decide=decide)) if code.startswith("approves")
    ] == expected

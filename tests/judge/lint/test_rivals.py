"""Policies that another policy keeps from deciding."""

import pytest

from tests.judge.lint.linting import remarks, told
from tests.judge.writing import policy_file

LOW = "evidence.verdict: malicious\ncluster.by: url\ncluster.mailboxCount: {atMost: 100}"


def shadows(low: bytes, high: bytes) -> list[str]:
    return [one.code for one in remarks(low, high) if one.code in ("shadowed", "outvoted", "conflict")]


def high(match: str, *, decide: str = "escalate", priority: int = 10, more: str = "", **rest: str) -> bytes:
    return policy_file(match, name="high", decide=decide, more=f"priority: {priority}\n{more}", **rest)


def test_a_policy_below_one_that_matches_all_of_it_is_told_by_whom() -> None:
    found = told(policy_file(LOW, more="priority: 1"), high("cluster.mailboxCount: {atMost: 200}"))

    assert found == [
        "11:1 shadowed: the policy never decides: `high`, of priority 10, matches all that it does"
    ]


@pytest.mark.parametrize(
    ("match", "unless", "expected"),
    [
        ("cluster.mailboxCount: {atMost: 100}", "", ["shadowed"]),
        ("cluster.mailboxCount: {atMost: 99}", "", []),
        ("cluster.by: {in: [url, file]}\nevidence.verdict: {in: [malicious, suspicious]}", "", ["shadowed"]),
        ("cluster.by: {in: [url, file]}\nevidence.verdict: suspicious", "", []),
        ("any: [{cluster.by: file}, {cluster.by: url}]", "", ["shadowed"]),
        ("cluster.by: url", "- cluster.mailboxCount: {above: 100}", ["shadowed"]),
        ("cluster.by: url", "- cluster.mailboxCount: {above: 50}", []),
        # Unknown, it sends the action to a person: what approves never decides either way.
        (
            "cluster.by: url",
            "- cluster.by: similarity\n  recipients: {contains: ceo@x.example}",
            ["shadowed"],
        ),
        ("cluster.by: url\nrecipients: {anyIn: [ceo@x.example]}", "", []),
    ],
)
def test_only_what_covers_every_match_shadows(match: str, unless: str, expected: list[str]) -> None:
    assert shadows(policy_file(LOW), high(match, unless=unless)) == expected


@pytest.mark.parametrize(
    ("low", "over", "expected"),
    [
        ({}, {}, ["shadowed"]),
        ({}, {"priority": 0}, ["outvoted"]),
        ({}, {"priority": -1}, []),
        ({}, {"mode": "observe"}, []),
        ({"mode": "observe"}, {"mode": "observe"}, ["shadowed"]),
        ({"mode": "observe"}, {}, ["shadowed"]),
        (
            {},
            {"kinds": "softDeleteCluster, softDeleteMessage", "match": "evidence.verdict: malicious"},
            ["shadowed"],
        ),
        ({}, {"kinds": "softDeleteMessage", "match": "evidence.verdict: malicious"}, []),
        ({}, {"more": "expires: 2027-01-01"}, []),
        ({"more": "expires: 2027-01-01"}, {"more": "expires: 2027-01-01"}, ["shadowed"]),
        ({"more": "expires: 2027-01-02"}, {"more": "expires: 2027-01-01"}, []),
        ({"more": "expires: 2026-01-01"}, {}, []),
        ({}, {"more": "expires: 2026-01-01"}, []),
        ({}, {"more": "tenants: [11111111-2222-3333-4444-555555555555]"}, []),
        (
            {"more": "tenants: [11111111-2222-3333-4444-555555555555]"},
            {"more": "tenants: [11111111-2222-3333-4444-555555555555, 22222222-2222-3333-4444-555555555555]"},
            ["shadowed"],
        ),
    ],
)
def test_kinds_tenants_modes_and_ends_are_heeded(
    low: dict[str, str], over: dict[str, str], expected: list[str]
) -> None:
    other = {"match": "cluster.by: url", **over}

    assert shadows(policy_file(LOW, **low), high(**other)) == expected  # type: ignore[arg-type]


def test_what_escalates_still_decides_where_the_other_is_unknown() -> None:
    """Nothing says that the recipients are known wherever the cluster's base is."""
    escalates = policy_file("cluster.by: url", decide="escalate")
    known = high("cluster.by: {in: [url, file]}", decide="reject")
    perhaps = high(
        "cluster.by: {in: [url, file]}",
        decide="reject",
        unless="- cluster.by: file\n  recipients: {contains: a@x.example}",
    )

    assert shadows(escalates, known) == ["shadowed"]
    assert shadows(escalates, perhaps) == []


def test_a_policy_that_only_informs_is_shadowed_by_nobody() -> None:
    assert shadows(policy_file(LOW, decide="", more="inform: soc"), high("cluster.by: url")) == []


def test_two_of_one_priority_that_say_otherwise_and_can_meet_are_noted_once() -> None:
    approves = policy_file("cluster.by: url")
    rejects = policy_file("evidence.verdict: suspicious", name="other", decide="reject")

    found = [one for one in remarks(approves, rejects) if one.code == "conflict"]

    assert [(one.file, one.severity, one.message) for one in found] == [
        (
            "1.yaml",
            "note",
            "where `p` matches too, a person decides: it says approve, this one reject, and their priority is the same",
        )
    ]


@pytest.mark.parametrize(
    ("match", "more"),
    [
        ("cluster.by: file", ""),
        ("evidence.verdict: suspicious", "priority: 1"),
        ("cluster.by: {notIn: [url]}", ""),
    ],
)
def test_two_that_never_meet_or_of_which_one_prevails_are_not(match: str, more: str) -> None:
    rejects = policy_file(match, name="other", decide="reject", more=more)

    assert shadows(policy_file("cluster.by: url"), rejects) == []

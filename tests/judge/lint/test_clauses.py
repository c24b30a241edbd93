"""Conditions that can never hold, can never fail, or say nothing more than others."""

from datetime import timedelta
from time import thread_time

import pytest

from tests.judge.lint.linting import codes, remarks, told
from tests.judge.writing import NOW, list_file, policy_file

OR_KNOWN = "take it out, if what is not known is to pass too"


@pytest.mark.parametrize(
    ("match", "unless", "expected"),
    [
        (
            "cluster.by: url\ncluster.mailboxCount: {atMost: 5, atLeast: 10}",
            "",
            (
                "8:3 never-matches: the policy can never match: `cluster.mailboxCount: {atLeast: 10}` contradicts "
                "`cluster.mailboxCount: {atMost: 5}`"
            ),
        ),
        (
            "cluster.by: url\nall: [{cluster.by: file}]",
            "",
            (
                "8:10 never-matches: the policy can never match: `cluster.by: file` contradicts `cluster.by: url` "
                "on line 7"
            ),
        ),
        (
            "cluster.mailboxCount: {between: [-5, -1]}",
            "",
            (
                "7:3 never-matches: the policy can never match: `cluster.mailboxCount: {between: [-5, -1]}` can "
                "never hold"
            ),
        ),
        (
            "messages: {any: {auth.spf: pass, all: [{auth.spf: fail}]}}",
            "",
            "7:43 never-matches: the policy can never match: `auth.spf: fail` contradicts `auth.spf: pass`",
        ),
        (
            "cluster.mailboxCount: {between: [0, 9]}",
            "- cluster.mailboxCount: {atMost: 4}\n- cluster.mailboxCount: {atLeast: 5}",
            (
                "1:1 never-matches: the policy can never match: together the exceptions under `unless` cover all "
                "of `match`"
            ),
        ),
        (
            "evidence.verdict: malicious",
            "- evidence.verdict: {in: [malicious, suspicious]}",
            (
                "9:5 never-matches: the policy can never match: `evidence.verdict: {in: [malicious, suspicious]}` "
                "under `unless` holds wherever `match` does"
            ),
        ),
        (
            "evidence.type: userEvidence",
            "",
            (
                "7:3 never-matches: the policy can never match: `evidence.type: userEvidence` can never hold for "
                "these kinds and tenants"
            ),
        ),
    ],
)
def test_a_policy_that_can_never_match_is_told_why_and_nothing_else(
    match: str, unless: str, expected: str
) -> None:
    assert told(policy_file(match, unless=unless)) == [expected]


def test_three_conditions_can_contradict_each_other_where_no_two_do() -> None:
    match = "cluster.by: {in: [url, file]}\nall: [{cluster.by: {in: [file, similarity]}}, {cluster.by: {in: [url, similarity]}}]"

    assert told(policy_file(match)) == [
        "7:3 never-matches: the policy can never match: its conditions contradict each other"
    ]


def test_facts_of_different_evidence_never_come_together() -> None:
    both = policy_file("user.accountName: x\ndevice.name: y", kinds="unknown")
    typed = policy_file("evidence.type: userEvidence\ndevice.name: y", kinds="unknown")
    fine = policy_file("evidence.type: deviceEvidence\ndevice.name: y", kinds="unknown")

    assert told(both)[0].endswith("contradicts `user.accountName: x` on line 7: no evidence has both")
    assert told(typed)[0].endswith("on line 7: `device.name` comes with deviceEvidence only")
    assert told(fine) == []


def test_tenants_and_a_test_of_the_tenant_have_to_agree() -> None:
    tenants = "tenants: [11111111-2222-3333-4444-555555555555]"

    assert codes("tenant.id: 11111111-2222-3333-4444-555555555555", more=tenants) == []
    assert codes("tenant.id: 99999999-2222-3333-4444-555555555555", more=tenants) == ["never-matches"]


@pytest.mark.parametrize(
    ("match", "unless", "expected"),
    [
        ("evidence.verdict: malicious", "- evidence.verdict: suspicious", ["never-holds"]),
        ("evidence.verdict: malicious", "- evidence.verdict: malicious\n  cluster.by: url", []),
        ("evidence.verdict: malicious", "- cluster.mailboxCount: {below: 0}", ["never-holds"]),
        ("any: [{cluster.by: url}, {cluster.mailboxCount: {below: 0}}]", "", ["never-holds"]),
        ("cluster.by: url\nany: [{cluster.by: file}, {evidence.verdict: malicious}]", "", ["never-holds"]),
        ("not: {all: [{cluster.by: url}, {cluster.by: file}]}", "", ["never-holds"]),
        ("cluster.by: url", "- all: [{cluster.by: file}, {evidence.verdict: malicious}]", ["never-holds"]),
        ("not: {any: [{cluster.mailboxCount: {below: 0}}, {cluster.by: url}]}", "", ["never-holds"]),
        (
            "messages: {none: {auth.spf: pass, all: [{auth.spf: fail}]}}",
            "",
            ["never-holds"],
        ),
    ],
)
def test_a_condition_that_can_never_hold_within_others_is_told(
    match: str, unless: str, expected: list[str]
) -> None:
    assert codes(match, unless=unless) == expected


@pytest.mark.parametrize(
    ("match", "expected"),
    [
        ("cluster.mailboxCount: {atLeast: 0}", ["always-holds"]),
        ("cluster.mailboxCount: {atLeast: 1}", []),
        ("cluster.mailboxCount: {above: -1}", ["always-holds"]),
        ("cluster.by: {in: [url, file, similarity]}", ["always-holds"]),
        ("cluster.by: {in: [url, file]}", []),
        ("action.deadline: {exists: true}", ["always-holds"]),
        ("evidence.verdict: {exists: true}", []),
        ("any: [{cluster.by: url}, {not: {cluster.by: url}}]", ["always-holds"]),
        ("messages: {share: {of: {auth.dmarc: pass}, atLeast: 0, atMost: 1}}", ["always-holds"]),
        ("messages: {any: {threats: {anyIn: [spam, malware, phish, none]}}}", []),
        ("messages: {any: {auth.dkim: {notIn: [pass, fail, none]}}}", ["never-matches"]),
        ("messages: {any: {auth.dkim: {in: [pass, fail, none]}}}", ["always-holds"]),
    ],
)
def test_a_condition_that_can_never_fail_is_told(match: str, expected: list[str]) -> None:
    assert codes(match) == expected


@pytest.mark.parametrize(
    ("match", "mend"),
    [
        (
            "cluster.mailboxCount: {atLeast: 0}",
            "take it out, or write `{exists: true}` where the point is that the fact is known",
        ),
        ("action.alertCount: {atLeast: 0}", "take it out"),
        ("action.deadline: {exists: true}", "take it out"),
        (
            "any: [{cluster.by: url}, {not: {cluster.by: url}}]",
            f"{OR_KNOWN}, or write `cluster.by: {{exists: true}}` where the point is that it is known",
        ),
        (
            "any: [{clicks.allowed: {atMost: 0}}, {clicks.allowed: {above: 0}}]",
            f"{OR_KNOWN}, or write `clicks.allowed: {{exists: true}}` where the point is that it is known",
        ),
        (
            "any: [{action.alertCount: {atMost: 3}}, {action.alertCount: {above: 3}}]",
            "take it out",
        ),
        (
            "any: [{cluster.by: {exists: true}}, {not: {cluster.by: {exists: true}}}]",
            "take it out",
        ),
        (
            "messages: {share: {of: {auth.dmarc: pass}, atLeast: 0, atMost: 1}}",
            OR_KNOWN,
        ),
    ],
)
def test_to_ask_that_a_fact_is_known_is_advised_only_where_it_may_not_be(match: str, mend: str) -> None:
    found = [one.mend for one in remarks(policy_file(match)) if one.code == "always-holds"]

    assert found == [mend]


@pytest.mark.parametrize(
    ("match", "unless", "expected"),
    [
        (
            "cluster.mailboxCount: {atMost: 5, below: 10}",
            "",
            [
                "7:3 redundant: `cluster.mailboxCount: {below: 10}` says nothing more than `cluster.mailboxCount: {atMost: 5}`"
            ],
        ),
        ("cluster.mailboxCount: {atMost: 5, above: 2}", "", []),
        (
            "evidence.verdict: malicious",
            "- cluster.by: url\n- cluster.by: {in: [url, file]}",
            [
                "9:5 redundant: `cluster.by: url` says nothing more than `cluster.by: {in: [url, file]}` on line 10"
            ],
        ),
        (
            "evidence.verdict: malicious",
            (
                "- messages: {any: {sender.domain: {domainIn: [a.example]}, auth.dmarc: pass}}\n"
                "- messages: {any: {sender.domain: {domainIn: [a.example, b.example]}}}"
            ),
            [
                "9:16 redundant: `messages: {any: {…}}` says nothing more than `messages: {any: {…}}` on line 10"
            ],
        ),
        # `exists` fails where the other is unknown: that is how a missing fact is made to count as false.
        ("alert.title: {exists: true, startsWith: Email}", "", []),
        ("any: [{alert.title: {exists: false}}, {alert.title: {startsWith: Email}}]", "", []),
        # Of a set without members `allIn` is unknown, and `noneIn` holds.
        (
            "directions: {noneIn: [outbound, intraOrg], allIn: [inbound]}",
            "",
            [
                "7:3 redundant: `directions: {noneIn: [outbound, intraOrg]}` says nothing more than `directions: {allIn: [inbound]}`"
            ],
        ),
        (
            "all: [{evidence.verdict: malicious}, {evidence.verdict: malicious}]",
            "",
            [
                "7:41 redundant: `evidence.verdict: malicious` says nothing more than `evidence.verdict: malicious`"
            ],
        ),
    ],
)
def test_a_condition_that_another_one_covers_is_told(match: str, unless: str, expected: list[str]) -> None:
    assert told(policy_file(match, unless=unless)) == expected


@pytest.mark.parametrize(
    ("match", "message"),
    [
        ("recipients: {anyIn: $vip}", "`recipients: {anyIn: $vip}` can never hold: the list has no entries"),
        (
            "recipients: {noneIn: $vip}",
            "`recipients: {noneIn: $vip}` can never fail: the list has no entries",
        ),
        (
            "messages: {any: {recipient: {in: $vip}}}",
            "`recipient: {in: $vip}` can never hold: the list has no entries",
        ),
    ],
)
def test_a_condition_on_an_empty_list_is_noted_and_not_called_contradictory(match: str, message: str) -> None:
    found = [
        one for one in remarks(policy_file(match), lists=list_file("vip")) if one.code == "on-empty-list"
    ]

    assert [(one.message, one.severity) for one in found] == [(message, "note")]
    assert "never-matches" not in codes(match, lists=list_file("vip"))


def ending(moment: str) -> dict[str, bytes]:
    text = f"list: vip\nentries:\n  - {{value: ceo@contoso.example, expires: {moment}}}\n"
    return {"lists/vip.yaml": text.encode()}


def test_what_has_ended_is_in_no_list_and_what_will_end_still_is() -> None:
    match = "recipients: {anyIn: $vip}"

    assert "on-empty-list" not in codes(match, lists=ending("2026-08-24T09:00:01Z"))
    assert "on-empty-list" in codes(match, lists=ending("2026-08-24T09:00:00Z"))


def test_an_entry_that_will_end_does_not_make_its_opposite_impossible() -> None:
    """From its end on, somebody who is on the list now is no more."""
    match = "recipients: {noneIn: $vip, contains: ceo@contoso.example}"

    assert "never-matches" in codes(match, lists=list_file("vip", "ceo@contoso.example"))
    assert "never-matches" not in codes(match, lists=ending("2026-12-24"))


FED = {
    "lists/vip.yaml": b"list: vip\ntype: addresses\nsource: {group: 11111111-2222-3333-4444-555555555555}\n"
}


def test_of_a_list_that_is_fed_nothing_is_said_but_what_its_file_says() -> None:
    assert codes("recipients: {noneIn: $vip}", lists=FED) == []
    assert codes("recipients: {anyIn: $vip}\nall: [{recipients: {noneIn: $vip}}]", lists=FED) == []


@pytest.mark.parametrize(("hours", "expected"), [(47, ["dates-past"]), (46, [])])
def test_a_calendar_that_is_over_everywhere_on_earth_is_told(hours: int, expected: list[str]) -> None:
    """The day is over in every time zone when it was over in UTC for a whole day."""
    match = "not: {moment: {zone: Europe/Madrid, dates: ['2026-08-22']}}"
    now = NOW.replace(hour=1) - timedelta(days=1) + timedelta(hours=hours - 24)

    assert codes(match, now=now) == expected


def many(line: str, count: int = 8_000) -> str:
    return "".join(f"  - {line.replace('#', str(at))}\n" for at in range(count))


@pytest.mark.parametrize(
    ("match", "unless"),
    [
        ("all:\n" + many("alert.title: {contains: 'a#'}"), ""),
        ("all:\n" + many("alert.title: {startsWith: 'a#'}"), ""),
        ("any:\n" + many("alert.title: 'a#'"), ""),
        ("all:\n" + many("any: [{alert.title: 'a#'}, {cluster.value: 'a#'}]", 3_000), ""),
        ("cluster.by: url", many("alert.title: 'a#'").replace("  - ", "- ")),
    ],
)
def test_a_policy_of_any_size_is_linted_in_seconds(match: str, unless: str) -> None:
    """Were all conditions compared with all others, each of these would take minutes."""
    before = thread_time()

    told(policy_file(match, unless=unless))

    assert thread_time() - before < 20


def test_of_very_many_conditions_those_that_are_the_same_are_still_told() -> None:
    match = "any:\n" + many("alert.title: 'a#'", 200) + "  - alert.title: a7\n"

    assert told(policy_file(match)) == [
        "208:7 redundant: `alert.title: a7` says nothing more than `alert.title: a7` on line 15"
    ]


@pytest.mark.parametrize(
    ("match", "words", "mend"),
    [
        (
            "clicks.allowed: {equals: 1.5}",
            "`clicks.allowed: 1.5` can never hold: `clicks.allowed` is a count, which is a whole number",
            "write a whole number, or `between` two",
        ),
        (
            "clicks.allowed: {in: [0.5, 1.5]}",
            "`clicks.allowed: {in: [0.5, 1.5]}` can never hold: `clicks.allowed` is a count, which is a whole number",
            "write a whole number, or `between` two",
        ),
        (
            "clicks.allowed: {below: 0}",
            "`clicks.allowed: {below: 0}` can never hold",
            "mend the condition, or take it out",
        ),
    ],
)
def test_of_one_condition_that_is_impossible_by_itself_nothing_is_said_of_contradictions(
    match: str, words: str, mend: str
) -> None:
    (found,) = (one for one in remarks(policy_file(match)) if one.code == "never-matches")

    assert found.message == f"the policy can never match: {words}"
    assert found.mend == mend

"""A reason names who decided, on which fact and value, in one line that nobody's mail can fake."""

import pytest

from agent.judge.reasons import MOST_LABEL
from agent.model.facts import Facts, Value
from agent.model.pending import ActionKind
from tests.judge.writing import a_judge, an_action, decided, facts, list_file, policy_file

VIP = list_file("vip", "ceo@contoso.example")
MATCH = """
evidence.verdict: malicious
cluster.by: {in: [url, file]}
cluster.mailboxCount: {atMost: 200}
"""
SEEN: dict[str, Value] = {
    "evidence.verdict": "malicious",
    "cluster.by": "url",
    "cluster.mailboxCount": 12,
    "recipients": frozenset({"anna@contoso.example"}),
}
END = " (https://bad.example/login, incident 924)"


def reason(*policies: bytes, seen: Facts, lists: dict[str, bytes] | None = None) -> str:
    return decided(a_judge(*policies, lists=lists), seen).reason


def test_a_match_names_the_policy_and_every_clause_with_its_value() -> None:
    assert reason(policy_file(MATCH, name="urls"), seen=facts(SEEN)) == (
        "approve by `urls`: `evidence.verdict` is malicious; `cluster.by` is url, one of url, file;"
        " `cluster.mailboxCount` is 12, at most 200" + END
    )


def test_the_author_s_own_reason_is_told() -> None:
    data = policy_file("cluster.by: url", name="urls", more="reason: it is small")

    assert reason(data, seen=facts(SEEN)) == f"approve by `urls` (it is small): `cluster.by` is url{END}"


def test_without_a_match_it_says_what_stood_in_the_way_of_the_nearest() -> None:
    told = reason(policy_file(MATCH, name="urls"), seen=facts({**SEEN, "cluster.mailboxCount": 420}))

    assert told == (
        "no policy matched: nearest is `urls`, but `cluster.mailboxCount` is 420, at most 200 asked" + END
    )


def test_what_a_policy_rules_out_stood_in_the_way() -> None:
    seen = facts({**SEEN, "recipients": frozenset({"CEO@contoso.example", "anna@contoso.example"})})

    told = reason(policy_file(MATCH, name="urls", unless="- recipients: {anyIn: $vip}"), seen=seen, lists=VIP)

    assert "`recipients` has CEO@contoso.example (1 of 2), in $vip, which it rules out" in told


def test_the_nearest_two_are_named_where_they_are_as_near() -> None:
    told = reason(
        policy_file("cluster.by: file\nevidence.verdict: suspicious", name="far"),
        policy_file("cluster.by: file\nevidence.verdict: malicious", name="near"),
        policy_file("cluster.by: url\nevidence.verdict: suspicious", name="too"),
        seen=facts(SEEN),
    )

    assert told == (
        "no policy matched: nearest is `near`, but `cluster.by` is url, file asked;"
        f" then `too`, but `evidence.verdict` is malicious, suspicious asked{END}"
    )


def test_policies_that_only_escalate_are_not_called_near_where_others_are() -> None:
    told = reason(
        policy_file("cluster.by: file", name="big", decide="escalate"),
        policy_file("cluster.by: file\nevidence.verdict: suspicious", name="far"),
        seen=facts(SEEN),
    )

    assert "nearest is `far`" in told
    assert "`big`" not in told


def test_where_no_policy_is_for_the_kind_it_says_what_the_action_is() -> None:
    judge = a_judge(policy_file())
    seen = facts({"evidence.type": "userEvidence", "evidence.verdict": "suspicious"})

    told = decided(judge, seen, action=an_action(ActionKind.UNKNOWN, label="anna@contoso.example")).reason

    assert told == (
        "no policy is for kind `unknown`: `evidence.type` is userEvidence, `evidence.verdict` is suspicious"
        " (anna@contoso.example, incident 924)"
    )


def test_where_nothing_is_known_of_the_action_it_names_the_incident() -> None:
    told = decided(a_judge(policy_file()), facts(), action=an_action(ActionKind.UNKNOWN)).reason

    assert told == f"no policy is for kind `unknown`: `incident.id` is 924{END}"


def test_where_only_observing_policies_are_for_the_kind_it_says_so() -> None:
    assert reason(policy_file(mode="observe"), seen=facts(SEEN)).startswith(
        "only observing policies are for kind `softDeleteCluster`: `evidence.verdict` is malicious"
    )


def test_an_undecided_policy_names_the_fact_that_is_unknown() -> None:
    seen = {name: value for name, value in SEEN.items() if name != "cluster.mailboxCount"}

    assert reason(policy_file(MATCH, name="urls"), seen=facts(seen)) == (
        f"undecided: `urls`: `cluster.mailboxCount` is unknown, at most 200 asked{END}"
    )


def test_an_undecided_policy_says_why_messages_are_missing() -> None:
    told = reason(
        policy_file("messages: {all: {subject: x}}", name="urls", unless="- recipients: {anyIn: $vip}"),
        seen=facts(
            SEEN, messages=({"subject": "x"},), is_complete=False, unresolved="hunting is not granted"
        ),
        lists=VIP,
    )

    assert told == (
        "undecided: `urls`: in 1 of 1 messages, all asked (hunting is not granted): `subject` is x;"
        f" unless `recipients` is known only in part (hunting is not granted), any in $vip asked{END}"
    )


def test_messages_never_looked_up_are_told_as_unknown() -> None:
    told = reason(policy_file("messages: {all: {subject: x}}", name="urls"), seen=facts(SEEN))

    assert "`urls`: `messages` are unknown (not looked up)" in told


def test_a_conflict_names_both_sides() -> None:
    told = reason(
        policy_file("cluster.by: url", name="a"),
        policy_file("evidence.verdict: malicious", name="b", decide="reject"),
        seen=facts(SEEN),
    )

    assert told == (
        "policies disagree: approve by `a`: `cluster.by` is url; reject by `b`: `evidence.verdict` is malicious"
        + END
    )


@pytest.mark.parametrize(
    ("match", "words"),
    [
        ("messages: {any: {subject: b}}", "in 1 of 3 messages, any: `subject` is b"),
        (
            "messages: {all: {subject: {in: [a, b, c]}}}",
            "in 3 of 3 messages, all: `subject` is a, one of a, b, c",
        ),
        ("messages: {none: {subject: z}}", "in 0 of 3 messages, none: `subject` is a, z asked"),
        (
            "messages: {share: {of: {subject: {in: [a, b]}}, atLeast: 0.5}}",
            "in 2 of 3 messages, at least 0.5: `subject` is c, one of a, b asked",
        ),
        ("not: {cluster.by: file}", "not (`cluster.by` is url, file asked)"),
        ("any: [{cluster.by: file}, {cluster.by: url}]", "`cluster.by` is url"),
        ("cluster.value: {exists: false}", "`cluster.value` is not known"),
        ("not: {moment: {zone: UTC, days: sat-sun}}", "it is mon 2026-08-24 09:00 UTC, outside sat-sun"),
        ("recipients: {noneIn: $vip}", "`recipients` is anna@contoso.example, none in $vip"),
        ("recipients: {contains: anna@contoso.example}", "`recipients` has anna@contoso.example"),
        ("moment: {zone: UTC, days: mon-fri}", "it is mon 2026-08-24 09:00 UTC, inside mon-fri"),
        ("action.firstSeen: {olderThan: 1h}", "`action.firstSeen` is 2026-08-24 07:00:00Z, older than 1h"),
        (
            "oneOf: [{cluster.by: url, cluster.value: x}]",
            "`cluster.by` is url and `cluster.value` is unknown",
        ),
    ],
)
def test_every_kind_of_condition_is_told(match: str, words: str) -> None:
    seen = facts(
        {**SEEN, "action.firstSeen": facts().now.replace(hour=7)},
        messages=({"subject": "a"}, {"subject": "b"}, {"subject": "c"}),
    )

    assert words in reason(policy_file(match), seen=seen, lists=VIP)


@pytest.mark.parametrize(
    "subject",
    [
        "\x1b[2J\x1b[31mAPPROVED",
        "Payment\u202egnp.exe",
        "Two\r\nlines",
        "nul\x00",
        "half \ud800",
        "wide\u2028line",
        "z\u200bw",
    ],
)
def test_text_from_mail_cannot_move_the_cursor_or_turn_a_line(subject: str) -> None:
    judge = a_judge(policy_file("subjects: {anyIn: [x]}"))
    seen = facts({"subjects": frozenset({subject})})

    decision = decided(judge, seen, action=an_action(label=subject))

    assert decision.reason.isprintable()
    assert all(clause.words.isprintable() for finding in decision.findings for clause in finding.clauses)
    assert "\\u" in decision.reason


def test_text_from_mail_cannot_pass_for_a_reason() -> None:
    label = 'x", incident 1) approve by `all`: `evidence.verdict` is malicious ("'

    told = decided(a_judge(policy_file("cluster.by: url")), facts(), action=an_action(label=label)).reason

    assert '("x\\", incident 1)' in told


def test_a_long_label_is_cut_in_the_middle_so_that_two_rows_do_not_read_the_same() -> None:
    long = "https://bad.example/" + "a" * 300

    one, other = (
        decided(a_judge(policy_file()), facts(SEEN), action=an_action(label=f"{long}?id={number}")).reason
        for number in (1, 2)
    )

    assert one != other
    assert len(one) < 200 + MOST_LABEL


@pytest.mark.parametrize(
    ("match", "words"),
    [
        ("threats: {anyIn: [malware]}", "`threats` is phish, spam, any in malware asked"),
        ("threats: {allIn: [phish]}", "`threats` has spam (1 of 2), all in phish asked"),
        ("threats: {noneIn: [phish]}", "`threats` has phish (1 of 2), none in phish asked"),
        ("threats: {contains: malware}", "`threats` is phish, spam, containing malware asked"),
        ("subjects: {anyIn: [x]}", "`subjects` is empty, any in x asked"),
    ],
)
def test_a_set_that_fails_is_told_by_the_members_that_mattered(match: str, words: str) -> None:
    seen = facts({"threats": frozenset({"phish", "spam"}), "subjects": frozenset()})

    assert f"but {words} (" in reason(policy_file(match), seen=seen)


def test_sets_are_told_with_a_few_members_and_a_count() -> None:
    many = frozenset(f"user{number:03}@contoso.example" for number in range(500))
    told = reason(policy_file("recipients: {anyIn: $vip}"), seen=facts({"recipients": many}), lists=VIP)

    assert "user000@contoso.example, user001@contoso.example, user002@contoso.example and 497 more" in told

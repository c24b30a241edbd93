"""Values are what they look like; what another YAML would read differently is an error with a hint."""

import pytest

from tests.judge.writing import policy_file, problems, told


@pytest.mark.parametrize(
    ("match", "message"),
    [
        ("cluster.mailboxCount: {atMost: 0123}", "`0123` begins with a zero: write it without"),
        ("cluster.mailboxCount: {atMost: 1_000}", "`1_000` is not a number: write it without `_`"),
        ("cluster.mailboxCount: {atMost: 12:30}", "`12:30` is not a number"),
        ("cluster.mailboxCount: {atMost: .inf}", "`.inf` is not a number"),
        ("cluster.mailboxCount: {atMost: .nan}", "`.nan` is not a number"),
        ("cluster.mailboxCount: {atMost: 0x10}", "`0x10` is not a number"),
        ("cluster.mailboxCount: {atMost: '200'}", "`200` is text: a number is written without quotes"),
        ("cluster.mailboxCount: {atMost: yes}", "`yes` is not a number"),
        ("cluster.mailboxCount: {atMost: 99999999999999999}", "is longer than 15 digits"),
        ("cluster.mailboxCount: {atMost: 1e99}", "`1e99` is too large"),
        ("cluster.mailboxCount: {between: [9, 1]}", "no number lies between 9 and 1"),
        ("cluster.mailboxCount: {between: 9}", "`between` takes two numbers: `[10, 200]`"),
        ("cluster.volumeAnomaly: yes", "`yes` is not a boolean: write `true` or `false`"),
        ("cluster.volumeAnomaly: NO", "`NO` is not a boolean: write `true` or `false`"),
        ("cluster.volumeAnomaly: 'true'", "`true` is not a boolean: write `true` or `false`"),
        ("incident.id: 924", "`924` reads as a number: put it in quotes if it is text"),
        ("incident.id: 1e3", "`1e3` reads as a number: put it in quotes if it is text"),
        ("alert.title: true", "`true` reads as true or false: put it in quotes if it is text"),
        ("alert.title: null", "nothing is written here: a text is asked for"),
        ("alert.title: ~", "nothing is written here: a text is asked for"),
        ("alert.title:", "nothing is written here: a text is asked for"),
        ("alert.title: {contains: ''}", "a text is asked for, and this is empty"),
        ("evidence.verdict: malicous", "unknown word `malicous`: did you mean `malicious`?"),
        ("evidence.verdict: Malicious", "unknown word `Malicious`: did you mean `malicious`?"),
        ("evidence.verdict: unknown", "`unknown` is the same as not given: write `{exists: false}`"),
        ("recipients: {anyIn: [contoso.example]}", "`contoso.example` is not an address"),
        ("recipients: {anyIn: ['a b@contoso.example']}", "is not an address"),
        (
            "senders.domains: {anyIn: [a@contoso.example]}",
            "`a@contoso.example` is an address: a domain is asked",
        ),
        (
            "senders.domains: {anyIn: ['*.contoso.example']}",
            "leave the start out; `domainIn` covers subdomains",
        ),
        ("senders.domains: {anyIn: ['https://contoso.example']}", "is not a domain"),
        ("action.firstSeen: {olderThan: 2}", "`2` is not a duration: write it like `15m`, `2h` or `3d`"),
        ("action.firstSeen: {olderThan: 2w}", "`2w` is not a duration"),
        ("action.firstSeen: {olderThan: 0h}", "`0h` is not a duration"),
        ("alert.title: {matches: '(a'}", "RE2 does not take this pattern: missing ): (a"),
        ("alert.title: {matches: '(?=a)'}", "RE2 does not take this pattern"),
        ("alert.title: {matches: '" + "a" * 1001 + "'}", "a pattern has 1 to 1,000 characters"),
        (
            "messages: {any: {sender.ip: {cidr: 192.0.2.1/24}}}",
            "an address inside a network: write `192.0.2.0/24`",
        ),
        (
            'messages: {any: {sender.ip: {cidr: ["::ffff:192.0.2.0/120"]}}}',
            "holds addresses of version 4: write `192.0.2.0/24`",
        ),
        (
            "messages: {any: {sender.ip: {cidr: home}}}",
            "`home` is not a network: write it like `192.0.2.0/24`",
        ),
        ("messages: {any: {sender.ip: 300.0.2.1}}", "`300.0.2.1` is not an IP address"),
    ],
)
def test_values_are_refused_with_what_to_write_instead(match: str, message: str) -> None:
    found = told(match)

    assert len(found) == 1
    assert message in found[0]


@pytest.mark.parametrize(
    "match",
    [
        "cluster.mailboxCount: {atMost: 0}",
        "cluster.mailboxCount: {atMost: 1.5}",
        "cluster.mailboxCount: {above: -1}",
        "incident.id: '924'",
        "alert.title: NO",
        "alert.title: 12:30",
        "alert.title: 2026-08-24",
        "alert.category: on",
        "alert.title: ''",
        "cluster.volumeAnomaly: true",
        "action.firstSeen: {newerThan: 15m}",
        "messages: {any: {sender.ip: {cidr: [192.0.2.0/24, '2001:db8::/32']}}}",
        "alert.title: {matches: '(?i)invoice.*'}",
    ],
)
def test_values_that_are_plain_are_taken(match: str) -> None:
    assert told(match) == []


def test_a_number_of_five_thousand_digits_is_a_problem_and_not_a_crash() -> None:
    found = problems(policy_file("cluster.mailboxCount: {atMost: " + "9" * 5000 + "}"))

    assert found == ["7:34: `9999999999999999999…` is longer than 15 digits"]


def test_the_place_is_that_of_the_value() -> None:
    assert problems(policy_file("evidence.verdict: malicous"))[0].startswith("7:21: ")

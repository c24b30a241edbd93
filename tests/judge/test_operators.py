"""What each operator means, at its edges, by the closures and plainly."""

from datetime import timedelta

import pytest

from agent.model.facts import Value
from tests.judge.writing import NOW, answer, facts, list_file


def holds(match: str, value: Value, **more: str) -> bool | None:
    """Judge a condition on the one fact that it names."""
    return answer(match, facts({match.partition(":")[0]: value}), **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("match", "value", "expected"),
    [
        ("evidence.verdict: malicious", "malicious", True),
        ("evidence.verdict: malicious", "suspicious", False),
        ("alert.category: Malware", "malware", False),
        ("alert.title: Invoice", "INVOICE", True),
        ("alert.title: Invoice", "Invoice ", False),
        ("alert.title: straße", "STRASSE", True),
        ("cluster.emailCount: 5", 5, True),
        ("cluster.emailCount: 5", 6, False),
        ("cluster.volumeAnomaly: true", True, True),
        ("cluster.volumeAnomaly: true", False, False),
        ("cluster.volumeAnomaly: false", False, True),
        ("cluster.by: {in: [url, file]}", "file", True),
        ("cluster.by: {in: [url, file]}", "similarity", False),
        ("cluster.by: {notIn: [url, file]}", "similarity", True),
        ("cluster.by: {notIn: [url, file]}", "url", False),
        ("cluster.emailCount: {in: [1, 2]}", 2, True),
        ("cluster.emailCount: {atMost: 200}", 200, True),
        ("cluster.emailCount: {atMost: 200}", 201, False),
        ("cluster.emailCount: {atLeast: 200}", 200, True),
        ("cluster.emailCount: {atLeast: 200}", 199, False),
        ("cluster.emailCount: {above: 200}", 201, True),
        ("cluster.emailCount: {above: 200}", 200, False),
        ("cluster.emailCount: {below: 200}", 199, True),
        ("cluster.emailCount: {below: 200}", 200, False),
        ("cluster.emailCount: {between: [2, 4]}", 1, False),
        ("cluster.emailCount: {between: [2, 4]}", 2, True),
        ("cluster.emailCount: {between: [2, 4]}", 4, True),
        ("cluster.emailCount: {between: [2, 4]}", 5, False),
        ("cluster.emailCount: {atLeast: 2, atMost: 4}", 3, True),
        ("cluster.emailCount: {atLeast: 2, atMost: 4}", 5, False),
        ("alert.title: {startsWith: Email}", "email messages", True),
        ("alert.title: {startsWith: Email}", "An email", False),
        ("alert.title: {endsWith: Delivery}", "after delivery", True),
        ("alert.title: {endsWith: Delivery}", "delivery after", False),
        ("alert.title: {contains: URL}", "a malicious url removed", True),
        ("alert.title: {contains: URL}", "a file", False),
        ("alert.title: {matches: 'a.c'}", "abc", True),
        ("alert.title: {matches: 'a.c'}", "xabc", False),
        ("alert.title: {matches: 'a.c'}", "abcx", False),
        ("alert.title: {matches: 'a.c'}", "ABC", False),
        ("alert.title: {matches: '(?i)a.c'}", "ABC", True),
        ("alert.title: {matches: 'good'}", "good\x00evil", False),
        ("alert.title: {matches: '.*Board.*'}", "Re:\nBoard\r\nminutes", True),
        ("alert.title: {matches: 'a.c'}", "a\nc", True),
        ("alert.title: {matches: 'good'}", "good\n", False),
        ("alert.title: {matches: '^good$'}", "good\nevil", False),
        ("alert.title: {equals: good}", "good\x00evil", False),
        ("threats: {contains: phish}", frozenset({"phish", "spam"}), True),
        ("threats: {contains: phish}", frozenset({"spam"}), False),
        ("alert.titles: {contains: Invoice}", frozenset({"INVOICE"}), True),
        ("threats: {anyIn: [phish, malware]}", frozenset({"phish", "spam"}), True),
        ("threats: {anyIn: [phish, malware]}", frozenset({"spam"}), False),
        ("threats: {anyIn: [phish, malware]}", frozenset(), False),
        ("threats: {allIn: [phish, malware]}", frozenset({"phish"}), True),
        ("threats: {allIn: [phish, malware]}", frozenset({"phish", "spam"}), False),
        ("threats: {allIn: [phish, malware]}", frozenset(), None),
        ("threats: {noneIn: [phish, malware]}", frozenset({"spam"}), True),
        ("threats: {noneIn: [phish, malware]}", frozenset({"phish"}), False),
        ("threats: {noneIn: [phish, malware]}", frozenset(), True),
        ("recipients: {anyIn: [CEO@Contoso.example]}", frozenset({"ceo@contoso.EXAMPLE"}), True),
        ("action.firstSeen: {olderThan: 2h}", NOW - timedelta(hours=2), False),
        ("action.firstSeen: {olderThan: 2h}", NOW - timedelta(hours=2, seconds=1), True),
        ("action.firstSeen: {newerThan: 2h}", NOW - timedelta(hours=2), False),
        ("action.firstSeen: {newerThan: 2h}", NOW - timedelta(hours=1, minutes=59), True),
        ("action.deadline: {newerThan: 15m}", NOW + timedelta(days=1), True),
        ("alert.title: {exists: true}", "x", True),
        ("alert.title: {exists: false}", "x", False),
    ],
)
def test_operators_mean_what_they_say(match: str, value: Value, expected: bool | None) -> None:
    assert holds(match, value) is expected


@pytest.mark.parametrize(
    ("domain", "expected"),
    [
        ("partner.example", True),
        ("PARTNER.Example", True),
        ("partner.example.", True),
        ("sub.partner.example", True),
        ("a.b.partner.example", True),
        ("evilpartner.example", False),
        ("partner.example.evil.example", False),
        ("partner-example", False),
        ("example", False),
        ("", None),
    ],
)
def test_a_domain_is_compared_label_by_label(domain: str, expected: bool | None) -> None:
    match = "messages: {any: {sender.domain: {domainIn: partner.example}}}"

    assert answer(match, facts(messages=({"sender.domain": domain},))) is expected


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("a@partner.example", True),
        ("a@mail.partner.example", True),
        ("partner.example@evil.example", False),
        ("a@partner.example@evil.example", False),
        ("a@evilpartner.example", False),
    ],
)
def test_of_an_address_its_domain_is_compared(address: str, expected: bool) -> None:
    match = "messages: {any: {sender.address: {domainIn: [partner.example, other.example]}}}"

    assert answer(match, facts(messages=({"sender.address": address},))) is expected


@pytest.mark.parametrize(
    ("ip", "expected"),
    [
        ("192.0.2.0", True),
        ("192.0.2.255", True),
        ("192.0.3.0", False),
        ("::ffff:192.0.2.7", True),
        ("2001:db8::1", True),
        ("2001:DB9::1", False),
        ("somewhere", None),
    ],
)
def test_an_address_lies_in_a_network(ip: str, expected: bool | None) -> None:
    match = "messages: {any: {sender.ip: {cidr: [192.0.2.0/24, '2001:db8::/32']}}}"

    assert answer(match, facts(messages=({"sender.ip": ip},))) is expected


def test_two_spellings_of_one_ip_address_are_equal() -> None:
    match = "messages: {any: {sender.ip: '2001:db8::1'}}"

    assert answer(match, facts(messages=({"sender.ip": "2001:0DB8:0:0::1"},))) is True


def test_lists_and_values_can_be_named_together() -> None:
    lists = list_file("vip", "ceo@contoso.example")
    match = "recipients: {anyIn: [$vip, cfo@contoso.example]}"

    assert answer(match, facts({"recipients": frozenset({"cfo@contoso.example"})}), lists=lists) is True
    assert answer(match, facts({"recipients": frozenset({"ceo@contoso.example"})}), lists=lists) is True
    assert answer(match, facts({"recipients": frozenset({"anna@contoso.example"})}), lists=lists) is False


def test_a_list_may_be_empty() -> None:
    seen = facts({"recipients": frozenset({"anna@contoso.example"})})

    assert answer("recipients: {anyIn: $vip}", seen, lists=list_file("vip")) is False


PAIRS = list_file(
    "pairs", "{sender.domain: a.example, auth.dmarc: pass}", "{sender.domain: b.example, auth.dmarc: none}"
)


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ({"sender.domain": "A.example", "auth.dmarc": "pass"}, True),
        ({"sender.domain": "b.example", "auth.dmarc": "none"}, True),
        ({"sender.domain": "a.example", "auth.dmarc": "none"}, False),
        ({"sender.domain": "c.example"}, False),
        ({"sender.domain": "a.example"}, None),
        ({"auth.dmarc": "pass"}, None),
        ({"auth.dmarc": "fail"}, False),
        ({}, None),
    ],
)
def test_an_entry_matches_where_all_of_its_members_do(
    message: dict[str, Value], expected: bool | None
) -> None:
    assert answer("messages: {any: {oneOf: $pairs}}", facts(messages=(message,)), lists=PAIRS) is expected


def test_entries_may_name_facts_of_the_action() -> None:
    match = "oneOf: [{mailbox.address: A@contoso.example, mailbox.configurationId: R1}]"
    seen = facts({"mailbox.address": "a@contoso.example", "mailbox.configurationId": "r1"})

    assert answer(match, seen, kinds="disableForwarding") is True

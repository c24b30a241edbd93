"""Unknown is neither true nor false: it never approves, and it never rules out."""

import pytest

from agent.model.facts import Value
from tests.judge.writing import answer, facts

HOLDS, FAILS, OPEN = "cluster.by: url", "cluster.by: file", "alert.severity: low"
SEEN = facts({"cluster.by": "url"})


@pytest.mark.parametrize(
    ("match", "expected"),
    [
        (OPEN, None),
        ("alert.severity: {notIn: [low]}", None),
        ("alert.severity: {exists: true}", False),
        ("alert.severity: {exists: false}", True),
        (f"not: {{{OPEN}}}", None),
        (f"not: {{{HOLDS}}}", False),
        (f"not: {{{FAILS}}}", True),
        (f"not: {{not: {{{OPEN}}}}}", None),
        (f"all: [{{{HOLDS}}}, {{{OPEN}}}]", None),
        (f"all: [{{{FAILS}}}, {{{OPEN}}}]", False),
        (f"all: [{{{OPEN}}}, {{{FAILS}}}]", False),
        (f"any: [{{{HOLDS}}}, {{{OPEN}}}]", True),
        (f"any: [{{{OPEN}}}, {{{HOLDS}}}]", True),
        (f"any: [{{{FAILS}}}, {{{OPEN}}}]", None),
        (f"{HOLDS}\n{OPEN}", None),
        (f"{OPEN}\ncluster.by: file", False),
        (f"all: [{{alert.severity: {{exists: true}}}}, {{{OPEN}}}]", False),
    ],
)
def test_unknown_is_carried_through_all_any_and_not(match: str, expected: bool | None) -> None:
    assert answer(match, SEEN) is expected


@pytest.mark.parametrize("operator", ["equals", "in", "notIn", "cidr"])
@pytest.mark.parametrize("ip", ["192.0.2.001", "nowhere", "192.0.2"])
def test_an_ip_address_that_cannot_be_read_is_unknown(operator: str, ip: str) -> None:
    operand = (
        "192.0.2.1" if operator == "equals" else "[192.0.2.1/32]" if operator == "cidr" else "[192.0.2.1]"
    )
    messages: tuple[dict[str, Value], ...] = ({"sender.ip": ip},)

    for quantifier in ("any", "all", "none"):
        match = f"messages: {{{quantifier}: {{sender.ip: {{{operator}: {operand}}}}}}}"
        assert answer(match, facts(messages=messages)) is None


@pytest.mark.parametrize(("ip", "is_known"), [("192.0.2.001", False), ("192.0.2.1", True), ("::1", True)])
def test_an_ip_address_that_cannot_be_read_does_not_exist(ip: str, is_known: bool) -> None:
    seen = facts(messages=({"sender.ip": ip},))

    assert answer("messages: {any: {sender.ip: {exists: true}}}", seen) is is_known
    assert answer("messages: {any: {sender.ip: {exists: false}}}", seen) is not is_known


@pytest.mark.parametrize("operator", ["anyIn", "allIn", "noneIn"])
@pytest.mark.parametrize("is_complete", [True, False])
def test_a_set_that_is_not_given_is_unknown_to_every_operator(operator: str, is_complete: bool) -> None:
    for match in (
        f"recipients: {{{operator}: [ceo@contoso.example]}}",
        f"threats: {{{operator}: [phish]}}",
        f"not: {{recipients: {{{operator}: [ceo@contoso.example]}}}}",
        f"messages: {{any: {{threats: {{{operator}: [phish]}}}}}}",
        f"messages: {{none: {{threats: {{{operator}: [phish]}}}}}}",
    ):
        assert answer(match, facts(messages=({"subject": "x"},), is_complete=is_complete)) is None


SOME = frozenset({"phish"})


@pytest.mark.parametrize(
    ("match", "value", "expected"),
    [
        ("threats: {anyIn: [phish]}", SOME, True),
        ("threats: {anyIn: [malware]}", SOME, None),
        ("threats: {noneIn: [phish]}", SOME, False),
        ("threats: {noneIn: [malware]}", SOME, None),
        ("threats: {allIn: [malware]}", SOME, False),
        ("threats: {allIn: [phish]}", SOME, None),
        ("threats: {contains: phish}", SOME, True),
        ("threats: {contains: malware}", SOME, None),
        ("not: {threats: {anyIn: [malware]}}", SOME, None),
        ("not: {threats: {anyIn: [phish]}}", SOME, False),
        ("threats: {exists: true}", SOME, True),
        ("recipients.count: {atMost: 5}", 3, None),
        ("recipients.count: {above: 5}", 3, None),
    ],
)
def test_a_set_known_only_in_part_gives_only_the_answer_that_more_members_cannot_change(
    match: str, value: Value, expected: bool | None
) -> None:
    fact = match.removeprefix("not: {").partition(":")[0]

    assert answer(match, facts({fact: value}, messages=(), is_complete=False)) is expected


def test_facts_that_are_not_over_messages_stay_certain_while_messages_are_missing() -> None:
    assert answer("cluster.by: file", facts({"cluster.by": "url"}, is_complete=False)) is False
    assert answer("cluster.by: url", facts({"cluster.by": "url"}, is_complete=False)) is True


SPAM: dict[str, Value] = {"subject": "spam"}
NEWS: dict[str, Value] = {"subject": "news"}
BARE: dict[str, Value] = {}


@pytest.mark.parametrize(
    ("quantifier", "messages", "complete", "partial"),
    [
        ("any", (SPAM, NEWS), True, True),
        ("any", (NEWS, NEWS), False, None),
        ("any", (NEWS, BARE), None, None),
        ("any", (SPAM, BARE), True, True),
        ("all", (SPAM, SPAM), True, None),
        ("all", (SPAM, NEWS), False, False),
        ("all", (SPAM, BARE), None, None),
        ("all", (NEWS, BARE), False, False),
        ("none", (NEWS, NEWS), True, None),
        ("none", (SPAM, NEWS), False, False),
        ("none", (NEWS, BARE), None, None),
        ("none", (SPAM, BARE), False, False),
        ("any", (), None, None),
        ("all", (), None, None),
        ("none", (), None, None),
        ("any", None, None, None),
        ("all", None, None, None),
        ("none", None, None, None),
    ],
)
def test_messages(
    quantifier: str,
    messages: tuple[dict[str, Value], ...] | None,
    complete: bool | None,
    partial: bool | None,
) -> None:
    match = f"messages: {{{quantifier}: {{subject: spam}}}}"

    assert answer(match, facts(messages=messages)) is complete
    assert answer(match, facts(messages=messages, is_complete=False)) is partial


@pytest.mark.parametrize(
    ("bounds", "messages", "expected"),
    [
        ("atLeast: 0.9", (SPAM,) * 9 + (NEWS,), True),
        ("atLeast: 0.9", (SPAM,) * 8 + (NEWS,) * 2, False),
        ("atLeast: 0.9", (SPAM,) * 8 + (NEWS, BARE), None),
        ("atLeast: 0.7", (SPAM,) * 7 + (NEWS,) * 3, True),
        ("atMost: 0.1", (SPAM,) + (NEWS,) * 9, True),
        ("atMost: 0.1", (SPAM,) * 2 + (NEWS,) * 8, False),
        ("atLeast: 0.4, atMost: 0.6", (SPAM, NEWS), True),
        ("atLeast: 0.4, atMost: 0.6", (SPAM, BARE), None),
        ("atLeast: 0.4", (SPAM, BARE), True),
        ("atLeast: 0.1", (), None),
        ("atLeast: 0.1", None, None),
    ],
)
def test_a_share_of_the_messages(
    bounds: str, messages: tuple[dict[str, Value], ...] | None, expected: bool | None
) -> None:
    match = f"messages: {{share: {{of: {{subject: spam}}, {bounds}}}}}"

    assert answer(match, facts(messages=messages)) is expected
    assert answer(match, facts(messages=messages, is_complete=False)) is None


def test_conditions_inside_messages_are_judged_on_one_and_the_same_message() -> None:
    match = "messages: {any: {sender.domain: partner.example, auth.dmarc: pass}}"
    apart = (
        {"sender.domain": "partner.example", "auth.dmarc": "fail"},
        {"sender.domain": "x.example", "auth.dmarc": "pass"},
    )

    assert answer(match, facts(messages=apart)) is False
    assert (
        answer(match, facts(messages=(*apart, {"sender.domain": "partner.example", "auth.dmarc": "pass"})))
        is True
    )


def test_a_message_s_own_moment_is_compared_with_now() -> None:
    seen = facts(messages=({"received": facts().now},))

    assert answer("messages: {all: {received: {newerThan: 1h}}}", seen) is True

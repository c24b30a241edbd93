"""Entries of lists come to their end: valid strictly before the moment, gone at it."""

from datetime import UTC, datetime, timedelta

import pytest

from agent.judge.explain import match_clauses
from agent.judge.operand import operand_at
from agent.judge.operators import Rows
from agent.model.facts import Facts, Value
from agent.model.policy import Expiry, Test
from tests.judge.writing import a_judge, a_list, answer, decided, facts, parsed, policy_file

END = datetime(2026, 9, 1, tzinfo=UTC)
INSTANT = timedelta(microseconds=1)
VIP = a_list(
    "vip",
    "type: addresses\nentries:\n  - ceo@contoso.example\n"
    "  - {value: cfo@contoso.example, reason: on leave, expires: 2026-08-31}",
)


def to(*recipients: str, now: datetime) -> Facts:
    return facts({"recipients": frozenset(recipients)}, now=now)


def first_test(match: str, lists: dict[str, bytes]) -> Test:
    found = parsed(policy_file(match), lists).match.conditions[0]
    assert isinstance(found, Test)
    return found


@pytest.mark.parametrize(
    ("match", "before", "after"),
    [
        ("recipients: {anyIn: $vip}", True, False),
        ("recipients: {noneIn: $vip}", False, True),
        ("recipients: {allIn: $vip}", True, False),
        ("not: {recipients: {anyIn: $vip}}", False, True),
        ("recipients: {anyIn: [cfo@contoso.example, $vip]}", True, True),
    ],
)
def test_a_date_lasts_to_its_end_and_not_a_moment_longer(match: str, before: bool, after: bool) -> None:
    assert answer(match, to("CFO@contoso.example", now=END - INSTANT), lists=VIP) is before
    assert answer(match, to("CFO@contoso.example", now=END), lists=VIP) is after
    assert answer(match, to("ceo@contoso.example", now=END), lists=VIP) is (
        "not" not in match and "none" not in match
    )


@pytest.mark.parametrize(
    ("match", "entries", "row"),
    [
        ("sender.domain: {domainIn: $it}", "{value: a.example, expires: 2026-08-31}", {"sender.domain": "x.a.example"}),
        ("sender.domain: {in: $it}", "{value: a.example, expires: 2026-08-31}", {"sender.domain": "A.example"}),
        ("sender.ip: {cidr: $it}", "{value: 192.0.2.0/24, expires: 2026-08-31}", {"sender.ip": "192.0.2.7"}),
        (
            "oneOf: $it",
            "{value: {sender.domain: a.example, auth.dmarc: pass}, expires: 2026-08-31}",
            {"sender.domain": "a.example", "auth.dmarc": "pass"},
        ),
    ],
)  # fmt: skip
def test_whatever_an_entry_is_it_ends(match: str, entries: str, row: dict[str, Value]) -> None:
    lists = a_list("it", f"entries:\n  - {entries}")
    messages = f"messages: {{any: {{{match}}}}}"

    assert answer(messages, facts(messages=(row,), now=END - INSTANT), lists=lists) is True
    assert answer(messages, facts(messages=(row,), now=END), lists=lists) is False


def test_an_entry_that_is_over_lies_within_one_that_is_not() -> None:
    lists = a_list("it", "entries:\n  - 192.0.2.0/24\n  - {value: 192.0.2.7, expires: 2026-08-31}")
    seen = facts(messages=({"sender.ip": "192.0.2.7"},), now=END)

    assert answer("messages: {any: {sender.ip: {cidr: $it}}}", seen, lists=lists) is True


def test_a_value_that_stands_there_twice_lasts_as_long_as_it_does_anywhere() -> None:
    two = a_list(
        "two", "entries:\n  - {value: a, expires: 2026-08-31}\n  - {value: A, expires: 2026-09-30}\n  - b"
    )
    lasting = a_list("lasting", "entries: [{value: b, expires: 2026-08-31}, b]")

    assert first_test("alert.title: {in: $two}", two).expiries == (
        Expiry(at=datetime(2026, 10, 1, tzinfo=UTC), values=frozenset({"a"})),
    )
    assert first_test("alert.title: {in: [$two, $lasting]}", two | lasting).expiries == (
        Expiry(at=datetime(2026, 10, 1, tzinfo=UTC), values=frozenset({"a"})),
    )


def test_the_operand_of_a_moment_is_of_the_same_kind_as_the_whole() -> None:
    test = first_test("recipients: {anyIn: $vip}", VIP)
    rows = a_list("it", "entries:\n  - {value: {alert.title: a, alert.category: b}, expires: 2026-08-31}")
    row = first_test("oneOf: $it", rows)

    assert test.operand == {"ceo@contoso.example", "cfo@contoso.example"}
    assert operand_at(test, END - INSTANT) == test.operand
    assert operand_at(test, END) == {"ceo@contoso.example"}
    assert operand_at(row, END) == Rows(facts=("alert.title", "alert.category"), rows=frozenset())


def test_the_words_go_by_who_is_on_the_list_at_the_time() -> None:
    policy = parsed(policy_file("recipients: {anyIn: $vip}"), VIP)
    both = ("ceo@contoso.example", "cfo@contoso.example")

    before, after = (match_clauses(policy, to(*both, now=now))[0].words for now in (END - INSTANT, END))

    assert before == "`recipients` has ceo@contoso.example, cfo@contoso.example (2 of 2), in $vip"
    assert after == "`recipients` has ceo@contoso.example (1 of 2), in $vip"


def test_one_judge_answers_for_any_moment_in_any_order() -> None:
    """A look back goes through months; what was worked out for one of them must not stay for the next."""
    days = [END + timedelta(days=each) for each in range(40)]
    entries = "".join(f"\n  - {{value: a{at}, expires: {day.date()}}}" for at, day in enumerate(days))
    judge = a_judge(policy_file("alert.title: {in: $it}"), lists=a_list("it", f"entries:{entries}"))

    def is_in(at: int, now: datetime) -> bool:
        return bool(decided(judge, facts({"alert.title": f"a{at}"}, now=now)).policies)

    for at in (0, 39, 7, 20, 0, 39):
        assert is_in(at, days[at] + timedelta(days=1) - INSTANT)
        assert not is_in(at, days[at] + timedelta(days=1))

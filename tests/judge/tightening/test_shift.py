"""In which direction answers can go when a list gets longer; that it is so whatever the facts, tests/trust looks for."""

import pytest

from agent.judge.tightening.shift import only_falls, only_rises, policy_only_falls, policy_only_rises
from agent.model.policy import Condition, Policy
from tests.judge.writing import list_file, parsed, policy_file

SHORT = {**list_file("some", "a.example"), **list_file("days", '"2026-08-24"')}
LONG = {**list_file("some", "a.example", "b.example"), **list_file("days", '"2026-08-24"', '"2026-08-25"')}


def pair(match: str, unless: str = "") -> tuple[Policy, Policy]:
    """Return a policy with the shorter lists, and with the longer ones."""
    data = policy_file(match, unless=unless)
    return parsed(data, SHORT), parsed(data, LONG)


def conditions(match: str) -> tuple[Condition, Condition]:
    return pair(match)[0].match, pair(match)[1].match


OF_ROW = "{sender.domain: {in: $some}}"


@pytest.mark.parametrize(
    ("match", "rises", "falls"),
    [
        ("evidence.verdict: malicious", True, True),
        ("senders.domains: {anyIn: $some}", True, False),
        ("senders.domains: {allIn: $some}", True, False),
        ("senders.domains: {noneIn: $some}", False, True),
        ("cluster.value: {notIn: [x]}\nsenders.domains: {anyIn: $some}", True, False),
        ("moment: {zone: UTC, dates: $days}", True, False),
        ("not: {moment: {zone: UTC, dates: $days}}", False, True),
        ("any: [{senders.domains: {anyIn: $some}}, {alert.severity: low}]", True, False),
        ("not: {senders.domains: {anyIn: $some}}", False, True),
        ("not: {not: {senders.domains: {anyIn: $some}}}", True, False),
        ("all: [{senders.domains: {anyIn: $some}}, {senders.domains: {noneIn: $some}}]", False, False),
        (f"messages: {{any: {OF_ROW}}}", True, False),
        (f"messages: {{all: {OF_ROW}}}", True, False),
        (f"messages: {{none: {OF_ROW}}}", False, True),
        (f"messages: {{share: {{of: {OF_ROW}, atLeast: 0.5}}}}", True, False),
        (f"messages: {{share: {{of: {OF_ROW}, atMost: 0.5}}}}", False, False),
        ("messages: {any: {sender.domain: {domainIn: $some}}}", True, False),
    ],
)
def test_which_way_a_condition_goes(match: str, rises: bool, falls: bool) -> None:
    before, after = conditions(match)

    assert (only_rises(before, after), only_falls(before, after)) == (rises, falls)


@pytest.mark.parametrize(
    ("match", "unless", "rises", "falls"),
    [
        ("senders.domains: {anyIn: $some}", "", True, False),
        ("alert.severity: low", "- senders.domains: {anyIn: $some}", False, True),
        ("alert.severity: low", "- senders.domains: {noneIn: $some}", True, False),
        ("senders.domains: {anyIn: $some}", "- senders.domains: {anyIn: $some}", False, False),
    ],
)
def test_what_is_ruled_out_goes_the_other_way(match: str, unless: str, rises: bool, falls: bool) -> None:
    before, after = pair(match, unless)

    assert (policy_only_rises(before, after), policy_only_falls(before, after)) == (rises, falls)


def test_of_conditions_that_are_not_the_same_nothing_is_said() -> None:
    one, other = parsed(policy_file("alert.severity: low")), parsed(policy_file("not: {alert.severity: low}"))

    assert not only_rises(one.match, other.match)
    assert not only_falls(one.match.conditions[0], other.match.conditions[0])

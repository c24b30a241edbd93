"""An approval past a limit of its policy is held, and says which limit and what is spent."""

import pytest

from agent.judge.guard import Spending, family, first_passed, guard_of, guarded, hold, over, weigh
from agent.model.decision import Unit, Verb
from tests.judge.writing import a_judge, decided, facts, parsed, policy_file

LIMITED = policy_file("cluster.by: url", more="limits: {actions: 20/h, messages: 5000/2d}")
POLICY = parsed(LIMITED)


def spent(actions: int = 0, messages: int = 0) -> Spending:
    return lambda _policy, unit, _limit: actions if unit is Unit.ACTIONS else messages


@pytest.mark.parametrize(
    ("actions", "words"),
    [(19, None), (20, "`p` may approve 20 actions in one hour, and 20 are spent")],
)
def test_the_limit_of_actions(actions: int, words: str | None) -> None:
    passed = first_passed(weigh([POLICY], spent(actions=actions), 5_000))

    assert (None if passed is None else over(passed)) == words


@pytest.mark.parametrize(
    ("messages", "words"),
    [
        (4_990, None),
        (4_991, "`p` may approve 5000 messages in 2 days, 4991 are spent, and this has 10"),
    ],
)
def test_the_limit_of_messages(messages: int, words: str | None) -> None:
    passed = first_passed(weigh([POLICY], spent(messages=messages), 10))

    assert (None if passed is None else over(passed)) == words


def test_the_family_of_a_guard_names_no_policy() -> None:
    passed = first_passed(weigh([POLICY], spent(actions=20), 1))
    assert passed is not None

    assert (guard_of(passed), family(guard_of(passed)), family("brake")) == ("limits of p", "limits", "brake")


def test_what_was_weighed_is_kept_up_to_the_first_limit_that_would_be_passed() -> None:
    other = parsed(policy_file("cluster.by: url", name="q", more="limits: {messages: 7/m}"))

    none = weigh([POLICY, other], spent(), 7)
    first = weigh([POLICY, other], spent(actions=20), 7)
    last = weigh([POLICY, other], spent(messages=1), 7)

    assert [(one.policy, one.unit, one.asked) for one in none] == [
        ("p", Unit.ACTIONS, 1),
        ("p", Unit.MESSAGES, 7),
        ("q", Unit.MESSAGES, 7),
    ]
    assert first == weigh([POLICY], spent(actions=20), 7)
    assert [one.is_over for one in first] == [True]
    assert [one.is_over for one in last] == [False, False, True]


def test_an_approval_within_its_limits_stays_one_and_keeps_what_it_was_weighed_against() -> None:
    approved = decided(a_judge(LIMITED), facts({"cluster.by": "url"}))
    weighed = weigh([POLICY], spent(actions=19), 1)

    after = guarded(approved, weighed)

    assert (after.verb, after.guard, after.weighed) == (Verb.APPROVE, None, weighed)
    assert after.grounds == approved.grounds


def test_whether_an_approval_is_held_follows_from_what_it_was_weighed_against() -> None:
    approved = decided(a_judge(LIMITED), facts({"cluster.by": "url"}))
    weighed = weigh([POLICY], spent(actions=20), 1)

    after = guarded(approved, weighed)

    assert (after.verb, after.guard, after.weighed) == (Verb.ESCALATE, "limits of p", weighed)
    assert after.reason == (
        f"held by `limits of p`: `p` may approve 20 actions in one hour, and 20 are spent; otherwise {approved.reason}"
    )


def test_what_is_held_is_a_question_that_keeps_its_grounds_apart() -> None:
    approved = decided(a_judge(LIMITED), facts({"cluster.by": "url"}))

    held = hold(approved, "limit of p", "20 are spent")

    assert (held.verb, held.guard) == (Verb.ESCALATE, "limit of p")
    assert held.reason == f"held by `limit of p`: 20 are spent; otherwise {approved.reason}"
    assert held.grounds != approved.grounds
    assert held.findings == approved.findings
    assert hold(approved, "limit of p", "21 are spent").grounds == held.grounds

"""An approval past a limit of its policy is held, and says which limit and what is spent."""

import pytest

from agent.judge.guard import hold, over_limit
from agent.model.decision import Verb
from agent.model.enactment import Spent
from tests.judge.writing import a_judge, decided, facts, parsed, policy_file

LIMITED = policy_file("cluster.by: url", more="limits: {actions: 20/h, messages: 5000/2d}")
POLICY = parsed(LIMITED)


@pytest.mark.parametrize(
    ("spent", "words"),
    [
        (Spent(actions=19, messages=9_999), None),
        (Spent(actions=20), "`p` may approve 20 actions in one hour, and 20 are spent"),
    ],
)
def test_the_limit_of_actions(spent: Spent, words: str | None) -> None:
    limit = POLICY.limits.actions
    assert limit is not None

    assert over_limit(POLICY, limit, spent, 100_000) == words


@pytest.mark.parametrize(
    ("spent", "words"),
    [
        (Spent(actions=99, messages=4_990), None),
        (
            Spent(messages=4_991),
            "`p` may approve 5000 messages in 2 days, 4991 are spent, and this has 10",
        ),
    ],
)
def test_the_limit_of_messages(spent: Spent, words: str | None) -> None:
    limit = POLICY.limits.messages
    assert limit is not None

    assert over_limit(POLICY, limit, spent, 10) == words


def test_what_is_held_is_a_question_that_keeps_its_grounds_apart() -> None:
    approved = decided(a_judge(LIMITED), facts({"cluster.by": "url"}))

    held = hold(approved, "limit of p", "20 are spent")

    assert (held.verb, held.guard) == (Verb.ESCALATE, "limit of p")
    assert held.reason == f"held by `limit of p`: 20 are spent; otherwise {approved.reason}"
    assert held.grounds != approved.grounds
    assert held.findings == approved.findings
    assert hold(approved, "limit of p", "21 are spent").grounds == held.grounds

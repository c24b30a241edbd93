"""`approvers` and `remediateSendersCopy`: what a policy that approves may ask for, and no other."""

import pytest

from agent.judge.parse import parse_set
from agent.model.errors import PolicyError
from tests.judge.writing import a_judge, chains_of, decided, facts, parsed, policy_file

MATCH = "cluster.by: url"


def told(**more: str) -> list[str]:
    data = policy_file(MATCH, **more)
    with pytest.raises(PolicyError) as caught:
        parse_set({"policies/p.yaml": data, **chains_of(data)})
    return [problem.message for problem in caught.value.problems]


@pytest.mark.parametrize("count", [0, 1, 5])
def test_a_policy_says_how_many_people_have_to_approve(count: int) -> None:
    assert parsed(policy_file(MATCH, more=f"approvers: {count}")).approvers == count
    assert parsed(policy_file(MATCH)).approvers == 0


@pytest.mark.parametrize("wrong", ["-1", "6", "1.5", "two", "true"])
def test_any_other_number_of_people_is_refused(wrong: str) -> None:
    (message,) = told(more=f"approvers: {wrong}")

    assert message.startswith(("a whole number from 0 to 5 is asked for", f"`{wrong}` is not a number"))


@pytest.mark.parametrize(("text", "wanted"), [("true", True), ("false", False)])
def test_a_policy_says_whether_the_senders_copy_goes_too(text: str, wanted: bool) -> None:
    assert parsed(policy_file(MATCH, more=f"remediateSendersCopy: {text}")).remediate_senders_copy is wanted
    assert not parsed(policy_file(MATCH)).remediate_senders_copy


def test_whether_the_senders_copy_goes_is_a_boolean() -> None:
    assert told(more="remediateSendersCopy: yes") == ["`yes` is not a boolean: write `true` or `false`"]


@pytest.mark.parametrize("verb", ["reject", "escalate"])
def test_what_does_not_approve_asks_for_neither(verb: str) -> None:
    assert told(decide=verb, more="approvers: 1\nremediateSendersCopy: true") == [
        "approvers hold an approval back: leave them out of a policy that does not approve",
        "only what is approved is remediated: leave `remediateSendersCopy` out of this policy",
    ]


def test_what_only_informs_asks_for_neither() -> None:
    found = told(decide="", more="inform: soc\napprovers: 1\nremediateSendersCopy: true")

    assert [message for message in found if message.endswith("this one only informs")] == [
        "`approvers` belongs to a policy that decides: this one only informs",
        "`remediateSendersCopy` belongs to a policy that decides: this one only informs",
    ]


def test_only_mail_has_a_senders_copy() -> None:
    with pytest.raises(PolicyError) as caught:
        parse_set(
            {
                "policies/p.yaml": policy_file(
                    "evidence.verdict: malicious", kinds="quarantineFile", more="remediateSendersCopy: true"
                )
            }
        )

    assert [one.message for one in caught.value.problems] == [
        "a sender's copy has no meaning for these kinds: leave it out"
    ]


@pytest.mark.parametrize(("second", "wanted"), [("", False), ("remediateSendersCopy: true", True)])
def test_the_senders_copy_goes_where_every_policy_that_decides_says_so(second: str, wanted: bool) -> None:
    judge = a_judge(
        policy_file(MATCH, name="one", more="remediateSendersCopy: true"),
        policy_file(MATCH, name="two", more=second),
    )

    assert decided(judge, facts({"cluster.by": "url"})).senders_copy is wanted


def test_what_is_not_approved_has_no_senders_copy_to_take() -> None:
    judge = a_judge(policy_file(MATCH, more="remediateSendersCopy: true"))

    assert not decided(judge, facts({"cluster.by": "file"})).senders_copy

"""That a policy fell back is part of its set; and which approvals of which policies were overturned."""

from datetime import datetime, timedelta

import msgspec
import pytest

from agent.judge.compile import compile_set
from agent.judge.fallen import beside, fallen_file, is_made, standing
from agent.judge.overturn import moved_back, overturned
from agent.judge.parse import parse_set
from agent.model.decision import Answered, Decision, Verb
from agent.model.defender import Mail
from agent.model.errors import PolicyError
from agent.model.fallback import Fallback
from agent.model.pending import ActionKind
from agent.model.policy import Fallen
from tests.adapters.records import NOW, a_decided_record, a_decision, an_action, an_effect
from tests.judge.writing import TENANT, policy_file
from tests.makers import a_copy

HOUR = timedelta(hours=1)
FELL = Fallen(since=NOW, words="so")
FILES = {"policies/p.yaml": policy_file(), "policies/q.yaml": policy_file(name="q")}
CLUSTER = ActionKind.SOFT_DELETE_CLUSTER


def test_a_set_in_which_a_policy_fell_back_is_another_set_and_says_so() -> None:
    before = parse_set(FILES)
    files = {**FILES, **beside(before.policies, {"p": FELL, "gone": FELL})}

    after = parse_set(files)

    assert after.revision != before.revision
    assert after.files == files
    assert {one.name: one.fallen for one in after.policies} == {"p": FELL, "q": None}
    assert parse_set(after.files) == after


@pytest.mark.parametrize("enforces_observers", [False, True])
def test_what_fell_back_observes_whatever_else_is_said(enforces_observers: bool) -> None:
    files = {**FILES, **beside(parse_set(FILES).policies, {"p": FELL})}

    judge = compile_set(parse_set(files))

    counting = [
        one.policy.name
        for one in judge.of_kind(CLUSTER)
        if one.enforces(CLUSTER, TENANT, enforces_observers=enforces_observers)
    ]
    assert counting == ["q"]
    assert judge.policy("p").observes_somewhere(enforces_observers=enforces_observers)
    assert not judge.policy("q").observes_somewhere(enforces_observers=enforces_observers)


def test_another_file_of_that_name_does_not_load() -> None:
    with pytest.raises(
        PolicyError, match=r"p\.yaml\.fallen:1:1: does not say since when the policy observes"
    ):
        parse_set({**FILES, fallen_file("policies/p.yaml"): b"{}"})


def test_what_lies_beside_no_policy_is_no_part_of_the_set() -> None:
    assert parse_set({**FILES, "policies/r.yaml.fallen": b"{}"}) == parse_set(FILES)


def test_nobody_wrote_what_is_made() -> None:
    assert [is_made(one) for one in ("p.yaml", "p.yaml.fallen", "lists/vip.members")] == [False, True, True]


def test_only_what_stands_observes() -> None:
    one = Fallback(policy="p", since=NOW, action_id="a", words="so", revision="r")
    other = msgspec.structs.replace(one, policy="q", ended=NOW + HOUR)

    assert standing([one, other]) == {"p": FELL}


def decided(**more: object) -> Decision:
    return msgspec.structs.replace(a_decision(an_action()), **more)


ANSWER = Answered(object_id="o", name="Eve", at=NOW, verb=Verb.APPROVE, reason="yes", grant="role:r")


@pytest.mark.parametrize(
    ("more", "ended", "falls"),
    [
        ({}, {}, ["p", "q"]),
        ({"answered": (ANSWER,), "policies": ()}, {}, []),
        ({"answered": (ANSWER,)}, {}, []),
        ({"verb": Verb.ESCALATE}, {}, []),
        ({"at": NOW + HOUR}, {}, []),
        ({}, {"p": NOW}, ["q"]),
        ({}, {"p": NOW - timedelta(microseconds=1)}, ["p", "q"]),
    ],
)
def test_what_policies_approved_by_themselves_is_theirs(
    more: dict[str, object], ended: dict[str, datetime], falls: list[str]
) -> None:
    decision = decided(**{"policies": ("p", "q"), **more})

    found = overturned([an_effect(a_decided_record())], [decision, decision], ended, "so", NOW + HOUR)

    assert [one.policy for one in found] == falls


def test_only_copies_in_mailboxes_that_nobody_of_us_put_back_were_moved() -> None:
    copies = [a_copy(1), a_copy(2), a_copy(3, location="others"), a_copy(4, location=None), a_copy(5)]
    effect = an_effect(a_decided_record(), targets=tuple(copy.pair for copy in copies[:4]))

    found = moved_back(effect, Mail(messages=tuple(copies)), {copies[1].pair})

    assert found == (copies[0].pair,)

"""The shipped policies do what the cases beside them say."""

from pathlib import Path

import pytest

from agent.adapters.host import PolicyFiles
from agent.judge.cases import PolicyCase
from agent.judge.compile import compile_set
from agent.judge.coverage import coverage
from agent.judge.examine import case_book, examine, shortcomings
from agent.judge.layout import CASES
from agent.judge.parse import parse_set
from agent.model.decision import Verb
from agent.model.policy import Mode, Policy

ROOT = Path(__file__).parents[2] / "policies"
FILES = PolicyFiles(ROOT).files()
SET = parse_set(FILES)
JUDGE = compile_set(SET)
BOOK = case_book(FILES, SET)
CASE_FILES = BOOK.files
ALL_CASES = BOOK.cases


@pytest.mark.parametrize("case", ALL_CASES, ids=lambda case: f"{Path(case.file).stem}: {case.name}")
def test_the_set_decides_as_the_case_says(case: PolicyCase) -> None:
    assert examine(JUDGE, case).failure == ""


def test_every_file_of_cases_and_every_situation_can_be_read() -> None:
    assert BOOK.problems == ()


def test_every_policy_has_a_case_in_which_it_acts_and_one_in_which_it_does_not() -> None:
    assert shortcomings(SET.policies, BOOK, [examine(JUDGE, case) for case in ALL_CASES]) == ()


@pytest.mark.parametrize("policy", SET.policies, ids=lambda policy: policy.name)
def test_every_clause_was_seen_as_all_that_it_can_be(policy: Policy) -> None:
    covered = coverage(policy, own(policy), SET)

    assert [(clause.words, clause.never) for clause in covered.clauses if clause.never] == []
    assert covered.seen == covered.wanted > 0


@pytest.mark.parametrize("policy", SET.policies, ids=lambda policy: policy.name)
def test_every_policy_stands_in_the_file_of_its_name_and_has_its_cases(policy: Policy) -> None:
    assert Path(policy.file).stem == policy.name
    assert [
        each
        for each in CASE_FILES
        if each.policy == policy.name and Path(each.file).name == f"{policy.name}{CASES}"
    ]


@pytest.mark.parametrize("policy", SET.policies, ids=lambda policy: policy.name)
def test_shipped_policies_observe_and_what_approves_has_limits_and_a_reason(policy: Policy) -> None:
    assert policy.mode is Mode.OBSERVE
    assert policy.description
    if policy.verb is Verb.APPROVE:
        assert policy.limits.actions is not None
        assert policy.reason


def own(policy: Policy) -> list[PolicyCase]:
    return [case for file in CASE_FILES if file.policy == policy.name for case in file.cases]

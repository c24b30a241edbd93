"""The shipped policies do what the cases beside them say."""

from pathlib import Path

import pytest

from agent.adapters.host import PolicyFiles
from agent.judge.cases import CaseFile, PolicyCase, decision_on, differences, parse_cases
from agent.judge.compile import compile_set
from agent.judge.parse import CASES, parse_set
from agent.model.decision import Verb
from agent.model.policy import Mode, Policy

ROOT = Path(__file__).parents[2] / "policies"
FILES = PolicyFiles(ROOT).files()
SET = parse_set(FILES)
JUDGE = compile_set(SET)
CASE_FILES = [parse_cases(file, data) for file, data in FILES.items() if file.endswith(CASES)]
ALL_CASES = [case for each in CASE_FILES for case in each.cases]


@pytest.mark.parametrize("case", ALL_CASES, ids=lambda case: f"{Path(case.file).stem}: {case.name}")
def test_the_set_decides_as_the_case_says(case: PolicyCase) -> None:
    decision = decision_on(JUDGE, case)

    assert differences(case, decision) == ()


@pytest.mark.parametrize("each", CASE_FILES, ids=lambda each: each.policy)
def test_every_policy_has_a_case_in_which_it_acts_and_one_in_which_it_does_not(each: CaseFile) -> None:
    chain = SET_BY_NAME[each.policy].inform

    acts = {
        each.policy in case.policies or (chain is not None and chain in case.inform) for case in each.cases
    }

    assert acts == {True, False}


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


SET_BY_NAME = {policy.name: policy for policy in SET.policies}

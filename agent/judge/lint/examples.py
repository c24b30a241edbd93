"""Policies without cases, and cases without a policy."""

from collections.abc import Collection, Iterator, Sequence

from agent.judge.cases import CaseFile
from agent.judge.lint.rules import Code, remark
from agent.judge.literals import nearest
from agent.judge.parse import CASES
from agent.model.policy import Mark, Policy
from agent.model.remark import Remark


def examples(
    policies: Sequence[Policy], files: Sequence[CaseFile], unread: Collection[str]
) -> Iterator[Remark]:
    """Give each policy that no case is about, and each file of cases that is about none."""
    named = {one.name for one in policies}
    about = {each.policy for each in files if each.cases}
    about |= {name for each in files for case in each.cases for name in case.policies}
    for policy in policies:
        beside = f"{policy.file.rpartition('.')[0]}{CASES}"
        if policy.name not in about and beside not in unread:
            message = f"no case is about the policy: `{policy.name}{CASES}` is not there, or has none"
            yield remark(Code.NO_CASES, policy.file, policy.mark_of("policy"), message)
    for each in files:
        if each.policy not in named:
            message = f"there is no policy `{each.policy}`{nearest(each.policy, named)}"
            yield remark(Code.CASES_OF_NOTHING, each.file, Mark(1, 1), message)

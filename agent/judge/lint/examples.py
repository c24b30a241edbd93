"""Policies without cases; that cases have no policy is told where they are read."""

from collections.abc import Collection, Iterator, Sequence

from agent.judge.cases import CaseFile
from agent.judge.examine import beside
from agent.judge.layout import CASES
from agent.judge.lint.rules import Code, remark
from agent.model.policy import Policy
from agent.model.remark import Remark


def examples(
    policies: Sequence[Policy], files: Sequence[CaseFile], unread: Collection[str]
) -> Iterator[Remark]:
    """Give each policy that has no cases of its own, which `policy test` fails on."""
    about = {each.policy for each in files if each.cases}
    for policy in policies:
        if policy.name not in about and beside(policy) not in unread:
            message = f"no case is about the policy: `{policy.name}{CASES}` is not there, or has none"
            yield remark(Code.NO_CASES, policy.file, policy.mark_of("policy"), message)

"""Policies that nothing can reach, in whole or in part: expired, for a kind that they cannot match, or only when it is too late."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from agent.judge.lint.possible import possible
from agent.judge.lint.rules import Code, remark
from agent.judge.lint.settled import in_time, matching
from agent.judge.quote import counted
from agent.model.decision import Verb
from agent.model.policy import Policy
from agent.model.remark import Remark

SOON = timedelta(days=14)
"""How long before its end a policy or an entry of a list is told to end."""


def reach(policy: Policy, now: datetime) -> Iterator[Remark]:
    """Give why nothing, or something less than it says, can reach the policy."""
    if policy.expires is not None:
        yield from _end(policy, policy.expires, now)
    yield from _elsewhere(policy)
    if not possible(matching(policy), now):
        return
    if len(policy.kinds) > 1:
        for kind in sorted(policy.kinds):
            if not possible(matching(policy, frozenset({kind})), now):
                message = f"the policy is for `{kind}` and can never match one: its conditions rule that out"
                yield remark(Code.KIND_UNREACHABLE, policy.file, policy.mark_of("for"), message)
    if policy.verb is Verb.APPROVE and not possible([*matching(policy), *in_time()], now):
        message = "the policy approves only at or after the deadline, when nothing is approved any more"
        yield remark(Code.APPROVES_TOO_LATE, policy.file, policy.mark_of("match"), message)


def _elsewhere(policy: Policy) -> Iterator[Remark]:
    for kind in sorted((policy.part.kinds or frozenset()) - policy.kinds):
        message = f"the policy is to enforce for `{kind}`, and is not for it"
        yield remark(Code.ENFORCES_ELSEWHERE, policy.file, policy.mark_of("mode.kinds"), message)
    for tenant in sorted(policy.part.tenants or ()):
        if not policy.is_for(tenant):
            message = f"the policy is to enforce for the tenant `{tenant}`, and is not for it"
            yield remark(Code.ENFORCES_ELSEWHERE, policy.file, policy.mark_of("mode.tenants"), message)


def _end(policy: Policy, expires: datetime, now: datetime) -> Iterator[Remark]:
    if expires <= now:
        message = f"the policy expired {ago(now - expires)}, and counts no more"
        yield remark(Code.EXPIRED, policy.file, policy.mark_of("expires"), message)
    elif expires - now <= SOON:
        message = f"the policy expires in {length(expires - now)}"
        yield remark(Code.EXPIRES_SOON, policy.file, policy.mark_of("expires"), message)


def ago(time: timedelta) -> str:
    """Return how long ago something was, in words."""
    return f"{length(time)} ago"


def length(time: timedelta) -> str:
    """Return a stretch of time in days, or in hours where it is less than two days."""
    count, unit = (time.days, "day") if time >= timedelta(days=2) else (time // timedelta(hours=1), "hour")
    if count == 0:
        return "less than an hour"
    return counted(count, unit, f"{unit}s")

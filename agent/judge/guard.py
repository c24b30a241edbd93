"""A policy's own limits: an approval past one is held, and a person is asked."""

from datetime import timedelta
from hashlib import sha256

import msgspec

from agent.model.decision import Decision, Verb
from agent.model.enactment import Spent
from agent.model.policy import Limit, Policy


def over_limit(policy: Policy, limit: Limit, spent: Spent, messages: int) -> str | None:
    """Return in words that one more approval would pass this limit of the policy; None where it would not.

    Args:
        policy: one that decided on the approval.
        limit: one of the policy's limits.
        spent: what the policy has approved within the window of this limit.
        messages: how many messages this approval would add.
    """
    window = span(limit.window)
    if limit is policy.limits.actions:
        if spent.actions + 1 <= limit.count:
            return None
        return f"`{policy.name}` may approve {limit.count} actions in {window}, and {spent.actions} are spent"
    if spent.messages + messages <= limit.count:
        return None
    return (
        f"`{policy.name}` may approve {limit.count} messages in {window},"
        f" {spent.messages} are spent, and this has {messages}"
    )


def hold(decision: Decision, guard: str, words: str) -> Decision:
    """Return the approval as a question to people, with the guard's name and why it held.

    Its grounds change with the guard's name, so that the same approval after the window is news.
    """
    return msgspec.structs.replace(
        decision,
        verb=Verb.ESCALATE,
        reason=f"held by `{guard}`: {words}; otherwise {decision.reason}",
        guard=guard,
        grounds=sha256(f"{decision.grounds}\x1f{guard}".encode()).hexdigest()[:16],
    )


def span(window: timedelta) -> str:
    """Return a window in words, such as `2 hours`."""
    minutes = int(window.total_seconds()) // 60
    for size, name in ((1_440, "day"), (60, "hour"), (1, "minute")):
        if minutes % size == 0:
            count = minutes // size
            return f"one {name}" if count == 1 else f"{count} {name}s"
    return f"{minutes} minutes"

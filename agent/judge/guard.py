"""A policy's own limits: an approval past one is held, and a person is asked."""

from datetime import timedelta
from hashlib import sha256

import msgspec

from agent.model.decision import Decision, Verb
from agent.model.policy import Policy


def limited(policy: Policy, *, spent_actions: int, spent_messages: int, messages: int) -> str | None:
    """Return in words which limit of the policy one more approval would pass; None where none.

    Args:
        policy: one that decided on the approval.
        spent_actions: what the policy has approved within the window of its `actions` limit.
        spent_messages: how many messages it has approved within the window of its `messages` limit.
        messages: how many messages this approval would add.
    """
    actions, mail = policy.limits.actions, policy.limits.messages
    if actions is not None and spent_actions + 1 > actions.count:
        return (
            f"`{policy.name}` may approve {actions.count} actions in {span(actions.window)}"
            f" (`{actions.wording}`), and {spent_actions} are spent"
        )
    if mail is not None and spent_messages + messages > mail.count:
        return (
            f"`{policy.name}` may approve {mail.count} messages in {span(mail.window)}"
            f" (`{mail.wording}`), {spent_messages} are spent, and this has {messages}"
        )
    return None


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
            return f"1 {name}" if count == 1 else f"{count} {name}s"
    return f"{minutes} minutes"

"""A policy's own limits: an approval past one is held, and a person is asked.

What an approval was weighed against is kept with the decision, so that whether it is held follows from the
decision alone, and can be worked out again at any time.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from hashlib import sha256

import msgspec

from agent.model.decision import Decision, Unit, Verb, Weighed
from agent.model.policy import Limit, Policy

TAKEN_BACK = "undone"
"""The guard of actions of which a person took something back."""

Spending = Callable[[Policy, Unit, Limit], int]
"""What a policy has spent of a limit, within the window of that limit."""


def limits_of(policy: Policy) -> Iterator[tuple[Unit, Limit]]:
    """Give the limits of a policy, in the order in which they are weighed."""
    for unit, limit in ((Unit.ACTIONS, policy.limits.actions), (Unit.MESSAGES, policy.limits.messages)):
        if limit is not None:
            yield unit, limit


def weigh(deciding: Sequence[Policy], spent: Spending, messages: int) -> tuple[Weighed, ...]:
    """Weigh an approval against the limits of the policies that decide on it.

    Returns each limit as it stood, up to the first that the approval would pass.

    Args:
        deciding: the policies that approve, in their order in the decision.
        spent: what they have spent so far.
        messages: how many messages this approval would add.
    """
    weighed: list[Weighed] = []
    for policy in deciding:
        for unit, limit in limits_of(policy):
            one = Weighed(
                policy=policy.name,
                unit=unit,
                count=limit.count,
                window=limit.window,
                spent=spent(policy, unit, limit),
                asked=1 if unit is Unit.ACTIONS else messages,
            )
            weighed.append(one)
            if one.is_over:
                return tuple(weighed)
    return tuple(weighed)


def guarded(approval: Decision, weighed: tuple[Weighed, ...]) -> Decision:
    """Return the approval with what it was weighed against: held where it would pass one of the limits."""
    kept = msgspec.structs.replace(approval, weighed=weighed)
    passed = first_passed(weighed)
    return kept if passed is None else hold(kept, guard_of(passed), over(passed))


def first_passed(weighed: Sequence[Weighed]) -> Weighed | None:
    """Return the limit that holds the approval; None where none does."""
    return next((one for one in weighed if one.is_over), None)


def guard_of(passed: Weighed) -> str:
    """Return the name of the guard that holds an approval which would pass this limit."""
    return f"limits of {passed.policy}"


def over(passed: Weighed) -> str:
    """Say that one more approval would pass this limit."""
    allowed = f"`{passed.policy}` may approve {passed.count} {passed.unit} in {span(passed.window)}"
    if passed.unit is Unit.ACTIONS:
        return f"{allowed}, and {passed.spent} are spent"
    return f"{allowed}, {passed.spent} are spent, and this has {passed.asked}"


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
        classifications=(),
    )


def hold_taken_back(approval: Decision) -> Decision:
    """Return the approval of an action of which a person took something back: it is for people from then on."""
    words = "a person took back what was done for it, so that it is not approved again by itself"
    return hold(approval, TAKEN_BACK, words)


def span(window: timedelta) -> str:
    """Return a window in words, such as `2 hours`."""
    minutes = int(window.total_seconds()) // 60
    for size, name in ((1_440, "day"), (60, "hour"), (1, "minute")):
        if minutes % size == 0:
            count = minutes // size
            return f"one {name}" if count == 1 else f"{count} {name}s"
    return f"{minutes} minutes"

"""Guards: an approval that a guard rail, a cap or a limit stands against is held, and a person is asked.

There is one way in which an approval becomes held, and one order: the guard rails first, then the caps of the
tenant, then the limits of the policies that decide. What the rails said and what it was weighed against are kept
with the decision, so that whether it is held follows from the decision alone, and can be worked out again at any
time.

A policy cannot loosen any of this: whatever it says, what it is given here are amounts that it may not pass
and people who have to be asked, and neither takes another guard away.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import timedelta
from hashlib import sha256
from itertools import chain

import msgspec

from agent.judge.quote import counted
from agent.model.decision import Decision, Guarded, Unit, Verb, Weighed
from agent.model.enactment import MAIL_EFFECTS, Approval, Effect, Plan
from agent.model.policy import Limit, Policy
from agent.model.rails import Cap

SPANS = ((1_440, "day"), (60, "hour"), (1, "minute"))
"""Minutes in what a window is told in."""

LIMITS = "limits"
"""How the guards of the limits of policies are called, with the policy's name behind."""

TAKEN_BACK = "undone"
"""The guard of actions of which a person took something back."""

Spending = Callable[[Policy, Unit, Limit], int]
"""What a policy has spent of a limit, within the window of that limit."""


def limits_of(policy: Policy) -> Iterator[tuple[Unit, Limit]]:
    """Give the limits of a policy, in the order in which they are weighed."""
    for unit, limit in ((Unit.ACTIONS, policy.limits.actions), (Unit.MESSAGES, policy.limits.messages)):
        if limit is not None:
            yield unit, limit


def messages_in(effects: Iterable[Effect]) -> int:
    """Return how many messages these effects would take."""
    return sum(len(effect.targets) for effect in effects if effect.kind in MAIL_EFFECTS)


def approvals_of(decision: Decision, planned: Plan, *, is_observed: bool) -> list[Approval]:
    """Return what an approval takes of the limits of each policy that made it."""
    messages = messages_in(planned.effects)
    return [
        Approval(
            policy=policy,
            action_id=decision.action_id,
            at=decision.at,
            messages=messages,
            is_observed=is_observed,
        )
        for policy in decision.policies
    ]


def weigh(
    deciding: Sequence[Policy], spent: Spending, messages: int, caps: Sequence[Weighed] = ()
) -> tuple[Weighed, ...]:
    """Weigh an approval against the caps of the tenant and the limits of the policies that decide on it.

    Returns each as it stood, up to the first that the approval would pass.

    Args:
        deciding: the policies that approve, in their order in the decision.
        spent: what they have spent so far.
        messages: how many messages this approval would add.
        caps: the caps as they stand, in their order.
    """
    weighed: list[Weighed] = []
    for one in chain(caps, _limits(deciding, spent, messages)):
        weighed.append(one)
        if one.is_over:
            break
    return tuple(weighed)


def _limits(deciding: Sequence[Policy], spent: Spending, messages: int) -> Iterator[Weighed]:
    """Give the limits as they stand; what is spent of one is asked for only where those before it are kept."""
    for policy in deciding:
        for unit, limit in limits_of(policy):
            yield weigh_limit(policy.name, unit, limit, spent(policy, unit, limit), messages)


def weigh_limit(policy: str, unit: Unit, limit: Limit, spent: int, messages: int) -> Weighed:
    """Return a policy's limit as it stands against an approval of so many messages."""
    return Weighed(
        policy=policy,
        unit=unit,
        count=limit.count,
        window=limit.window,
        spent=spent,
        asked=1 if unit is Unit.ACTIONS else messages,
    )


def weigh_cap(cap: Cap, spent: int, effects: Sequence[Effect]) -> Weighed | None:
    """Return the cap as it stands against an approval with these effects; None where it counts none of them."""
    counts = [effect for effect in effects if cap.kinds is None or effect.kind in cap.kinds]
    if not counts:
        return None
    asked = 1 if cap.unit is Unit.ACTIONS else messages_in(counts)
    return Weighed(
        policy="", unit=cap.unit, count=cap.count, window=cap.window, spent=spent, asked=asked, cap=cap.name
    )


def guarded(
    approval: Decision, weighed: Sequence[Weighed], said: Sequence[Guarded] = (), *, approvers: int = 0
) -> Decision:
    """Return the approval with all that was asked about it: held where anything stands against it.

    Args:
        approval: what the policies decided.
        weighed: the caps and limits it was weighed against.
        said: what the guard rails said against it; nothing is weighed then.
        approvers: how many people have to approve it.
    """
    kept = msgspec.structs.replace(approval, weighed=tuple(weighed), held=tuple(said), approvers=approvers)
    if said:
        return hold(kept, said[0].guard, as_words(said))
    passed = first_passed(weighed)
    return kept if passed is None else hold(kept, guard_of(passed), over(passed))


def as_words(said: Sequence[Guarded]) -> str:
    """Return what the first rail said, and which others would hold it too."""
    others = ", ".join(f"`{one.guard}`" for one in said[1:])
    return f"{said[0].words} (and {others} would hold it too)" if others else said[0].words


def held_anew(approval: Decision, said: Guarded) -> Decision:
    """Return an approval that was in force as what a guard makes of it when it was to be carried out."""
    return hold(msgspec.structs.replace(approval, held=(said,)), said.guard, said.words)


def first_passed(weighed: Sequence[Weighed]) -> Weighed | None:
    """Return the cap or limit that holds the approval; None where none does."""
    return next((one for one in weighed if one.is_over), None)


def guard_of(passed: Weighed) -> str:
    """Return the name of the guard that holds an approval which would pass this cap or limit."""
    return passed.cap or f"{LIMITS} of {passed.policy}"


def family(guard: str) -> str:
    """Return a guard's name without the policy whose limits they are, so that there are few of them."""
    return LIMITS if guard.startswith(f"{LIMITS} of ") else guard


def over(passed: Weighed) -> str:
    """Say that one more approval would pass this cap or limit."""
    if passed.cap:
        return over_cap(passed)
    allowed = f"`{passed.policy}` may approve {passed.count} {passed.unit} in {span(passed.window)}"
    if passed.unit is Unit.ACTIONS:
        return f"{allowed}, and {passed.spent} are spent"
    return f"{allowed}, {passed.spent} are spent, and this has {passed.asked}"


def over_cap(passed: Weighed) -> str:
    """Say that one more approval would pass this cap of the whole tenant."""
    one = "action" if passed.unit is Unit.ACTIONS else "message"
    allowed = (
        f"all policies together may have {counted(passed.count, one, f'{one}s')} in {span(passed.window)}"
    )
    if passed.unit is Unit.ACTIONS:
        return f"{allowed}, and {passed.spent:,} are spent"
    return f"{allowed}, {passed.spent:,} are spent, and this has {passed.asked:,}"


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
    return guarded(approval, (), (Guarded(guard=TAKEN_BACK, words=words),))


def span(window: timedelta) -> str:
    """Return a window in words, such as `2 hours`."""
    minutes = int(window.total_seconds()) // 60
    size, name = next(one for one in SPANS if minutes % one[0] == 0)
    count = minutes // size
    return f"one {name}" if count == 1 else f"{count} {name}s"

"""What policies left to people, and what people answered -> the decision by people; or by a chain that nobody answered.

People pass every guard rail that asks for them: size, protected lists, hours and freezes, limits and caps. What no answer
passes is what stops everything or tells whose it is: a hold, the brake, another tenant, an audit that cannot be
written. Where one of those stands the decision is held by it, and is carried out once it has ended, if the answers
still count by then.

A decision by people rests on what policies decided before any rail was asked, and on the answers. So it can be
made again from what is recorded, whichever rails stood against it.
"""

from collections.abc import Sequence

import msgspec

from agent.judge.derive import derived
from agent.judge.guard import guarded, hold
from agent.judge.quote import counted, moment, quote
from agent.model.answer import Answer
from agent.model.audit import ALARM
from agent.model.chain import Fallback
from agent.model.decision import Answered, Decision, Guarded, Lapse, Verb
from agent.model.hold import BRAKE, KILL_SWITCH
from agent.model.ruled import Ruled

REJECTED = "rejected"
"""The guard of approvals by policies of what a person has rejected before."""

UNPASSED = frozenset({KILL_SWITCH, BRAKE, "tenant", ALARM})
"""Guards that no answer passes."""

LONGEST = 200
"""Characters of a person's reason that are repeated."""


def hold_rejected(approval: Decision, no: Answer) -> Decision:
    """Return the approval of an action that a person rejected before, on other evidence: people are asked anew."""
    words = (
        f"{quote(no.person.name)} rejected it at {moment(no.at)} ({quote(no.reason, LONGEST)}), "
        "before it changed: people are asked anew"
    )
    return guarded(approval, (), (Guarded(guard=REJECTED, words=words),))


def approved(ruled: Decision, asked: Decision, by_whom: Sequence[Answered]) -> Decision:
    """Return the decision of people who approve.

    Args:
        ruled: what policies decided, before any rail was asked.
        asked: the same with what rails said, and how many people have to approve; it names who is asked.
        by_whom: those who approve, each once.
    """
    told = "; ".join(_told(one) for one in by_whom)
    decision = msgspec.structs.replace(
        _by_people(ruled, asked, by_whom),
        verb=Verb.APPROVE,
        reason=f"{told}; policies had left it to people: {ruled.reason}",
        held=asked.held,
        weighed=asked.weighed,
    )
    stands = next((one for one in asked.held if one.guard in UNPASSED), None)
    return decision if stands is None else hold(decision, stands.guard, stands.words)


def rejected(ruled: Decision, asked: Decision, by_whom: Sequence[Answered]) -> Decision:
    """Return the decision of a person who rejects."""
    told = "; ".join(_told(one) for one in by_whom)
    return msgspec.structs.replace(
        _by_people(ruled, asked, by_whom),
        verb=Verb.REJECT,
        reason=f"{told}; policies had left it to people: {ruled.reason}",
    )


def lapsed(ruled: Decision, asked: Decision, lapse: Lapse) -> Decision:
    """Return what becomes of what nobody answered. It is nobody's yes, and nobody's no."""
    is_reject = lapse.decide == Fallback.REJECT
    then = (
        "rejects it as far as that goes, and it is nobody's no"
        if is_reject
        else "leaves it to Defender's portal"
    )
    return msgspec.structs.replace(
        ruled,
        verb=Verb.REJECT if is_reject else Verb.ESCALATE,
        policies=(),
        reason=(
            f"nobody answered before the last chance at {moment(lapse.at)}: chain `{lapse.chain}` {then}; "
            f"policies had left it to people: {ruled.reason}"
        ),
        grounds=derived(ruled.grounds, "lapsed", lapse.at.isoformat(), lapse.chain, lapse.decide, length=16),
        classifications=(),
        approvers=asked.approvers,
        held=asked.held,
        lapsed=lapse,
    )


def by(decision: Decision | Ruled) -> str:
    """Return who decided: people, nobody in time, or policies."""
    if decision.answered:
        return ", ".join(quote(one.name) for one in decision.answered)
    if decision.lapsed is not None:
        return f"nobody in time (chain `{decision.lapsed.chain}`)"
    return ", ".join(decision.policies) or "no policy"


def _by_people(ruled: Decision, asked: Decision, by_whom: Sequence[Answered]) -> Decision:
    told = (
        f"{one.object_id} {one.at.isoformat()} {one.verb} {sorted(one.targets) if one.targets is not None else None}"
        for one in by_whom
    )
    return msgspec.structs.replace(
        ruled,
        policies=(),
        grounds=derived(ruled.grounds, "answered", str(asked.approvers), *told, length=16),
        classifications=(),
        approvers=asked.approvers,
        answered=tuple(by_whom),
    )


def _told(one: Answered) -> str:
    done = "approved" if one.verb is Verb.APPROVE else "rejected"
    what = "it" if one.targets is None else f"{counted(len(one.targets), 'target', 'targets')} of it"
    return f"{quote(one.name)} ({grant(one.grant)}) {done} {what}: {quote(one.reason, LONGEST)}"


def grant(word: str) -> str:
    """Return what made an answer count, in words."""
    kind, _, name = word.partition(":")
    return f"role {quote(name)}" if kind == "role" else "named by the chain"

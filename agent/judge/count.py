"""(What people would approve, their answers, by what they are counted) -> which answers count now, and whether that is enough.

The same is asked where somebody answers, where the action is judged, and right before it is carried out, so that an
answer which does not count any more at any of these does not carry anything.

An approval is bound to each target that was shown, as it was: what has gone since voids nothing, what came does. A no is
bound to the proposal alone and outlasts every later approval; whoever gave it may have lost their role since.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec

from agent.judge import fold
from agent.judge.affected import is_among
from agent.judge.bind import is_within, targets_of
from agent.judge.quote import moment, quote
from agent.model.answer import Answer, Person
from agent.model.chain import Chain
from agent.model.decision import Answered, Decision, Verb
from agent.model.enactment import Offer, Pair

ROLE, USER = "role:", "user:"
"""How a grant begins: what makes somebody's answer count."""


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """By what answers are counted at one moment.

    `authors` and `affected` are the names of those whose own answers do not count where the chain says so. `discounted`
    are the numbers of answers of people who were found to be no approvers any more. Approvals up to `since` were of
    before it was decided elsewhere, or taken back.
    """

    now: datetime
    chain: Chain | None
    authors: frozenset[str] = frozenset()
    affected: frozenset[str] = frozenset()
    discounted: tuple[int, ...] = ()
    since: datetime | None = None


class Counted(msgspec.Struct, frozen=True, kw_only=True):
    """The answers that count: one approval of each person, and the first no. `lost` says why others do not any more."""

    approvals: tuple[Answer, ...] = ()
    rejection: Answer | None = None
    lost: tuple[str, ...] = ()


def needed(decision: Decision, chain: Chain | None) -> int:
    """Return how many different people have to approve: as many as the chain, a policy or the size ask for."""
    return max(1, decision.approvers, chain.approvers.need if chain is not None else 0)


def grant_of(person: Person, chain: Chain) -> str:
    """Return what makes the person's answer count in this chain; empty where nothing does."""
    if person.object_id in chain.approvers.users:
        return f"{USER}{person.object_id}"
    role = next((role for role in chain.approvers.roles if role in person.roles), None)
    return "" if role is None else f"{ROLE}{role}"


def why_no_approver(person: Person, terms: Terms) -> str:
    """Return why nothing that this person answers counts, in words; empty where it does."""
    chain = terms.chain
    if chain is None:
        return "no chain says who may answer: add one to `policies/chains`, or decide it in Defender"
    if not chain.approvers.roles and not chain.approvers.users:
        return f"chain `{chain.name}` names nobody who may answer: decide it in Defender"
    if not grant_of(person, chain):
        wanted = " or ".join(chain.approvers.roles) or "to be one of the users that it names"
        have = ", ".join(person.roles) or "none"
        return f"{quote(person.name)} is no approver of chain `{chain.name}`: it wants {wanted}, and the sign-in has {have}"
    if not chain.approvers.not_requester:
        return ""
    if is_among(person, frozenset(map(fold.address, terms.authors))):
        return f"{quote(person.name)} was the last to change a policy, a list or the chain that left it to people: somebody else has to answer"
    if is_among(person, terms.affected):
        return f"{quote(person.name)} is affected by it: somebody else has to answer"
    return ""


def count(offered: Offer, answers: Sequence[Answer], terms: Terms) -> Counted:
    """Return the answers that count for what is offered now; `answers` are all there are, oldest first."""
    rejection = standing_no(offered, answers)
    if rejection is not None:
        return Counted(rejection=rejection)
    newest = {one.person.object_id: one for one in answers}
    lost = {object_id: _why_lost(one, offered, terms) for object_id, one in newest.items()}
    return Counted(
        approvals=tuple(one for object_id, one in newest.items() if not lost[object_id]),
        lost=tuple(words for words in lost.values() if words),
    )


def standing_no(offered: Offer, answers: Sequence[Answer]) -> Answer | None:
    """Return the first no to this proposal; None where nobody said no to it."""
    return next((one for one in answers if one.verb is Verb.REJECT and _is_of(offered, one)), None)


def _is_of(offered: Offer, answer: Answer) -> bool:
    return answer.shown is not None and answer.shown.binding == offered.binding


def _why_lost(answer: Answer, offered: Offer, terms: Terms) -> str:
    name = quote(answer.person.name)
    if answer.shown is None or not is_within(offered, answer.shown):
        return f"{name} answered before it changed"
    if terms.since is not None and answer.at <= terms.since:
        return f"{name} answered before it was decided elsewhere, or taken back"
    if answer.number in terms.discounted:
        return f"{name} was no approver any more when it was to be carried out"
    if terms.now >= answer.expires:
        return f"the approval of {name} counted until {moment(answer.expires)}"
    return why_no_approver(answer.person, terms)


def agreed(approved: Iterable[tuple[Pair, ...] | None], need: int, whole: frozenset[Pair]) -> frozenset[Pair]:
    """Return the targets that so many approved; each gives what they approved of the whole, None for all of it."""
    counts = Counter(
        target for targets in approved for target in (whole if targets is None else whole & set(targets))
    )
    return frozenset(target for target, times in counts.items() if times >= need)


def agreed_of(approvals: Sequence[Answer], offered: Offer, need: int) -> tuple[int, int]:
    """Return of how many targets so many people approve, and how many there are."""
    whole = targets_of(offered.effects)
    return len(agreed((one.targets for one in approvals), need, whole)), len(whole)


def is_enough(approvals: Sequence[Answer], offered: Offer, need: int) -> bool:
    """Whether so many people approve the same: at least one target, where there is any to act on."""
    if len(approvals) < need:
        return False
    whole = targets_of(offered.effects)
    return not whole or bool(agreed((one.targets for one in approvals), need, whole))


def progress(approvals: Sequence[Answer], need: int, *, is_agreed: bool = False) -> str:
    """Say how many of those who have to approve have done so; empty where nobody has.

    `is_agreed` says that they are enough: so many of them approve the same.
    """
    if not approvals:
        return ""
    told = ", ".join(f"{quote(one.person.name)} at {moment(one.at)}" for one in approvals)
    left = need - len(approvals)
    if is_agreed:
        return f"{len(approvals)} of {need} approvals ({told}): enough"
    if left <= 0:
        return f"{len(approvals)} of {need} approvals ({told}), but of no target together: they have to approve the same"
    more = "one more person has" if left == 1 else f"{left} more people have"
    return f"{len(approvals)} of {need} approvals ({told}): {more} to approve"


def answered(answers: Iterable[Answer]) -> tuple[Answered, ...]:
    """Return these answers as a decision that rests on them names them, in the order in which they were given."""
    return tuple(
        Answered(
            object_id=one.person.object_id,
            name=one.person.name,
            at=one.at,
            verb=one.verb,
            reason=one.reason,
            grant=one.grant,
            targets=one.targets,
        )
        for one in sorted(answers, key=lambda one: one.number)
    )

"""(An action, what somebody answers, what was answered before) -> why the answer does not count, in words for that person.

The checks stand in the order in which they matter to whoever asks at night: that it is over, that it is another than they
saw, that they may not, that it is answered, and only then what is wrong with what they typed.
"""

from collections.abc import Callable, Sequence

import msgspec

from agent.judge.bind import offer_of, targets_of
from agent.judge.count import Counted, Terms, count, is_enough, needed, why_no_approver
from agent.judge.people import by
from agent.judge.quote import counted, moment, quote
from agent.model.answer import Answer, Person
from agent.model.decision import Verb
from agent.model.enactment import Offer, Pair, Record, State, Way

WAITING = frozenset({State.ESCALATED, State.HELD, State.ANSWERED, State.LAPSED})
"""States in which people may answer; a chain's own no may be answered too."""

LONGEST = 1_000
"""Characters of a reason."""


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody answers, before it is known whether it counts. `digest` is of what they were shown."""

    person: Person
    verb: Verb
    reason: str
    digest: str
    targets: tuple[Pair, ...] | None = None


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """An action as somebody answers it: its record, the answers so far, by what they are counted, what has left."""

    record: Record
    attempt: Attempt
    answers: Sequence[Answer]
    terms: Terms
    tenant_id: str
    has_left: bool = False
    """Whether any call of its plan has left."""

    @property
    def offered(self) -> Offer | None:
        """What people are asked about."""
        return offer_of(self.record)

    @property
    def counted(self) -> Counted:
        """The answers that count so far."""
        offered = self.offered
        return Counted() if offered is None else count(offered, self.answers, self.terms)


def why_not(question: Question) -> str:
    """Return why the answer does not count, in words; empty where it does."""
    return next((words for check in CHECKS if (words := check(question))), "")


def is_waiting(record: Record) -> bool:
    """Whether people may answer it: also where nobody did in time, and the chain decided."""
    if record.state in WAITING:
        return True
    return (
        record.state is State.REJECTED and record.decision is not None and record.decision.lapsed is not None
    )


def _over(question: Question) -> str:
    """Say that nothing waits for an answer any more, and what became of it."""
    record, attempt = question.record, question.attempt
    action = record.action
    if question.terms.now >= action.deadline:
        return _week_over(record)
    if is_waiting(record):
        if not action.is_pending:
            return f"Defender does not show that it awaits approval (`{action.remediation_status}`)"
        return ""
    if record.state is State.INTENDED and not question.has_left:
        return "" if attempt.verb is Verb.REJECT else f"{_decided(record)}, and is about to be carried out"
    return ended(record)


def _week_over(record: Record) -> str:
    return f"its week ended at {moment(record.action.deadline)}: nothing is answered after it"


def ended(record: Record) -> str:
    """Say how an action stands that nobody can answer any more, and what can be done about it."""
    match record.state:
        case State.EXPIRED:
            return _week_over(record)
        case State.SUPERSEDED:
            return f"it was decided elsewhere: {record.why}"
        case State.SEEN:
            return "it is being judged anew: look at it again in a minute"
        case State.HANDED_OFF:
            return f"{_decided(record)}, and the agent cannot carry it out: decide it in Defender: {_link(record)}"
        case State.REJECTED:
            return f"{_decided(record)}: to have it approved all the same, approve it in Defender: {_link(record)}"
        case State.DECIDED:
            return f"{_decided(record)}, and the agent only observes: decide it in Defender: {_link(record)}"
        case State.DEDUPLICATED:
            return f"{_decided(record)}: {record.plan.why if record.plan is not None else record.why}"
        case State.UNDONE if record.undone is not None:
            undone = record.undone
            return f"{quote(undone.by)} took it back at {moment(undone.at)}: {quote(undone.reason)}"
        case _:
            back = f"take it back with `air-agent undo {record.action.id}`"
            return f"{_decided(record)}, and its calls have left: it is too late to answer: {back}"


def _decided(record: Record) -> str:
    decision = record.decision
    if decision is None:
        return "it was never judged"
    return f"it was decided (`{decision.verb}`) by {by(decision)} at {moment(decision.at)}"


def _link(record: Record) -> str:
    return record.action.incident.web_url or f"incident {record.action.incident.id}"


def _changed(question: Question) -> str:
    """Say that it is another than they were shown, or that there was nothing to show."""
    record, offered = question.record, question.offered
    if offered is None or record.decision is None:
        return f"{record.why or 'what would be done is not known'}: decide it in Defender: {_link(record)}"
    if offered.digest == question.attempt.digest:
        return ""
    return (
        f"it changed since you were shown it: now this would be done: {offered.why}; "
        f"look at it with `air-agent show {record.action.id}` and answer again"
    )


def _no_approver(question: Question) -> str:
    """Say that whoever it is may not answer."""
    person = question.attempt.person
    if person.tenant_id != question.tenant_id.lower():
        return f"{quote(person.name)} signed in to another tenant ({quote(person.tenant_id)})"
    return why_no_approver(person, question.terms)


def _answered_before(question: Question) -> str:
    """Say that it is answered already, by others or by the same person."""
    attempt, so_far, offered = question.attempt, question.counted, question.offered
    no = so_far.rejection
    if no is not None:
        return (
            f"{quote(no.person.name)} rejected it at {moment(no.at)} ({quote(no.reason)}): "
            "a no stands until the action changes"
        )
    if attempt.verb is not Verb.APPROVE or offered is None or question.record.decision is None:
        return ""
    if is_enough(so_far.approvals, offered, needed(question.record.decision, question.terms.chain)):
        names = ", ".join(quote(one.person.name) for one in so_far.approvals)
        return f"it was approved by {names} already, and needs no more"
    own = next((one for one in so_far.approvals if one.person.object_id == attempt.person.object_id), None)
    if own is not None and own.targets == attempt.targets:
        return (
            f"you approved it at {moment(own.at)} already: that counts, once, "
            f"until {moment(own.expires)}, however often you give it"
        )
    return ""


def _nothing_to_approve(question: Question) -> str:
    """Say that the agent could not carry it out: a yes would be one to nothing."""
    offered = question.offered
    if offered is None or question.attempt.verb is not Verb.APPROVE or offered.way is Way.REMEDIATE:
        return ""
    return f"{offered.why}: the agent cannot carry it out: approve it in Defender: {_link(question.record)}"


def _unfit(question: Question) -> str:
    """Say what is wrong with what they typed."""
    attempt, offered = question.attempt, question.offered
    if attempt.verb is Verb.ESCALATE:
        return "an answer is either approve or reject"
    if not attempt.reason.strip():
        return "it has no reason: say why, in words that others understand later"
    if len(attempt.reason) > LONGEST:
        return f"its reason has {len(attempt.reason):,} characters: say it in {LONGEST:,} at most"
    if attempt.targets is None or offered is None:
        return ""
    if attempt.verb is Verb.REJECT:
        return "a no is to all of it: name targets only to approve them"
    if not attempt.targets:
        return "it approves no target: name one at least, or reject it"
    beyond = set(attempt.targets) - targets_of(offered.effects)
    if beyond:
        what, place = min(beyond)
        more = f" and {counted(len(beyond) - 1, 'other', 'others')}" if len(beyond) > 1 else ""
        return f"{quote(what)} {quote(place)}{more} would not be acted on: name targets that you were shown"
    return ""


CHECKS: tuple[Callable[[Question], str], ...] = (
    _over,
    _changed,
    _no_approver,
    _answered_before,
    _nothing_to_approve,
    _unfit,
)
"""Why an answer may not count, in the order in which it is told."""

"""The form by which a person answers one action: what it says of their own answer, and who may give one."""

import msgspec

from agent.faces.doing import Line
from agent.faces.web.sent import Sent
from agent.judge.answering import LONGEST, Attempt, Question, is_waiting, why_not
from agent.judge.count import agreed_of, is_enough, needed, progress
from agent.judge.quote import counted, moment, quote
from agent.model.answer import Answer, Person
from agent.model.decision import Verb
from agent.model.enactment import State, Way

PLACEHOLDER = "a reason that is asked of nobody"
"""What stands for a reason where it is only asked whether an answer would count."""

ANOTHER = ""
"""The digest of nothing. By it an answer counts nowhere whose form is of another offer than was looked at for it, even
where the action comes to offer that meanwhile: nobody asked how recent and how strong a sign-in it needs."""

CHANGED = "it changed since you wrote that: look at what would be done now, and choose anew"


class AnswerForm(msgspec.Struct, frozen=True, kw_only=True):
    """The form, and what to say in its place where an answer would not count."""

    is_asked: bool
    """Whether people are asked anything now."""
    is_open: bool
    """Whether this person can answer anything."""
    is_awaited: bool
    """Whether it waits for people to approve it: not once policies did, nor after a no."""
    can_be_approved: bool
    """Whether the agent could carry it out; else only a no counts here."""
    done: str
    """What became of this person's own answer; empty where they gave none that counts."""
    why_no_approval: str
    """Why this person cannot approve it; empty where they can."""
    may_change: bool
    """Whether they have approved it, and could approve other targets instead."""
    why_no_rejection: str
    does: str
    digest: str
    need: int
    have: int
    progress: str
    narrowed: tuple[str, ...]
    lost: tuple[str, ...]
    chain: str
    approvers: tuple[str, ...]
    valid: str
    """How long an approval counts, in words; empty where there is no chain."""
    targets: int
    boxes: tuple[Line, ...]
    """Targets that can be ticked; none where there are too many, and they are written."""
    needs_step_up: bool
    observes: bool
    """Whether every agent that runs now only observes, so that an approval carries nothing out."""
    longest: int = LONGEST
    error: str = ""
    """What was wrong with what was sent."""
    sent: Sent = Sent(verb="")
    ticked: tuple[int, ...] = ()
    """Boxes that are ticked already."""


def attempt_of(person: Person, verb: Verb, digest: str) -> Attempt:
    """Return what this person would answer, to see whether it would count."""
    return Attempt(person=person, verb=verb, reason=PLACEHOLDER, digest=digest)


def would_not(question: Question, verb: Verb) -> str:
    """Return why an answer of this person would not count; empty where it would."""
    offered = question.offered
    digest = offered.digest if offered is not None else ""
    attempt = attempt_of(question.attempt.person, verb, digest)
    return why_not(msgspec.structs.replace(question, attempt=attempt))


def is_asked(question: Question) -> bool:
    """Whether people may answer anything: also a no to what is about to be sent."""
    record = question.record
    return question.offered is not None and (is_waiting(record) or record.state is State.INTENDED)


def own_of(question: Question) -> Answer | None:
    """Return this person's own answer that counts; None where there is none."""
    so_far, object_id = question.counted, question.attempt.person.object_id
    given = (so_far.rejection, *so_far.approvals)
    return next((one for one in given if one is not None and one.person.object_id == object_id), None)


def done(question: Question, *, observes: bool = False) -> str:
    """Say what became of this person's own answer; empty where they gave none that counts."""
    own, offered, decision = own_of(question), question.offered, question.record.decision
    if own is None or offered is None or decision is None or not is_asked(question):
        return ""
    at = moment(own.at)
    if own.verb is Verb.REJECT:
        return (
            f"your no of {at} counts: nothing is carried out. Defender has no call that rejects: it stays pending there"
            " until a person rejects it or the week ends"
        )
    approvals, need = question.counted.approvals, needed(decision, question.terms.chain)
    what = "all of it" if own.targets is None else counted(len(own.targets), "target of it", "targets of it")
    said = f"your approval of {what} at {at} counts: {len(approvals)} of {need}"
    if is_enough(approvals, offered, need) and observes:
        return f"{said}. The agent only observes: it writes that down, and carries out nothing"
    if is_enough(approvals, offered, need):
        some, whole = agreed_of(approvals, offered, need)
        part = (
            "carries it out"
            if some == whole
            else f"carries out {some:,} of {whole:,} targets, those that enough people approve"
        )
        return f"{said}. The agent reads everything again, and then {part}"
    left = need - len(approvals)
    more = f"{counted(left, 'more person has', 'more people have')} to approve it"
    return f"{said}; {more if left > 0 else 'enough people, but of no target together: they have to approve the same'}"


def approvers_of(question: Question) -> tuple[str, ...]:
    """Return whose answers count, in words."""
    chain = question.terms.chain
    if chain is None:
        return ()
    named = [f"role {quote(role)}" for role in chain.approvers.roles]
    users = len(chain.approvers.users)
    return (*named, *((f"{counted(users, 'person', 'people')} by name",) if users else ()))


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """What the form is made of besides the question."""

    targets: int
    boxes: tuple[Line, ...]
    """Those that can be ticked; none where there are too many."""
    does: str
    narrowed: tuple[str, ...]
    needs_step_up: bool
    valid: str
    observes: bool = False


def answer_form(question: Question | str, shown: Shown, sent: Sent | None, error: str = "") -> AnswerForm:
    """Return the form for one person.

    Args:
        question: as it stands for them; or why nobody can answer it now.
        shown: what else the form is made of.
        sent: what they wrote into it before, if anything.
        error: what was wrong with that.
    """
    if isinstance(question, str):
        return _closed(question, shown, sent or Sent(verb=""), error)
    typed, changed = _of_now(question, sent)
    offered, decision, chain = question.offered, question.record.decision, question.terms.chain
    own = own_of(question)
    so_far = question.counted
    need = needed(decision, chain) if decision is not None else 1
    no_approval, no_rejection = would_not(question, Verb.APPROVE), would_not(question, Verb.REJECT)
    has_approved = own is not None and own.verb is Verb.APPROVE and is_asked(question)
    may_change = bool(no_approval) and has_approved and not _is_agreed(question, need)
    return AnswerForm(
        is_asked=is_asked(question),
        is_open=may_change or not (no_approval and no_rejection),
        is_awaited=is_waiting(question.record) and so_far.rejection is None,
        can_be_approved=is_waiting(question.record) and offered is not None and offered.way is Way.REMEDIATE,
        done=done(question, observes=shown.observes),
        why_no_approval=no_approval,
        may_change=may_change,
        why_no_rejection=no_rejection,
        does=shown.does,
        digest=offered.digest if offered is not None else "",
        need=need,
        have=len(so_far.approvals),
        progress=progress(so_far.approvals, need, is_agreed=_is_agreed(question, need)),
        narrowed=shown.narrowed,
        lost=so_far.lost,
        chain=chain.name if chain is not None else "",
        approvers=approvers_of(question),
        valid=shown.valid,
        targets=shown.targets,
        boxes=shown.boxes,
        needs_step_up=shown.needs_step_up,
        observes=shown.observes,
        error=error or changed,
        sent=typed,
        ticked=typed.numbers,
    )


def _of_now(question: Question, sent: Sent | None) -> tuple[Sent, str]:
    """Return what of the form still means the same, and in words that it changed.

    Which targets are chosen is said by their numbers, and another list has other targets under them.
    """
    offered = question.offered
    if sent is None or (offered is not None and offered.digest == sent.digest):
        return sent or Sent(verb=""), ""
    return Sent(verb=sent.verb, reason=sent.reason), CHANGED if is_asked(question) else ""


def _is_agreed(question: Question, need: int) -> bool:
    offered = question.offered
    return offered is not None and is_enough(question.counted.approvals, offered, need)


def _closed(why: str, shown: Shown, sent: Sent, error: str) -> AnswerForm:
    """Return what stands in place of a form that nobody can answer by."""
    return AnswerForm(
        is_asked=False,
        is_open=False,
        is_awaited=False,
        can_be_approved=False,
        done="",
        why_no_approval=why,
        may_change=False,
        why_no_rejection=why,
        does=shown.does,
        digest="",
        need=0,
        have=0,
        progress="",
        narrowed=(),
        lost=(),
        chain="",
        approvers=(),
        valid="",
        targets=shown.targets,
        boxes=(),
        needs_step_up=False,
        observes=shown.observes,
        error=error,
        sent=sent,
    )

"""A record -> the one sentence that says at a glance how it stands and why.

It is read at night before anything else, so that it has to be true in every state: it never says approved of what was
only observed, and never rejected of what merely ran out.
"""

from datetime import datetime

from agent.judge.because import because
from agent.judge.compile import Judge
from agent.judge.guard import first_passed, over
from agent.judge.people import by
from agent.judge.quote import moment, quote, shorten
from agent.judge.track import UNDISPATCHED
from agent.model.decision import Decision, Verb
from agent.model.enactment import EffectSeen, Record, State
from agent.model.hold import BRAKE, KILL_SWITCH

LONGEST = 300
"""Characters of one headline; all of it is told further down."""

GUARDS = {KILL_SWITCH: "the kill switch", BRAKE: "the brake"}


def headline(record: Record, now: datetime, judge: Judge | None = None) -> str:
    """Return how a record stands and why, in one sentence.

    Args:
        record: as it stands.
        now: the moment.
        judge: the policies that it was decided by; None where they are not at hand.
    """
    is_over = record.state in UNDISPATCHED and now >= record.action.deadline
    parts = [_unjudged(record) if record.decision is None else _judged(record, record.decision, judge)]
    if is_over and record.decision is not None and record.state is State.INTENDED:
        parts = [f"{_approved(record.decision)}, and not sent in time"]
    if is_over:
        parts.append(f"its week ended at {moment(record.action.deadline)}")
    undone = record.undone
    if undone is not None and record.state is not State.UNDONE:
        parts.append(f"{quote(undone.by)} took back what was done at {moment(undone.at)}: {undone.words}")
    return shorten("; ".join(parts), LONGEST)


def _unjudged(record: Record) -> str:
    match record.state:
        case State.SUPERSEDED:
            return f"Decided elsewhere before it was judged here{_why(record)}"
        case State.EXPIRED:
            return "Expired before it was judged: its week ended, and nobody decided"
        case _:
            return f"Not judged yet{_why(record)}"


def _judged(record: Record, decision: Decision, judge: Judge | None) -> str:  # noqa: C901, PLR0912  one sentence for each state
    done = _approved(decision)
    match record.state:
        case State.SEEN:
            return f"To be judged anew{_why(record)}"
        case State.ANSWERED:
            return f"Answered{_why(record)}"
        case State.DECIDED:
            return f"Only observed, nothing was done: {_would(decision)}{_because(decision, judge)}"
        case State.HELD:
            return _held(decision)
        case State.ESCALATED if decision.verb is Verb.APPROVE:
            return f"{done}, but not carried out{_why(record)}"
        case State.ESCALATED:
            return f"Escalated{_because(decision, judge)}"
        case State.LAPSED:
            return f"Lapsed: nobody answered{_in_time(decision)}: a person decides it in Defender"
        case State.REJECTED:
            return _rejected(decision, judge)
        case State.HANDED_OFF:
            return f"{done}, and left to a person to carry out{_planned(record)}"
        case State.INTENDED:
            return f"{done}, and about to be sent{_because(decision, judge)}"
        case State.DEDUPLICATED:
            return f"{done}, and not sent again{_planned(record)}"
        case State.SENT:
            return f"{done}, and sent{_looked_at(record)}{_because(decision, judge)}"
        case State.CONFIRMED:
            return _confirmed(record, decision, judge)
        case State.UNVERIFIED:
            return f"{done}, and sent, but whether it worked could not be read{_why(record)}"
        case State.CONTRADICTED:
            return f"{done}, and sent, but it is not as it was to be{_why(record)}"
        case State.REFUSED:
            return (
                f"{done}, but Graph refused it: {record.why.removeprefix('refused: ') or 'it gave no reason'}"
            )
        case State.UNKNOWN:
            return f"{done}, but whether the call was applied is not known{_why(record)}"
        case State.SUPERSEDED:
            return f"Superseded{_why(record) or ': decided elsewhere first'}"
        case State.EXPIRED:
            return f"Expired: its week ended at {moment(record.action.deadline)}, and nobody's no ended it"
        case State.UNDONE:
            undone = record.undone
            return (
                "Taken back"
                if undone is None
                else f"Taken back by {quote(undone.by)}: {quote(undone.reason)}"
            )


def _because(decision: Decision, judge: Judge | None) -> str:
    words = because(decision, judge)
    return f": {words}" if words else ""


def _why(record: Record) -> str:
    return f": {record.why}" if record.why else ""


def _planned(record: Record) -> str:
    return f": {record.plan.why}" if record.plan is not None else ""


def _approved(decision: Decision) -> str:
    """Say who approved it; what was sent for a decision before this one has no other name here."""
    if decision.verb is not Verb.APPROVE:
        return "Approved earlier"
    return f"Approved by {_who(decision)}"


def _who(decision: Decision) -> str:
    if decision.answered or decision.lapsed is not None or not decision.policies:
        return by(decision)
    names = " and ".join(f"`{name}`" for name in decision.policies)
    return f"{'policy' if len(decision.policies) == 1 else 'policies'} {names}"


def _would(decision: Decision) -> str:
    match decision.verb:
        case Verb.APPROVE:
            return f"{_who(decision)} would approve it"
        case Verb.REJECT:
            return f"{_who(decision)} would reject it"
        case Verb.ESCALATE:
            return "it would be escalated"


def _held(decision: Decision) -> str:
    guard = decision.guard or ""
    name = GUARDS.get(guard, f"the guard `{guard}`" if guard else "a guard")
    said = next((one.words for one in decision.held if one.guard == guard), "")
    passed = first_passed(decision.weighed)
    words = said or (over(passed) if passed is not None else "")
    return f"Held by {name}{f': {words}' if words else ''}"


def _in_time(decision: Decision) -> str:
    return f" before {moment(decision.lapsed.at)}" if decision.lapsed is not None else " in time"


def _rejected(decision: Decision, judge: Judge | None) -> str:
    if decision.lapsed is not None:
        chain = decision.lapsed.chain
        return f"Lapsed: nobody answered{_in_time(decision)}, and chain `{chain}` advises to reject it: nobody's no"
    return f"Rejected by {_who(decision)} (advisory){_because(decision, judge)}"


def _looked_at(record: Record) -> str:
    """Say what was seen since, as long as it is still looked at."""
    match record.confirmation.effect:
        case None:
            return ", not looked at yet"
        case EffectSeen.CONFIRMED:
            return ", and seen to have worked"
        case EffectSeen.PARTLY | EffectSeen.CONTRADICTED | EffectSeen.UNVERIFIED:
            return f", not seen to have worked yet ({record.confirmation.words})"


def _confirmed(record: Record, decision: Decision, judge: Judge | None) -> str:
    words = f": {record.confirmation.words}" if record.confirmation.words else ""
    if decision.verb is Verb.REJECT:
        return f"Rejected by {_who(decision)}, and confirmed{words}"
    if record.plan is not None and not record.plan.effects and not record.plan.leaned:
        return f"{_approved(decision)}, and nothing was left to do{words}"
    return f"{_approved(decision)}, and seen to be done{words or _because(decision, judge)}"

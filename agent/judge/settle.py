"""(A decision and its plan, what was sent before) -> the state that they put the record in."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import msgspec

from agent.judge.bind import offer_of
from agent.judge.confirm import AGAIN, after_sending, already_done, judged_again, still_watched
from agent.judge.guard import held_anew
from agent.judge.plans.mail import DEDUPLICATION
from agent.judge.plans.means import ask_people
from agent.model.decision import Decision, Guarded, Verb
from agent.model.enactment import Cover, Effect, EffectKind, Pair, Plan, Record, State, Way


class Around(msgspec.Struct, frozen=True, kw_only=True):
    """What else counts: the moment, whether anything may be written, and which targets are claimed."""

    now: datetime
    observes: bool
    covered: Mapping[EffectKind, Mapping[Pair, Cover]]


def stands(record: Record, decision: Decision, intended: Plan, *, observes: bool) -> bool:
    """Whether judging anew came to what stands already, and nothing is to be done about it.

    How many people have to approve it follows from its size too, of which the grounds may know nothing; and they know
    nothing of what observing policies say, nor of whether it is carried out.
    """
    before, planned = record.decision, record.plan
    if before is None or planned is None or before.grounds != decision.grounds:
        return False
    if before.approvers != decision.approvers or before.is_observed != decision.is_observed:
        return False
    if not shadow_stands(before, decision) or (before.targets is None and decision.targets is not None):
        return False
    if intended.way is Way.REMEDIATE:
        return observes and _does_the_same(planned, intended)
    return planned.way is intended.way


def approved_before(record: Record, decision: Decision, intended: Plan) -> bool:
    """Whether the same was approved before and only observed.

    It would have been carried out then: no guard comes in time to hold it any more.
    """
    before, planned = record.decision, record.plan
    return (
        decision.is_observed
        and before is not None
        and planned is not None
        and before.is_observed
        and before.grounds == decision.grounds
        and _does_the_same(planned, intended)
    )


def shadow_stands(before: Decision, decision: Decision) -> bool:
    """Whether observing policies say what they said, and no guard lets go of it.

    What they would have approved would have been done at once: a guard that came to stand against it since would have
    come too late, and by how much amounts have grown is no news.
    """
    if said_by_observers(before) != said_by_observers(decision):
        return False
    return before.shadow_guard is None or before.shadow_guard == decision.shadow_guard


def said_by_observers(decision: Decision) -> tuple[Verb, tuple[str, ...]] | None:
    """Return what observing policies would have decided, and which; None where none had an opinion."""
    shadow = decision.shadow
    return None if shadow is None else (shadow.verb, shadow.policies)


def _does_the_same(planned: Plan, intended: Plan) -> bool:
    """Whether one plan that is only observed does nothing else than another, or leans on the same action."""
    return (
        planned.way is intended.way
        and planned.duplicate_of == intended.duplicate_of
        and bool(planned.effects) is bool(intended.effects)
    )


def settled(
    record: Record, decision: Decision, intended: Plan, sent: Sequence[Effect], around: Around
) -> Record:
    """Return the record in the state that its decision and plan put it in."""
    before = record.decision
    is_same = before is not None and before.grounds == decision.grounds
    fresh = msgspec.structs.replace(
        record,
        decision=decision,
        plan=intended,
        due=record.action.deadline,
        why="",
        is_noted=is_same and record.is_noted,
    )
    if (
        decision.guard is None
        and intended.way is Way.REMEDIATE
        and not (around.observes and intended.effects)
    ):
        return _to_remediate(fresh, intended, sent, around)
    return waiting(fresh, sent, around)


def waiting(record: Record, sent: Sequence[Effect], around: Around) -> Record:
    """Return a record that nothing is done for: it waits for people, or is only observed."""
    placed = msgspec.structs.replace(record, state=_state(record, observes=around.observes), why="")
    if sent:
        return still_watched(placed, sent, around.now)
    return msgspec.structs.replace(placed, due=judged_again(placed, around.now))


def because(record: Record, why: str) -> Record:
    """Return the record with this said first of why it is in its state."""
    return msgspec.structs.replace(record, why="; ".join(filter(None, (why, record.why)))) if why else record


def held(record: Record, said: Guarded, sent: Sequence[Effect], now: datetime) -> Record:
    """Return the record of an approval that a guard rail kept from being carried out at the last moment."""
    if record.decision is None:
        return record
    decision = held_anew(record.decision, said)
    asked = msgspec.structs.replace(ask_people(), offered=offer_of(record))
    asking = msgspec.structs.replace(record, decision=decision, plan=asked, is_noted=False)
    return waiting(asking, sent, Around(now=now, observes=False, covered={}))


def _state(record: Record, *, observes: bool) -> State:
    decision, intended = record.decision, record.plan
    if decision is not None and decision.guard is not None:
        return State.HELD
    is_lapsed = decision is not None and decision.lapsed is not None
    led_to = {
        Way.HAND_OFF: State.LAPSED if is_lapsed else State.HANDED_OFF,
        Way.ADVISORY: State.DECIDED if observes else State.REJECTED,
        Way.REMEDIATE: State.DECIDED
        if intended is None or intended.duplicate_of is None
        else State.DEDUPLICATED,
        Way.ASK: State.ESCALATED,
    }
    return led_to[intended.way if intended is not None else Way.ASK]


def _to_remediate(record: Record, intended: Plan, sent: Sequence[Effect], around: Around) -> Record:
    if intended.duplicate_of is not None:
        again = min(_cover_ends(intended.duplicate_of, around), record.action.deadline)
        return msgspec.structs.replace(record, state=State.DEDUPLICATED, due=again)
    if intended.effects:
        return msgspec.structs.replace(record, state=State.INTENDED, undone=None)
    return after_sending(record, sent) if sent else already_done(record, around.now)


def _cover_ends(action_id: str, around: Around) -> datetime:
    """Return when the duplicate is judged anew: just after the hour of the approval it repeats, or as what waits is."""
    claimed = around.covered.get(EffectKind.SOFT_DELETE, {})
    covers = [cover.intended_at for cover in claimed.values() if cover.action_id == action_id]
    ends = max(covers, default=around.now) + DEDUPLICATION + timedelta(seconds=1)
    return ends if ends > around.now else around.now + AGAIN

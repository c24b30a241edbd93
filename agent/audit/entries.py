"""What happened -> its entry. One function for each thing of which the audit tells.

What may name a person, or quote whoever wrote the mail, is a personal value: reasons quote subjects and addresses,
labels too, targets are addresses, Graph's error messages repeat what was asked. Ids, kinds, names and revisions of
policies, digests and counts name nobody.
"""

from collections.abc import Mapping
from datetime import datetime

import msgspec

from agent.model.alarm import Alarm
from agent.model.answer import Answer
from agent.model.audit import Detail, Entry, Event
from agent.model.decision import Decision
from agent.model.enactment import Confirmation, Effect, Outcome, Record, State, Undone
from agent.model.escalation import Posted
from agent.model.fallback import Fallback
from agent.model.hold import Hold
from agent.model.policy import KeptSet
from agent.model.rails import Leave

PERSON = "person"
"""The actor where a person did it; the name is a personal value, so that it can expire."""

ENDED = frozenset({State.SUPERSEDED, State.EXPIRED, State.UNDONE})
"""States that say how an action ended, beside what its confirmation says."""


class Before(msgspec.Struct, frozen=True):
    """What a record was before it was saved."""

    state: State | None = None
    confirmation: Confirmation = Confirmation()


def of_beginning(at: datetime, author: str, *, decisions: int, calls: int, effects: int) -> Entry:
    """Tell that the audit begins, and what was there before."""
    before: dict[str, Detail] = {"decisions": decisions, "calls": calls, "effects": effects}
    return Entry(event=Event.BEGINNING, at=at, actor=author, detail=before)


def of_decision(
    record: Record, decision: Decision, number: int, content: str, now: datetime
) -> tuple[Entry, ...]:
    """Tell of a new decision, and of the guard that held it. `content` binds the decision as the ledger keeps it."""
    incident = record.action.incident.id
    shadow = decision.shadow
    told = Entry(
        event=Event.DECISION,
        at=now,
        actor=decider(decision),
        action_id=record.action.id,
        detail={
            "number": number,
            "decided_at": decision.at.isoformat(),
            "incident": incident,
            "kind": str(record.action.kind),
            "verb": str(decision.verb),
            "guard": decision.guard,
            "policies": ", ".join(decision.policies),
            "shadow": None if shadow is None else str(shadow.verb),
            "revision": decision.revision,
            "git": decision.git,
            "grounds": decision.grounds,
            "evidence": decision.evidence,
            "version": decision.agent_version,
            "way": None if record.plan is None else str(record.plan.way),
            "binding": None if record.plan is None else record.plan.binding,
            "content": content,
        },
        personal=_said(
            reason=decision.reason,
            label=record.action.label,
            by=", ".join(one.name for one in decision.answered),
        ),
    )
    if decision.guard is None:
        return (told,)
    detail: dict[str, Detail] = {
        "guard": decision.guard,
        "number": number,
        "incident": incident,
    }
    held = Entry(
        event=Event.GUARD,
        at=now,
        actor=told.actor,
        action_id=record.action.id,
        detail=detail,
        personal=_said(reason=decision.reason),
    )
    return (told, held)


def of_change(before: Before, record: Record, author: str, now: datetime) -> tuple[Entry, ...]:
    """Tell what saving a record changed beside its decision: it was confirmed, or ended."""
    state, seen = record.state, record.confirmation
    is_news = (seen.effect, seen.pending) != (before.confirmation.effect, before.confirmation.pending)
    if not is_news and (state not in ENDED or before.state is state):
        return ()
    told = Entry(
        event=Event.CONFIRMATION,
        at=now,
        actor=author,
        action_id=record.action.id,
        detail={
            "state": str(state),
            "incident": record.action.incident.id,
            "effect": None if seen.effect is None else str(seen.effect),
            "pending": None if seen.pending is None else str(seen.pending),
            "checks": seen.checks,
        },
        personal=_said(words=seen.words, reason=record.why),
    )
    return (told,)


def of_intent(
    effect: Effect,
    author: str,
    content: str,
    now: datetime,
    undone: Undone | None = None,
    *,
    marks: str = "",
) -> Entry:
    """Tell of an effect that is to leave. `content` binds the effect as the ledger keeps it.

    One that takes back what was done is the act of the person who asked for it, and says why. `marks` tell its targets,
    one after the other, to whoever restores a ledger that knows nothing of it.
    """
    act = undone if effect.undoes is not None else None
    return _of_effect(
        effect,
        Event.INTENT if effect.undoes is None else Event.UNDO,
        now,
        author if act is None else PERSON,
        {
            "kind": str(effect.kind),
            "targets": len(effect.targets),
            "senders_copy": effect.senders_copy,
            "undoes": effect.undoes,
            "incident": effect.incident_id,
            "content": content,
            "marks": marks,
        },
        targets=msgspec.json.encode(effect.targets).decode(),
        by="" if act is None else act.by,
        reason="" if act is None else act.reason,
    )


def of_call(effect: Effect, leave: Leave, now: datetime) -> Entry:
    """Tell of a call that is about to leave, as the effect stands by then."""
    return _of_effect(
        effect,
        Event.CALL,
        now,
        agent(leave.replica),
        {
            "kind": str(effect.kind),
            "targets": len(effect.targets),
            "attempt": effect.attempts,
            "incident": effect.incident_id,
            "token": leave.token,
        },
    )


def of_outcome(effect: Effect, outcome: Outcome, author: str, now: datetime) -> Entry:
    """Tell how a call went."""
    detail: dict[str, Detail] = {
        "attempt": effect.attempts,
        "went": str(outcome.went),
        "bulk_id": outcome.bulk_id,
        "request_id": outcome.request_id,
    }
    return _of_effect(effect, Event.OUTCOME, now, author, detail, detail=outcome.detail)


def of_dropped(effect: Effect, author: str, now: datetime) -> Entry:
    """Tell of an effect that was intended and will not leave."""
    return _of_effect(effect, Event.DROPPED, now, author, {"kind": str(effect.kind)})


def of_note(
    what: str, place: str, author: str, now: datetime, *, text: str = "", outcome: Outcome | None = None
) -> Entry:
    """Tell of a comment, tag or classification that is about to be written to Defender, or how that went.

    Args:
        what: `comment`, `tags` or `classification`.
        place: the incident's or alert's id.
        author: who writes it.
        now: the moment.
        text: what is written; it is told before, not after.
        outcome: how it went; None before.
    """
    detail: dict[str, Detail] = {"what": what, "place": place, "went": "sent"}
    if outcome is not None:
        detail |= {"went": str(outcome.went), "request_id": outcome.request_id}
    personal = _said(text=text, detail="" if outcome is None else outcome.detail)
    return Entry(event=Event.NOTE, at=now, actor=author, detail=detail, personal=personal)


def of_answer(answer: Answer, content: str) -> Entry:
    """Tell what a person answered, and what they had been shown. `content` binds the answer as the ledger keeps it."""
    person, targets = answer.person, answer.targets
    return Entry(
        event=Event.ANSWER,
        at=answer.at,
        actor=PERSON,
        action_id=answer.action_id,
        detail={
            "number": answer.number,
            "verb": str(answer.verb),
            "digest": answer.digest,
            "targets": None if targets is None else len(targets),
            "chain": answer.chain,
            "grant": answer.grant if not answer.grant.startswith("user:") else "user",
            "via": answer.via,
            "expires": answer.expires.isoformat(),
            "content": content,
        },
        personal=_said(
            by=person.name,
            object_id=person.object_id,
            roles=", ".join(person.roles),
            reason=answer.reason,
            targets="" if targets is None else msgspec.json.encode(targets).decode(),
        ),
    )


def of_notice(posted: Posted, author: str, now: datetime) -> Entry:
    """Tell that a channel took a notice for people on call, or failed until it was given up."""
    notice = posted.notice
    return Entry(
        event=Event.NOTICE,
        at=now,
        actor=author,
        detail={
            "notice": notice.id,
            "page": notice.page_id,
            "key": notice.key,
            "chain": notice.chain,
            "channel": notice.channel,
            "occasion": str(notice.occasion),
            "step": notice.step,
            "total": notice.total,
            "delivery": str(posted.delivery),
            "attempts": posted.attempts,
        },
        personal=_said(why=posted.why, ref=posted.receipt.ref),
    )


def of_hold(hold: Hold) -> Entry:
    """Tell that enactment was stopped."""
    return by_person(Event.HOLD, hold.since, hold.by, {"name": hold.name}, reason=hold.reason)


def of_restored(detail: Mapping[str, Detail], by: str, reason: str, now: datetime) -> Entry:
    """Tell that the ledger was restored from a backup, and where its chains ended."""
    return by_person(Event.RESTORED, now, by, detail, reason=reason)


def of_release(name: str, by: str, reason: str, now: datetime) -> Entry:
    """Tell that a hold was ended."""
    return by_person(Event.RELEASE, now, by, {"name": name}, reason=reason)


def of_set(kept: KeptSet, author: str, content: str) -> Entry:
    """Tell that a set of policies came into force. `content` binds its files."""
    detail: dict[str, Detail] = {
        "revision": kept.revision,
        "git": kept.git,
        "files": len(kept.files),
        "content": content,
    }
    return Entry(event=Event.POLICIES, at=kept.at, actor=author, detail=detail)


def of_fallback(one: Fallback, author: str) -> Entry:
    """Tell that what a policy approved was overturned, and that it observes from now on."""
    detail: dict[str, Detail] = {"policy": one.policy, "revision": one.revision}
    return Entry(
        event=Event.FALLBACK,
        at=one.since,
        actor=author,
        reason=one.words,
        action_id=one.action_id,
        detail=detail,
    )


def of_reinstated(policy: str, by: str, reason: str, now: datetime) -> Entry:
    """Tell that a person let a policy that fell back count again."""
    return by_person(Event.REINSTATED, now, by, {"policy": policy}, reason=reason)


def of_mode(policy: str, before: str, after: str, bar: str, by: str, now: datetime) -> Entry:
    """Tell that a person wrote another mode into a policy's file, and which bar it had passed."""
    detail: dict[str, Detail] = {"policy": policy, "before": before, "after": after, "bar": bar}
    return by_person(Event.MODE, now, by, detail)


def of_settings(values: Mapping[str, Detail], author: str, now: datetime) -> Entry:
    """Tell by which settings an agent goes. Secrets are not among them."""
    return Entry(event=Event.SETTINGS, at=now, actor=author, detail=values)


def of_alarm(alarm: Alarm, author: str) -> Entry:
    """Tell that an alarm was raised, or says something else."""
    personal = _said(words=alarm.words)
    detail: dict[str, Detail] = {"name": alarm.name, "is_raised": True}
    return Entry(event=Event.ALARM, at=alarm.since, actor=author, detail=detail, personal=personal)


def of_cleared(name: str, author: str, now: datetime) -> Entry:
    """Tell that an alarm ended."""
    return Entry(event=Event.ALARM, at=now, actor=author, detail={"name": name, "is_raised": False})


def of_erasure(detail: Mapping[str, Detail], by: str, now: datetime) -> Entry:
    """Tell that personal values were erased, without naming them. `by` is empty where they expired."""
    if not by:
        return Entry(event=Event.ERASURE, at=now, actor="agent", reason="they had expired", detail=detail)
    return by_person(Event.ERASURE, now, by, detail)


def by_person(event: Event, at: datetime, by: str, detail: Mapping[str, Detail], **said: str) -> Entry:
    """Tell of what a person did."""
    return Entry(event=event, at=at, actor=PERSON, detail=detail, personal=_said(by=by, **said))


def agent(replica: str) -> str:
    """Return how an agent is called as an actor."""
    return f"agent {replica}"


def decider(decision: Decision) -> str:
    """Return who made a decision: people, a chain that nobody answered, the policies that decided, or the agent."""
    if decision.answered:
        return PERSON
    if decision.lapsed is not None:
        return f"chain {decision.lapsed.chain}@{decision.revision}"
    names = ", ".join(decision.policies)
    return f"policy {names}@{decision.revision}" if names else f"policies@{decision.revision}"


def _of_effect(
    effect: Effect, event: Event, at: datetime, author: str, said: Mapping[str, Detail], **personal: str
) -> Entry:
    return Entry(
        event=event,
        at=at,
        actor=author,
        action_id=effect.action_id,
        detail={"effect": effect.id, **said},
        personal=_said(**personal),
    )


def _said(**personal: str) -> dict[str, str]:
    return {name: words for name, words in personal.items() if words}

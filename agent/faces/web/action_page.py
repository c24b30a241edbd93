"""The document of one pending action, in the order in which a person at night needs it."""

from collections.abc import Iterator, Sequence
from datetime import datetime

import msgspec

from agent.faces.doing import Line, does, lines
from agent.faces.guard_words import GuardWord, guard_words, no_guard
from agent.faces.known_facts import Known, Unknown, history_words, known, messages_words, unknown
from agent.faces.next_step import Asked, Next, next_step
from agent.faces.offer_and_answers import answer
from agent.faces.pages import Open, sentence
from agent.faces.people_did import NOBODY, all_that_people_did
from agent.faces.questions import Target, undo_words
from agent.faces.telling import KINDS, action_center, confirmation, deciders, enactment, reason, verdict
from agent.faces.timeline import WENT, Happening, Past, timeline
from agent.faces.tones import TONES
from agent.faces.web.answer_form import AnswerForm
from agent.faces.why import Why
from agent.judge.answering import is_waiting
from agent.judge.bind import offer_of
from agent.judge.compile import Judge
from agent.judge.exchange import commands
from agent.judge.headline import headline
from agent.judge.worklist import needs_people
from agent.model.enactment import Effect, Offer, Record, Way, Went
from agent.model.hold import Hold
from agent.model.pending import KindSource, PendingAction
from agent.model.truth import Truth

FIRST = 20
"""Targets that are listed on the page itself."""


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One call, and how it went. `detail` is Graph's."""

    does: str
    went: str
    targets: int
    attempts: int
    sent_at: datetime | None
    settled_at: datetime | None
    detail: str
    bulk_id: str
    request_id: str
    undoes: bool


class Thread(msgspec.Struct, frozen=True, kw_only=True):
    """One page that people were told of it with."""

    what: str
    chain: str
    since: datetime
    closed: datetime | None
    seen: str
    """Who acknowledged it; empty where nobody has."""
    told: tuple[str, ...]


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Somewhere else to look."""

    label: str
    url: str


class ActionPage(msgspec.Struct, frozen=True, kw_only=True):
    """One pending action. Every text but ids and states may quote an attacker's."""

    id: str
    now: datetime
    headline: str
    kind: str
    label: str
    state: str
    tone: str
    """How the state looks at a glance."""
    deadline: datetime
    remaining_seconds: int
    next: Next
    would: str
    """What is done, or would be if people approve."""
    does: str
    undo: str
    incident: str
    incident_name: str
    incident_url: str | None
    decided: str
    decided_by: str
    decided_at: datetime | None
    reason: str
    answer: AnswerForm
    why: Why | None
    guards: tuple[GuardWord, ...]
    guards_words: str
    """What is to be said where no guard said anything."""
    facts: tuple[Known, ...]
    unknown: tuple[Unknown, ...]
    messages: str
    past: tuple[str, ...]
    """How earlier actions of the same sender, domain or kind of cluster ended."""
    lines: tuple[Line, ...]
    """The first targets."""
    targets: int
    has_gone: bool
    calls: tuple[Call, ...]
    enactment: str
    confirmation: str
    people_did: tuple[str, ...]
    """What people decided, of each proposal."""
    looked_at: datetime | None
    threads: tuple[Thread, ...]
    answers: tuple[str, ...]
    timeline: tuple[Happening, ...]
    links: tuple[Place, ...]
    commands: tuple[str, ...]
    kind_source: str


class Gathered(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a page of an action is made of."""

    record: Record
    now: datetime
    cloud: str
    judge: Judge | None
    """The policies that decided; None where they are not at hand."""
    why: Why | None
    past: Past
    holds: tuple[Hold, ...]
    targets: tuple[Target, ...]
    form: AnswerForm
    truths: tuple[Truth, ...] = ()


def action_page(found: Gathered) -> ActionPage:
    """Return the document of one action."""
    record, form, now, past = found.record, found.form, found.now, found.past
    action, decision, effects = record.action, record.decision, effects_of(record, past.effects)
    facts = decision.facts if decision is not None else None
    asked = Asked(chain=form.chain, need=form.need, have=form.have) if form.is_asked else None
    return ActionPage(
        id=action.id,
        now=now,
        headline=headline(record, now, found.judge),
        kind=KINDS[action.kind],
        label=action.label,
        state=record.state.value,
        tone=TONES[record.state],
        deadline=action.deadline,
        remaining_seconds=round((action.deadline - now).total_seconds()),
        next=next_step(record, asked, past.pages, found.holds, now),
        would=_would(record),
        does=does(effects),
        undo=undo_words(effects) if effects else "",
        incident=action.incident.id,
        incident_name=action.incident.display_name or "",
        incident_url=action.incident.web_url,
        decided=verdict(record),
        decided_by=deciders(decision),
        decided_at=decision.at if decision is not None else None,
        reason=reason(record),
        answer=form,
        why=found.why,
        guards=tuple(guard_words(decision)) if decision is not None else (),
        guards_words=no_guard(decision),
        facts=known(facts) if facts is not None else (),
        unknown=unknown(facts, action.kind) if facts is not None else (),
        messages=messages_words(facts),
        past=tuple(history_words(facts)),
        lines=lines_of(record, past.effects, found.targets[:FIRST]),
        targets=len(found.targets),
        has_gone=has_gone(record, past.effects),
        calls=tuple(map(_call, past.effects)),
        enactment=enactment(record),
        confirmation=confirmation(record),
        people_did=all_that_people_did(found.truths) or (NOBODY,),
        looked_at=record.confirmation.at,
        threads=tuple(_thread(one, now) for one in past.pages),
        answers=tuple(answer(one, now) for one in past.answers),
        timeline=timeline(record, past, now),
        links=tuple(_places(record, found.cloud)),
        commands=commands(record) if needs_people(record) else (),
        kind_source=_kind_source(action),
    )


def effects_of(record: Record, effects: Sequence[Effect]) -> tuple[Effect, ...]:
    """Return what would be done if people approved, or what is or was done; `effects` are all of the action's."""
    offered = asked_about(record)
    if offered is not None:
        return offered.effects
    written = tuple(one for one in effects if one.undoes is None and one.went is not Went.DROPPED)
    return written or (record.plan.effects if record.plan is not None else ())


def asked_about(record: Record) -> Offer | None:
    """Return what people are asked about; None where it is decided, though a no could still keep it from leaving."""
    return offer_of(record) if is_waiting(record) else None


def has_gone(record: Record, effects: Sequence[Effect]) -> bool:
    """Whether its targets are those of calls that are written down, and not only offered."""
    return asked_about(record) is None and any(one.undoes is None for one in effects)


def lines_of(record: Record, effects: Sequence[Effect], some: Sequence[Target]) -> tuple[Line, ...]:
    """Return some of the action's targets with what is known of each; `effects` are all of the action's."""
    return lines(some, record, effects_of(record, effects), has_gone=has_gone(record, effects))


def _would(record: Record) -> str:
    offered = asked_about(record)
    if offered is None:
        return enactment(record)
    if offered.way is not Way.REMEDIATE:
        return f"the agent cannot carry it out: {offered.why}"
    return f"if people approve: {offered.why}"


def _kind_source(action: PendingAction) -> str:
    word = action.proposal.action_type if action.proposal is not None else None
    match action.kind_source:
        case KindSource.EVIDENCE:
            return "the evidence fixes what it is"
        case KindSource.HUNTING:
            return f"the evidence leaves open what it is; AIR's own row says `{word or 'no word'}`"
        case KindSource.NOWHERE:
            return "the evidence leaves open what it is, and no row of AIR's names it"


# What came of it


def _call(effect: Effect) -> Call:
    return Call(
        does=effect.kind.value,
        went="written down to be sent" if effect.went is Went.INTENDED else WENT[effect.went],
        targets=len(effect.targets),
        attempts=effect.attempts,
        sent_at=effect.sent_at,
        settled_at=effect.settled_at,
        detail=effect.detail,
        bulk_id=effect.bulk_id or "",
        request_id=effect.request_id or "",
        undoes=effect.undoes is not None,
    )


def _thread(page: Open, now: datetime) -> Thread:
    seen = page.acknowledged
    return Thread(
        what=page.what,
        chain=page.chain,
        since=page.since,
        closed=page.closed,
        seen=seen.by if seen is not None else "",
        told=tuple(sentence(one, now) for one in page.told),
    )


def _places(record: Record, cloud: str) -> Iterator[Place]:
    """Give where else to look, each once."""
    action, seen = record.action, set[str]()
    found = [("Incident in Defender", action.incident.web_url)]
    if action.proposal is not None:
        found.append(("Investigation in Defender", action.proposal.link))
    found += [(f"Alert {one.alert_id} in Defender", one.web_url) for one in action.sightings]
    found.append(("Defender's Action center", action_center(cloud, action.tenant_id)))
    for label, url in found:
        if url and url not in seen:
            seen.add(url)
            yield Place(label=label, url=url)

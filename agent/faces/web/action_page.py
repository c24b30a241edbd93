"""The document of one pending action, in the order in which a person at night needs it."""

from collections.abc import Iterator, Sequence
from datetime import datetime

import msgspec

from agent.faces.doing import Line, does, lines
from agent.faces.holds import banner
from agent.faces.known_facts import Known, Unknown, known, unknown
from agent.faces.next_step import Asked, Next, next_step
from agent.faces.offer_and_answers import answer
from agent.faces.pages import Open, sentence
from agent.faces.questions import undo_words
from agent.faces.story import Story
from agent.faces.telling import KINDS, action_center, confirmation, deciders, enactment, reason, verdict
from agent.faces.timeline import WENT, Happening, timeline
from agent.faces.tones import TONES
from agent.faces.web.answer_form import AnswerForm
from agent.faces.why import Explained, Why
from agent.judge.bind import offer_of
from agent.judge.guard import over, span
from agent.judge.headline import headline
from agent.judge.quote import counted
from agent.model.decision import Decision, Verb, Weighed
from agent.model.enactment import Effect, Record, Way, Went
from agent.model.pending import KindSource

FIRST = 20
"""Targets that are listed on the page itself."""


class GuardWord(msgspec.Struct, frozen=True, kw_only=True):
    """One guard rail, cap or limit, and what it said."""

    name: str
    words: str
    stands: bool
    """Whether it stood against an approval."""
    until: datetime | None = None


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
    holds: tuple[str, ...]
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
    looked_at: datetime | None
    threads: tuple[Thread, ...]
    answers: tuple[str, ...]
    timeline: tuple[Happening, ...]
    links: tuple[Place, ...]
    commands: tuple[str, ...]
    kind_source: str


def action_page(
    record: Record,
    told: Story,
    apart: Explained | None,
    form: AnswerForm,
    listed: tuple[Line, ...],
    cloud: str,
) -> ActionPage:
    """Return the document of one action.

    Args:
        record: as it stands.
        told: everything that the ledger holds of it.
        apart: its decision taken apart; None where there is none.
        form: by which whoever looks may answer it.
        listed: all of its targets.
        cloud: where its tenant is.
    """
    action, decision, effects = record.action, record.decision, effects_of(record, told.effects)
    facts = decision.facts if decision is not None else None
    asked = Asked(chain=form.chain, need=form.need, have=form.have) if form.is_asked else None
    return ActionPage(
        id=action.id,
        now=told.now,
        headline=headline(record, told.now, apart.trees if apart is not None else ()),
        kind=KINDS[action.kind],
        label=action.label,
        state=record.state.value,
        tone=TONES[record.state],
        deadline=action.deadline,
        remaining_seconds=told.action.remaining_seconds,
        next=next_step(record, asked, told.pages, told.holds, told.now),
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
        holds=tuple(banner(one, told.now) for one in told.holds),
        answer=form,
        why=apart.why if apart is not None else None,
        guards=tuple(_guards(decision)) if decision is not None else (),
        guards_words=_guards_words(decision),
        facts=known(facts) if facts is not None else (),
        unknown=unknown(facts, action.kind) if facts is not None else (),
        messages=_messages(decision),
        past=tuple(_past(decision)),
        lines=listed[:FIRST],
        targets=len(listed),
        has_gone=has_gone(record, told.effects),
        calls=tuple(map(_call, told.effects)),
        enactment=enactment(record),
        confirmation=confirmation(record),
        looked_at=record.confirmation.at,
        threads=tuple(_thread(one, told.now) for one in told.pages),
        answers=tuple(answer(one, told.now) for one in told.answers),
        timeline=timeline(told, record),
        links=tuple(_places(record, cloud)),
        commands=told.commands,
        kind_source=_kind_source(told),
    )


def effects_of(record: Record, effects: Sequence[Effect]) -> tuple[Effect, ...]:
    """Return what would be done if people approved, or what is or was done; `effects` are all of the action's."""
    offered = offer_of(record)
    if offered is not None:
        return offered.effects
    written = tuple(one for one in effects if one.undoes is None and one.went is not Went.DROPPED)
    return written or (record.plan.effects if record.plan is not None else ())


def has_gone(record: Record, effects: Sequence[Effect]) -> bool:
    """Whether its targets are those of calls that are written down, and not only offered."""
    return offer_of(record) is None and any(one.undoes is None for one in effects)


def lines_of(record: Record, effects: Sequence[Effect]) -> tuple[Line, ...]:
    """Return every target of the action; `effects` are all of the action's."""
    return lines(record, effects_of(record, effects), has_gone=has_gone(record, effects))


def _would(record: Record) -> str:
    offered = offer_of(record)
    if offered is None:
        return enactment(record)
    if offered.way is not Way.REMEDIATE:
        return f"the agent cannot carry it out: {offered.why}"
    return f"if people approve: {offered.why}"


# Guards


def _guards(decision: Decision) -> Iterator[GuardWord]:
    for one in decision.held:
        yield GuardWord(name=one.guard, words=one.words, stands=True, until=one.until)
    if decision.guard and not any(one.guard == decision.guard for one in decision.held):
        passed = next((one for one in decision.weighed if one.is_over), None)
        if passed is None:
            yield GuardWord(name=decision.guard, words=decision.reason, stands=True)
    for weighed in decision.weighed:
        yield _weighed(weighed)
    if decision.approvers > 1 and not decision.answered:
        people = counted(decision.approvers, "person has", "people have")
        yield GuardWord(name="approvers", words=f"{people} to approve it", stands=False)


def _weighed(one: Weighed) -> GuardWord:
    name = one.cap or f"limits of {one.policy}"
    if one.is_over:
        return GuardWord(name=name, words=over(one), stands=True)
    asked = f"and this takes {one.asked:,}"
    words = f"{one.spent:,} of {one.count:,} {one.unit} in {span(one.window)} are spent, {asked}: kept"
    return GuardWord(name=name, words=words, stands=False)


def _guards_words(decision: Decision | None) -> str:
    if decision is None:
        return "nothing was decided yet"
    if decision.held or decision.guard or decision.weighed or decision.approvers > 1:
        return ""
    if decision.verb is Verb.APPROVE:
        return "no guard rail stood against it"
    return "no guard rail said anything: they are asked about what is approved"


# What it rests on


def _messages(decision: Decision | None) -> str:
    if decision is None or decision.facts.messages is None:
        return ""
    facts = decision.facts
    found = counted(len(facts.messages or ()), "copy of a message was", "copies of messages were")
    if facts.messages_complete:
        return f"{found} looked up: all of them"
    return f"{found} looked up, not all of them: {facts.unresolved or 'why is not known'}"


PAST = {"sender": "of the same sender", "domain": "of the same sender's domain", "clusterBy": "built alike"}
"""By what earlier actions are looked up, in words."""


def _past(decision: Decision | None) -> Iterator[str]:
    values = decision.facts.values if decision is not None else {}
    for about, words in PAST.items():
        no, yes = (values.get(f"history.{about}.{ended}") for ended in ("declined", "remediated"))
        if no is not None or yes is not None:
            yield f"{words}: {no or 0} declined by people, {yes or 0} remediated"


def _kind_source(told: Story) -> str:
    match told.kind_source:
        case KindSource.EVIDENCE:
            return "the evidence fixes what it is"
        case KindSource.HUNTING:
            return (
                f"the evidence leaves open what it is; AIR's own row says `{told.action_type or 'no word'}`"
            )
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

"""Everything that happened to one pending action, in one list, oldest first: Defender, the agent and people side by side."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum

import msgspec

from agent.faces.pages import OUTCOMES, Open
from agent.faces.telling import VERBS
from agent.judge.people import by, grant
from agent.judge.quote import counted, moment, quote
from agent.model.answer import Answer
from agent.model.enactment import Effect, Record, Went
from agent.model.escalation import Delivery
from agent.model.pending import PendingAction
from agent.model.ruled import Ruled


class Side(StrEnum):
    """Whose doing it is."""

    DEFENDER = "Defender"
    AGENT = "agent"
    PEOPLE = "people"


class Happening(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that happened, or will. `words` may quote an attacker."""

    at: datetime
    side: Side
    words: str


class Past(msgspec.Struct, frozen=True, kw_only=True):
    """What the ledger holds of an action's past."""

    decisions: tuple[Ruled, ...]
    effects: tuple[Effect, ...]
    answers: tuple[Answer, ...]
    pages: tuple[Open, ...]


def timeline(record: Record, past: Past, now: datetime) -> tuple[Happening, ...]:
    """Return everything that happened to the action, oldest first, up to what comes next."""
    found = [
        *_of_defender(record.action),
        *(_of_decision(one) for one in past.decisions),
        *_of_people(past),
        *_of_effects(past.effects),
        *_of_looks(record),
        *_to_come(record, now),
    ]
    return tuple(sorted(found, key=lambda one: one.at))


def _of_defender(action: PendingAction) -> Iterator[Happening]:
    yield Happening(
        at=action.first_seen, side=Side.DEFENDER, words="proposed: the week in which it is decided begins"
    )
    for one in action.sightings:
        if one.created_date_time is not None:
            title = quote(one.title or "without a title", 200)
            words = f"alert {quote(one.alert_id)} shows it: {title}"
            yield Happening(at=one.created_date_time, side=Side.DEFENDER, words=words)


def _of_decision(one: Ruled) -> Happening:
    guard = f", held by `{one.guard}`" if one.guard else ""
    words = f"{VERBS[one.verb]} by {by(one)}{guard}: {one.reason}"
    return Happening(at=one.at, side=Side.PEOPLE if one.answered else Side.AGENT, words=words)


def _of_people(past: Past) -> Iterator[Happening]:
    for one in past.answers:
        what = "it" if one.targets is None else f"{counted(len(one.targets), 'target', 'targets')} of it"
        words = f"{quote(one.person.name)} ({grant(one.grant)}, by {one.via}) {VERBS[one.verb]} {what}: {quote(one.reason, 1000)}"
        yield Happening(at=one.at, side=Side.PEOPLE, words=words)
    for page in past.pages:
        yield from _of_page(page)


def _of_page(page: Open) -> Iterator[Happening]:
    yield Happening(at=page.since, side=Side.AGENT, words=f"page opened for chain `{page.chain}`")
    for one in page.told:
        if one.delivery is Delivery.DROPPED:
            continue
        step = f", step {one.step}" if one.step else ""
        why = f": {one.why}" if one.why else ""
        words = f"{OUTCOMES[one.delivery]} {one.channel} ({one.occasion}{step}){why}"
        yield Happening(at=one.at, side=Side.AGENT, words=words)
    seen = page.acknowledged
    if seen is not None:
        words = f"acknowledged by {quote(seen.by)} on {seen.channel}: nobody else is paged until {moment(seen.until)}"
        yield Happening(at=seen.at, side=Side.PEOPLE, words=words)
    if page.closed is not None:
        yield Happening(at=page.closed, side=Side.AGENT, words=f"page of chain `{page.chain}` closed")


def _of_effects(effects: tuple[Effect, ...]) -> Iterator[Happening]:
    """Give what was done to how much, calls of one minute together: there may be hundreds."""
    counts: Counter[tuple[datetime, str]] = Counter()
    calls: Counter[tuple[datetime, str]] = Counter()
    for effect in effects:
        for at, words in _steps(effect):
            minute = at.replace(second=0, microsecond=0) if len(effects) > 1 else at
            counts[minute, words] += len(effect.targets)
            calls[minute, words] += 1
    for (at, words), count in counts.items():
        of = counted(count, "target", "targets")
        in_calls = f" in {calls[at, words]:,} calls" if calls[at, words] > 1 else ""
        yield Happening(at=at, side=Side.AGENT, words=f"{words}: {of}{in_calls}")


def _steps(effect: Effect) -> Iterator[tuple[datetime, str]]:
    kind = f"{effect.kind}{' (taking it back)' if effect.undoes is not None else ''}"
    if effect.went is Went.OBSERVED:
        yield effect.intended_at, f"observed, not sent: {kind}"
        return
    yield effect.intended_at, f"written down to be sent: {kind}"
    if effect.sent_at is not None:
        yield effect.sent_at, f"sent: {kind}"
    if effect.settled_at is not None and effect.went is not Went.SENT:
        yield (
            effect.settled_at,
            f"{WENT[effect.went]}: {kind}{f' ({effect.detail})' if effect.detail else ''}",
        )


WENT = {
    Went.INTENDED: "not applied, to be sent again",
    Went.SENT: "sent",
    Went.DONE: "accepted by Graph",
    Went.REFUSED: "refused by Graph",
    Went.UNKNOWN: "may have been applied, and is never sent again",
    Went.OBSERVED: "observed",
    Went.DROPPED: "not sent, and dropped",
}
"""How a call went, in words."""


def _of_looks(record: Record) -> Iterator[Happening]:
    seen = record.confirmation
    if seen.at is not None:
        times = f", {seen.checks} times by now" if seen.checks > 1 else ""
        words = f"looked at{times}: {seen.words or seen.pending or 'nothing new'}"
        yield Happening(at=seen.at, side=Side.AGENT, words=words)
    if record.undone is not None:
        undone = record.undone
        words = f"{quote(undone.by)} took it back: {quote(undone.reason, 1000)}; {undone.words}"
        yield Happening(at=undone.at, side=Side.PEOPLE, words=words)
    if record.lapse is not None:
        words = f"last chance of chain `{record.lapse.chain}`: nobody had answered"
        yield Happening(at=record.lapse.at, side=Side.AGENT, words=words)


def _to_come(record: Record, now: datetime) -> Iterator[Happening]:
    """Give what is still to come."""
    deadline = record.action.deadline
    if record.due is not None and now < record.due < deadline:
        yield Happening(at=record.due, side=Side.AGENT, words="to come: looks at it again")
    tense = "the week ended" if deadline <= now else "to come: the week ends"
    yield Happening(at=deadline, side=Side.DEFENDER, words=f"{tense}: Defender drops it where nobody decided")

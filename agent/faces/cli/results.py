"""What a demo came to: every pending action, what is left to people, and what Graph saw."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from agent.faces.cli.demo_person import Told
from agent.faces.telling import Row, row
from agent.model.decision import Verb
from agent.model.enactment import Effect, EffectKind, Record, State, Went
from agent.simulator.kinds import is_write

Target = tuple[str, str, str]
"""What was done, to what, and where that is, as the simulator's log has them."""

OPEN_ENDED = frozenset({Went.INTENDED, Went.SENT, Went.UNKNOWN})
"""How an effect may stand that was begun and not settled."""


class LogLine(msgspec.Struct, frozen=True):
    """What is read of a line of the agent's log."""

    level: str = ""

    @staticmethod
    def from_json(line: bytes) -> "LogLine":
        """Return the line; one that was cut when the agent was killed says nothing."""
        try:
            return msgspec.json.decode(line, type=LogLine)
        except msgspec.DecodeError:
            return LogLine()

    @property
    def is_error(self) -> bool:
        """Whether it tells of an error."""
        return self.level in {"error", "critical"}


class Left(msgspec.Struct, frozen=True, kw_only=True):
    """Something that a person has to do."""

    id: str
    what: str
    state: str
    todo: str
    why: str
    deadline: datetime


class Results(msgspec.Struct, frozen=True, kw_only=True):
    """What `demo --json` tells."""

    seed: int
    dry_run: bool
    seconds: float
    virtual_minutes: float
    kills: int
    counts: Mapping[str, int]
    """By decision."""
    states: Mapping[str, int]
    actions: tuple[Row, ...]
    people: tuple[Left, ...]
    question: Told | None
    """The question that the person on call has answered; None where there was none to answer."""
    requests: Mapping[str, int]
    """What Graph was asked, by kind."""
    writes: int
    """Requests that change something."""
    remediated: int
    """Copies of messages that Graph was told to soft-delete."""
    others: Mapping[str, int]
    """On how much else was acted, by what was done."""
    doubled: tuple[str, ...]
    """Whatever was done more than once to the same thing: must be empty."""
    missing: tuple[str, ...]
    """Whatever the ledger says was done, and Graph never saw: must be empty."""
    held: int
    """Approvals that a guard turned into a question; they count as `escalate`."""
    errors: int
    """Lines in the agent's log that tell of an error."""
    unsettled: int
    """Copies that were to be sent, and of which the ledger cannot say whether they were: people look at them."""
    unknown: int
    """Copies of which nobody knows whether they were deleted: people have to look."""
    folder: str
    ledger: str
    log: str
    settings: str

    @property
    def is_sound(self) -> bool:
        """Whether nothing was sent twice, nothing was made up, and a dry run wrote nothing."""
        return not self.doubled and not self.missing and not (self.dry_run and self.writes)


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """What the simulator's log says."""

    requests: Mapping[str, int]
    writes: int
    sent: Mapping[Target, int]
    """How often each thing was done to each target, in requests that may have been applied."""


def seen(log: Iterable[Mapping[str, Any]]) -> Seen:
    """Return the simulator's log, counted."""
    requests: Counter[str] = Counter()
    sent: Counter[Target] = Counter()
    writes = 0
    for one in log:
        kind = one["kind"]
        requests[kind] += 1
        writes += is_write(one["method"], kind)
        if one["effect"] and not 400 <= one["status"] < 500:
            sent.update((one["effect"], thing.lower(), place.lower()) for thing, place in one["pairs"])
    return Seen(requests=dict(requests.most_common()), writes=writes, sent=sent)


def copies(sent: Iterable[Target]) -> int:
    """Return how many copies of messages were to be soft-deleted."""
    return sum(effect == EffectKind.SOFT_DELETE for effect, _, _ in sent)


def others(sent: Iterable[Target]) -> dict[str, int]:
    """Return on how much else was acted, by what was done."""
    return dict(Counter(effect for effect, _, _ in sent if effect != EffectKind.SOFT_DELETE).most_common())


def unsent(effects: Iterable[Effect], sent: Mapping[Target, int]) -> tuple[str, ...]:
    """Return what the ledger says is done, and Graph never saw."""
    done = {
        (effect.kind.value, thing.lower(), place.lower())
        for effect in effects
        if effect.went is Went.DONE
        for thing, place in effect.targets
    }
    return tuple(_named(target) for target in sorted(done) if target not in sent)


def unsettled(effects: Iterable[Effect]) -> int:
    """Return of how many copies the ledger cannot say whether they were sent."""
    return sum(len(effect.targets) for effect in effects if effect.went in OPEN_ENDED)


def unknown(effects: Iterable[Effect], records: Iterable[Record]) -> int:
    """Return of how many copies nobody knows whether they were deleted: Graph did not say, and no look told."""
    confirmed = {record.action.id for record in records if record.state is State.CONFIRMED}
    doubtful = (one for one in effects if one.went is Went.UNKNOWN and one.action_id not in confirmed)
    return sum(len(effect.targets) for effect in doubtful)


def doubled(sent: Mapping[Target, int]) -> tuple[str, ...]:
    """Return what was sent more than once, and how often."""
    return tuple(f"{_named(pair)}: {times} times" for pair, times in sorted(sent.items()) if times > 1)


def by_decision(rows: Iterable[Row]) -> dict[str, int]:
    """Return how many actions each decision was made on."""
    found = Counter(one.decision for one in rows)
    return {word: found[word] for word in (*(verb.value for verb in Verb), "none yet", "none") if found[word]}


def errors_in(log: Path) -> int:
    """Return how many lines of the agent's log tell of an error; a log that is not there has none."""
    if not log.exists():
        return 0
    with log.open("rb") as lines:
        return sum(LogLine.from_json(line).is_error for line in lines)


def left_to_people(records: Sequence[Record], now: datetime) -> tuple[Left, ...]:
    """Return what people have to do, earliest deadline first."""
    rows = ((record, row(record, now)) for record in records)
    return tuple(
        Left(
            id=told.id,
            what=told.what,
            state=told.state,
            todo=todo(record),
            why=why(record),
            deadline=told.deadline,
        )
        for record, told in rows
        if told.needs_people
    )


def todo(record: Record) -> str:
    """Return what a person has to do, in a few words."""
    match record.state:
        case State.HANDED_OFF:
            return "approve it in Defender"
        case State.LAPSED:
            return "decide it in Defender"
        case State.REJECTED | State.DECIDED:
            return "reject it in Defender"
        case State.ESCALATED | State.HELD:
            return "decide"
        case _:
            return "look at what became of it"


def why(record: Record) -> str:
    """Return why that is left to a person."""
    decision, plan = record.decision, record.plan
    said = decision.reason if decision is not None else ""
    match record.state:
        case State.HANDED_OFF | State.REJECTED | State.DECIDED if plan is not None:
            return f"{plan.why}; {said}"
        case State.ESCALATED | State.HELD | State.LAPSED:
            return said
        case _:
            return record.why or said


def _named(target: Target) -> str:
    effect, thing, place = target
    where = f" in {place}" if place else ""
    return f"{thing}{where}" if effect == EffectKind.SOFT_DELETE else f"{effect} of {thing}{where}"

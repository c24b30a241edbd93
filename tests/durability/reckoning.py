"""Holds ledger and simulator against each other at the end: each approved target once, or with a person who knows of it."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from agent.adapters.ledger.ledger import SqlLedger
from agent.audit.key import Key
from agent.audit.lines import read_lines
from agent.audit.verify import verify
from agent.audit.witness import shipped
from agent.model.enactment import Effect, Record, State, Went
from agent.ports.ledger import Ledger
from agent.simulator import names
from agent.simulator import state as simulated
from agent.simulator.nouns import Target
from tests.durability.scenes import Arrival

KEY = Key("0123456789abcdef0123456789abcdef")
"""The audit's."""

LEFT_TO_PEOPLE = frozenset({State.UNKNOWN, State.REFUSED, State.UNVERIFIED, State.CONTRADICTED})

NEVER_LEFT = frozenset({Went.DROPPED, Went.OBSERVED})


@dataclass(frozen=True)
class Write:
    """One write that the simulator accepted: what it did, to what, and the id of its request."""

    effect: str
    pairs: tuple[tuple[str, str], ...]
    request_id: str


@dataclass(frozen=True)
class Seen:
    """What the simulator saw: the writes it accepted, the comments of every incident and alert, and how alerts are classified."""

    writes: tuple[Write, ...]
    comments: Mapping[str, Sequence[str]]
    classifications: Mapping[str, str | None]

    @staticmethod
    def of(state: simulated.State) -> "Seen":
        """Return what a tenant saw until now."""
        return Seen(
            tuple(Write(one.effect, one.pairs, one.id) for one in state.requests if one.effect),
            {
                thing["id"]: tuple(comment["comment"] for comment in thing["comments"])
                for thing in (*state.incidents.values(), *state.alerts.values())
            },
            {alert["id"]: alert["classification"] for alert in state.alerts.values()},
        )


@dataclass
class Reckoning:
    """What came of a run. `wrong` says in words what does not agree; everything is well where it is empty."""

    applied: int = 0
    """Targets to which something was done."""
    unknown: int = 0
    """Targets to which nothing was done, or nobody knows it: each is with a person, who was told why."""
    doubled: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    @property
    def problems(self) -> list[str]:
        """Everything that must not be."""
        doubled = [f"applied twice: {one}" for one in self.doubled]
        return [*doubled, *(f"lost: {one}" for one in self.lost), *self.wrong]


async def reckon(
    ledger: SqlLedger,
    seen: Seen,
    arrivals: Sequence[Arrival],
    file: Path,
    tenant_id: str = names.TENANT_ID,
) -> Reckoning:
    """Return how ledger, audit and simulator agree, and what became of each target of these incidents.

    `file` is what the audit was shipped to.
    """
    expected = frozenset[Target]().union(*(arrival.targets for arrival in arrivals))
    records = await _records(ledger)
    effects = [one for record in records.values() for one in await ledger.effects(record.action.id)]
    applied = Counter((write.effect, *pair) for write in seen.writes for pair in write.pairs)
    found = Reckoning(applied=len(applied))
    found.doubled = [_named(target, times) for target, times in sorted(applied.items()) if times > 1]
    _one_to_one(found, effects, seen.writes)
    theirs = _with_people(found, effects, records)
    for target in sorted(expected - applied.keys() - theirs):
        found.lost.append(_named(target))
    found.wrong += [f"never asked for: {_named(one)}" for one in sorted(applied.keys() - expected)]
    found.unknown = len(theirs - applied.keys())
    for record in records.values():
        found.wrong += _unfinished(record)
    found.wrong += _shown(seen, arrivals)
    found.wrong += await _audited(ledger, effects, file, tenant_id)
    return found


async def _records(ledger: Ledger) -> Mapping[str, Record]:
    found: dict[str, Record] = {}
    while some := await ledger.listed(limit=1000, offset=len(found)):
        found |= {record.action.id: record for record in some}
    return found


def _shown(seen: Seen, arrivals: Iterable[Arrival]) -> Iterator[str]:
    """Give what is wrong with what people see: a decision that its incident does not show, or one that is told twice."""
    for thing, comments in seen.comments.items():
        if len(comments) != len(set(comments)):
            yield f"told twice on {thing}: {comments}"
    for arrival in arrivals:
        if not seen.comments[arrival.incident_id]:
            yield f"no decision is shown on incident {arrival.incident_id}"
        if arrival.classification is None:
            continue
        if seen.classifications[arrival.alert_id] != arrival.classification:
            yield f"alert {arrival.alert_id} is not classified as its policy says"
        if len(seen.comments[arrival.alert_id]) != 1:
            yield f"alert {arrival.alert_id} has not exactly one comment: {seen.comments[arrival.alert_id]}"


async def _audited(ledger: SqlLedger, effects: Iterable[Effect], file: Path, tenant_id: str) -> list[str]:
    """Return what is wrong with the audit: in its chains, in what was shipped, or with the calls that it tells of."""
    with file.open("rb") as lines:
        copy = shipped("the file", KEY, tenant_id, read_lines(lines))
    verdict = await ledger.trail.look(lambda told: verify(told, KEY, tenant_id, copies=[copy], are_all=True))
    wrong = [f"audit: {fault.replica} {fault.number}: {fault.words}" for fault in verdict.faults]
    attempts = sum(effect.attempts for effect in effects)
    if verdict.calls != attempts:
        wrong.append(f"audit: tells of {verdict.calls} calls, the ledger of {attempts}")
    return wrong


def _one_to_one(found: Reckoning, effects: Iterable[Effect], writes: Iterable[Write]) -> None:
    """Pair each accepted write with the one effect that has its targets, and each effect with the write it must have."""
    accepted = {(write.effect, frozenset(write.pairs)): write for write in writes}
    for effect in effects:
        key = (str(effect.kind), frozenset(effect.targets))
        write = accepted.get(key) if effect.went in NEVER_LEFT else accepted.pop(key, None)
        match effect.went:
            case Went.DONE if write is None:
                found.wrong.append(f"said to be done, and never accepted: {effect.id}")
            case Went.DONE if write is not None and effect.request_id not in {None, write.request_id}:
                found.wrong.append(f"done by another request than the ledger says: {effect.id}")
            case Went.REFUSED if write is not None:
                found.wrong.append(f"said to be refused, and accepted: {effect.id}")
            case Went.INTENDED | Went.SENT:
                found.wrong.append(f"still {effect.went}: {effect.id}")
            case Went.DONE | Went.UNKNOWN if effect.sent_at is None or effect.sent_by is None:
                found.wrong.append(f"left, and when or from whom is not written down: {effect.id}")
    found.wrong += [f"accepted, and not in the ledger: {effect} {set(pairs)}" for effect, pairs in accepted]


def _with_people(
    found: Reckoning, effects: Iterable[Effect], records: Mapping[str, Record]
) -> frozenset[Target]:
    """Return the targets that are a person's: calls that may or may not have been applied, and what was left undone.

    Where nobody knows, a person must have been told so.
    """
    theirs: set[Target] = set()
    for effect in effects:
        record = records[effect.action_id]
        is_theirs = record.state in LEFT_TO_PEOPLE or effect.undoes is not None
        is_told = is_theirs and record.due is None and "a person has to" in record.why
        if is_told:
            theirs.update((str(effect.kind), *target) for target in effect.targets)
        elif effect.went is Went.UNKNOWN and (effect.undoes or record.state is not State.CONFIRMED):
            found.wrong.append(
                f"not known, and no person is told: {effect.id}: {record.state}: {record.why}: {record.undone}"
            )
    return frozenset(theirs)


def _unfinished(record: Record) -> list[str]:
    """Return what is still to be done about a record that nobody does any more, in words."""
    if record.state in {State.SEEN, State.INTENDED, State.SENT}:
        return [f"still {record.state}: {record.action.id} {record.action.kind}: {record.why}"]
    return [] if record.is_noted else [f"not shown in its incident: {record.action.id}: {record.state}"]


def _named(target: Target, times: int = 0) -> str:
    return " ".join(target) + (f", {times} times" if times else "")

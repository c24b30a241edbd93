"""What a report has to say of each proposal, worked out from what the simulator's people did and from nothing that the agent wrote."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from agent.model.decision import Verb
from agent.model.enactment import Record
from agent.model.report import Compared, Standing
from agent.model.truth import Certainty, Source, Unknown
from agent.simulator.nouns import Fate, Judgement, Proposal
from agent.simulator.state import State
from tests.month.living import Lived
from tests.month.opinions import opinion

Place = tuple[str, datetime]
"""An action's id, and when it was first proposed."""

VERBS = {Fate.APPROVED: Verb.APPROVE, Fate.REJECTED: Verb.REJECT}


@dataclass(frozen=True)
class Expected:
    """What has to be said of one proposal."""

    judgement: Judgement
    verb: Verb | None
    policies: frozenset[str]
    people: Verb | None
    unknown: Unknown | None
    source: Source | None
    certainty: Certainty | None
    standing: Standing


async def expected(life: Lived) -> Mapping[Place, Expected]:
    """Return what has to be said of each proposal, by the action under which the agent knows it."""
    records = list((await life.simulated.records()).values())
    seen = sorted(one.began for one in life.passes)
    found: dict[Place, Expected] = {}
    for judgement, proposal in _proposals(life.state):
        if not _is_seen(judgement, proposal, seen):
            continue
        place = (_action_of(records, proposal).action.id, _created(proposal))
        assert place not in found, f"two proposals are one: {place}"
        found[place] = _expect(life.state, judgement, proposal, seen)
    return found


def differences(expects: Mapping[Place, Expected], said: list[Compared]) -> list[str]:
    """Return in words wherever a report says otherwise than what has to be said, and what is there of one side alone."""
    by_place = {(one.action_id, one.first_seen): one for one in said}
    problems = [f"twice: {place}" for place, times in Counter(map(_place, said)).items() if times > 1]
    problems += [
        f"made up: {place} {by_place[place].kind} {by_place[place].unknown}"
        for place in by_place.keys() - expects
    ]
    for place, one in expects.items():
        told = by_place.get(place)
        if told is None:
            problems.append(f"missing: {place} {one}")
            continue
        ours, theirs = _wanted(one), _told(told)
        if ours != theirs:
            problems.append(f"{place} {told.kind}: expected {ours}, told {theirs}; {one.judgement}; {told}")
    return problems


def _wanted(one: Expected) -> Mapping[str, object]:
    judgement = one.judgement
    return {
        "verb": one.verb,
        "policies": one.policies,
        "people": one.people,
        "unknown": one.unknown,
        "source": one.source,
        "certainty": one.certainty,
        "standing": one.standing,
        "at": judgement.at if one.people is not None else None,
        "by": (judgement.by,) if one.source is Source.AIR else (),
    }


def _told(one: Compared) -> Mapping[str, object]:
    truth = one.truth
    known = truth if truth is not None and truth.verb is not None else None
    return {
        "verb": one.verb,
        "policies": frozenset(one.policies),
        "people": None if known is None else known.verb,
        "unknown": one.unknown,
        "source": None if known is None else known.source,
        "certainty": None if known is None else known.certainty,
        "standing": one.standing,
        "at": None if known is None else known.at,
        "by": () if known is None else known.by,
    }


def _place(one: Compared) -> Place:
    return one.action_id, one.first_seen


def _proposals(state: State) -> Iterator[tuple[Judgement, Proposal]]:
    by_evidence = {id(one.evidence): one for one in state.proposals}
    for judgement in state.judgements.values():
        evidence = state.alerts[judgement.alert_id]["evidence"][judgement.evidence]
        yield judgement, by_evidence[id(evidence)]


def _created(proposal: Proposal) -> datetime:
    return datetime.fromisoformat(proposal.evidence["createdDateTime"])


def _action_of(records: list[Record], proposal: Proposal) -> Record:
    """Return the one record under which the agent knows a proposal: of a cluster the one with its query."""
    found = [
        record
        for record in records
        if any(one.alert_id == proposal.alert_id for one in record.action.sightings)
        and "it goes on as action" not in (record.why or "")
    ]
    if len(found) > 1:
        found = [record for record in found if record.action.key.endswith(proposal.evidence["query"])]
    assert len(found) == 1, f"{proposal.alert_id}: {[(one.action.key, one.why) for one in found]}"
    return found[0]


def _is_seen(judgement: Judgement, proposal: Proposal, seen: list[datetime]) -> bool:
    """Whether it awaited approval at any pass: what people decide before the next one was never pending for the agent."""
    first = bisect_left(seen, _appeared(proposal))
    is_early = judgement.at is not None and judgement.fate in VERBS
    return first < len(seen) and not (is_early and judgement.at <= seen[first])  # type: ignore[operator]


def _appeared(proposal: Proposal) -> datetime:
    return _created(proposal) + timedelta(minutes=2)


NAMED_AFTER = timedelta(minutes=15)
"""From when an account is proposed until a row says what is: before that it is another action, of unknown kind."""


def _expect(state: State, judgement: Judgement, proposal: Proposal, seen: list[datetime]) -> Expected:
    named = _created(proposal) + NAMED_AFTER if proposal.kind == "userEvidence" else _appeared(proposal)
    first = bisect_left(seen, max(_appeared(proposal), named))
    at = judgement.at
    is_judged = first < len(seen) and (at is None or judgement.fate not in VERBS or seen[first] < at)
    verb, policies = opinion(state, proposal, seen[first]) if is_judged else (None, frozenset())
    people, unknown = _people(judgement)
    source, certainty = _known_by(judgement) if people is not None else (None, None)
    return Expected(
        judgement=judgement,
        verb=verb,
        policies=policies,
        people=people,
        unknown=unknown,
        source=source,
        certainty=certainty,
        standing=_standing(verb, people),
    )


def _people(judgement: Judgement) -> tuple[Verb | None, Unknown | None]:
    """Return what can be known of what people decided: of a yes whose row never came, nothing."""
    if judgement.at is None:
        return None, Unknown.NOBODY
    match judgement.fate:
        case Fate.APPROVED:
            return (None, Unknown.UNTOLD) if judgement.is_silent else (Verb.APPROVE, None)
        case Fate.REJECTED:
            return Verb.REJECT, None
        case Fate.LEFT:
            return None, Unknown.EXPIRED
        case Fate.CANCELLED:
            return None, Unknown.UNTOLD


def _known_by(judgement: Judgement) -> tuple[Source, Certainty]:
    if judgement.is_silent:
        return Source.EVIDENCE, Certainty.LIKELY
    return Source.AIR, Certainty.CERTAIN if judgement.fate is Fate.REJECTED else Certainty.LIKELY


def _standing(ours: Verb | None, people: Verb | None) -> Standing:
    if ours is None or people is None:
        return Standing.UNDECIDED
    if ours is people:
        return Standing.AGREED
    if people is Verb.APPROVE:
        return Standing.STRICTER
    return Standing.LOOSER if ours is Verb.APPROVE else Standing.UNDECIDED

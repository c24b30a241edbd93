"""What a report has to say of each proposal, worked out from what the simulator's people did and from nothing that the agent wrote."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from agent.model.decision import Verb
from agent.model.enactment import Record
from agent.model.report import Compared, Standing, Tally
from agent.model.truth import Certainty, Source, Unknown
from agent.simulator.nouns import Fate, Judgement, Proposal
from agent.simulator.state import State
from tests.month.opinions import Opinion, opinion

Place = tuple[str, datetime]
"""An action's id, and when it was first proposed."""

VERBS = {Fate.APPROVED: Verb.APPROVE, Fate.REJECTED: Verb.REJECT}


@dataclass(frozen=True)
class Expected:
    """What has to be said of one proposal."""

    judgement: Judgement
    ours: Callable[[datetime], Opinion] | None = field(repr=False)
    """What the shipped policies would have decided at a moment; None where they had none to before people decided."""
    passes: tuple[datetime, ...]
    """When that can have been."""
    people: Verb | None
    unknown: Unknown | None
    source: Source | None
    certainty: Certainty | None
    by: tuple[str, ...]


def expected(state: State, records: Sequence[Record], passes: Sequence[datetime]) -> Mapping[Place, Expected]:
    """Return what has to be said of each proposal, by the action under which the agent knows it.

    Args:
        state: the tenant, and what its people did.
        records: the agent's, which say no more here than which id it gave to what.
        passes: when it looked.
    """
    seen = sorted(passes)
    found: dict[Place, Expected] = {}
    for judgement, proposal in _proposals(state):
        if not _is_seen(judgement, proposal, seen):
            continue
        place = (_action_of(records, proposal).action.id, _created(proposal))
        assert place not in found, f"two proposals are one: {place}"
        found[place] = _expect(state, judgement, proposal, seen)
    return found


def differences(expects: Mapping[Place, Expected], said: Sequence[Compared]) -> list[str]:
    """Return in words wherever a report says otherwise than what has to be said, and what is there of one side alone."""
    by_place = {(one.action_id, one.first_seen): one for one in said}
    problems = [f"twice: {place}" for place, times in Counter(map(_place, said)).items() if times > 1]
    problems += [f"made up: {by_place[place]}" for place in by_place.keys() - expects]
    problems += [f"missing: {expects[place]}" for place in expects.keys() - by_place]
    for place in expects.keys() & by_place:
        problems += _differs(expects[place], by_place[place])
    return problems


def tally(expects: Mapping[Place, Expected], said: Sequence[Compared], policy: str = "") -> Tally:
    """Count how the proposals stand, or those on which this policy would have decided; `said` only tells when we decided."""
    decided = {_place(one): one.decided for one in said}
    stand = Counter[str]()
    for place, one in expects.items():
        at = decided.get(place)
        verb, policies = (None, frozenset()) if at is None else _opinion(one, at)
        if policy and policy not in policies:
            continue
        stands = standing(verb, one.people)
        match stands:
            case Standing.STRICTER:
                stand["rejected" if verb is Verb.REJECT else "left"] += 1
            case _:
                stand[stands.value] += 1
                stand["both_approved"] += stands is Standing.AGREED and verb is Verb.APPROVE
    return Tally(**stand)


def _differs(one: Expected, told: Compared) -> Iterator[str]:
    verb, policies = (None, frozenset()) if told.decided is None else _opinion(one, told.decided)
    truth = told.truth if told.truth is not None and told.truth.verb is not None else None
    pairs: Mapping[str, tuple[object, object]] = {
        "a decision": (one.ours is not None, told.decided is not None),
        "when we decided": (told.decided is None or told.decided in one.passes, True),
        "our verb": (verb, told.verb),
        "policies": (policies, frozenset(told.policies)),
        "people's verb": (one.people, None if truth is None else truth.verb),
        "unknown": (one.unknown, told.unknown),
        "source": (one.source, None if truth is None else truth.source),
        "certainty": (one.certainty, None if truth is None else truth.certainty),
        "by": (one.by, () if truth is None else truth.by),
        "when people decided": (True, truth is None or _is_same(one.judgement.at, truth.at)),
        "standing": (standing(verb, one.people), told.standing),
    }
    for what, (wanted, found) in pairs.items():
        if wanted != found:
            yield f"{what}: expected {wanted}, told {found}: {one.judgement}, {told}"


def _opinion(one: Expected, at: datetime) -> Opinion:
    return (None, frozenset()) if one.ours is None else one.ours(at)


def _is_same(people: datetime | None, told: datetime) -> bool:
    """Whether it is the same moment: Graph's seventh digit of a second is one more than we have."""
    return people is not None and abs(told - people) <= timedelta(microseconds=1)


def _place(one: Compared) -> Place:
    return one.action_id, one.first_seen


def _proposals(state: State) -> Iterator[tuple[Judgement, Proposal]]:
    by_evidence = {id(one.evidence): one for one in state.proposals}
    for judgement in state.judgements.values():
        evidence = state.alerts[judgement.alert_id]["evidence"][judgement.evidence]
        yield judgement, by_evidence[id(evidence)]


def _created(proposal: Proposal) -> datetime:
    return datetime.fromisoformat(proposal.evidence["createdDateTime"])


def _action_of(records: Sequence[Record], proposal: Proposal) -> Record:
    """Return the one record under which the agent knows a proposal: by its alert, of several the one with the cluster's query.

    A rule that is proposed again after its week is one action, whose record shows the newest alert: it goes by the rule.
    """
    rule = proposal.evidence.get("configurationId")
    if rule is not None:
        return next(record for record in records if record.action.key.endswith(f":{rule}".lower()))
    found = [
        record
        for record in records
        if any(one.alert_id == proposal.alert_id for one in record.action.sightings)
        and "it goes on as action" not in record.why
    ]
    if len(found) > 1:
        found = [record for record in found if record.action.key.endswith(proposal.evidence["query"])]
    assert len(found) == 1, f"{proposal.alert_id}: {[(one.action.key, one.why) for one in found]}"
    return found[0]


def _is_seen(judgement: Judgement, proposal: Proposal, seen: list[datetime]) -> bool:
    """Whether it awaited approval at any pass: what people decide before the next one was never pending for the agent."""
    first = bisect_left(seen, _appeared(proposal))
    over = judgement.at if judgement.fate in VERBS else proposal.ended
    return first < len(seen) and (over is None or seen[first] < over)


def _appeared(proposal: Proposal) -> datetime:
    return _created(proposal) + timedelta(minutes=2)


NAMED_AFTER = timedelta(minutes=15)
"""From when an account is proposed until a row says what is: before that it is another action, of unknown kind."""


def _expect(state: State, judgement: Judgement, proposal: Proposal, seen: list[datetime]) -> Expected:
    is_decided = judgement.at is not None and judgement.fate in VERBS
    last = bisect_left(seen, judgement.at) if is_decided else len(seen)  # type: ignore[type-var]
    first, named = bisect_left(seen, _appeared(proposal)), True
    if proposal.kind == "userEvidence":
        after = bisect_left(seen, _created(proposal) + NAMED_AFTER)
        named, first = after < last, after if after < last else first
    people, unknown = _people(judgement, proposal, named=named)
    source = _source(judgement, proposal, named=named) if people is not None else None
    return Expected(
        judgement=judgement,
        ours=(partial(opinion, state, proposal) if named else _unnamed) if first < last else None,
        passes=tuple(seen[first:last]),
        people=people,
        unknown=unknown,
        source=source,
        certainty=_certainty(source, people),
        by=(judgement.by,) if source is Source.AIR else (),
    )


def _unnamed(_at: datetime) -> Opinion:
    """Return what is said of an account of which no row has said yet what is proposed."""
    return Verb.ESCALATE, frozenset({"compromised-users"})


SPOKEN_OF = {"processEvidence": False, "registryKeyEvidence": False}
"""Evidence of which the agent cannot tell what AIR's rows about it name: nobody has published how they would."""


def _is_told(judgement: Judgement, proposal: Proposal, *, named: bool) -> bool:
    return named and not judgement.is_silent and SPOKEN_OF.get(proposal.kind, True)


def _people(judgement: Judgement, proposal: Proposal, *, named: bool) -> tuple[Verb | None, Unknown | None]:
    """Return what can be known of what people decided: of a yes whose row never came, nothing."""
    if judgement.at is None:
        return None, Unknown.NOBODY
    match judgement.fate:
        case Fate.APPROVED:
            is_told = _is_told(judgement, proposal, named=named)
            return (Verb.APPROVE, None) if is_told else (None, Unknown.UNTOLD)
        case Fate.REJECTED:
            return Verb.REJECT, None
        case Fate.LEFT:
            return None, Unknown.EXPIRED
        case Fate.CANCELLED:
            return None, Unknown.UNTOLD


def _source(judgement: Judgement, proposal: Proposal, *, named: bool) -> Source:
    return Source.AIR if _is_told(judgement, proposal, named=named) else Source.EVIDENCE


def _certainty(source: Source | None, people: Verb | None) -> Certainty | None:
    """Return how sure it is: a row alone, or a word of evidence alone, is likely; both together are certain."""
    if source is None:
        return None
    return Certainty.CERTAIN if source is Source.AIR and people is Verb.REJECT else Certainty.LIKELY


def standing(ours: Verb | None, people: Verb | None) -> Standing:
    """Return how two decisions stand to each other."""
    if ours is None or people is None:
        return Standing.UNDECIDED
    if ours is people:
        return Standing.AGREED
    if people is Verb.APPROVE:
        return Standing.STRICTER
    return Standing.LOOSER if ours is Verb.APPROVE else Standing.UNDECIDED

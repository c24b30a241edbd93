"""Which proposals there were of an action, how each ended, and when."""

from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest

from agent.judge.attribute import Word
from agent.judge.confirm import expire
from agent.judge.ground_truth import by_history, opened
from agent.judge.lives import How, has_moved, is_of, known_of, life_of, lives_in
from agent.judge.track import track
from agent.model.decision import Verb
from agent.model.enactment import Confirmation, PendingSeen, Plan, Record, State, Way
from agent.model.history import Decided, Decider, Ending
from agent.model.pending import ActionKind
from agent.model.truth import Unknown
from tests.makers import NOW, a_cluster, an_action

HOUR = timedelta(hours=1)
WEEK = timedelta(days=7)
LATER = NOW + 5 * HOUR


def a_record(state: State = State.ESCALATED, **more: Any) -> Record:
    return msgspec.structs.replace(Record(action=an_action(), state=state, due=None), **more)


def shown(record: Record, status: str, *, updated: datetime = LATER) -> Record:
    """Return the record after Defender showed this word."""
    cluster = a_cluster(status=status)
    (sighting,) = record.action.sightings
    sighting = msgspec.structs.replace(sighting, remediation_status=status, last_update_date_time=updated)
    after = track(
        record, msgspec.structs.replace(record.action, evidence=cluster, sightings=(sighting,)), LATER
    )
    assert after is not None
    return after


@pytest.mark.parametrize(
    ("state", "status", "how"),
    [
        (State.ESCALATED, "remediated", How.ELSEWHERE),
        (State.INTENDED, "cancelled", How.ELSEWHERE),
        (State.SENT, "remediated", How.OURS),
        (State.CONFIRMED, "remediated", How.OURS),
        (State.SENT, "declined", How.ELSEWHERE),
        (State.REJECTED, "declined", How.ELSEWHERE),
        (State.ESCALATED, "unknown", How.OPEN),
        (State.ESCALATED, "pendingApproval", How.OPEN),
    ],
)
def test_how_it_ended_follows_from_who_had_acted(state: State, status: str, how: How) -> None:
    before = a_record(state)

    assert life_of(before, shown(before, status), LATER).how is how


def test_what_another_action_of_ours_took_ended_by_that() -> None:
    before = a_record()
    twin = a_record(State.DEDUPLICATED, plan=Plan(way=Way.REMEDIATE, why="", duplicate_of="b"))

    assert life_of(before, shown(before, "remediated"), LATER, is_taken=True).how is How.OURS
    assert life_of(twin, shown(twin, "remediated"), LATER).how is How.OURS
    assert life_of(before, shown(before, "declined"), LATER, is_taken=True).how is How.ELSEWHERE


def test_what_expired_did_so_at_the_end_of_its_week() -> None:
    before = a_record()
    deadline = before.action.deadline
    after = expire(before, deadline + HOUR)
    sent = msgspec.structs.replace(after, state=State.SENT)

    found = life_of(before, after, deadline + HOUR)

    assert (found.how, found.at, found.seen) == (How.EXPIRED, deadline, deadline + HOUR)
    assert life_of(before, sent, deadline + HOUR).how is How.EXPIRED


@pytest.mark.parametrize(
    ("updated", "at"),
    [
        (LATER - 2 * HOUR, LATER - 2 * HOUR),
        (LATER + HOUR, LATER),
        (NOW - timedelta(minutes=10), LATER),
    ],
)
def test_it_ended_when_its_alert_was_updated_where_that_moved_with_it(
    updated: datetime, at: datetime
) -> None:
    before = a_record()

    found = life_of(before, shown(before, "remediated", updated=updated), LATER)

    assert (found.at, found.seen) == (at, LATER)


def test_without_an_earlier_reading_the_alert_is_believed_no_earlier_than_it_was_proposed() -> None:
    after = shown(a_record(), "remediated", updated=LATER - HOUR)
    old = shown(a_record(), "remediated", updated=LATER - HOUR)
    action = msgspec.structs.replace(old.action, first_seen=LATER)

    assert life_of(None, after, LATER).at == LATER - HOUR
    assert life_of(None, msgspec.structs.replace(old, action=action), LATER).at == LATER


def test_only_what_changes_how_it_stands_is_a_move() -> None:
    before = a_record()
    closed = shown(before, "remediated")
    earlier = msgspec.structs.replace(before.action, first_seen=NOW - 9 * HOUR)
    noticed = Confirmation(pending=PendingSeen.CLOSED)

    assert not has_moved(before, msgspec.structs.replace(before, why="x", due=LATER))
    assert not has_moved(None, before)
    assert has_moved(None, closed)
    assert has_moved(before, closed)
    assert has_moved(before, msgspec.structs.replace(before, state=State.HELD))
    assert has_moved(before, msgspec.structs.replace(before, confirmation=noticed))
    assert has_moved(before, msgspec.structs.replace(before, action=earlier))
    assert has_moved(closed, shown(closed, "declined", updated=LATER + HOUR))


def a_row(hours: float = 0, **more: Any) -> Decided:
    usual = Decided(
        at=NOW + hours * HOUR, action_id="a", number=1, kind=ActionKind.SOFT_DELETE_CLUSTER, incident_id="1",
        first_seen=NOW, deadline=NOW + WEEK, verb=Verb.APPROVE, by=Decider.POLICIES,
    )  # fmt: skip
    return msgspec.structs.replace(usual, **more)


def over(hours: float, status: str = "remediated", ended: Ending = Ending.ELSEWHERE, **more: Any) -> Decided:
    return a_row(hours, verb=None, by=Decider.ELSEWHERE, ended=ended, status=status, **more)


def test_the_history_tells_proposals_apart_by_their_weeks() -> None:
    next_week: dict[str, Any] = {"first_seen": NOW + WEEK, "deadline": NOW + 2 * WEEK}

    first, second, third = lives_in(
        [
            a_row(),
            over(3, "declined"),
            a_row(169, **next_week),
            over(400, ended=Ending.EXPIRED, **next_week),
            a_row(401, first_seen=NOW + 2 * WEEK, deadline=NOW + 3 * WEEK),
        ]
    )

    assert (first.life.how, first.life.status, first.life.at) == (How.ELSEWHERE, "declined", NOW + 3 * HOUR)
    assert (second.life.how, second.life.at) == (How.EXPIRED, NOW + 2 * WEEK)
    assert third.life.how is How.OURS
    assert lives_in([]) == ()


def test_one_that_awaited_approval_again_ended_as_it_did_last() -> None:
    (found,) = lives_in([over(1), a_row(2, first_seen=NOW - HOUR), over(3, "declined")])

    assert (found.life.status, found.life.first_seen) == ("declined", NOW - HOUR)


def test_what_people_answered_last_is_their_answer_and_a_guard_rail_does_not_change_it() -> None:
    by = {"people": ("Ann",), "answered": NOW}
    no = a_row(1, verb=Verb.REJECT, by=Decider.PEOPLE, **by)
    held = a_row(2, verb=Verb.ESCALATE, by=Decider.GUARD, people=("Bo",))

    assert lives_in([no])[0].answer == Word(verb=Verb.REJECT, by=("Ann",), at=NOW)
    assert lives_in([no, held, a_row(3)])[0].answer == Word(verb=Verb.APPROVE, by=("Bo",), at=NOW + 2 * HOUR)
    assert lives_in([a_row()])[0].answer is None


def test_a_truth_is_of_the_proposal_whose_week_it_was_first_seen_in() -> None:
    life = life_of(None, a_record(), NOW)
    start = life.first_seen
    known = opened(life)
    moved = msgspec.structs.replace(known, first_seen=start + timedelta(days=2))
    other = msgspec.structs.replace(known, first_seen=life.deadline)
    before = msgspec.structs.replace(known, first_seen=start - WEEK)

    assert is_of(known, life)
    assert is_of(moved, life)
    assert not is_of(other, life)
    assert not is_of(before, life)
    assert known_of(life, [before, moved, known, other]) == known
    assert known_of(life, [before, other]) is None


def test_the_history_alone_tells_what_people_answered_and_how_it_ended() -> None:
    by = {"people": ("Ann",), "answered": NOW}
    no = a_row(1, verb=Verb.REJECT, by=Decider.PEOPLE, **by)

    told = [by_history(past) for past in (lives_in([over(1)])[0], lives_in([no, over(2)])[0])]

    assert [one and (one.verb, one.unknown) for one in told] == [
        (None, Unknown.UNTOLD),
        (Verb.REJECT, None),
    ]

"""What a new reading makes of a record."""

from datetime import datetime, timedelta

import msgspec
import pytest

from agent.judge.recognise import evidence_digest, recognise
from agent.judge.track import is_over_before, track
from agent.model.decision import Decision, Verb
from agent.model.defender import AnyEvidence
from agent.model.enactment import Confirmation, EffectSeen, PendingSeen, Record, State
from agent.model.facts import Facts
from agent.model.pending import LIFETIME, PendingAction
from tests.makers import NOW, TENANT, a_cluster, an_action, an_alert, an_incident

LATER = NOW + timedelta(hours=1)


def a_decision(action: PendingAction, verb: Verb = Verb.APPROVE) -> Decision:
    return Decision(
        action_id=action.id,
        at=NOW,
        verb=verb,
        policies=("p",),
        reason="because",
        findings=(),
        facts=Facts(now=NOW, values={}),
        grounds="g",
        evidence=evidence_digest(action),
        revision="r",
    )


def a_record(state: State, *evidence: AnyEvidence) -> Record:
    action = an_action(*evidence)
    return Record(action=action, state=state, due=None, decision=a_decision(action), version=1)


def a_reading(evidence: AnyEvidence) -> PendingAction:
    return recognise(an_incident(an_alert(evidence, updated=LATER)), tenant_id=TENANT, now=LATER)[0]


def test_what_awaits_approval_is_recorded_and_due_at_once() -> None:
    record = track(None, an_action(), NOW)

    assert record is not None
    assert (record.state, record.due) == (State.SEEN, NOW)


def test_what_never_awaited_approval_is_not_recorded() -> None:
    assert track(None, an_action(a_cluster(status="remediated")), NOW) is None


def test_the_same_reading_again_is_no_news() -> None:
    record = a_record(State.ESCALATED)

    assert track(record, an_action(), NOW) is record


@pytest.mark.parametrize(
    "state",
    [State.SEEN, State.INTENDED, State.ESCALATED, State.HELD, State.HANDED_OFF, State.DECIDED, State.REFUSED],
)
def test_what_was_decided_elsewhere_before_we_acted_is_superseded(state: State) -> None:
    after = track(a_record(state), a_reading(a_cluster(status="remediated")), LATER)

    assert after is not None
    assert after.state is State.SUPERSEDED
    assert "`remediated`" in after.why


@pytest.mark.parametrize("state", [State.SENT, State.UNKNOWN, State.CONTRADICTED])
def test_what_closes_after_we_acted_is_not_superseded(state: State) -> None:
    after = track(a_record(state), a_reading(a_cluster(status="remediated")), LATER)

    assert after is not None
    assert after.state is state
    assert after.confirmation.pending is PendingSeen.CLOSED


@pytest.mark.parametrize("word", ["unknownFutureValue", None, "unknown"])
def test_a_word_that_says_nothing_changes_nothing(word: str | None) -> None:
    after = track(a_record(State.INTENDED), a_reading(a_cluster(status=word)), LATER)

    assert after is not None
    assert after.state is State.INTENDED


def test_a_rejection_that_people_share_is_confirmed() -> None:
    after = track(a_record(State.REJECTED), a_reading(a_cluster(status="declined")), LATER)

    assert after is not None
    assert after.state is State.CONFIRMED


def test_a_rejection_that_people_overrule_is_superseded() -> None:
    after = track(a_record(State.REJECTED), a_reading(a_cluster(status="remediated")), LATER)

    assert after is not None
    assert after.state is State.SUPERSEDED


@pytest.mark.parametrize("state", [State.INTENDED, State.ESCALATED, State.SENT, State.CONFIRMED])
def test_a_cluster_that_grew_is_decided_anew(state: State) -> None:
    after = track(a_record(state), a_reading(a_cluster(messages=4)), LATER)

    assert after is not None
    assert (after.state, after.due) == (State.SEEN, LATER)


def test_a_verdict_that_changed_voids_an_approval_but_not_what_was_sent() -> None:
    reading = a_reading(a_cluster(verdict="suspicious"))

    intended = track(a_record(State.INTENDED), reading, LATER)
    sent = track(a_record(State.SENT), reading, LATER)

    assert intended is not None
    assert sent is not None
    assert intended.state is State.SEEN
    assert sent.state is State.SENT


def test_what_awaits_approval_again_is_decided_anew() -> None:
    closed = msgspec.structs.replace(
        a_record(State.SUPERSEDED, a_cluster(status="remediated")),
        confirmation=Confirmation(pending=PendingSeen.CLOSED),
    )

    after = track(closed, a_reading(a_cluster()), LATER)

    assert after is not None
    assert after.state is State.SEEN
    assert after.confirmation == Confirmation()


def test_an_expired_action_stays_expired_unless_the_clock_was_wrong() -> None:
    record = a_record(State.EXPIRED)
    over = record.action.deadline + timedelta(minutes=1)

    after = track(record, a_reading(a_cluster()), over)
    mended = track(record, a_reading(a_cluster()), LATER)

    assert after is not None
    assert mended is not None
    assert (after.state, mended.state) == (State.EXPIRED, State.SEEN)


def test_an_approval_that_was_not_shown_again_is_revived_by_news_only() -> None:
    record = a_record(State.ESCALATED)

    assert track(record, an_action(), NOW) is record
    revived = track(record, a_reading(a_cluster()), LATER)
    assert revived is not None
    assert revived.state is State.SEEN


def test_a_duplicate_that_people_decide_is_superseded_and_claims_no_effect() -> None:
    after = track(a_record(State.DEDUPLICATED), a_reading(a_cluster(status="declined")), LATER)

    assert after is not None
    assert after.state is State.SUPERSEDED
    assert after.confirmation.effect is None


@pytest.mark.parametrize(
    ("effect", "known", "remembered"),
    [
        (EffectSeen.CONFIRMED, None, "anew"),
        (EffectSeen.CONFIRMED, NOW, "anew"),
        (None, None, None),
        (None, NOW, NOW),
        (EffectSeen.PARTLY, None, None),
    ],
)
def test_a_new_life_remembers_that_what_was_sent_before_had_worked(
    effect: EffectSeen | None, known: datetime | None, remembered: datetime | str | None
) -> None:
    before = msgspec.structs.replace(
        a_record(State.CONFIRMED), confirmation=Confirmation(effect=effect), worked_before=known
    )
    seen = msgspec.structs.replace(an_action(), first_seen=before.action.deadline)

    after = track(before, seen, before.action.deadline)

    assert after is not None
    assert after.life == 1
    assert after.worked_before == (seen.first_seen if remembered == "anew" else remembered)


@pytest.mark.parametrize(
    ("state", "late", "after", "is_pending", "has_ended"),
    [
        (State.ESCALATED, 0, 0, True, True),
        (State.SEEN, 0, 0, True, True),
        (State.ESCALATED, -1, 0, True, False),
        (State.ESCALATED, 0, -1, True, False),
        (State.ESCALATED, 0, 0, False, False),
        (State.SENT, 0, 0, True, False),
        (State.EXPIRED, 0, 0, True, False),
    ],
)
def test_a_week_is_ended_first_where_the_same_is_proposed_anew(
    state: State, late: int, after: int, is_pending: bool, has_ended: bool
) -> None:
    record = a_record(state)
    status = "pendingApproval" if is_pending else "remediated"
    seen = msgspec.structs.replace(
        an_action(a_cluster(status=status)),
        first_seen=record.action.deadline + timedelta(seconds=after),
    )

    assert is_over_before(record, seen, record.action.deadline + timedelta(seconds=late)) is has_ended


@pytest.mark.parametrize(("ended", "is_joined"), [(0, False), (1, True)])
def test_a_proposal_whose_week_was_over_before_this_one_began_takes_none_of_its_days(
    ended: int, is_joined: bool
) -> None:
    record = a_record(State.ESCALATED)
    deadline = record.action.first_seen + timedelta(seconds=ended)
    older = msgspec.structs.replace(an_action(), first_seen=deadline - LIFETIME, deadline=deadline)

    after = track(record, older, LATER)

    assert after is not None
    assert (after.action.deadline == deadline) is is_joined
    assert (after is record) is not is_joined


@pytest.mark.parametrize(
    ("updated", "is_older"), [(NOW - timedelta(seconds=1), True), (NOW, False), (None, False)]
)
def test_an_alert_that_was_over_before_this_proposal_began_says_nothing_of_it(
    updated: datetime | None, is_older: bool
) -> None:
    record = a_record(State.ESCALATED)
    record = msgspec.structs.replace(record, action=msgspec.structs.replace(record.action, first_seen=NOW))
    over = an_action(a_cluster(status="remediated"))
    sightings = [
        msgspec.structs.replace(one, alert_id="another", last_update_date_time=updated)
        for one in over.sightings
    ]
    seen = msgspec.structs.replace(over, sightings=tuple(sightings))

    after = track(record, seen, LATER)

    assert (after is record) is is_older

"""What is seen of effects afterwards."""

from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest

from agent.judge.confirm import after_sending, confirm, ended, expire, is_watched
from agent.judge.look import at_mail
from agent.judge.settle import held
from agent.model.decision import Guarded, Verb
from agent.model.defender import Mail
from agent.model.enactment import Effect, EffectKind, EffectSeen, PendingSeen, Plan, Record, State, Way, Went
from tests.judge.test_track import a_record
from tests.makers import NOW, a_copy, some_mail

M = timedelta(minutes=1)


def an_effect(went: Went = Went.DONE, number: int = 1) -> Effect:
    return Effect(
        id=f"e{number}",
        action_id="a",
        incident_id="1",
        targets=(a_copy(number).pair,),
        went=went,
        intended_at=NOW,
        sent_at=NOW,
        detail="gateway timeout" if went is Went.UNKNOWN else "",
    )


def sent(*effects: Effect) -> Record:
    return after_sending(a_record(State.INTENDED), effects or (an_effect(),))


def looked(record: Record, mail: Mail, now: datetime, *effects: Effect) -> Record:
    sent = effects or (an_effect(),)
    leaned = record.plan.leaned if record.plan is not None else ()
    return confirm(record, sent, at_mail(sent, mail, leaned), now)


STILL = some_mail(a_copy(1))
GONE = some_mail(a_copy(1, location="others"))
NOTHING = Mail(unresolved=frozenset({a_copy(1).network_message_id}))


@pytest.mark.parametrize(
    ("went", "state"),
    [
        ((Went.DONE,), State.SENT),
        ((Went.DONE, Went.REFUSED), State.REFUSED),
        ((Went.DONE, Went.UNKNOWN), State.UNKNOWN),
        ((Went.REFUSED, Went.UNKNOWN), State.UNKNOWN),
        ((Went.SENT,), State.UNKNOWN),
    ],
)
def test_the_worst_outcome_names_the_state(went: tuple[Went, ...], state: State) -> None:
    record = sent(*(an_effect(w, n) for n, w in enumerate(went)))

    assert record.state is state


def test_mail_is_looked_at_after_five_and_thirty_minutes_two_and_twelve_hours() -> None:
    record = sent()
    moments = [record.due]
    while record.due is not None:
        record = looked(record, STILL, record.due)
        moments.append(record.due)

    assert moments == [NOW + 5 * M, NOW + 30 * M, NOW + 120 * M, NOW + 720 * M, None]
    assert record.state is State.CONTRADICTED
    assert "a person has to see" in record.why


def test_mail_that_left_confirms_the_effect_whatever_the_pending_action_says() -> None:
    record = looked(sent(), GONE, NOW + 5 * M)

    assert record.state is State.CONFIRMED
    assert record.confirmation.effect is EffectSeen.CONFIRMED
    assert record.confirmation.pending is PendingSeen.OPEN


def test_an_unknown_outcome_is_confirmed_by_reading_only() -> None:
    record = sent(an_effect(Went.UNKNOWN))

    assert looked(record, GONE, NOW + 5 * M, an_effect(Went.UNKNOWN)).state is State.CONFIRMED
    assert looked(record, STILL, NOW + 5 * M, an_effect(Went.UNKNOWN)).state is State.UNKNOWN


def test_an_unknown_outcome_stays_with_people_after_the_last_look() -> None:
    record = sent(an_effect(Went.UNKNOWN))
    while record.due is not None:
        record = looked(record, STILL, record.due, an_effect(Went.UNKNOWN))

    assert record.state is State.UNKNOWN


def test_what_cannot_be_read_is_unverified_at_the_last_look() -> None:
    record = sent()
    while record.due is not None:
        record = looked(record, NOTHING, record.due)

    assert record.state is State.UNVERIFIED
    assert record.confirmation.effect is EffectSeen.UNVERIFIED


def test_some_gone_and_some_left_is_said_so() -> None:
    effects = (an_effect(number=1), an_effect(number=2))
    record = looked(sent(*effects), some_mail(a_copy(1), a_copy(2, location="others")), NOW + 5 * M, *effects)

    assert record.confirmation.effect is EffectSeen.PARTLY
    assert record.confirmation.words == "1 of 2 still in mailboxes"


def test_the_last_look_comes_a_day_before_the_deadline() -> None:
    record = a_record(State.INTENDED)
    soon = msgspec.structs.replace(record.action, deadline=NOW + timedelta(hours=25))
    record = after_sending(msgspec.structs.replace(record, action=soon), (an_effect(),))
    moments = [record.due]
    while record.due is not None:
        record = looked(record, STILL, record.due)
        moments.append(record.due)

    assert moments == [NOW + 5 * M, NOW + 30 * M, None]


def test_an_expiry_is_nobodys_no() -> None:
    record = expire(a_record(State.ESCALATED), NOW)

    assert record.state is State.EXPIRED
    assert record.confirmation.pending is PendingSeen.EXPIRED
    assert "nobody's no" in record.why


def an_account_effect(kind: EffectKind, went: Went) -> Effect:
    return msgspec.structs.replace(an_effect(went), id=kind, kind=kind, targets=(("user-1", ""),))


def halfway(
    *known: Effect,
    is_noted: bool = False,
    is_planned: bool = True,
    verb: Verb = Verb.APPROVE,
    state: State = State.SUPERSEDED,
) -> Record:
    """Return how an approval to disable an account ends when this much of it is known to the ledger."""
    both = [
        an_account_effect(kind, Went.INTENDED)
        for kind in (EffectKind.DISABLE_USER, EffectKind.REVOKE_SESSIONS)
    ]
    plan = Plan(way=Way.REMEDIATE, why="disables the account", effects=tuple(both) if is_planned else ())
    before = msgspec.structs.replace(a_record(State.INTENDED), plan=plan, is_noted=is_noted)
    assert before.decision is not None
    decision = msgspec.structs.replace(before.decision, verb=verb)
    closed = msgspec.structs.replace(before, state=state, decision=decision, due=None, is_noted=True)
    return ended(before, closed, known, NOW)


def test_what_defender_closed_before_all_of_the_plan_had_left_is_a_persons() -> None:
    record = halfway(an_account_effect(EffectKind.DISABLE_USER, Went.DONE))

    assert (record.state, record.due) == (State.CONTRADICTED, None)
    assert record.why == (
        "disableUser was sent before, and Defender closed it before revokeSignInSessions was: a person has to do that"
    )
    assert record.confirmation.pending is PendingSeen.CLOSED


def dropped_halfway(**more: Any) -> Record:
    """Return how one ends that was let go after its first call, and whose plan of the moment sends nothing."""
    return halfway(
        an_account_effect(EffectKind.DISABLE_USER, Went.DONE),
        an_account_effect(EffectKind.REVOKE_SESSIONS, Went.DROPPED),
        is_planned=False,
        **more,
    )


def test_what_was_let_go_halfway_is_a_persons_though_the_plan_of_the_moment_names_none_of_it() -> None:
    """A guard rail held the second call, or its account could not be looked up again, and then Defender closed it."""
    record = dropped_halfway()

    assert (record.state, record.due) == (State.CONTRADICTED, None)
    assert "Defender closed it before revokeSignInSessions was: a person has to do that" in record.why


def test_what_was_let_go_halfway_and_rejected_since_is_nobodys() -> None:
    record = dropped_halfway(verb=Verb.REJECT)

    assert record.state is State.SENT
    assert "a person" not in record.why


def test_what_was_let_go_halfway_is_a_persons_once_its_week_is_over() -> None:
    record = dropped_halfway(state=State.EXPIRED)

    assert (record.state, record.due) == (State.CONTRADICTED, None)
    assert "its week ended before revokeSignInSessions was: a person has to do that" in record.why
    assert record.confirmation.pending is PendingSeen.EXPIRED


def test_that_an_outcome_is_not_known_is_said_besides() -> None:
    record = halfway(an_account_effect(EffectKind.DISABLE_USER, Went.UNKNOWN))

    assert record.state is State.CONTRADICTED
    assert "whether it was applied is not known" in record.why
    assert "a person has to do that" in record.why


def test_what_defender_closed_after_all_had_left_is_followed() -> None:
    record = halfway(
        an_account_effect(EffectKind.DISABLE_USER, Went.DONE),
        an_account_effect(EffectKind.REVOKE_SESSIONS, Went.DONE),
    )

    assert record.state is State.SENT
    assert record.due is not None


@pytest.mark.parametrize("is_noted", [False, True])
def test_a_decision_that_we_acted_on_is_shown_though_defender_closed_it_meanwhile(is_noted: bool) -> None:
    sent = an_account_effect(EffectKind.DISABLE_USER, Went.DONE)

    assert halfway(sent, is_noted=is_noted).is_noted is is_noted


def test_what_was_closed_before_we_acted_is_superseded_and_needs_no_words() -> None:
    record = halfway()

    assert (record.state, record.is_noted) == (State.SUPERSEDED, True)


def test_what_was_refused_stays_refused_though_the_mail_is_gone() -> None:
    record = sent(an_effect(), an_effect(Went.REFUSED, 2))

    after = looked(record, some_mail(a_copy(1, location="others")), NOW + 5 * M, an_effect())

    assert (after.state, after.due) == (State.REFUSED, None)


def test_what_was_looked_at_often_enough_is_watched_no_more() -> None:
    record = sent()
    seen = msgspec.structs.replace(record.confirmation, checks=4)

    assert is_watched(record, [an_effect()])
    assert not is_watched(msgspec.structs.replace(record, confirmation=seen), [an_effect()])


def test_a_call_of_which_no_moment_is_known_is_not_looked_at_again() -> None:
    timeless = msgspec.structs.replace(an_effect(), sent_at=None)

    assert sent(timeless).due is None


def test_what_was_never_decided_cannot_be_held() -> None:
    record = msgspec.structs.replace(a_record(State.INTENDED), decision=None)

    assert held(record, Guarded(guard="hours", words="it is night"), [], NOW) is record

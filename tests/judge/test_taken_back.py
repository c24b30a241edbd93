"""What becomes of a record of which something is taken back."""

from datetime import timedelta

import msgspec
import pytest

from agent.judge.confirm import CHECKS, standing
from agent.judge.look import Reached
from agent.judge.taken_back import begun, counted, finished, is_looked_back, looked_back, says, was_taken_back
from agent.judge.undo import Undoing
from agent.model.enactment import Effect, EffectKind, EffectSeen, Pair, Record, State, Undone, Went
from tests.judge.test_restore import RULE, USER
from tests.judge.test_track import a_decision
from tests.judge.test_undo import an_effect, copy
from tests.makers import NOW, an_action

M = timedelta(minutes=1)


def a_record(state: State = State.SENT) -> Record:
    action = an_action()
    return Record(action=action, state=state, due=None, decision=a_decision(action))


def an_inverse(
    *targets: Pair, went: Went = Went.DONE, kind: EffectKind = EffectKind.MOVE_TO_INBOX, detail: str = ""
) -> Effect:
    return an_effect(
        *(targets or (copy(1), copy(2))), kind=kind, went=went, undoes="e", id=f"i-{kind}", detail=detail
    )


def planned(*inverses: Effect, left: dict[str, int] | None = None, **more: object) -> Undoing:
    made = tuple(msgspec.structs.replace(one, went=Went.INTENDED) for one in inverses)
    return msgspec.structs.replace(Undoing(action_id="a", effects=made, left=left or {}), **more)


def done(
    *inverses: Effect, state: State = State.SENT, left: dict[str, int] | None = None, **more: object
) -> Record:
    plan = planned(*inverses, left=left, **more)
    record = begun(a_record(state), plan, by="anna on soc-1", reason="a newsletter", now=NOW)
    return finished(record, plan, [an_effect(copy(1), copy(2)), *inverses])


def test_it_is_written_down_before_the_first_call_who_asks_and_why() -> None:
    record = begun(a_record(), planned(an_inverse()), by="anna", reason="why", now=NOW)

    assert record.undone == Undone(at=NOW, by="anna", reason="why", words="under way")
    assert (record.state, record.due) == (State.SENT, NOW + 5 * M)


def test_what_was_still_to_be_sent_leaves_that_state() -> None:
    assert begun(a_record(State.INTENDED), planned(), by="a", reason="r", now=NOW).state is State.SENT
    assert begun(a_record(State.CONFIRMED), planned(), by="a", reason="r", now=NOW).state is State.CONFIRMED


def test_all_of_it_taken_back_is_undone_and_to_be_told() -> None:
    record = done(an_inverse())

    assert record.undone is not None
    assert (record.state, record.due, record.is_noted) == (State.UNDONE, NOW + 5 * M, False)
    assert (record.undone.words, record.undone.left) == ("restored 2 copies to the inbox", ())


@pytest.mark.parametrize(
    ("went", "words", "left"),
    [
        (
            Went.UNKNOWN,
            "whether 2 copies to the inbox came back is not known: it is looked at again, and never asked for again",
            (),
        ),
        (Went.REFUSED, "nothing was restored", ("2 copies to the inbox: refused: 403",)),
        (Went.INTENDED, "nothing was restored", ("2 copies to the inbox: not tried: undo it again",)),
        (Went.DROPPED, "nothing was restored", ("2 copies to the inbox: not tried: undo it again",)),
    ],
)
def test_what_was_not_all_taken_back_stays_what_it_is_and_says_so(
    went: Went, words: str, left: tuple[str, ...]
) -> None:
    record = done(an_inverse(went=went, detail="403"))

    assert record.undone is not None
    assert (record.state, record.undone.words, record.undone.left) == (State.SENT, words, left)


def test_a_refusal_without_words_says_so() -> None:
    record = done(an_inverse(went=Went.REFUSED))

    assert record.undone is not None
    assert record.undone.left == ("2 copies to the inbox: refused: without a reason",)


def test_what_cannot_be_taken_back_keeps_it_from_being_undone() -> None:
    record = done(an_inverse(), left={"somebody moved it": 1}, in_place=1, before=2, beside=("sessions",))

    assert record.undone is not None
    assert (record.state, record.undone.left) == (State.SENT, ("1: somebody moved it",))
    assert record.undone.words == (
        "restored 2 copies to the inbox; 2 taken back before; 1 in place without us; sessions"
    )


def test_nothing_asked_for_is_nothing_undone_nor_looked_back_at() -> None:
    record = done(left={"no call": 1})

    assert (record.state, record.due) == (State.SENT, NOW + 5 * M)


def test_a_record_of_which_nothing_is_taken_back_stays_as_it_is() -> None:
    record = a_record()

    assert finished(record, planned(), []) == record
    assert looked_back(record, [], {}, NOW) == record
    assert not is_looked_back(record)


def reached(*back: bool | None, kind: EffectKind = EffectKind.MOVE_TO_INBOX) -> Reached:
    return {(kind, copy(n)): one for n, one in enumerate(back, start=1) if one is not None}


def test_what_is_seen_to_be_back_is_not_looked_at_again() -> None:
    record = done(an_inverse())

    after = looked_back(record, [an_effect(copy(1), copy(2)), an_inverse()], reached(True, True), NOW)

    assert after.undone is not None
    assert (after.state, after.due, after.undone.seen) == (State.UNDONE, None, EffectSeen.CONFIRMED)
    assert not is_looked_back(after)


@pytest.mark.parametrize(
    ("back", "seen", "words"),
    [
        ((False, False), EffectSeen.CONTRADICTED, "2 of 2 are not back where they were"),
        ((True, False), EffectSeen.PARTLY, "1 of 2 are not back where they were"),
        ((True, None), EffectSeen.UNVERIFIED, "0 of 2 are not back where they were, and 1 cannot be read"),
    ],
)
def test_what_is_not_back_is_looked_at_until_the_last_look_and_is_a_persons_then(
    back: tuple[bool | None, ...], seen: EffectSeen, words: str
) -> None:
    record = done(an_inverse())
    effects = [an_effect(copy(1), copy(2)), an_inverse()]
    moments = []

    while is_looked_back(record):
        moments.append(record.due)
        assert record.why == ""
        record = looked_back(record, effects, reached(*back), record.due or NOW)

    assert moments == [NOW + wait for wait in CHECKS]
    assert record.undone is not None
    assert (record.undone.seen, record.due) == (seen, None)
    assert record.why == f"undone, but {words} at the last look: a person has to see"


def test_an_unknown_outcome_that_is_settled_since_makes_it_undone() -> None:
    record = done(an_inverse(went=Went.UNKNOWN))

    after = looked_back(record, [an_effect(copy(1)), an_inverse(went=Went.DONE)], reached(True, True), NOW)

    assert (record.state, after.state) == (State.SENT, State.UNDONE)


@pytest.mark.parametrize(
    ("state", "due"),
    [
        (State.SENT, NOW),
        (State.CONFIRMED, None),
        (State.ESCALATED, NOW + timedelta(hours=12)),
    ],
)
def test_what_stands_of_a_record_goes_on_as_before_once_the_rest_is_back(state: State, due: object) -> None:
    inverse = an_inverse(copy(1))
    effects = [an_effect(copy(1), copy(2)), inverse]
    record = done(inverse, state=state, left={"moved": 1})

    after = looked_back(record, effects, reached(True), NOW)

    assert (after.state, after.due) == (state, due)


def test_nothing_stands_of_what_was_taken_back_or_is_about_to_be() -> None:
    own = an_effect(copy(1), copy(2), copy(3))

    assert standing([own]) == (own,)
    assert [one.targets for one in standing([own, an_inverse(copy(1))])] == [(copy(2), copy(3))]
    assert standing([own, an_inverse(copy(1), copy(2), copy(3), went=Went.UNKNOWN)]) == ()
    assert standing([own, an_inverse(copy(1), went=Went.INTENDED)])[0].targets == (copy(2), copy(3))
    assert standing([own, an_inverse(copy(1), went=Went.REFUSED)]) == (own,)
    assert standing([an_effect(copy(1), went=Went.REFUSED)]) == ()


@pytest.mark.parametrize("went", Went)
def test_something_was_taken_back_where_that_was_begun_and_not_let_go(went: Went) -> None:
    own = an_effect(copy(1))

    assert was_taken_back(a_record(), [own, an_inverse(copy(1), went=went)]) is (went is not Went.DROPPED)
    assert not was_taken_back(a_record(), [msgspec.structs.replace(own, went=went)])


def test_a_record_that_says_so_was_taken_back_whatever_was_planned() -> None:
    undone = Undone(at=NOW, by="eve", reason="wrong")

    assert was_taken_back(msgspec.structs.replace(a_record(), undone=undone), [])
    assert not was_taken_back(a_record(), [])


def test_what_is_restored_is_counted_by_what_it_is() -> None:
    inverses = [
        an_inverse(copy(1)),
        an_inverse(copy(2), copy(3), kind=EffectKind.MOVE_TO_JUNK),
        an_inverse(copy(4), kind=EffectKind.MOVE_TO_DELETED_ITEMS),
        an_inverse(RULE, kind=EffectKind.ENABLE_RULE),
        an_inverse(USER, ("v", ""), kind=EffectKind.ENABLE_USER),
        an_inverse(("i", "s"), kind=EffectKind.ENABLE_ACCOUNT),
    ]

    assert counted(inverses) == (
        "1 copy to the inbox, 2 copies to junk email, 1 copy to deleted items, 1 inbox rule, 2 accounts,"
        " 1 account on premises"
    )
    assert counted([]) == ""


@pytest.mark.parametrize(
    ("seen", "words"),
    [
        (None, "restored; not taken back: 1: gone"),
        (EffectSeen.CONFIRMED, "restored; seen to be back; not taken back: 1: gone"),
        (EffectSeen.PARTLY, "restored; not all of it is back yet; not taken back: 1: gone"),
        (EffectSeen.CONTRADICTED, "restored; not back yet; not taken back: 1: gone"),
        (
            EffectSeen.UNVERIFIED,
            "restored; whether it is back could not be read yet; not taken back: 1: gone",
        ),
    ],
)
def test_it_is_said_how_far_it_went(seen: EffectSeen | None, words: str) -> None:
    undone = Undone(at=NOW, by="anna", reason="r", words="restored", left=("1: gone",), seen=seen)

    assert says(undone) == words
    assert "not taken back" not in says(msgspec.structs.replace(undone, left=()))

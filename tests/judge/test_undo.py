"""What can be taken back, target by target."""

from datetime import timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.judge.plans.means import Problem
from agent.judge.undo import INVERSES, Around, Undoing, came_back, inverses_of, only, undoing
from agent.model.enactment import (
    INVERSE_EFFECTS,
    MAIL_EFFECTS,
    Cover,
    Effect,
    EffectKind,
    Pair,
    Record,
    State,
    Went,
)
from tests.judge.test_restore import RULE, USER, WAS, a_rule, an_account
from tests.makers import NOW, a_copy, an_action, message_id, some_mail

HOUR = timedelta(hours=1)
ANNA = "anna@contoso.example"
PLACES = {"inbox_folder": EffectKind.MOVE_TO_INBOX, "junkFolder": EffectKind.MOVE_TO_JUNK}
PLACES |= {"deletedFolder": EffectKind.MOVE_TO_DELETED_ITEMS}
RECORD = Record(action=an_action(), state=State.SENT, due=None)


def copy(number: int = 1) -> Pair:
    return (message_id(number), ANNA)


def an_effect(
    *targets: Pair,
    kind: EffectKind = EffectKind.SOFT_DELETE,
    before: tuple[str, ...] = (),
    went: Went = Went.DONE,
    undoes: str | None = None,
    senders_copy: bool = False,
    detail: str = "",
    id: str = "e",  # noqa: A002
) -> Effect:
    return Effect(
        id=id,
        action_id=RECORD.action.id,
        incident_id="1",
        kind=kind,
        targets=targets,
        before=before,
        went=went,
        undoes=undoes,
        senders_copy=senders_copy,
        intended_at=NOW,
        detail=detail,
    )


def around(*locations: str | None, **values: object) -> Around:
    mail = some_mail(*(a_copy(n, location=place) for n, place in enumerate(locations, start=1)))
    return msgspec.structs.replace(Around(now=NOW + HOUR, mail=mail), **values)


def of(effect: Effect, world: Around, *inverses: Effect) -> Undoing:
    return undoing(RECORD, [effect, *inverses], world)


@pytest.mark.parametrize(("place", "kind"), list(PLACES.items()))
def test_a_copy_goes_back_to_the_folder_it_lay_in(place: str, kind: EffectKind) -> None:
    done = an_effect(copy(), before=(place,))

    planned = of(done, around("others"))

    (inverse,) = planned.effects
    assert (inverse.kind, inverse.targets, inverse.undoes) == (kind, (copy(),), "e")
    assert (inverse.went, inverse.intended_at, inverse.incident_id) == (Went.INTENDED, NOW + HOUR, "1")
    assert (planned.count, planned.is_whole) == (1, True)


@pytest.mark.parametrize(
    ("before", "place", "words"),
    [
        (("inbox_folder",), "inbox_folder", None),
        (("inbox_folder",), "junkFolder", "somebody has put it elsewhere since (`junkFolder`)"),
        (("inbox_folder",), "quarantine", "it is not where our deletion put it (`quarantine`)"),
        (("inbox_folder",), None, "where it is now cannot be read"),
        ((), "others", "where it lay was not recorded"),
        (("",), "others", "where it lay was not recorded"),
        (("quarantine",), "others", "where it lay was not recorded"),
    ],
)
def test_a_copy_that_is_not_as_our_deletion_left_it_is_left_out(
    before: tuple[str, ...], place: str | None, words: str | None
) -> None:
    planned = of(an_effect(copy(), before=before), around(place))

    assert planned.effects == ()
    assert planned.in_place == (words is None)
    assert [one[: len(words or "")] for one in planned.left] == ([words] if words else [])


def test_a_copy_that_was_not_read_at_all_is_left_out() -> None:
    planned = of(an_effect(copy(), before=("inbox_folder",)), around())

    assert (planned.effects, planned.is_whole) == ((), False)


@pytest.mark.parametrize("went", [Went.INTENDED, Went.REFUSED, Went.OBSERVED, Went.DROPPED])
def test_what_was_never_sent_or_was_refused_needs_no_taking_back(went: Went) -> None:
    planned = of(an_effect(copy(), before=("inbox_folder",), went=went), around("others"))

    assert (planned.effects, planned.left) == ((), {})
    assert planned.dropped == (("e",) if went is Went.INTENDED else ())


def test_what_may_have_been_done_is_taken_back_as_it_shows() -> None:
    done = an_effect(copy(1), copy(2), before=("inbox_folder",) * 2, went=Went.UNKNOWN)

    planned = of(done, around("others", "inbox_folder"))

    assert [effect.targets for effect in planned.effects] == [(copy(1),)]
    assert planned.in_place == 1


def test_what_is_under_way_is_not_touched() -> None:
    planned = of(an_effect(copy(), before=("inbox_folder",), went=Went.SENT), around("others"))

    assert planned.left == {"its call is still under way: undo it again once that has ended": 1}


def test_the_senders_own_copy_stays_deleted_and_is_said_to() -> None:
    planned = of(an_effect(copy(), before=("inbox_folder",), senders_copy=True), around("others"))

    assert planned.count == 1
    assert planned.left == {"the sender's own copy stays deleted: where it lay was not recorded": 1}
    assert not planned.effects[0].senders_copy


def test_calls_are_as_large_as_one_call_may_be() -> None:
    targets = tuple(copy(n) for n in range(1, 6))
    done = an_effect(*targets, before=("inbox_folder",) * 4 + ("junkFolder",))

    planned = of(done, around(*["others"] * 5, targets_per_call=3))

    assert [(one.kind, len(one.targets)) for one in planned.effects] == [
        (EffectKind.MOVE_TO_INBOX, 3),
        (EffectKind.MOVE_TO_INBOX, 1),
        (EffectKind.MOVE_TO_JUNK, 1),
    ]
    assert len({one.id for one in planned.effects}) == 3


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (EffectKind.RESET_PASSWORD, "a password that was reset cannot be set back"),
        (
            EffectKind.QUARANTINE_FILE,
            "there is no call that releases a file: in the Action center, choose History",
        ),
    ],
)
def test_what_has_no_inverse_says_what_a_person_can_do(kind: EffectKind, words: str) -> None:
    planned = of(an_effect(("a", "b"), kind=kind), around())

    assert planned.effects == ()
    assert [one.startswith(words) for one in planned.left] == [True]


def test_revoked_sessions_keep_nothing_from_being_whole() -> None:
    planned = of(an_effect(USER, kind=EffectKind.REVOKE_SESSIONS), around())

    assert (planned.is_whole, planned.count) == (True, 0)
    assert planned.beside == ("sessions that were revoked need nothing restored: the person signs in again",)


def test_a_rule_and_an_account_are_switched_on_as_they_were() -> None:
    rule = of(an_effect(RULE, kind=EffectKind.DISABLE_RULE, before=(WAS,)), around(found=a_rule()))
    user = of(an_effect(USER, kind=EffectKind.DISABLE_USER, before=("true",)), around(found=an_account()))

    assert [(one.kind, one.targets) for one in rule.effects] == [(EffectKind.ENABLE_RULE, (RULE,))]
    assert [(one.kind, one.targets) for one in user.effects] == [(EffectKind.ENABLE_USER, (USER,))]


@pytest.mark.parametrize("went", [Went.DONE, Went.UNKNOWN])
def test_what_somebody_else_may_have_switched_off_is_left_to_a_person(went: Went) -> None:
    """Of a call that may never have been applied nobody knows whether it was what did it."""
    user = an_effect(USER, kind=EffectKind.DISABLE_USER, before=("true",), went=went)
    rule = an_effect(RULE, kind=EffectKind.DISABLE_RULE, before=(WAS,), went=went)

    planned = [of(user, around(found=an_account())), of(rule, around(found=a_rule()))]

    is_ours = went is Went.DONE
    assert [one.count for one in planned] == [int(is_ours)] * 2
    assert [one.is_whole for one in planned] == [is_ours] * 2
    words = "whether our call was applied is not known, so that somebody else may have switched it off: a person decides"
    assert [dict(one.left) for one in planned] == [{} if is_ours else {words: 1}] * 2


def test_what_cannot_be_read_now_is_left_with_the_reason() -> None:
    done = an_effect(USER, kind=EffectKind.DISABLE_USER, before=("true",))

    assert of(done, around(found=Problem(words="graph: 503"))).left == {"graph: 503": 1}


def test_an_inverse_that_cannot_be_had_here_says_why() -> None:
    done = an_effect(copy(), before=("inbox_folder",))

    planned = of(done, around("others", missing={EffectKind.MOVE_TO_INBOX: "grant it"}))

    assert (planned.effects, planned.left) == ((), {"grant it": 1})


def test_a_target_that_another_action_took_back_is_not_touched_twice() -> None:
    cover = Cover(action_id="other", effect_id="x", intended_at=NOW)
    own = msgspec.structs.replace(cover, action_id=RECORD.action.id)
    done = an_effect(copy(), before=("inbox_folder",))

    theirs = of(done, around("others", claimed={EffectKind.MOVE_TO_INBOX: {copy(): cover}}))
    ours = of(done, around("others", claimed={EffectKind.MOVE_TO_INBOX: {copy(): own}}))

    assert theirs.left == {"it was taken back for another action before, and is not touched twice": 1}
    assert ours.count == 1


@pytest.mark.parametrize(
    ("went", "reached", "before", "words"),
    [
        (Went.DONE, True, 1, ""),
        (Went.DONE, None, 1, ""),
        (Went.DONE, False, 0, "it was asked to be put back before, and is not back yet"),
        (Went.UNKNOWN, True, 1, ""),
        (Went.UNKNOWN, None, 0, "whether it was put back before is not known"),
        (Went.UNKNOWN, False, 0, "whether it was put back before is not known"),
        (Went.SENT, False, 0, "whether it was put back before is not known"),
        (Went.REFUSED, False, 0, "taking it back was refused before, "),
    ],
)
def test_what_was_asked_for_before_is_never_asked_for_again(
    went: Went, reached: bool | None, before: int, words: str
) -> None:
    done = an_effect(copy(), before=("inbox_folder",))
    inverse = an_effect(copy(), kind=EffectKind.MOVE_TO_INBOX, went=went, undoes="e", id="i", detail="403")
    key = (EffectKind.MOVE_TO_INBOX, copy())
    world = around("others", reached={} if reached is None else {key: reached})

    planned = of(done, world, inverse)

    assert (planned.effects, planned.before) == ((), before)
    assert [one.startswith(words) for one in planned.left] == ([True] if words else [])
    assert planned.arrived == (("i",) if went is Went.UNKNOWN and reached else ())


def test_mail_is_back_wherever_in_its_mailbox_somebody_put_it_since() -> None:
    inverse = an_effect(*(copy(n) for n in range(1, 5)), kind=EffectKind.MOVE_TO_INBOX, undoes="e", id="i")
    world = around("inbox_folder", "junkFolder", "others", None)
    rule = an_effect(RULE, kind=EffectKind.ENABLE_RULE, undoes="e", id="r")

    found = came_back([an_effect(copy(1)), inverse, rule], world.mail)

    assert {target: back for (_, target), back in found.items()} == {
        copy(1): True,
        copy(2): True,
        copy(3): False,
    }


def test_a_refusal_without_words_says_so() -> None:
    done = an_effect(copy(), before=("inbox_folder",))
    inverse = an_effect(copy(), kind=EffectKind.MOVE_TO_INBOX, went=Went.REFUSED, undoes="e", id="i")

    (words,) = of(done, around("others"), inverse).left

    assert words == "taking it back was refused before, without a reason: a person does it in Defender"


@pytest.mark.parametrize("went", [Went.INTENDED, Went.DROPPED])
def test_an_inverse_that_was_never_sent_is_planned_anew(went: Went) -> None:
    done = an_effect(copy(), before=("inbox_folder",))
    inverse = an_effect(copy(), kind=EffectKind.MOVE_TO_INBOX, went=went, undoes="e", id="i")

    planned = of(done, around("others"), inverse)

    assert planned.count == 1
    assert planned.dropped == (("i",) if went is Went.INTENDED else ())


def test_only_what_was_confirmed_is_done() -> None:
    done = an_effect(copy(1), copy(2), before=("inbox_folder",) * 2)
    planned, confirmed = of(done, around("others", "others")), of(done, around("others", "quarantine"))

    agreed = only(planned, confirmed)

    assert [one.targets for one in agreed.effects] == [(copy(1),)]
    assert agreed.left == {"it can only be taken back since you were asked: undo it again": 1}
    assert only(planned, planned) == planned
    assert only(planned, of(done, around())).effects == ()


def test_what_may_be_claimed_are_all_inverses_of_what_was_done() -> None:
    done, rule = an_effect(copy()), an_effect(RULE, kind=EffectKind.DISABLE_RULE)
    inverse = an_effect(copy(2), kind=EffectKind.MOVE_TO_JUNK, undoes="e")
    file = an_effect(("a", "b"), kind=EffectKind.QUARANTINE_FILE)

    found = inverses_of([done, rule, inverse, file])

    assert found == {kind: (copy(),) for kind in PLACES.values()} | {EffectKind.ENABLE_RULE: (RULE,)}


def test_every_kind_of_effect_has_an_inverse_or_is_known_to_have_none() -> None:
    without = {EffectKind.REVOKE_SESSIONS, EffectKind.RESET_PASSWORD, EffectKind.QUARANTINE_FILE}
    backwards = {kind for kinds in INVERSES.values() for kind in kinds}

    assert INVERSES.keys() | without | backwards == set(EffectKind)
    assert not INVERSES.keys() & (without | backwards)


words = st.sampled_from(["inbox_folder", "junkFolder", "deletedFolder", "others", "quarantine", "", None])


@given(
    st.lists(st.tuples(words, words, st.sampled_from([None, *Went])), max_size=8),
    st.sampled_from(list(Went)),
    st.integers(1, 4),
)
def test_each_target_is_moved_once_told_or_in_place_and_never_moved_from_elsewhere(
    copies: list[tuple[str | None, str | None, Went | None]], went: Went, size: int
) -> None:
    targets = tuple(copy(n) for n in range(1, len(copies) + 1))
    done = an_effect(*targets, before=tuple(before or "" for before, *_ in copies), went=went)
    earlier = [
        an_effect(target, kind=EffectKind.MOVE_TO_INBOX, went=how, undoes="e", id=f"i{target[0]}")
        for target, (_, _, how) in zip(targets, copies, strict=True)
        if how is not None
    ]
    world = around(*(place for _, place, _ in copies), targets_per_call=size)

    planned = of(done, world, *earlier)

    moved = [target for effect in planned.effects for target in effect.targets]
    assert len(set(moved)) == len(moved)
    assert all(effect.kind in MAIL_EFFECTS and len(effect.targets) <= size for effect in planned.effects)
    assert all(copies[targets.index(target)][1] == "others" for target in moved)
    told = len(moved) + planned.before + planned.in_place + sum(planned.left.values())
    assert told == (len(targets) if went in {Went.SENT, Went.DONE, Went.UNKNOWN} else 0)


def test_what_a_restored_ledger_does_not_tell_of_is_said_and_left() -> None:
    planned = undoing(RECORD, [], around(departed=3))

    assert planned.effects == ()
    assert not planned.is_whole
    assert planned.left == {
        "it left after the backup that the ledger was restored from, and what it was before is lost with the ledger: "
        "in the Action center, choose History, then the action, then Undo": 3
    }


def test_what_takes_something_back_is_known_as_that() -> None:
    assert {kind for kinds in INVERSES.values() for kind in kinds} == INVERSE_EFFECTS

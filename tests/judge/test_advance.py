"""A pending action whose kind becomes known goes on under its new id, and loses nothing."""

from collections.abc import Mapping
from datetime import timedelta

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from agent.judge.advance import advance, unnamed_id
from agent.judge.naming import named
from agent.model.air import AirAction
from agent.model.enactment import CLOSED, Record, State
from agent.model.pending import ActionKind, PendingAction
from tests.makers import NOW, a_user, an_action, an_air_action

HOUR = timedelta(hours=1)


def unknown(**more: object) -> PendingAction:
    return an_action(a_user(**more))  # type: ignore[arg-type]


def read(known: Mapping[str, Record], action: PendingAction, *rows: AirAction) -> dict[str, Record]:
    return {**known, **advance(named(action, rows, known), known, NOW)}


def states(known: Mapping[str, Record]) -> dict[str, State]:
    return {record.action.kind.value: record.state for record in known.values()}


def test_the_old_record_is_closed_and_names_the_new_one() -> None:
    before = read({}, unknown())

    after = read(before, unknown(), an_air_action())

    assert states(after) == {"unknown": State.SUPERSEDED, "disableUser": State.SEEN}
    old, new = after[unknown().id], next(one for one in after.values() if one.state is State.SEEN)
    assert (
        old.why
        == f"AIR's own rows say what is proposed: it goes on as action {new.action.id} (`disableUser`)"
    )
    assert old.due is None
    assert unnamed_id(new.action) == old.action.id


def test_the_deadline_and_the_sightings_go_on() -> None:
    early = unknown(created=NOW - 50 * HOUR)
    known = {early.id: Record(action=early, state=State.ESCALATED, due=NOW)}
    later = msgspec.structs.replace(
        unknown(), sightings=tuple(msgspec.structs.replace(one, alert_id="b") for one in unknown().sightings)
    )

    after = read(known, later, an_air_action())

    (new,) = (one.action for one in after.values() if one.action.kind is ActionKind.DISABLE_USER)
    assert (new.first_seen, new.deadline) == (early.first_seen, early.deadline)
    assert {one.alert_id for one in new.sightings} == {"alert-1", "b"}


def test_what_is_proposed_after_the_week_of_the_old_record_has_a_week_of_its_own() -> None:
    early = unknown(created=NOW - 10 * 24 * HOUR)
    known = {early.id: Record(action=early, state=State.EXPIRED, due=None)}

    after = read(known, unknown(), an_air_action())

    (new,) = (one.action for one in after.values() if one.action.kind is ActionKind.DISABLE_USER)
    assert new.first_seen == unknown().first_seen


def test_it_stays_named_when_the_row_was_decided_or_is_gone() -> None:
    row = an_air_action()
    known = read(read({}, unknown()), unknown(), row)
    decided = an_air_action(status="Completed", approval="Approved", at=NOW)

    assert states(read(known, unknown(), decided)) == states(known)
    assert states(read(known, unknown())) == states(known)


def test_both_end_where_defender_shows_it_decided() -> None:
    known = read(read({}, unknown()), unknown(), an_air_action())

    after = read(known, unknown(status="declined"), an_air_action())

    assert states(after) == {"unknown": State.SUPERSEDED, "disableUser": State.SUPERSEDED}
    assert "Defender shows `declined`" in next(
        one.why for one in after.values() if one.action.kind is ActionKind.DISABLE_USER
    )


def test_a_row_that_comes_after_the_end_begins_nothing() -> None:
    known = read({}, unknown())

    after = read(known, unknown(status="remediated"), an_air_action())

    assert states(after) == {"unknown": State.SUPERSEDED}
    assert "Defender shows `remediated`" in after[unknown().id].why


ROWS = st.lists(
    st.builds(
        lambda kind, status, number: an_air_action(kind=kind, status=status, number=number),
        st.sampled_from(["DisableUser", "ForcePasswordReset", "Odd", None]),
        st.sampled_from(["Pending", "Completed"]),
        st.sampled_from(["a1", "a2", "a3"]),
    ),
    max_size=3,
)


@given(st.lists(st.tuples(ROWS, st.sampled_from(["pendingApproval", "remediated"])), min_size=1, max_size=6))
def test_a_pending_action_always_has_an_open_record_and_none_twice(
    course: list[tuple[list[AirAction], str]],
) -> None:
    known: dict[str, Record] = {}
    remembered: list[AirAction] = []
    for rows, status in course:
        remembered += rows
        known = read(known, unknown(status=status), *remembered)

        still = [one for one in known.values() if one.state not in CLOSED]
        assert bool(still) is (status == "pendingApproval")
        shown = {one.id for one in named(unknown(status=status), remembered, known)}
        assert {one.action.id for one in still} <= shown
        assert {one.action.deadline for one in known.values()} == {unknown().deadline} or not known

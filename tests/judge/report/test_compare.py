"""What we decided is held against what people did where both are known; else it is told why not."""

from typing import Any

import msgspec
import pytest

from agent.judge.report.compare import comparisons
from agent.model.decision import Verb
from agent.model.history import Decided, Decider, Ending
from agent.model.report import Lens
from agent.model.truth import Source, Truth, Unknown
from tests.judge.decided import HOUR, WEEK, A, E, R, a_row, by_people, over
from tests.judge.report.compared import a_truth, both, seen
from tests.makers import NOW


@pytest.mark.parametrize(
    ("thought", "did", "standing"),
    [
        (A, A, "agreed"),
        (R, R, "agreed"),
        (A, R, "looser"),
        (R, A, "stricter"),
        (E, A, "stricter"),
        (E, R, "undecided"),
    ],
)
def test_what_policies_decided_is_held_against_what_people_answered(
    thought: Verb, did: Verb, standing: str
) -> None:
    one = both(a_row(verb=thought), by_people(did)).in_force

    assert (one.standing, one.verb, one.unknown, one.policies) == (standing, thought, None, ("p",))
    assert one.truth is not None
    assert (one.truth.verb, one.truth.source, one.truth.by) == (did, Source.ANSWER, ("Eve",))


def test_what_a_guard_held_was_an_approval_and_the_guard_is_named() -> None:
    held = a_row(verb=E, by=Decider.GUARD, guard="size")

    one = both(held, by_people(R)).would

    assert (one.standing, one.verb, one.guard) == ("looser", A, "size")


def test_an_approval_by_people_that_a_guard_holds_is_still_theirs() -> None:
    held = msgspec.structs.replace(by_people(E, guard="kill switch"), by=Decider.GUARD)

    one = both(a_row(verb=R), held).would

    assert (one.standing, one.verb, one.number, one.decided) == ("stricter", R, 1, NOW)


def test_observing_policies_count_through_one_lens_and_not_through_the_other() -> None:
    row = a_row(verb=E, shadow=A, shadow_policies=("observing", "p"), shadow_guard="caps")

    found = both(row, by_people(R))

    assert (found.would.standing, found.would.verb, found.would.guard) == ("looser", A, "caps")
    assert found.would.policies == ("observing", "p")
    assert (found.in_force.standing, found.in_force.verb, found.in_force.guard) == ("undecided", E, None)
    assert found.in_force.policies == ("p",)
    assert found.through(Lens.WOULD) is found.would
    assert found.through(Lens.IN_FORCE) is found.in_force


def test_where_observing_policies_have_no_opinion_both_lenses_see_the_same() -> None:
    found = both(a_row(), by_people(A))

    assert found.would is found.in_force


def test_only_an_approval_of_observing_policies_is_held_and_who_took_part_is_known_where_it_is_not_said() -> (
    None
):
    row = a_row(verb=A, shadow=R, shadow_guard="caps")

    one = both(row, by_people(R)).would

    assert (one.standing, one.guard, one.policies) == ("agreed", None, ("p",))


@pytest.mark.parametrize(
    ("row", "truths", "standing"),
    [
        (over("declined"), (), "looser"),
        (over("declined", hours=166.99), (), "looser"),
        (over("remediated"), (a_truth(A),), "agreed"),
        (over("remediated"), (a_truth(R),), "looser"),
        (a_row(2), (a_truth(R, 3),), "looser"),
    ],
)
def test_what_people_did_in_defender_counts_where_it_is_known(
    row: Decided, truths: tuple[Truth, ...], standing: str
) -> None:
    assert seen(a_row(), row, truths=truths) == (standing, None)


@pytest.mark.parametrize(
    ("row", "truths", "unknown"),
    [
        (over("remediated"), (), "untold"),
        (over("cancelled"), (), "cancelled"),
        (over("declined", hours=167), (), "late"),
        (over("declined"), (a_truth(None, unknown=Unknown.CONTRADICTED),), "contradicted"),
        (over(by=Decider.NOBODY, ended=Ending.EXPIRED), (), "expired"),
        (a_row(2, verb=R, by=Decider.NOBODY), (), "nobody"),
        (a_row(2), (), "nobody"),
        (a_row(2), (a_truth(None, unknown=Unknown.NOBODY),), "nobody"),
    ],
)
def test_unknown_is_neither_agreement_nor_its_opposite(
    row: Decided, truths: tuple[Truth, ...], unknown: str
) -> None:
    assert seen(a_row(), row, truths=truths) == ("undecided", unknown)


def test_what_awaits_approval_again_is_open_again_and_may_be_decided_by_people_then() -> None:
    again = (a_row(), over("remediated"), a_row(3, verb=R))

    assert seen(*again) == ("undecided", "nobody")
    assert seen(*again, over("declined", hours=5)) == ("agreed", None)


def test_what_we_decided_after_people_had_does_not_count() -> None:
    rows = (a_row(0, verb=R), a_row(2, verb=A), a_row(3, verb=A), over("remediated", hours=4))

    assert seen(*rows, truths=(a_truth(A, 2),)) == ("stricter", None)
    assert seen(*rows, truths=(a_truth(A, 2.001),)) == ("agreed", None)


def test_people_who_decide_before_we_did_meet_no_decision_of_ours() -> None:
    one = both(a_row(3), over("remediated", hours=4), truths=(a_truth(A, 2),)).would

    assert (one.standing, one.unknown, one.verb, one.decided, one.number) == (
        "undecided",
        None,
        None,
        None,
        0,
    )
    assert (one.policies, one.revision, one.moment) == ((), "", NOW + 2 * HOUR)
    assert seen(over("declined")) == ("undecided", None)


def test_what_was_judged_afterwards_counts_however_late_and_saves_nothing() -> None:
    late = a_row(100, is_imported=True)

    one = both(over("remediated"), late, truths=(a_truth(A, 2),)).would

    assert (one.standing, one.is_imported, one.saved) == ("agreed", True, None)


def test_what_is_proposed_anew_after_its_week_is_another_life_with_a_truth_of_its_own() -> None:
    later = {"first_seen": NOW + WEEK, "deadline": NOW + 2 * WEEK}
    rows = (a_row(), by_people(A), a_row(168, verb=R, **later), over("remediated", hours=170, **later))
    truths = (a_truth(A), a_truth(A, 169, first_seen=NOW + WEEK))

    found = [one.would for one in comparisons(rows, truths)]

    assert [(one.first_seen, one.standing) for one in found] == [(NOW, "agreed"), (NOW + WEEK, "stricter")]


def test_what_was_found_to_have_begun_earlier_is_the_same_life() -> None:
    earlier: dict[str, Any] = {"first_seen": NOW - HOUR, "deadline": NOW + WEEK - HOUR}

    one = both(a_row(), over("remediated", **earlier), truths=(a_truth(R, first_seen=NOW - HOUR),)).would

    assert one.standing == "looser"


def test_a_window_goes_by_when_people_decided_or_it_ended_and_while_it_is_open_by_the_last_decision() -> None:
    assert both(a_row(), over(hours=5), truths=(a_truth(R, 2),)).would.moment == NOW + 2 * HOUR
    assert both(a_row(), over("remediated", hours=5)).would.moment == NOW + 5 * HOUR
    assert both(a_row(), a_row(3)).would.moment == NOW + 3 * HOUR
    opened = a_truth(None, 1, unknown=Unknown.NOBODY)
    assert both(a_row(), a_row(3), truths=(opened,)).would.moment == NOW + 3 * HOUR


def test_hours_are_saved_where_we_decided_the_same_earlier_and_no_guard_held_it() -> None:
    held: dict[str, Any] = {"verb": E, "by": Decider.GUARD, "guard": "size"}

    assert both(a_row(verb=R), by_people(R)).would.saved == 2 * HOUR
    assert both(a_row(), by_people(R)).would.saved is None
    assert both(a_row(verb=E), by_people(A)).would.saved is None
    assert both(a_row(**held), by_people(A)).would.saved is None
    assert both(a_row()).would.saved is None


def test_what_goes_on_under_another_id_is_told_there_unless_it_ended_before() -> None:
    later: dict[str, Any] = {"first_seen": NOW + WEEK, "deadline": NOW + 2 * WEEK}
    earlier = (a_row(), by_people(A))

    assert not list(comparisons([a_row()], (), is_moved=True))
    assert len(list(comparisons([a_row(), over()], (), is_moved=True))) == 1
    (found,) = comparisons([*earlier, a_row(168, **later)], (), is_moved=True)
    assert found.would.first_seen == NOW

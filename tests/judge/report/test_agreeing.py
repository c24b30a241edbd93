"""What pages show of agreement is what a report of the same window says."""

from agent.judge.report.agreeing import Agreeing, Agreement
from agent.model.decision import Verb
from agent.model.history import Decided
from agent.model.pending import ActionKind
from agent.model.report import Tally
from tests.judge.decided import A, E, R, a_row, by_people, over
from tests.judge.report.compared import a_truth, asked


def found(*rows: Decided, since: float = -1000) -> Agreement:
    agreeing = Agreeing(asked(since))
    for row in rows:
        agreeing.look(row)
    agreeing.know({"c": (a_truth(R, action_id="c"),)})
    return agreeing.found()


def test_both_lenses_policies_and_the_looser_ones_are_there() -> None:
    seen = found(
        a_row(),
        a_row(action_id="b", verb=E, shadow=A, shadow_policies=("o",)),
        a_row(action_id="c"),
        by_people(A),
        by_people(R, action_id="b"),
        over("remediated", action_id="c"),
    )

    assert seen.actions == 3
    assert seen.in_force.group.tally == Tally(agreed=1, both_approved=1, looser=1, undecided=1)
    assert seen.would.group.tally == Tally(agreed=1, both_approved=1, looser=2)
    assert (seen.in_force.undecided, seen.would.undecided) == ({"left": 1}, {})
    assert (seen.in_force.looser, seen.would.looser) == (("c",), ("b", "c"))
    assert {name: one.tally.actions for name, one in seen.policies.items()} == {"o": 1, "p": 2}


def test_what_people_decided_before_the_window_is_of_an_earlier_one_and_what_was_thought_before_it_is_not() -> (
    None
):
    rows = (a_row(verb=R), by_people(R))

    assert found(*rows, since=2.1).actions == 0
    assert found(*rows, since=1).in_force.group.tally == Tally(agreed=1)


def test_an_action_that_was_proposed_twice_is_named_once() -> None:
    def life(verb: Verb, hours: float) -> tuple[Decided, ...]:
        first = a_row(hours).at
        week = {"first_seen": first, "deadline": first + (a_row().deadline - a_row().first_seen)}
        return a_row(hours, verb=verb, **week), by_people(R, hours + 1, **week)

    seen = found(*life(A, 0), *life(A, 200))

    assert (seen.would.group.tally.looser, seen.would.looser) == (2, ("a",))


def test_what_goes_on_under_another_id_is_not_counted_twice() -> None:
    agreeing = Agreeing(asked())
    agreeing.look(a_row(verb=E, kind=ActionKind.UNKNOWN))
    agreeing.look(a_row(action_id="b", verb=E, kind=ActionKind.DISABLE_USER))

    assert agreeing.unknown == ("a",)
    assert agreeing.found().actions == 2
    assert agreeing.found(moved={"a"}).actions == 1

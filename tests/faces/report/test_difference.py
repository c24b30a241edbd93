"""What can be said of how two reports differ."""

import pytest

from agent.faces.report.difference import Measure, difference
from tests.faces.report.outlines import AGAIN
from tests.reports import a_group, a_report, a_tally


def measures(agreed: tuple[int, int], looser: tuple[int, int]) -> dict[str, Measure]:
    a, b = (a_report(a_tally(agreed=one, looser=other)) for one, other in zip(agreed, looser, strict=True))
    return {one.name: one for one in difference(a, b, names=("A", "B"), again=AGAIN).measures}


def test_shares_whose_intervals_overlap_say_no_difference() -> None:
    assert (
        measures((90, 85), (10, 15))["agreement"].says == "no difference can be said: the intervals overlap"
    )


@pytest.mark.parametrize(
    ("agreed", "looser", "said"), [((90, 50), (10, 50), "lower"), ((50, 90), (50, 10), "higher")]
)
def test_shares_whose_intervals_are_apart_say_which_is_higher(
    agreed: tuple[int, int], looser: tuple[int, int], said: str
) -> None:
    assert measures(agreed, looser)["agreement"].says.startswith(f"{said} in B")


def test_too_few_on_either_side_say_nothing() -> None:
    for agreed in ((19, 90), (90, 19)):
        found = measures(agreed, (0, 0))["agreement"]

        assert (found.says, found.difference) == ("too few to say", "")


def test_counts_say_how_far_apart_they_are_and_nothing_else() -> None:
    found = measures((90, 100), (3, 1))

    assert (found["compared"].a, found["compared"].b, found["compared"].difference) == ("93", "101", "+8")
    assert found["looser"].difference == "-2"
    assert found["pages not sent"].difference == "0"
    assert found["compared"].says == ""


def test_a_policy_that_only_one_of_both_has_stands_there_too() -> None:
    a = a_report(policies=(a_group("gone", a_tally(agreed=30)),))
    b = a_report(policies=(a_group("new", a_tally(agreed=30)),))

    found = difference(a, b, names=("A", "B"), again=AGAIN).policies

    assert [(one.name, one.a, one.b) for one in found] == [
        ("gone", "100 % (88.6 to 100 %)", "too few to say"),
        ("new", "too few to say", "100 % (88.6 to 100 %)"),
    ]

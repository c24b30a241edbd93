"""A share with Wilson's interval, held against what others have worked out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.judge.report.rate import agreement, rate, risk
from agent.model.report import Tally


@pytest.mark.parametrize(
    ("count", "of", "low", "high"),
    [
        (0, 10, 0.0, 0.2775),
        (10, 10, 0.7225, 1.0),
        (8, 10, 0.4902, 0.9433),
        (1, 2, 0.0945, 0.9055),
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (95, 100, 0.8882, 0.9785),
    ],
)
def test_the_interval_is_wilsons(count: int, of: int, low: float, high: float) -> None:
    """Those of 263 and 148 are in R. G. Newcombe's comparison of 1998, method 3."""
    found = rate(count, of, 1)

    assert found is not None
    assert (round(found.low, 4), round(found.high, 4)) == (low, high)


@given(st.integers(1, 10**6).flatmap(lambda of: st.tuples(st.integers(0, of), st.just(of))))
def test_the_share_lies_within_its_interval_and_that_between_nothing_and_all(pair: tuple[int, int]) -> None:
    found = rate(*pair, 0)

    assert found is not None
    assert 0 <= found.low <= found.share <= found.high <= 1
    assert found.low < found.high


@pytest.mark.parametrize(
    ("of", "enough", "is_said"), [(19, 20, False), (20, 20, True), (0, 0, False), (1, 0, True)]
)
def test_below_enough_it_is_too_few_to_say(of: int, enough: int, is_said: bool) -> None:
    assert (rate(0, of, enough) is not None) is is_said


def test_agreement_is_of_all_compared_and_risk_of_what_we_would_have_approved() -> None:
    tally = Tally(agreed=15, both_approved=9, looser=1, rejected=2, left=2, undecided=50)

    agreed, risky = agreement(tally, 20), risk(tally, 10)

    assert (tally.compared, tally.would_approve, tally.actions) == (20, 10, 70)
    assert agreed is not None
    assert agreed.share == 0.75
    assert risky is not None
    assert risky.share == 0.1
    assert (agreement(tally, 21), risk(tally, 11)) == (None, None)

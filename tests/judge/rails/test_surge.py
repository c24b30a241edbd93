"""The brake opens when approvals leave their usual band, and not before."""

from collections.abc import Mapping

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.judge.rails.surge import HOUR, question, surge, usual_peak
from agent.model.decision import Unit
from agent.model.enactment import MAIL_EFFECTS
from agent.model.rails import Cap
from tests.judge.rails.scenes import OPEN

RAILS = msgspec.structs.replace(OPEN, brake_floor=20, brake_factor=4.0)


def days(*peaks: int) -> Mapping[int, int]:
    """Return hours of which the busiest of each day before now has so many approvals."""
    return {24 * day + 5: peak for day, peak in enumerate(peaks)} | {
        24 * day + 7: 1 for day in range(len(peaks))
    }


USUAL = days(*[10] * 14)


@pytest.mark.parametrize(("count", "opens"), [(40, False), (41, True)])
def test_it_opens_above_the_busiest_hour_of_an_ordinary_day_times_the_factor(count: int, opens: bool) -> None:
    found = surge(RAILS, count, USUAL)

    assert (found.is_over, found.most, found.usual) == (opens, 40, 10)


@pytest.mark.parametrize(("count", "opens"), [(20, False), (21, True)])
@pytest.mark.parametrize("by_hour", [{}, days(1, 1, 1, 1), days(500), days(500, 500)])
def test_quiet_tenants_and_first_days_have_the_floor(
    by_hour: Mapping[int, int], count: int, opens: bool
) -> None:
    assert surge(RAILS, count, by_hour).is_over is opens


@pytest.mark.parametrize(("count", "opens"), [(50, False), (51, True)])
def test_while_nothing_is_usual_the_tenants_own_cap_for_an_hour_is_the_band(count: int, opens: bool) -> None:
    caps = (
        Cap(name="a", unit=Unit.ACTIONS, count=50, window=HOUR),
        Cap(name="b", unit=Unit.ACTIONS, count=1, window=24 * HOUR),
        Cap(name="c", unit=Unit.MESSAGES, count=2, window=HOUR),
        Cap(name="d", unit=Unit.ACTIONS, count=3, window=HOUR, kinds=MAIL_EFFECTS),
    )
    rails = msgspec.structs.replace(RAILS, caps=caps)

    assert surge(rails, count, {}).is_over is opens
    assert surge(rails, 41, USUAL).is_over


def test_a_burst_in_the_history_does_not_lift_the_band() -> None:
    with_bursts = days(*[10] * 8, 5_000, 5_000, *[10] * 4)

    assert surge(RAILS, 41, with_bursts).is_over
    assert not surge(RAILS, 40, with_bursts).is_over


def test_quiet_weekends_do_not_lower_the_band() -> None:
    assert usual_peak({24 * day + 5: 10 for day in range(10)}) == 10


def test_the_hour_that_is_asked_about_and_empty_hours_are_no_history() -> None:
    assert usual_peak({0: 9_999, 5: 3, 30: 0, 60: 3, 90: 3}) == 3
    assert usual_peak({5: 3, 30: 0, 60: 3}) is None


def test_the_question_says_what_is_usual_and_what_to_ask_oneself() -> None:
    assert question(surge(RAILS, 5_000, USUAL)) == (
        "policies approve 5,000 actions within an hour and 40 are the most before a person looks (the busiest hour of "
        "an ordinary day has 10): is this right, or has a signature or a policy gone wrong?"
    )
    assert "(there are too few days to know what is usual)" in question(surge(RAILS, 1, {}))


@given(
    st.dictionaries(st.integers(0, 336), st.integers(0, 10_000)),
    st.integers(0, 100_000),
    st.integers(1, 100),
)
def test_more_approvals_never_close_it_and_the_floor_never_opens_it(
    by_hour: dict[int, int], count: int, floor: int
) -> None:
    rails = msgspec.structs.replace(RAILS, brake_floor=floor)

    assert not surge(rails, floor, by_hour).is_over
    assert surge(rails, count + 1, by_hour).is_over or not surge(rails, count, by_hour).is_over

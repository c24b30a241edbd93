"""A source is silent by its own rhythm, blank by what it must show, and unread by the clock."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as some

from agent.judge.silence import (
    BLANK,
    KEPT,
    LONGEST,
    POLLS,
    SHORTEST,
    UNREAD,
    USUAL,
    WINDOW,
    blank,
    is_blank,
    longest_pause,
    silence,
    threshold,
    unread,
)
from tests.makers import NOW

SECOND, MINUTE, HOUR, DAY = (
    timedelta(seconds=1),
    timedelta(minutes=1),
    timedelta(hours=1),
    timedelta(days=1),
)


def every(pause: timedelta, days: int = 10) -> list[datetime]:
    """Return news at even pauses, the last of them now."""
    count = timedelta(days=days) // pause
    return [NOW - pause * number for number in range(count, -1, -1)]


def office_hours(weeks: int = 2) -> list[datetime]:
    """Return news of each hour from eight to six on working days, the last on a Friday at six."""
    friday = NOW.replace(year=2026, month=8, day=21, hour=18, minute=0, second=0, microsecond=0)
    days = [friday - timedelta(days=number) for number in range(7 * weeks)]
    return sorted(day - timedelta(hours=n) for day in days if day.weekday() < 5 for n in range(11))


@pytest.mark.parametrize(("quiet", "is_silent"), [(SHORTEST, False), (SHORTEST + SECOND, True)])
def test_a_busy_source_is_silent_after_six_hours(quiet: timedelta, is_silent: bool) -> None:
    seen = every(HOUR)

    assert bool(silence(seen, NOW + quiet)) is is_silent


@pytest.mark.parametrize(("quiet", "is_silent"), [(16 * HOUR, False), (16 * HOUR + SECOND, True)])
def test_a_slow_one_is_after_twice_its_longest_pause(quiet: timedelta, is_silent: bool) -> None:
    seen = every(8 * HOUR)

    assert bool(silence(seen, NOW + quiet)) is is_silent


def test_a_weekend_and_a_long_weekend_are_no_silence_where_only_offices_make_news() -> None:
    seen = office_hours()
    monday, wednesday = seen[-1] + 62 * HOUR, seen[-1] + 4 * DAY

    assert silence(seen, monday) == ""
    assert silence(seen, monday + DAY) == ""
    assert silence(seen, wednesday) == ""
    assert silence(seen, wednesday + SECOND) != ""


def test_what_was_seen_of_one_working_week_alone_says_nothing_of_weekends() -> None:
    monday_to_friday = [one for one in office_hours() if office_hours()[-1] - one < 5 * DAY]

    assert longest_pause(monday_to_friday) is None
    assert silence(monday_to_friday, NOW + 30 * DAY) == ""


@pytest.mark.parametrize(("pause", "has_rhythm"), [(USUAL, True), (USUAL + SECOND, False)])
def test_a_source_that_rests_for_days_is_not_always_heard(pause: timedelta, has_rhythm: bool) -> None:
    first = every(HOUR, 7)
    seen = [*(one - pause for one in first), NOW]

    assert (longest_pause(seen) is not None) is has_rhythm


@pytest.mark.parametrize(("times", "has_rhythm"), [(9, False), (10, True)])
def test_ten_hours_with_news_are_the_least(times: int, has_rhythm: bool) -> None:
    seen = [NOW - number * 19 * HOUR for number in range(times - 1, -1, -1)]
    spread = [seen[0], *(one + MINUTE for one in seen), *(one + 2 * MINUTE for one in seen)]

    assert (longest_pause(sorted(spread)) is not None) is has_rhythm


@pytest.mark.parametrize(("days", "has_rhythm"), [(6, False), (7, True)])
def test_a_week_is_the_shortest_time_that_says_something(days: int, has_rhythm: bool) -> None:
    assert (longest_pause(every(HOUR, days)) is not None) is has_rhythm


def test_a_pause_of_long_ago_counts_no_more() -> None:
    longest = longest_pause([NOW - WINDOW - 2 * DAY, *every(HOUR, 14)])

    assert longest == HOUR


def test_nothing_is_said_of_a_source_that_was_never_heard() -> None:
    assert silence([], NOW) == ""


def test_a_silent_source_says_since_when_and_what_is_to_be_looked_at() -> None:
    said = silence(every(HOUR), NOW + DAY)

    assert said.startswith(f"no news of incidents have come since {NOW:%Y-%m-%d %H:%M}Z")
    assert "never stayed away for longer than 60m" in said
    assert "permissions" in said
    assert "health of Microsoft Defender" in said


MOMENTS = some.lists(some.integers(0, 20 * 24 * 60), min_size=1, max_size=60, unique=True).map(
    lambda minutes: [NOW - timedelta(minutes=one) for one in sorted(minutes, reverse=True)]
)


@given(MOMENTS, some.integers(0, 10**5), some.integers(0, 10**5))
def test_who_is_silent_stays_so_until_something_comes(seen: list[datetime], minutes: int, more: int) -> None:
    later = NOW + timedelta(minutes=minutes)

    if silence(seen, later):
        assert silence(seen, later + timedelta(minutes=more))
        assert silence([*seen, later], later) == ""


@given(MOMENTS)
def test_a_threshold_is_never_below_a_pause_that_was_seen_nor_past_four_days(seen: list[datetime]) -> None:
    longest = longest_pause(seen)

    if longest is not None:
        assert longest < threshold(longest)
        assert SHORTEST <= threshold(longest) <= LONGEST
        assert silence(seen, seen[-1] + threshold(longest)) == ""
        assert silence(seen, seen[-1] + threshold(longest) + SECOND) != ""


@pytest.mark.parametrize(
    ("age", "shown", "expected"),
    [(HOUR, 0, True), (HOUR, 1, False), (KEPT, 0, True), (KEPT + SECOND, 0, False)],
)
def test_an_answer_without_the_newest_incident_is_blank(age: timedelta, shown: int, expected: bool) -> None:
    assert is_blank(NOW - age, shown, NOW) is expected


def test_where_nothing_was_ever_seen_an_empty_answer_is_an_answer() -> None:
    assert not is_blank(None, 0, NOW)


@pytest.mark.parametrize(
    ("lasted", "polls", "is_told"),
    [(BLANK, POLLS, True), (BLANK - SECOND, POLLS, False), (BLANK, POLLS - 1, False)],
)
def test_blank_answers_are_told_after_an_hour_and_three(lasted: timedelta, polls: int, is_told: bool) -> None:
    said = blank(NOW - lasted, polls, NOW - DAY, NOW)

    assert bool(said) is is_told
    assert not said or f"not even the one of {NOW - DAY:%Y-%m-%d %H:%M}Z" in said


@pytest.mark.parametrize(("lasted", "is_told"), [(UNREAD, False), (UNREAD + SECOND, True)])
def test_unread_is_told_after_an_hour_with_the_reason(lasted: timedelta, is_told: bool) -> None:
    said = unread(NOW - lasted, NOW, "graph: connection refused")

    assert bool(said) is is_told
    assert not said or said.endswith("is not seen: graph: connection refused")


def test_without_a_reason_none_is_made_up() -> None:
    assert unread(NOW - DAY, NOW, "").endswith("is not seen")

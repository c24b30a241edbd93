"""Windows of time as people ask for them."""

from datetime import UTC, datetime, timedelta

import pytest

from agent.faces.moments import moment_of, written
from agent.faces.windows import interval_of, since_of, until_of

NOW = datetime(2026, 11, 26, 16, 19, 58, 123456, tzinfo=UTC)


def at(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type, misc]


def test_left_out_a_window_is_the_last_thirty_days_from_the_start_of_the_hour() -> None:
    assert since_of(None, NOW) == at(2026, 10, 27, 16)
    assert until_of(None, NOW) == at(2026, 11, 26, 16, 19, 58)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("30d", datetime(2026, 10, 27, 16, 19, 58, 123456, tzinfo=UTC)),
        ("2026-10-01", at(2026, 10, 1)),
        ("2026-10-01T12:00:00+02:00", at(2026, 10, 1, 10)),
    ],
)
def test_a_moment_is_so_long_ago_or_a_date_or_itself(text: str, moment: datetime) -> None:
    assert since_of(text, NOW) == moment
    assert until_of(text, NOW) == moment


@pytest.mark.parametrize(
    ("text", "window"),
    [
        ("2026-W40", (at(2026, 9, 28), at(2026, 10, 5))),
        ("2026w40", (at(2026, 9, 28), at(2026, 10, 5))),
        ("2026-W53", (at(2026, 12, 28), at(2027, 1, 4))),
        ("2026-10-01/2026-10-08", (at(2026, 10, 1), at(2026, 10, 8))),
        ("2026-10-01T06:00:00Z/2026-10-08", (at(2026, 10, 1, 6), at(2026, 10, 8))),
        ("0123456789ab", None),
        ("main", None),
    ],
)
def test_an_interval_is_a_week_or_two_moments(text: str, window: tuple[datetime, datetime] | None) -> None:
    assert interval_of(text, NOW) == window


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("2026-W54", "is not a week that there is"),
        ("2026-10-08/2026-10-01", "ends before it begins"),
        ("2026-10-08/2026-10-08", "ends before it begins"),
        ("yesterday/2026-10-01", "is not a duration"),
    ],
)
def test_an_interval_that_cannot_be_says_why(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        interval_of(text, NOW)


@pytest.mark.parametrize("more", [timedelta(0), timedelta(microseconds=1), timedelta(hours=13, minutes=5)])
def test_a_moment_that_is_written_for_a_command_is_that_moment_again(more: timedelta) -> None:
    at = datetime(2026, 10, 1, tzinfo=UTC) + more

    assert moment_of(written(at), at) == at

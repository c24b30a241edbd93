"""Which report is due: of days and weeks as a clock on the wall tells them."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.judge.scheduled import due
from agent.model.schedule import Schedule, Sent

HOUR = timedelta(hours=1)


def a_schedule(every: Sent = Sent.DAILY, hour: int = 8, zone: str = "Europe/Madrid") -> Schedule:
    return Schedule(every=every, hour=hour, zone=zone, channel="mail")


def at(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type, misc]


def test_the_report_of_a_day_is_due_on_the_next_at_its_hour() -> None:
    before, then = (due(a_schedule(), at(2026, 11, 26, hour, minute)) for hour, minute in ((6, 59), (7, 0)))

    assert (before.name, then.name) == ("2026-11-24", "2026-11-25")
    assert (then.since, then.until) == (at(2026, 11, 24, 23), at(2026, 11, 25, 23))


def test_the_report_of_a_week_is_due_on_monday_at_its_hour() -> None:
    schedule = a_schedule(Sent.WEEKLY)
    before, then, sunday = (
        due(schedule, moment)
        for moment in (at(2026, 11, 23, 6, 59), at(2026, 11, 23, 7), at(2026, 11, 29, 22))
    )

    assert (before.name, then.name, sunday.name) == ("2026-W46", "2026-W47", "2026-W47")
    assert (then.since, then.until) == (at(2026, 11, 15, 23), at(2026, 11, 22, 23))


@pytest.mark.parametrize(
    ("now", "name", "hours"),
    [
        (at(2026, 3, 30, 12), "2026-03-29", 23),
        (at(2026, 10, 26, 12), "2026-10-25", 25),
        (at(2026, 6, 2, 12), "2026-06-01", 24),
    ],
)
def test_a_day_on_which_clocks_are_set_is_an_hour_shorter_or_longer(
    now: datetime, name: str, hours: int
) -> None:
    found = due(a_schedule(), now)

    assert (found.name, found.until - found.since) == (name, hours * HOUR)


def test_an_hour_that_the_wall_skips_is_when_it_is_skipped() -> None:
    schedule = a_schedule(hour=2)
    before, then = (due(schedule, at(2026, 3, 29, *parts)) for parts in ((0, 59), (1, 0)))

    assert (before.name, then.name) == ("2026-03-27", "2026-03-28")


def test_an_hour_that_the_wall_shows_twice_counts_the_first_time() -> None:
    schedule = a_schedule(hour=2)
    before, first, second = (due(schedule, at(2026, 10, 24, 23, 59) + offset * HOUR) for offset in (0, 1, 2))

    assert (before.name, first.name, second.name) == ("2026-10-23", "2026-10-24", "2026-10-24")
    assert first == second


@given(
    st.datetimes(datetime(2024, 1, 1), datetime(2030, 1, 1)),  # noqa: DTZ001  hypothesis wants them without a zone
    st.sampled_from([Sent.DAILY, Sent.WEEKLY]),
    st.integers(0, 23),
    st.sampled_from(
        ["UTC", "Europe/Madrid", "America/Sao_Paulo", "Australia/Lord_Howe", "Africa/Cairo", "Pacific/Apia"]
    ),
)
def test_periods_follow_each_other_without_a_gap(moment: datetime, every: Sent, hour: int, zone: str) -> None:
    schedule = a_schedule(every, hour, zone)
    now = moment.replace(tzinfo=UTC)

    found = due(schedule, now)
    before = due(schedule, found.due - timedelta(microseconds=1))

    assert found.since < found.until <= found.due <= now
    assert before.until == found.since
    assert before.name != found.name
    assert due(schedule, found.due) == found

"""Quiet hours by a clock on the wall, on the days on which clocks are set."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.judge.escalation.quiet import NEVER, is_quiet, may_tell, quiet_until, telling_from
from agent.model.chain import QuietHours, Urgency


def hours(written: str, zone: str) -> QuietHours:
    start, _, end = written.partition("-")
    return QuietHours(hours=(_minutes(start), _minutes(end)), zone=zone)


def _minutes(clock: str) -> int:
    return int(clock[:2]) * 60 + int(clock[3:])


def at(written: str) -> datetime:
    return datetime.fromisoformat(written).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("written", "zone", "now", "quiet"),
    [
        ("22:00-06:00", "Europe/Berlin", "2026-11-02 20:59", False),
        ("22:00-06:00", "Europe/Berlin", "2026-11-02 21:00", True),
        ("22:00-06:00", "Europe/Berlin", "2026-11-03 04:59", True),
        ("22:00-06:00", "Europe/Berlin", "2026-11-03 05:00", False),
        ("12:00-13:00", "UTC", "2026-11-03 11:59", False),
        ("12:00-13:00", "UTC", "2026-11-03 12:00", True),
        ("12:00-13:00", "UTC", "2026-11-03 13:00", False),
        ("20:00-24:00", "UTC", "2026-11-03 23:59", True),
        ("20:00-24:00", "UTC", "2026-11-04 00:00", False),
    ],
)
def test_it_is_quiet_from_the_start_on_and_not_at_the_end(
    written: str, zone: str, now: str, quiet: bool
) -> None:
    assert is_quiet(hours(written, zone), at(now)) is quiet


@pytest.mark.parametrize(
    ("written", "zone", "now", "until"),
    [
        ("22:00-06:00", "Europe/Berlin", "2026-11-02 22:00", "2026-11-03 05:00"),
        ("20:00-24:00", "UTC", "2026-11-03 21:00", "2026-11-04 00:00"),
        # Berlin, 29 March: 02:00 becomes 03:00; 25 October: 03:00 becomes 02:00
        ("22:00-06:00", "Europe/Berlin", "2026-03-28 22:00", "2026-03-29 04:00"),
        ("22:00-06:00", "Europe/Berlin", "2026-10-24 21:00", "2026-10-25 05:00"),
        ("22:00-02:30", "Europe/Berlin", "2026-03-28 22:00", "2026-03-29 01:00"),
        ("22:00-02:30", "Europe/Berlin", "2026-10-24 22:00", "2026-10-25 00:30"),
        ("22:00-02:30", "Europe/Berlin", "2026-10-25 01:10", "2026-10-25 01:30"),
        # New York, 8 March: 02:00 becomes 03:00; 1 November: 02:00 becomes 01:00
        ("22:00-06:00", "America/New_York", "2026-03-08 05:00", "2026-03-08 10:00"),
        ("22:00-06:00", "America/New_York", "2026-11-01 05:00", "2026-11-01 11:00"),
        ("22:00-01:30", "America/New_York", "2026-11-01 05:10", "2026-11-01 05:30"),
        ("22:00-01:30", "America/New_York", "2026-11-01 06:10", "2026-11-01 06:30"),
        # Lord Howe Island sets its clocks by half an hour: 5 April 02:00 becomes 01:30; 4 October 02:00 becomes 02:30
        ("22:00-06:00", "Australia/Lord_Howe", "2026-04-04 12:00", "2026-04-04 19:30"),
        ("22:00-06:00", "Australia/Lord_Howe", "2026-10-03 12:00", "2026-10-03 19:00"),
        ("22:00-02:15", "Australia/Lord_Howe", "2026-10-03 12:00", "2026-10-03 15:30"),
        ("22:00-01:45", "Australia/Lord_Howe", "2026-04-04 12:00", "2026-04-04 14:45"),
        ("22:00-01:45", "Australia/Lord_Howe", "2026-04-04 15:05", "2026-04-04 15:15"),
    ],
)
def test_they_end_when_the_wall_says_so_also_where_clocks_are_set(
    written: str, zone: str, now: str, until: str
) -> None:
    assert quiet_until(hours(written, zone), at(now)) == at(until)


def test_a_clock_that_is_set_back_into_quiet_hours_makes_it_quiet_again() -> None:
    night = hours("22:00-02:30", "Europe/Berlin")

    told = [
        is_quiet(night, at(f"2026-10-25 {clock}")) for clock in ("00:29", "00:30", "00:59", "01:00", "01:30")
    ]

    assert told == [True, False, False, True, False]


@given(
    now=st.datetimes(min_value=datetime(2026, 1, 1), max_value=datetime(2027, 12, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    start=st.integers(0, 1439),
    end=st.integers(1, 1440),
    zone=st.sampled_from(["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "UTC", "Asia/Kolkata"]),
)
def test_what_is_put_off_is_told_at_the_first_minute_that_is_not_quiet(
    now: datetime, start: int, end: int, zone: str
) -> None:
    found = QuietHours(hours=(start, end), zone=zone)
    if start == end or not is_quiet(found, now):
        return

    until = quiet_until(found, now)

    if until == NEVER:
        assert (start, end) == (0, 1440)
        return
    assert not is_quiet(found, until)
    before = max(now, until - timedelta(minutes=1))
    assert is_quiet(found, before)
    assert until - now <= timedelta(hours=49)  # the hour that is not quiet may be the one that is skipped


def test_some_urgencies_are_told_at_any_hour() -> None:
    night = hours("22:00-06:00", "UTC")
    late = at("2026-11-03 23:00")

    assert may_tell(night, Urgency.HIGH, late)
    assert not may_tell(night, Urgency.NORMAL, late)
    assert telling_from(night, Urgency.HIGH, late) == late
    assert telling_from(night, Urgency.LOW, late) == at("2026-11-04 06:00")
    assert telling_from(None, Urgency.LOW, late) == late


def test_hours_that_are_quiet_all_day_never_end() -> None:
    assert quiet_until(hours("00:00-24:00", "Europe/Berlin"), at("2026-11-03 23:00")) == NEVER

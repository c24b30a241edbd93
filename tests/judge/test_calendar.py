"""`moment:` knows office hours and calendars, in a zone, across midnight and clock changes."""

from datetime import UTC, datetime

import pytest

from tests.judge.writing import answer, facts, list_file, told


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("moment", "now", "expected"),
    [
        ("{zone: Europe/Madrid, hours: 08:00-18:00}", "2026-08-24T05:59", False),
        ("{zone: Europe/Madrid, hours: 08:00-18:00}", "2026-08-24T06:00", True),
        ("{zone: Europe/Madrid, hours: 08:00-18:00}", "2026-08-24T15:59", True),
        ("{zone: Europe/Madrid, hours: 08:00-18:00}", "2026-08-24T16:00", False),
        ("{zone: Europe/Madrid, hours: 08:00-18:00}", "2026-01-12T16:00", True),
        ("{zone: UTC, days: mon-fri}", "2026-08-24T00:00", True),
        ("{zone: UTC, days: mon-fri}", "2026-08-23T23:59", False),
        ("{zone: America/Los_Angeles, days: [sun]}", "2026-08-24T06:59", True),
        ("{zone: America/Los_Angeles, days: [sun]}", "2026-08-24T07:00", False),
        ("{zone: UTC, days: sat-mon}", "2026-08-23T12:00", True),
        ("{zone: UTC, days: sat-mon}", "2026-08-25T12:00", False),
        ("{zone: UTC, days: fri, hours: 22:00-06:00}", "2026-08-28T21:59", False),
        ("{zone: UTC, days: fri, hours: 22:00-06:00}", "2026-08-28T22:00", True),
        ("{zone: UTC, days: fri, hours: 22:00-06:00}", "2026-08-29T05:59", True),
        ("{zone: UTC, days: fri, hours: 22:00-06:00}", "2026-08-29T06:00", False),
        ("{zone: UTC, days: fri, hours: 22:00-06:00}", "2026-08-28T05:59", False),
        ("{zone: UTC, hours: 20:00-24:00}", "2026-08-28T23:59", True),
        ("{zone: UTC, hours: 20:00-24:00}", "2026-08-29T00:00", False),
        ("{zone: Europe/Madrid, dates: ['2026-12-25']}", "2026-12-24T22:59", False),
        ("{zone: Europe/Madrid, dates: ['2026-12-25']}", "2026-12-24T23:00", True),
        ("{zone: Europe/Madrid, dates: $holidays}", "2027-01-06T10:00", True),
        ("{zone: Europe/Madrid, dates: $holidays, hours: 00:00-09:00}", "2027-01-06T10:00", False),
    ],
)
def test_a_moment_lies_inside_or_outside(moment: str, now: str, expected: bool) -> None:
    lists = list_file("holidays", '"2027-01-06"')

    assert answer(f"moment: {moment}", facts(now=at(now)), lists=lists) is expected


@pytest.mark.parametrize(
    ("moment", "message"),
    [
        ("{days: mon}", "`zone` is missing: name a time zone such as `Europe/Madrid`"),
        ("{zone: UTC}", "name `days`, `hours` or `dates`"),
        (
            "{zone: Europe/Madird, days: mon}",
            "unknown time zone `Europe/Madird`: did you mean `Europe/Madrid`?",
        ),
        ("{zone: ../../etc/passwd, days: mon}", "unknown time zone `../../etc/passwd`"),
        ("{zone: America, days: mon}", "unknown time zone `America`"),
        ("{zone: UTC, days: monday}", "`monday` are not days: write `mon-fri` or `[sat, sun]`"),
        ("{zone: UTC, days: [mon, tues]}", "`tues` is not a day: did you mean `tue`?"),
        ("{zone: UTC, hours: 8-18}", "`8-18` are not hours: write them like `08:00-18:00`"),
        ("{zone: UTC, hours: 08:00-08:00}", "`08:00-08:00` are not hours"),
        ("{zone: UTC, hours: 25:00-26:00}", "`25:00-26:00` are not hours"),
        ("{zone: UTC, dates: ['2026-02-30']}", "`2026-02-30` is not a date: write it like `2026-12-31`"),
        ("{zone: UTC, day: mon}", "unknown key `day`: did you mean `days`?"),
        ("mon-fri", "write `moment: {zone: Europe/Madrid"),
    ],
)
def test_a_moment_is_checked(moment: str, message: str) -> None:
    found = told(f"moment: {moment}")

    assert len(found) == 1
    assert found[0].startswith(message)

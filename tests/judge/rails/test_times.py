"""Freezes and business hours, also when clocks are changed."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from agent.judge.rails.times import frozen, hours
from agent.model.rails import Freeze
from agent.settings.guards import hours as written
from tests.judge.rails.scenes import OPEN, a_scene

SECOND = timedelta(seconds=1)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


FREEZE = Freeze(begins=at("2026-12-24T12:00"), ends=at("2026-12-27T08:00"))


@pytest.mark.parametrize(
    ("now", "holds"),
    [
        (FREEZE.begins - SECOND, False),
        (FREEZE.begins, True),
        (FREEZE.ends - SECOND, True),
        (FREEZE.ends, False),
    ],
)
def test_a_freeze_holds_from_its_first_moment_to_its_last(now: datetime, holds: bool) -> None:
    said = frozen(a_scene(now=now, rails=msgspec.structs.replace(OPEN, freezes=(FREEZE,))))

    assert (said is not None) is holds
    assert said is None or (said.words, said.until) == (
        "`guards.freeze` lasts until 2026-12-27 08:00Z",
        FREEZE.ends,
    )


def test_freezes_that_follow_each_other_end_with_the_last() -> None:
    then = Freeze(begins=FREEZE.ends, ends=FREEZE.ends + timedelta(days=1))
    later = Freeze(begins=then.ends + SECOND, ends=then.ends + timedelta(days=9))

    said = frozen(
        a_scene(now=FREEZE.begins, rails=msgspec.structs.replace(OPEN, freezes=(later, then, FREEZE)))
    )

    assert said is not None
    assert said.until == then.ends


@pytest.mark.parametrize(
    ("text", "now", "until"),
    [
        ("mon-fri 07:00-20:00 Europe/Madrid", "2026-11-23T05:59", "2026-11-23T06:00"),
        ("mon-fri 07:00-20:00 Europe/Madrid", "2026-11-23T06:00", None),
        ("mon-fri 07:00-20:00 Europe/Madrid", "2026-11-23T18:59", None),
        ("mon-fri 07:00-20:00 Europe/Madrid", "2026-11-23T19:00", "2026-11-24T06:00"),
        ("mon-fri 07:00-20:00 Europe/Madrid", "2026-11-27T19:00", "2026-11-30T06:00"),
        # Clocks go forward on the night to 2026-03-29, and back on the night to 2026-10-25.
        ("mon-sun 07:00-20:00 Europe/Madrid", "2026-03-28T05:59", "2026-03-28T06:00"),
        ("mon-sun 07:00-20:00 Europe/Madrid", "2026-03-28T19:00", "2026-03-29T05:00"),
        ("mon-sun 07:00-20:00 Europe/Madrid", "2026-03-29T05:00", None),
        ("mon-sun 07:00-20:00 Europe/Madrid", "2026-03-29T17:59", None),
        ("mon-sun 07:00-20:00 Europe/Madrid", "2026-03-29T18:00", "2026-03-30T05:00"),
        ("mon-sun 07:00-20:00 Europe/Madrid", "2026-10-24T18:00", "2026-10-25T06:00"),
        ("mon-sun 07:00-20:00 Europe/Madrid", "2026-10-25T05:59", "2026-10-25T06:00"),
        ("mon-sun 07:00-20:00 Europe/Madrid", "2026-10-25T06:00", None),
        # An hour that the clock skips is not waited for, and one that it shows twice counts twice.
        ("01:30-02:30 Europe/Madrid", "2026-03-29T00:59", None),
        ("01:30-02:30 Europe/Madrid", "2026-03-29T01:00", "2026-03-29T23:30"),
        ("02:00-03:00 Europe/Madrid", "2026-10-24T23:59", "2026-10-25T00:00"),
        ("02:00-03:00 Europe/Madrid", "2026-10-25T00:30", None),
        ("02:00-03:00 Europe/Madrid", "2026-10-25T01:30", None),
        ("02:00-03:00 Europe/Madrid", "2026-10-25T02:00", "2026-10-26T01:00"),
        ("sat-sun Pacific/Auckland", "2026-11-27T10:59", "2026-11-27T11:00"),
        ("fri 22:00-06:00 UTC", "2026-11-28T05:59", None),
        ("fri 22:00-06:00 UTC", "2026-11-28T06:00", "2026-12-04T22:00"),
    ],
)
def test_business_hours_are_those_of_a_clock_on_a_wall(text: str, now: str, until: str | None) -> None:
    said = hours(a_scene(now=at(now), rails=msgspec.structs.replace(OPEN, hours=written(text))))

    assert (None if said is None else said.until) == (None if until is None else at(until))
    assert (said is None) is (until is None)


def test_outside_business_hours_the_words_say_which_they_are_and_what_the_clock_shows() -> None:
    rails = msgspec.structs.replace(OPEN, hours=written("mon-fri 07:00-20:00 Europe/Madrid"))

    said = hours(a_scene(now=at("2026-11-28T09:00"), rails=rails))

    assert said is not None
    assert said.words == (
        "`guards.hours` are mon-fri 07:00-20:00 Europe/Madrid, and it is sat 2026-11-28 10:00 Europe/Madrid"
    )
    assert hours(a_scene(rails=OPEN)) is None


def test_hours_that_never_come_have_no_end_to_wait_for() -> None:
    never = msgspec.structs.replace(written("mon UTC"), days=frozenset())

    said = hours(a_scene(now=at("2026-11-28T09:00"), rails=msgspec.structs.replace(OPEN, hours=never)))

    assert said is not None
    assert said.until is None

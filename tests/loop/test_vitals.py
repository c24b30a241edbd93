"""Whether anything moves: seen by what the loop does, and not by what it says of itself."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from agent.loop.report import PassReport
from agent.loop.vitals import Vitals
from agent.model.health import Mark
from agent.model.vitals import Usage
from tests.loop.conftest import Bench
from tests.loop.test_expiring import a_login

MINUTE, SECOND = timedelta(minutes=1), timedelta(seconds=1)


class Counted:
    """Vitals over seconds that are counted by hand, of a tenant that is open."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.seconds = 100.0
        self.vitals = Vitals(lambda: self.seconds)
        self.report = PassReport(began=bench.clock.now())

    def after(self, seconds: float) -> None:
        self.seconds += seconds
        self.vitals.look()

    def age(self, mark: Mark) -> float | None:
        found = self.vitals.signs().since.get(mark)
        return None if found is None else found.total_seconds()


@pytest.fixture
def counted(bench: Bench) -> Counted:
    return Counted(bench)


async def test_what_was_done_grows_older_and_what_never_was_is_left_out(counted: Counted) -> None:
    counted.vitals.mark(Mark.WROTE)

    counted.seconds += 7

    assert counted.age(Mark.WROTE) == 7.0
    assert counted.age(Mark.SHIPPED) is None


async def test_while_it_is_open_it_moves_or_does_not(counted: Counted) -> None:
    async with counted.vitals.during(counted.bench.world):
        counted.vitals.begin(counted.report)
        counted.after(1)
        counted.after(30)

        assert counted.age(Mark.MOVED) == 30.0
        assert counted.age(Mark.OPENED) == 31.0
        assert counted.age(Mark.LOADED) == 31.0
    assert set(counted.vitals.signs().since) == {Mark.BEGAN}


@pytest.mark.parametrize("what", ["pages", "incidents", "appeared", "decided", "sent", "noted", "confirmed"])
async def test_whatever_the_pass_counts_is_a_move(counted: Counted, what: str) -> None:
    """A first import of tens of thousands of actions gives no other sign for half an hour."""
    async with counted.vitals.during(counted.bench.world):
        counted.vitals.begin(counted.report)
        counted.after(1)
        setattr(counted.report, what, 1)

        counted.after(60)

        assert counted.age(Mark.MOVED) == 0.0


async def test_a_problem_a_sign_and_a_request_are_moves_too(counted: Counted) -> None:
    login = a_login(counted.bench)
    async with counted.vitals.during(replace(counted.bench.world, login=login)):
        counted.vitals.begin(counted.report)
        moves: tuple[Callable[[], object], ...] = (
            lambda: None,
            lambda: counted.report.problems.append("one"),
            lambda: None,
            lambda: setattr(counted.vitals, "signs_given", 1),
            lambda: None,
            lambda: setattr(login, "used", (Usage(system="graph", used=1, allowed=60, total=1),)),
            lambda: setattr(login, "used", (Usage(system="graph", used=1, allowed=60, total=2),)),
            lambda: None,
        )
        moved = []
        for move in moves:
            move()
            counted.after(60)
            moved.append(counted.age(Mark.MOVED) == 0.0)

    assert moved == [True, True, False, True, False, True, True, False]


async def test_who_waits_for_a_moment_moves_until_it_has_come(counted: Counted) -> None:
    """Graph asked for patience of a quarter of an hour, or virtual time stands almost still: nothing else moves."""
    clock = counted.bench.clock
    async with counted.vitals.during(counted.bench.world):
        counted.vitals.begin(counted.report)
        counted.vitals.passed(clock.now(), clock.now(), clock.now() + MINUTE, ())
        counted.after(10_000)
        resting, moved = counted.vitals.is_resting, counted.age(Mark.MOVED)
        clock.advance(MINUTE)
        counted.after(30)
        counted.after(30)

        assert (resting, moved) == (True, 0.0)
        assert (counted.vitals.is_resting, counted.age(Mark.MOVED)) == (False, 60.0)


async def test_pages_of_defender_are_reading_it(counted: Counted) -> None:
    clock = counted.bench.clock
    async with counted.vitals.during(counted.bench.world):
        counted.vitals.begin(counted.report)
        counted.after(5)
        unread = counted.age(Mark.READ)
        counted.report.pages = 1
        counted.after(5)
        counted.after(5)
        counted.report.pages = 2
        counted.seconds += 5
        before = counted.age(Mark.READ)
        counted.vitals.passed(clock.now(), clock.now(), clock.now(), ())

        assert (unread, before, counted.age(Mark.READ)) == (None, 10.0, 0.0)
        assert counted.age(Mark.PASSED) == 0.0


async def test_another_count_of_seconds_leaves_everything_as_long_ago_as_it_was(counted: Counted) -> None:
    counted.vitals.mark(Mark.WROTE)
    counted.seconds += 40

    counted.vitals.go_by(lambda: counted.seconds - 90)

    assert counted.age(Mark.WROTE) == 40.0
    counted.seconds += 2
    assert counted.age(Mark.WROTE) == 42.0


async def test_seconds_that_go_back_are_none(counted: Counted) -> None:
    counted.vitals.mark(Mark.WROTE)
    counted.seconds -= 10

    assert counted.age(Mark.WROTE) == 0.0


async def test_what_is_shipped_is_told_only_where_there_is_an_audit(counted: Counted) -> None:
    async with counted.vitals.during(counted.bench.world):
        without = counted.vitals.signs().ships

    assert not without


@pytest.mark.parametrize(
    ("used", "until", "is_waiting"), [(59, None, False), (60, None, True), (1, True, True), (0, None, False)]
)
async def test_who_waits_for_a_spent_budget_does_not_stand_still(
    counted: Counted, used: int, until: bool | None, is_waiting: bool
) -> None:
    """Sixty requests within seconds are a whole minute of patience, in which nothing else moves."""
    login = a_login(counted.bench)
    ends = counted.bench.clock.now() + MINUTE if until else None
    login.used = (Usage(system="graph", used=used, allowed=60, until=ends, total=60),)
    async with counted.vitals.during(replace(counted.bench.world, login=login)):
        counted.vitals.begin(counted.report)
        counted.after(1)

        counted.after(59)

        assert (counted.age(Mark.MOVED) == 0.0) is is_waiting

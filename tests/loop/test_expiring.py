"""Credentials that end are looked at once a day, and are an alarm a week before."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from agent.loop.expiring import Expiring, ending_words
from agent.loop.vitals import MOST_PROBLEMS, Vitals
from agent.model.errors import Unavailable
from agent.model.vitals import Expiry, Usage
from tests.loop.conftest import Bench
from tests.makers import NOW

DAY, HOUR, SECOND = timedelta(days=1), timedelta(hours=1), timedelta(seconds=1)
SECRET = "the agent's client secret"


@dataclass
class FakeLogin:
    """Fulfils ports.Login."""

    found: Sequence[Expiry] = ()
    down: bool = False
    asked: int = 0
    used: tuple[Usage, ...] = field(default=())

    def usage(self) -> tuple[Usage, ...]:
        return self.used

    async def expiries(self) -> tuple[Expiry, ...]:
        self.asked += 1
        if self.down:
            raise Unavailable("graph: away")
        return tuple(self.found)


def a_login(bench: Bench, *found: Expiry) -> FakeLogin:
    login = FakeLogin(found)
    bench.world = replace(bench.world, login=login)
    return login


async def alarms(bench: Bench) -> list[str]:
    return [one.words for one in await bench.world.ledger.alarms()]


@pytest.mark.parametrize(
    ("left", "is_alarmed"), [(7 * DAY + SECOND, False), (7 * DAY, True), (SECOND, True), (-DAY, True)]
)
async def test_a_week_before_its_end_it_is_an_alarm(bench: Bench, left: timedelta, is_alarmed: bool) -> None:
    a_login(bench, Expiry(what=SECRET, ends=NOW + left))

    await Expiring().go(bench.world, Vitals())

    found = await alarms(bench)
    assert bool(found) is is_alarmed
    assert all(f"{SECRET} end{'s' if left > timedelta(0) else 'ed'} on " in one for one in found)


async def test_what_is_not_known_and_what_lasts_is_no_alarm(bench: Bench) -> None:
    a_login(bench, Expiry(what=SECRET, why="grant it"), Expiry(what="identity", why="x", is_lasting=True))
    vitals = Vitals()

    await Expiring().go(bench.world, vitals)

    assert await alarms(bench) == []
    assert len(vitals.expiries) == 2


async def test_a_new_credential_ends_the_alarm_with_the_next_start(bench: Bench) -> None:
    login = a_login(bench, Expiry(what=SECRET, ends=NOW + DAY))
    await Expiring().go(bench.world, Vitals())
    login.found = (Expiry(what=SECRET, ends=NOW + 100 * DAY),)

    await Expiring().go(bench.world, Vitals())

    assert await alarms(bench) == []


async def test_it_is_looked_at_once_a_day(bench: Bench) -> None:
    login, expiring, vitals = a_login(bench, Expiry(what=SECRET, ends=NOW + DAY)), Expiring(), Vitals()

    for wait in (timedelta(0), DAY - SECOND, SECOND):
        bench.clock.advance(wait)
        await expiring.go(bench.world, vitals)

    assert login.asked == 2


async def test_it_becomes_an_alarm_between_two_looks(bench: Bench) -> None:
    a_login(bench, Expiry(what=SECRET, ends=NOW + 7 * DAY + HOUR))
    expiring, vitals = Expiring(), Vitals()
    await expiring.go(bench.world, vitals)
    before = await alarms(bench)
    bench.clock.advance(2 * HOUR)

    await expiring.go(bench.world, vitals)

    assert (before, len(await alarms(bench))) == ([], 1)


async def test_an_outage_leaves_what_was_known_and_is_tried_again_an_hour_later(bench: Bench) -> None:
    login, expiring, vitals = a_login(bench, Expiry(what=SECRET, ends=NOW + DAY)), Expiring(), Vitals()
    await expiring.go(bench.world, vitals)
    bench.clock.advance(DAY)
    login.down = True

    await expiring.go(bench.world, vitals)
    await expiring.go(bench.world, vitals)
    known = vitals.expiries
    bench.clock.advance(HOUR)
    login.down = False
    await expiring.go(bench.world, vitals)

    assert known == tuple(login.found)
    assert login.asked == 3
    assert len(await alarms(bench)) == 1


async def test_an_outage_at_the_start_leaves_an_alarm_that_stands(bench: Bench) -> None:
    login = a_login(bench, Expiry(what=SECRET, ends=NOW + DAY))
    await Expiring().go(bench.world, Vitals())
    login.down = True

    await Expiring().go(bench.world, Vitals())

    assert len(await alarms(bench)) == 1


async def test_a_world_without_a_login_is_left_alone(bench: Bench) -> None:
    vitals = Vitals()

    await Expiring().go(bench.world, vitals)

    assert vitals.expiries == ()


def test_what_has_no_end_or_no_known_one_says_why() -> None:
    assert ending_words(Expiry(what="x", why="y", is_lasting=True), NOW) == "has no end: y"
    assert ending_words(Expiry(what="x", why="y"), NOW) == "may end at any moment: y"


async def test_a_pass_tells_how_it_went_with_the_next_sign_of_life(bench: Bench) -> None:
    used = (Usage(system="graph", used=3, allowed=60),)
    a_login(bench, Expiry(what=SECRET, ends=NOW + DAY)).used = used

    await bench.run_pass()

    lookout = await bench.lookout()
    await lookout.try_to_look()
    (replica,) = await bench.world.ledger.replicas()
    assert replica.usage == used


def test_of_many_problems_the_first_are_told_and_the_rest_counted() -> None:
    vitals = Vitals()

    vitals.passed(NOW, NOW + 3 * SECOND, NOW + HOUR, ["x" * 1_000, *("y" * MOST_PROBLEMS)])
    vitals.passed(NOW + HOUR, NOW + HOUR + SECOND, NOW + 2 * HOUR, [])

    assert vitals.passing is not None
    assert (vitals.passing.took, vitals.passing.longest, vitals.passing.of) == (SECOND, 3 * SECOND, 2)
    assert vitals.passing.problems == ()


def test_a_clock_that_was_set_back_makes_no_pass_shorter_than_nothing() -> None:
    vitals = Vitals()

    vitals.passed(NOW, NOW - HOUR, NOW, [f"{n}" for n in range(MOST_PROBLEMS + 2)])

    assert vitals.passing is not None
    assert vitals.passing.took == timedelta(0)
    assert vitals.passing.problems[-1] == "and 2 more: see the log"

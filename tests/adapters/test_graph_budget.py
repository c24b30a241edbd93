"""The request budget: never more in a minute, in order, and nothing at all while parked."""

import asyncio
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.adapters.microsoft.budget import Budget
from agent.model.errors import Unavailable
from tests.clock import NOON, ManualClock

MINUTE = timedelta(seconds=60)


async def test_the_budget_is_spent_at_once_and_the_next_waits_a_minute() -> None:
    clock = ManualClock()
    budget = Budget(clock, 3)

    for _ in range(3):
        await budget.spend()
    assert clock.waits == []
    await budget.spend()

    assert clock.now() == NOON + MINUTE


async def test_the_window_slides() -> None:
    clock = ManualClock()
    budget = Budget(clock, 2)
    await budget.spend()
    clock.advance(timedelta(seconds=40))
    await budget.spend()

    await budget.spend()
    third = clock.now()
    await budget.spend()

    assert (third - NOON, clock.now() - NOON) == (MINUTE, timedelta(seconds=100))


@given(st.integers(1, 5), st.lists(st.floats(0, 90), max_size=25))
async def test_no_window_holds_more_than_the_budget(per_minute: int, pauses: list[float]) -> None:
    clock = ManualClock()
    budget = Budget(clock, per_minute)
    left: list[datetime] = []

    for pause in pauses:
        clock.advance(timedelta(seconds=pause))
        await budget.spend()
        left.append(clock.now())

    for first, beyond in zip(left, left[per_minute:], strict=False):
        assert beyond - first >= MINUTE


async def test_a_listing_leaves_a_quarter_to_everything_else() -> None:
    clock = ManualClock()
    budget = Budget(clock, 8)
    for _ in range(6):
        await budget.spend(is_listing=True)

    await budget.spend()
    await budget.spend()
    at_once = clock.now()
    await budget.spend(is_listing=True)

    assert (at_once, clock.now()) == (NOON, NOON + MINUTE)


async def test_who_lists_keeps_nobody_waiting_who_comes_after() -> None:
    clock = ManualClock()
    budget = Budget(clock, 4)
    done: list[str] = []
    for _ in range(3):
        await budget.spend(is_listing=True)

    async def spend(name: str, *, is_listing: bool) -> None:
        await budget.spend(is_listing=is_listing)
        done.append(name)

    await asyncio.gather(spend("list", is_listing=True), spend("look up", is_listing=False))

    assert done == ["look up", "list"]


@pytest.mark.parametrize("per_minute", [1, 2, 3])
async def test_of_very_few_a_listing_leaves_nothing(per_minute: int) -> None:
    clock = ManualClock()
    budget = Budget(clock, per_minute)

    for _ in range(per_minute):
        await budget.spend(is_listing=True)

    assert clock.now() == NOON


async def test_many_waiters_are_served_in_the_order_they_came() -> None:
    clock = ManualClock()
    budget = Budget(clock, 2)
    served: list[tuple[int, timedelta]] = []

    async def caller(number: int) -> None:
        await budget.spend()
        served.append((number, clock.now() - NOON))

    async with asyncio.TaskGroup() as group:
        for number in range(6):
            group.create_task(caller(number))

    assert [number for number, _ in served] == list(range(6))
    assert [when // MINUTE for _, when in served] == [0, 0, 1, 1, 2, 2]


async def test_a_caller_that_gives_up_holds_nobody_up() -> None:
    class Stuck(ManualClock):
        async def sleep_until(self, moment: datetime) -> None:
            await asyncio.Event().wait()

    clock = Stuck()
    budget = Budget(clock, 1)
    await budget.spend()
    stuck = asyncio.create_task(budget.spend())
    await asyncio.sleep(0)

    stuck.cancel()
    await asyncio.wait([stuck])
    clock.advance(MINUTE)
    await budget.spend()

    assert stuck.cancelled()


async def test_a_held_budget_makes_everybody_wait() -> None:
    clock = ManualClock()
    budget = Budget(clock, 10)

    budget.hold(NOON + timedelta(seconds=7))
    budget.hold(NOON + timedelta(seconds=3))
    await budget.spend()

    assert clock.now() == NOON + timedelta(seconds=7)


async def test_a_parked_budget_turns_everybody_away_until_the_moment() -> None:
    clock = ManualClock()
    budget = Budget(clock, 10)
    until = budget.park(NOON + timedelta(minutes=5))

    with pytest.raises(Unavailable) as caught:
        await budget.spend()
    clock.advance(timedelta(minutes=5, seconds=-1))
    with pytest.raises(Unavailable):
        await budget.spend()
    clock.advance(timedelta(seconds=1))
    await budget.spend()

    assert caught.value.until == until == NOON + timedelta(minutes=5)
    assert clock.waits == []


async def test_parking_is_cut_at_a_quarter_of_an_hour_and_never_shortened() -> None:
    clock = ManualClock()
    budget = Budget(clock, 10)

    assert budget.park(NOON + timedelta(days=9)) == NOON + timedelta(minutes=15)
    assert budget.park(NOON + timedelta(minutes=1)) == NOON + timedelta(minutes=15)


async def test_whoever_waits_learns_of_the_parking_too() -> None:
    clock = ManualClock()
    budget = Budget(clock, 1)
    await budget.spend()
    waiter = asyncio.create_task(budget.spend())
    await asyncio.sleep(0)

    budget.park(NOON + timedelta(minutes=10))

    with pytest.raises(Unavailable):
        await waiter


# By the hour


@given(st.lists(st.floats(0, 1500), max_size=40))
async def test_no_hour_holds_more_than_the_hours_budget(pauses: list[float]) -> None:
    clock = ManualClock()
    budget = Budget(clock, 3, per_hour=5)
    left: list[datetime] = []

    for pause in pauses:
        clock.advance(timedelta(seconds=pause))
        try:
            await budget.spend()
        except Unavailable:
            continue
        left.append(clock.now())

    for most, window in ((3, MINUTE), (5, timedelta(hours=1))):
        for first, beyond in zip(left, left[most:], strict=False):
            assert beyond - first >= window


@pytest.mark.parametrize(("after", "may_leave"), [(3599.0, False), (3600.0, True)])
async def test_past_the_hours_budget_nobody_waits_but_is_told_until_when(
    after: float, may_leave: bool
) -> None:
    clock = ManualClock()
    budget = Budget(clock, 10, per_hour=2, system="defender for endpoint")
    for _ in range(2):
        await budget.spend()
    clock.advance(timedelta(seconds=after))

    if may_leave:
        await budget.spend()
    else:
        with pytest.raises(
            Unavailable, match="defender for endpoint: the 2 requests of this hour are spent"
        ) as caught:
            await budget.spend()
        assert caught.value.until == NOON + timedelta(hours=1)
    assert clock.waits == []


async def test_a_budget_that_is_cut_counts_what_has_left_already() -> None:
    clock = ManualClock()
    budget = Budget(clock, 4)
    for _ in range(3):
        await budget.spend()

    budget.allow(2)
    await budget.spend()
    later = clock.now()
    budget.allow(4)
    for _ in range(3):
        await budget.spend()

    assert later - NOON == MINUTE
    assert clock.now() == later


async def test_a_budget_is_never_cut_to_nothing() -> None:
    clock = ManualClock()
    budget = Budget(clock, 4)

    budget.allow(0)
    await budget.spend()
    await budget.spend()

    assert clock.now() - NOON == MINUTE

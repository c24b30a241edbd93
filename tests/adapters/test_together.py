"""What is asked for together: looked at in one thread, told to everybody, and never held up by what hangs."""

import asyncio
import threading
from collections.abc import Iterator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.adapters.together import Together

Found = Iterator[tuple[str, int | Exception]]


class Looking:
    """Finds the number of its look; what is told to hang does until it is let go."""

    def __init__(self, *hanging: str, failing: str = "") -> None:
        self.rounds: list[tuple[str, ...]] = []
        self.hanging, self.failing = set(hanging), failing
        self.let_go = threading.Event()
        self.at_once: set[str] = set()
        self.was_twice_at_once = False

    def __call__(self, keys: Sequence[str]) -> Found:
        self.rounds.append(tuple(keys))
        number = len(self.rounds)
        for key in keys:
            self.was_twice_at_once |= key in self.at_once
            self.at_once.add(key)
            if key in self.hanging:
                self.let_go.wait(20)
            if key == self.failing:
                raise ValueError(key)
            self.at_once.discard(key)
            yield key, number


async def test_who_asks_in_the_same_moment_is_answered_by_one_look() -> None:
    looking = Looking()
    together = Together(looking, 20)

    first = await asyncio.gather(*(together.ask(key) for key in ("a", "b", "a")))
    second = await together.ask("a")

    assert first == [1, 1, 1]
    assert second == 2
    assert looking.rounds == [("a", "b"), ("a",)]


async def test_who_asks_while_it_is_looked_is_answered_by_a_look_that_begins_afterwards() -> None:
    looking = Looking("a")
    together = Together(looking, None)

    first = asyncio.create_task(together.ask("a"))
    await _until(lambda: len(looking.rounds) == 1)
    later = asyncio.create_task(together.ask("a"))
    other = await together.ask("b")
    looking.let_go.set()

    assert (await first, other, await later) == (1, 2, 3)
    assert not looking.was_twice_at_once


async def test_a_failure_is_told_to_whoever_asked_and_is_over_with_the_next_look() -> None:
    looking = Looking(failing="b")
    together = Together(looking, 20)

    found = await asyncio.gather(*(together.ask(key) for key in "abc"), return_exceptions=True)
    looking.failing = ""

    assert found[0] == 1
    assert [type(one) for one in found[1:]] == [ValueError, ValueError]
    assert await asyncio.gather(*(together.ask(key) for key in "abc")) == [2, 2, 2]


async def test_a_failure_that_is_of_one_is_told_to_no_other() -> None:
    wrong = ValueError("b")
    together: Together[str, int] = Together(
        lambda keys: ((key, wrong if key == "b" else 1) for key in keys), 20
    )

    found = await asyncio.gather(*(together.ask(key) for key in "abc"), return_exceptions=True)

    assert found == [1, wrong, 1]


async def test_who_is_cancelled_takes_the_answer_from_nobody() -> None:
    looking = Looking("a")
    together = Together(looking, 20)

    cancelled, other = (asyncio.create_task(together.ask("a")) for _ in range(2))
    await _until(lambda: len(looking.rounds) == 1)
    cancelled.cancel()
    looking.let_go.set()

    assert await other == 1


async def test_many_that_are_slow_and_do_not_hang_are_all_waited_for() -> None:
    gates = {key: threading.Event() for key in "abc"}
    rounds: list[list[str]] = []

    def look(keys: Sequence[str]) -> Found:
        rounds.append(list(keys))
        for key in keys:
            gates[key].wait(20)
            yield key, len(rounds)

    together = Together(look, 0.5)
    asking = {key: asyncio.create_task(together.ask(key)) for key in "abc"}
    gates["a"].set()
    first = await asking["a"]  # told as patience is over the first time, and something has come back
    gates["b"].set()
    second = await asking["b"]
    gates["c"].set()

    assert (first, second, await asking["c"]) == (1, 1, 1)
    assert rounds == [["a", "b", "c"]]


async def test_what_hangs_is_late_and_looked_at_again_once_it_has_come_back() -> None:
    looking = Looking("b")
    together = Together(looking, 0.05)

    found = await asyncio.gather(*(together.ask(key) for key in "abcd"), return_exceptions=True)
    again = await asyncio.gather(*(together.ask(key) for key in "abcd"), return_exceptions=True)
    rounds = list(looking.rounds)
    looking.let_go.set()
    await _until(lambda: "b" not in looking.at_once)

    assert [type(one) for one in found] == [int, TimeoutError, int, int]
    assert [type(one) for one in again] == [int, TimeoutError, int, int]
    assert rounds == [("a", "b", "c", "d"), ("c",), ("d",), ("a", "c", "d")]
    assert isinstance(await together.ask("b"), int)
    assert not looking.was_twice_at_once


async def test_what_hangs_and_is_asked_for_again_and_again_keeps_nothing_else_from_being_looked_at() -> None:
    looking = Looking("b")
    together = Together(looking, 0.05)
    hanging = [asyncio.create_task(together.ask("b")) for _ in range(2)]
    await asyncio.gather(*hanging, return_exceptions=True)

    async with asyncio.timeout(10):
        for _ in range(3):
            late = asyncio.create_task(together.ask("b"))
            await asyncio.sleep(0)
            assert isinstance(await together.ask("a"), int)
            with pytest.raises(TimeoutError):
                await late
            assert isinstance(await together.ask("a"), int)
    looking.let_go.set()
    await _until(lambda: "b" not in looking.at_once)

    assert isinstance(await together.ask("b"), int)
    assert not looking.was_twice_at_once


async def test_what_takes_long_keeps_nothing_else_from_being_looked_at() -> None:
    looking = Looking("b")
    together = Together(looking, None)
    long = [asyncio.create_task(together.ask("b"))]
    await _until(lambda: "b" in looking.at_once)
    long.append(asyncio.create_task(together.ask("b")))
    await asyncio.sleep(0)

    async with asyncio.timeout(10):
        others = [await together.ask(key) for key in "acac"]
    looking.let_go.set()

    assert others == [2, 3, 4, 5]
    assert await asyncio.gather(*long) == [1, 6]


async def test_however_many_hang_each_is_told_after_twice_its_patience() -> None:
    looking = Looking(*"abcdefgh")
    together = Together(looking, 0.05)

    found = await asyncio.wait_for(
        asyncio.gather(*(together.ask(key) for key in "abcdefghi"), return_exceptions=True), 10
    )
    threads = [one for one in threading.enumerate() if one.name == "together"]
    looking.let_go.set()

    assert [type(one) for one in found] == [*[TimeoutError] * 8, int]
    assert len(threads) <= 8


@given(
    asked=st.lists(st.lists(st.sampled_from("abc"), max_size=4), max_size=5),
    failing=st.sampled_from(["", "a", "b"]),
)
def test_everybody_gets_an_answer_of_their_own(asked: list[list[str]], failing: str) -> None:
    async def ask() -> None:
        looking = Looking(failing=failing)
        together = Together(looking, 20)
        tasks = []
        for keys in asked:
            tasks += [asyncio.create_task(together.ask(key)) for key in keys]
            await asyncio.sleep(0)
        found = await asyncio.gather(*tasks, return_exceptions=True)

        assert all(isinstance(one, int | ValueError) for one in found)
        assert failing or all(isinstance(one, int) for one in found)

    asyncio.run(ask())


async def _until(is_so: object) -> None:
    assert callable(is_so)
    async with asyncio.timeout(10):
        while not is_so():  # noqa: ASYNC110  it is a thread that is waited for
            await asyncio.sleep(0.001)


@pytest.mark.parametrize("patience", [None, 0.05])
async def test_one_that_ends_its_loop_while_something_hangs_is_not_kept(patience: float | None) -> None:
    looking = Looking("a")
    together = Together(looking, patience)

    asking = asyncio.create_task(together.ask("a"))
    await _until(lambda: len(looking.rounds) == 1)
    asking.cancel()

    with pytest.raises(asyncio.CancelledError):
        await asking
    looking.let_go.set()

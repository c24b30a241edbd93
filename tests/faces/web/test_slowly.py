"""What takes long holds nobody up, is done once, and is kept."""

import asyncio
from threading import Event

import pytest

from agent.faces.web import slowly as module
from agent.faces.web.slowly import Slowly


async def test_what_is_quick_is_given_at_once_and_done_once() -> None:
    done: list[int] = []
    slow = Slowly()

    def work() -> int:
        done.append(1)
        return len(done)

    assert [await slow.get("a", work), await slow.get("a", work), await slow.get("b", work)] == [1, 1, 2]


async def test_what_is_slow_goes_on_and_the_next_look_finds_it() -> None:
    go, slow, count = Event(), Slowly(patience=0.01), 0

    def work() -> str:
        nonlocal count
        count += 1
        go.wait(5)
        return "found"

    first, second = await slow.get("a", work), await slow.get("a", work)
    go.set()
    patient = Slowly(patience=5)
    patient.__dict__.update(slow.__dict__, _patience=5)

    assert (first, second) == (None, None)
    assert (await patient.get("a", work), count) == ("found", 1)


async def test_one_thing_is_worked_out_at_a_time() -> None:
    running, most = 0, 0

    def work() -> bool:
        nonlocal running, most
        running += 1
        most = max(most, running)
        running -= 1
        return True

    slow = Slowly()
    await asyncio.gather(*(slow.get(at, work) for at in range(10)))

    assert most == 1


async def test_what_fails_is_told_and_tried_again() -> None:
    slow = Slowly()

    def fails() -> str:
        raise RuntimeError("broken")

    with pytest.raises(RuntimeError, match="broken"):
        await slow.get("a", fails)

    assert await slow.get("a", lambda: "works") == "works"


async def test_more_than_can_wait_is_put_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "AT_ONCE", 2)
    go, slow = Event(), Slowly(patience=0.01)

    def work() -> bool:
        return go.wait(5)

    found = [await slow.get(at, work) for at in range(3)]
    waiting = set(slow._under_way)
    go.set()
    await asyncio.gather(*slow._under_way.values())

    assert (found, waiting) == ([None, None, None], {0, 1})


async def test_only_the_last_results_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "KEPT", 2)
    slow = Slowly()

    for at in range(4):
        await slow.get(at, lambda: True)

    assert set(slow._found) == {2, 3}

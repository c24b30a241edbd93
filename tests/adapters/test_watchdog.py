"""The watchdog: a process that stands still ends, wherever it does, and one that was stopped does not."""

import asyncio
import os
import signal
import sys
import threading
from asyncio.subprocess import PIPE, Process

import pytest
from hypothesis import given
from hypothesis import strategies as some

from agent.adapters.watchdog import LONGEST_TICK, Awake, stacks

PATIENCE = 60.0
"""Seconds that a slow machine may take."""

LIMIT = 0.8

CHILD = f"""
import asyncio, os, re, signal, sys, time
from agent.adapters.watchdog import Awake, Watchdog, end, stacks

awake, went_round = Awake(longest=0.1), [0.0]

async def going_round():
    while True:
        went_round[0] = awake.now()
        await asyncio.sleep(0.01)

async def main():
    loop = asyncio.get_running_loop()
    def tell(why):
        end(4, lambda: print(why, *(frame for one in stacks(loop) for frame in one.frames), sep="\\n", flush=True))
    stood = lambda: awake.now() - went_round[0]
    with Watchdog(awake=awake, limit={LIMIT}, stood=stood, end=tell, tick=0.02).watching():
        going = asyncio.create_task(going_round())
        print("ready", flush=True)
        while how := (await asyncio.to_thread(sys.stdin.readline)).strip():
            match how:
                case "spin":
                    while True: pass
                case "sleep":
                    time.sleep(600)
                case "keep the lock":
                    re.match("(a+)+b", "a" * 100)
                case "say something":
                    print("alive", flush=True)
        going.cancel()

asyncio.run(main())
"""


async def started() -> Process:
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-c", CHILD, stdin=PIPE, stdout=PIPE, stderr=PIPE
    )
    assert await said(child) == "ready"
    return child


async def said(child: Process) -> str:
    assert child.stdout is not None
    return (await asyncio.wait_for(child.stdout.readline(), PATIENCE)).decode().strip()


def tell(child: Process, how: str) -> None:
    assert child.stdin is not None
    child.stdin.write(f"{how}\n".encode())


async def ended(child: Process) -> tuple[int | None, str, str]:
    out, errors = await asyncio.wait_for(child.communicate(), PATIENCE)
    return child.returncode, out.decode(), errors.decode()


@pytest.mark.parametrize("how", ["spin", "sleep"])
async def test_a_loop_that_stands_still_ends_the_process_and_says_where(how: str) -> None:
    child = await started()
    tell(child, how)

    code, out, errors = await ended(child)

    assert (code, errors) == (4, "")
    assert out.startswith("the event loop has stood still for ")
    assert "main" in out
    assert "going_round" in out  # what its tasks waited for is told too


async def test_one_that_stands_still_in_c_code_with_the_interpreters_lock_does_too() -> None:
    """No thread of Python can run then: the kernel's timer ends it, and the stacks come out without the lock."""
    child = await started()
    tell(child, "keep the lock")

    code, _, errors = await ended(child)

    assert code == -signal.SIGPROF
    assert 'File "<string>", line' in errors
    assert "in match" in errors


async def test_a_process_that_was_stopped_does_not_end_itself_on_waking() -> None:
    child = await started()
    for _ in range(2):
        os.kill(child.pid, signal.SIGSTOP)
        await asyncio.sleep(2 * LIMIT)
        os.kill(child.pid, signal.SIGCONT)

        tell(child, "say something")

        assert await said(child) == "alive"
    tell(child, "")
    assert (await ended(child))[0] == 0


@given(some.lists(some.tuples(some.floats(0, 10_000), some.booleans()), max_size=40))
def test_time_is_counted_rest_by_rest_and_never_goes_back(rests: list[tuple[float, bool]]) -> None:
    """However long a rest took, no more of it counts than the process could have run."""
    clock = [0.0]
    awake = Awake(lambda: clock[0])
    before, counted = awake.now(), 0.0
    for rest, is_ticked in rests:
        clock[0] += rest
        assert awake.now() >= before
        before = awake.now()
        if is_ticked:
            awake.tick()
            assert awake.now() == pytest.approx(before)
            assert before - counted <= LONGEST_TICK + 1e-6
            counted = before


def test_a_clock_that_goes_back_takes_nothing_away() -> None:
    clock = [100.0]
    awake = Awake(lambda: clock[0])
    clock[0] = 101.0
    awake.tick()
    clock[0] = 50.0

    assert awake.now() == 1.0
    awake.tick()
    clock[0] = 51.0
    assert awake.now() == 2.0


async def test_it_is_told_where_threads_stand_and_what_tasks_wait_for() -> None:
    is_over = threading.Event()
    thread = threading.Thread(target=is_over.wait, name="waiting in the test")
    thread.start()

    async def inner() -> None:
        await asyncio.get_running_loop().create_future()

    async def outer() -> None:
        await inner()

    task = asyncio.create_task(outer(), name="the test's task")
    await asyncio.sleep(0)

    found = {one.of: one.frames for one in stacks(asyncio.get_running_loop())}

    is_over.set()
    thread.join()
    task.cancel()
    assert next(iter(found)) == "thread MainThread"
    assert [frame.rpartition(" ")[2] for frame in found["task the test's task"]] == ["outer", "inner"]
    assert found["thread waiting in the test"][-1].endswith(" wait")
    assert not any("/" in frame.split("/", 3)[-1] for frames in found.values() for frame in frames)

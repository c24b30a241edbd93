"""What signals ask of a process."""

import os
import pty
import signal
import subprocess
import sys

WAITING = """
import asyncio
from agent.faces.cli.stopping import reload_on_hangup
async def main():
    stop, reload = asyncio.Event(), asyncio.Event()
    reload_on_hangup(reload, stop)
    print("ready", flush=True)
    waits = [asyncio.ensure_future(one.wait()) for one in (stop, reload)]
    await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    print("stop" if stop.is_set() else "reload", flush=True)
asyncio.run(main())
"""


def waiting(stdin: int) -> "subprocess.Popen[str]":
    process = subprocess.Popen(
        [sys.executable, "-c", WAITING],
        stdin=stdin,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def hung_up(process: "subprocess.Popen[str]") -> str:
    process.send_signal(signal.SIGHUP)
    said, _ = process.communicate(timeout=20)
    return said


def test_a_hangup_asks_for_the_policies_to_be_read_again() -> None:
    assert hung_up(waiting(subprocess.DEVNULL)) == "reload\n"


def test_on_a_terminal_that_is_there_it_does_too() -> None:
    outer, inner = pty.openpty()
    process = waiting(inner)

    said = hung_up(process)

    os.close(outer)
    os.close(inner)
    assert said == "reload\n"


def test_when_the_terminal_has_gone_it_asks_to_stop() -> None:
    outer, inner = pty.openpty()
    process = waiting(inner)
    os.close(inner)
    os.close(outer)

    assert hung_up(process) == "stop\n"

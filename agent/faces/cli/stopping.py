"""When a process is asked to stop: by a signal, or by its parent's death."""

import asyncio
import os
import signal
import sys
import threading


def stop_on_signals(stop: asyncio.Event) -> None:
    """Set `stop` at SIGTERM and SIGINT, each time: a second Ctrl-C too waits for what is under way."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)


def stop_when_stdin_closes() -> None:
    """Ask this process to stop once its standard input ends: whoever started it is gone then."""
    threading.Thread(target=_wait_for_the_end, name="standard input", daemon=True).start()


def _wait_for_the_end() -> None:
    while os.read(sys.stdin.fileno(), 1024):
        continue
    os.kill(os.getpid(), signal.SIGTERM)

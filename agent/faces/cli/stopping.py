"""When a process is asked to stop, to hold, or to read its policies again: by a signal, or by its parent's death."""

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


def reload_on_hangup(reload: asyncio.Event, stop: asyncio.Event) -> None:
    """Set `reload` at SIGHUP, as `systemctl reload` sends it; `stop` where the terminal it ran on has gone."""
    had_terminal = _has_terminal()

    def hang_up() -> None:
        (stop if had_terminal and not _has_terminal() else reload).set()

    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, hang_up)


def hold_on_signal(hold: asyncio.Event) -> None:
    """Set `hold` at SIGUSR1: whoever can signal the process can throw its kill switch."""
    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, hold.set)


def _has_terminal() -> bool:
    return sys.stdin is not None and not sys.stdin.closed and os.isatty(sys.stdin.fileno())


def stop_when_stdin_closes() -> None:
    """Ask this process to stop once its standard input ends: whoever started it is gone then."""
    threading.Thread(target=_wait_for_the_end, name="standard input", daemon=True).start()


def _wait_for_the_end() -> None:
    while os.read(sys.stdin.fileno(), 1024):
        continue
    os.kill(os.getpid(), signal.SIGTERM)
